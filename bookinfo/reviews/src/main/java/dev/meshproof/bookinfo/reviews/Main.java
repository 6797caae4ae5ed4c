package dev.meshproof.bookinfo.reviews;

import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import io.helidon.webserver.http.HttpRouting;

import java.time.Duration;

/** Starts the service: settings from the environment, one server, no framework magic in between. */
public final class Main {

    /**
     * Idle connections stay open for longer than the hour after which a sidecar's Envoy gives one up: a server that
     * closes first fails the request that crosses the close on its way.
     */
    private static final Duration KEEP_ALIVE = Duration.ofSeconds(3630);

    /** Requests in flight may finish for this long after SIGTERM. */
    private static final Duration GRACE = Duration.ofSeconds(8);

    private Main() {
    }

    public static void main(String[] args) {
        // Before any logger is made, and before that class is: java.util.logging chooses its manager once.
        System.setProperty("java.util.logging.manager", LastingLogManager.class.getName());
        Settings settings;
        try {
            settings = Settings.from(System.getenv());
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(1);
            return;
        }
        serve(settings);
    }

    private static void serve(Settings settings) {
        JsonLog.install(settings.identity());
        JsonLog.quietly(() -> WarmUp.run(settings));
        var inFlight = new InFlight();
        var server = server(settings, settings.port(), inFlight).build();
        // Before it listens: who has had a reply may end it at once.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, inFlight), "stop"));
        server.start();
        if (!server.isRunning()) {
            // It has logged why it does not listen, and thrown nothing.
            System.exit(1);
        }
    }

    /** Describes the server, on all addresses of the pod. Port 0 takes a free one. */
    static WebServerConfig.Builder server(Settings settings, int port, InFlight inFlight) {
        return WebServer.builder()
                .port(port)
                .idleConnectionTimeout(KEEP_ALIVE)
                .shutdownHook(false)
                .shutdownGracePeriod(Duration.ofSeconds(1))
                .directHandlers(handlers -> Replies.unrouted(handlers, settings.identity()))
                .routing(routing -> route(routing, settings, inFlight));
    }

    private static void route(HttpRouting.Builder routing, Settings settings, InFlight inFlight) {
        routing.addFilter(inFlight)
                .addFilter(new AccessLog())
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

    private static void stop(WebServer server, InFlight inFlight) {
        if (!server.isRunning()) {
            return;
        }
        var log = System.getLogger(Main.class.getName());
        log.log(System.Logger.Level.INFO, "draining");
        try {
            inFlight.drain(GRACE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        server.stop();
        log.log(System.Logger.Level.INFO, "stopped");
        // The JVM's own status after a signal is 128 + its number, which reads like a failure.
        Runtime.getRuntime().halt(0);
    }
}
