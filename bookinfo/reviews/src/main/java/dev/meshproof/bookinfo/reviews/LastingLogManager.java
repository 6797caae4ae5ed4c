package dev.meshproof.bookinfo.reviews;

import java.util.logging.LogManager;

/** Keeps its handlers while the JVM ends, which is when the last requests are answered. */
public final class LastingLogManager extends LogManager {

    @Override
    public void reset() {
        // Called by a shutdown hook of the JDK that does not wait for ours.
    }
}
