package dev.meshproof.bookinfo.reviews;

import io.helidon.common.buffers.DataReader.InsufficientDataAvailableException;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webclient.http1.Http1Client;
import io.helidon.webclient.http1.Http1ClientResponse;

import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;

import java.net.ConnectException;
import java.net.SocketException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** Asks the ratings service. Never throws for a failure of ratings: a book without stars is still a book. */
final class RatingsClient {

    private static final System.Logger LOG = System.getLogger(RatingsClient.class.getName());

    private final Http1Client http;

    private RatingsClient(Http1Client http) {
        this.http = http;
    }

    static RatingsClient of(Settings settings) {
        return new RatingsClient(Http1Client.builder()
                .baseUri(settings.ratingsUrl())
                .connectTimeout(settings.ratingsTimeout())
                .readTimeout(settings.ratingsTimeout())
                .build());
    }

    /**
     * Fetches the stars of one book. Blocks the calling (virtual) thread: for at most the timeout until it is
     * connected, and again for each wait for a further part of the reply.
     *
     * @param product   number of the book
     * @param forwarded headers to carry on, as {@link Forwarded} picked them
     */
    Ratings of(int product, Map<String, String> forwarded) {
        try {
            try {
                return ask(product, forwarded, true);
            } catch (RuntimeException e) {
                if (!hungUp(e)) {
                    throw e;
                }
                // Most likely a kept connection that ratings closed as we were about to use it, for instance because
                // its pod ends. Asking for stars twice does no harm; a connection of its own tells the truth.
                return ask(product, forwarded, false);
            }
        } catch (RuntimeException e) {
            // Refused, reset, late, or not JSON: to the reader of a review it is all the same.
            return unavailable(e.toString());
        }
    }

    private Ratings ask(int product, Map<String, String> forwarded, boolean keepAlive) {
        var request = http.get("/ratings/" + product).keepAlive(keepAlive);
        forwarded.forEach((name, value) -> request.header(HeaderNames.create(name), value));
        try (var reply = request.request()) {
            return read(reply);
        }
    }

    /** Whether the other side ended a connection that was already made; the client wraps that in various ways. */
    private static boolean hungUp(RuntimeException thrown) {
        return Stream.<Throwable>iterate(thrown, Objects::nonNull, Throwable::getCause)
                .anyMatch(cause -> cause instanceof InsufficientDataAvailableException
                        || cause instanceof SocketException && !(cause instanceof ConnectException));
    }

    private static Ratings read(Http1ClientResponse reply) {
        if (!reply.status().equals(Status.OK_200)) {
            return unavailable("status " + reply.status().code());
        }
        var stars = new HashMap<String, Integer>();
        reply.as(JsonObject.class).getJsonObject("ratings")
                .forEach((reviewer, value) -> stars.put(reviewer, ((JsonNumber) value).intValue()));
        return new Ratings.Known(Map.copyOf(stars), header(reply, "x-served-by"), header(reply, "x-served-version"));
    }

    private static String header(Http1ClientResponse reply, String name) {
        return reply.headers().first(HeaderNames.create(name)).orElse("");
    }

    private static Ratings unavailable(String reason) {
        LOG.log(System.Logger.Level.WARNING, "ratings unavailable: {0}", reason);
        return new Ratings.Unavailable();
    }
}
