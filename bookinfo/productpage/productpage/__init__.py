"""The page of the bookstore: puts details, reviews and ratings together."""
