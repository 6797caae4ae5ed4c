package dev.meshproof.bookinfo.reviews;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What readers wrote. One book, as in the tutorials. */
final class Catalogue {

    /** One reader's words; the stars are kept by the ratings service under the reviewer's name. */
    record Review(String reviewer, String text) {
    }

    private static final Map<Integer, List<Review>> REVIEWS = Map.of(0, List.of(
            new Review("Reviewer1",
                    "Two pairs of twins, one town, and nobody who thinks of asking. I laughed on every second page."),
            new Review("Reviewer2",
                    "Short, fast and full of wrong doors. Later plays run deeper, but none of them runs this quickly.")));

    private Catalogue() {
    }

    static Optional<List<Review>> reviewsOf(int product) {
        return Optional.ofNullable(REVIEWS.get(product));
    }
}
