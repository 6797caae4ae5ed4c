package dev.meshproof.bookinfo.reviews;

import java.util.Map;

/** What this service knows about a book's stars. */
sealed interface Ratings {

    /** This version does not ask. */
    record NotAsked() implements Ratings {
    }

    /**
     * Ratings answered.
     *
     * @param byReviewer stars, 1 to 5, by the reviewer's name
     * @param pod        pod of ratings that answered, empty when it did not say
     * @param version    its version, empty when it did not say
     */
    record Known(Map<String, Integer> byReviewer, String pod, String version) implements Ratings {
    }

    /** Ratings did not answer in time, or not with ratings. */
    record Unavailable() implements Ratings {
    }
}
