package dev.meshproof.bookinfo.reviews;

import java.net.URI;
import java.time.Duration;
import java.util.Map;

/**
 * What the environment says about this instance.
 *
 * @param port           port that is listened on
 * @param identity       who this instance is
 * @param stars          whether, and in which colour, stars are shown
 * @param ratingsUrl     base address of the ratings service
 * @param ratingsTimeout longest wait for an answer of ratings
 */
record Settings(int port, Identity identity, Stars stars, URI ratingsUrl, Duration ratingsTimeout) {

    /**
     * Reads {@code PORT}, {@code SERVICE_VERSION}, {@code RATINGS_URL}, {@code RATINGS_TIMEOUT} (seconds) and
     * what {@link Identity} needs.
     *
     * @throws IllegalArgumentException when a value cannot be used; the message names the variable
     */
    static Settings from(Map<String, String> env) {
        var identity = Identity.from(env);
        var stars = Stars.ofVersion(identity.version());
        return new Settings(
                Integer.parseInt(env.getOrDefault("PORT", "9080")),
                identity,
                stars,
                URI.create(env.getOrDefault("RATINGS_URL", "http://ratings:9080")),
                env.containsKey("RATINGS_TIMEOUT") ? seconds(env.get("RATINGS_TIMEOUT")) : stars.patience());
    }

    private static Duration seconds(String value) {
        try {
            return Duration.ofMillis(Math.round(Double.parseDouble(value) * 1000));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("RATINGS_TIMEOUT: not a number of seconds: " + value, e);
        }
    }
}
