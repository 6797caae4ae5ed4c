package dev.meshproof.bookinfo.reviews;

import java.time.Duration;
import java.util.Locale;

/** What distinguishes the versions of this service: v1 shows no stars, v2 black ones, v3 red ones. */
enum Stars {
    NONE(Duration.ZERO),
    /** Waits longer for ratings than productpage waits for reviews: the bug that the fault tutorial finds. */
    BLACK(Duration.ofSeconds(10)),
    /** The tutorial's fix: gives up while productpage still waits. */
    RED(Duration.ofMillis(2500));

    private final Duration patience;

    Stars(Duration patience) {
        this.patience = patience;
    }

    /** How long this version waits for ratings unless it is told otherwise. */
    Duration patience() {
        return patience;
    }

    /** The colour as it stands in the JSON reply. */
    String colour() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Stars ofVersion(String version) {
        return switch (version) {
            case "v1" -> NONE;
            case "v2" -> BLACK;
            case "v3" -> RED;
            default -> throw new IllegalArgumentException("SERVICE_VERSION: v1, v2 or v3, not " + version);
        };
    }
}
