package dev.meshproof.bookinfo.reviews;

import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;

import java.time.Duration;

/** Starts the service: settings from the environment, one server, no framework magic in between. */
public final class Main {

    /** Requests in flight may finish for this long after SIGTERM; Helidon's shutdown hook sees to it. */
    private static final Duration GRACE = Duration.ofSeconds(10);

    private Main() {
    }

    public static void main(String[] args) {
        var settings = Settings.from(System.getenv());
        JsonLog.install(settings.identity());
        server(settings, settings.port()).start();
    }

    /** Builds the server, not yet started. Port 0 takes a free one, for tests. */
    static WebServer server(Settings settings, int port) {
        return WebServer.builder()
                .port(port)
                .shutdownGracePeriod(GRACE)
                .routing(routing -> route(routing, settings))
                .build();
    }

    private static void route(HttpRouting.Builder routing, Settings settings) {
        routing.addFilter(new AccessLog())
                .addFilter(settings.identity())
                .register("/reviews", new ReviewsService(settings, RatingsClient.of(settings)))
                .get("/health", (req, res) -> Replies.json(res, Replies.OK))
                .any((req, res) -> Replies.error(res, 404, "no such path: " + req.path().path()))
                .error(Throwable.class, (req, res, thrown) -> {
                    // The router clears the reply before it reports an error: say again who answers.
                    settings.identity().sign(res);
                    Replies.unexpected(res, thrown);
                });
    }
}
