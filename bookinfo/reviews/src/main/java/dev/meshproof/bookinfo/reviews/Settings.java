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
                port(env.getOrDefault("PORT", "9080")),
                identity,
                stars,
                http(env.getOrDefault("RATINGS_URL", "http://ratings:9080")),
                env.containsKey("RATINGS_TIMEOUT") ? seconds(env.get("RATINGS_TIMEOUT")) : stars.patience());
    }

    /** The same, but for the service that it asks for ratings. */
    Settings asking(URI ratings) {
        return new Settings(port, identity, stars, ratings, ratingsTimeout);
    }

    private static int port(String value) {
        if (!value.matches("\\d{1,5}") || Integer.parseInt(value) > 65535) {
            throw new IllegalArgumentException("PORT: a port, not " + value);
        }
        return Integer.parseInt(value);
    }

    private static URI http(String value) {
        if (!value.matches("https?://[^/?#]+")) {
            throw new IllegalArgumentException("RATINGS_URL: http:// or https:// and a host, not " + value);
        }
        return URI.create(value);
    }

    private static Duration seconds(String value) {
        if (!value.matches("\\d{1,3}(\\.\\d{1,3})?") || Double.parseDouble(value) == 0) {
            throw new IllegalArgumentException("RATINGS_TIMEOUT: seconds, more than 0, not " + value);
        }
        return Duration.ofMillis(Math.round(Double.parseDouble(value) * 1000));
    }
}
