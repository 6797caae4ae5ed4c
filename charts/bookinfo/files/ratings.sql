-- What ratings v2 reads, in the tutorials' own form: a row for each reviewer of the one book.
-- It may run again at any time: what is there already stays as it is.
CREATE DATABASE IF NOT EXISTS test;
CREATE TABLE IF NOT EXISTS test.ratings (
    ReviewID INT NOT NULL PRIMARY KEY,
    Rating INT
);
INSERT IGNORE INTO test.ratings (ReviewID, Rating) VALUES (1, 5), (2, 4);
