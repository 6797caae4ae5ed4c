package dev.meshproof.bookinfo.reviews;

import io.helidon.webclient.http1.Http1Client;
import io.helidon.webserver.WebServer;

import jakarta.json.Json;
import jakarta.json.JsonObject;

import java.net.URI;
import java.time.Duration;

/**
 * Answers requests of its own before anybody else's.
 *
 * <p>What a JVM does for the first time it does slowly, and on a busy node many times more so: a pod that is new would
 * let its first readers wait for seconds. Nothing of this leaves the process's own loopback interface.
 */
final class WarmUp {

    /** After so many, the next ones take about as long as any later. */
    private static final int REQUESTS = 100;

    /** Where so many take longer than this, waiting for the rest would cost more than it saves. */
    private static final Duration AT_MOST = Duration.ofSeconds(5);

    private static final String LOOPBACK = "127.0.0.1";

    private static final JsonObject STARS = Json.createObjectBuilder()
            .add("ratings", Json.createObjectBuilder().add("Reviewer1", 5).add("Reviewer2", 4))
            .build();

    private WarmUp() {
    }

    /** Serves reviews with these settings, but for the ratings service, which is a stand-in; returns how many. */
    static int run(Settings settings) {
        var ratings = WebServer.builder()
                .host(LOOPBACK)
                .shutdownHook(false)
                .routing(routing -> routing.get("/ratings/{id}", (req, res) -> {
                    settings.identity().sign(res);
                    Replies.json(res, STARS);
                }))
                .build()
                .start();
        try {
            return run(Main.server(settings.asking(http(ratings)), 0, new InFlight()).host(LOOPBACK).build().start());
        } finally {
            ratings.stop();
        }
    }

    private static int run(WebServer reviews) {
        try {
            var client = Http1Client.builder().baseUri(http(reviews)).build();
            var deadline = System.nanoTime() + AT_MOST.toNanos();
            var done = 0;
            while (done < REQUESTS && System.nanoTime() < deadline) {
                client.get("/reviews/0").requestEntity(String.class);
                done++;
            }
            client.closeResource();
            return done;
        } finally {
            reviews.stop();
        }
    }

    private static URI http(WebServer server) {
        return URI.create("http://" + LOOPBACK + ":" + server.port());
    }
}
