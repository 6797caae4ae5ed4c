package dev.meshproof.bookinfo.reviews;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** What happens to connections: those of our callers when we end, and ours when ratings ends. */
class ConnectionsTest {

    /** After this long, Envoy closes a connection that nobody uses. */
    private static final Duration ENVOY_IDLE = Duration.ofHours(1);

    private static final String STARS = "{\"id\":0,\"ratings\":{\"Reviewer1\":5,\"Reviewer2\":4}}";

    /** How ratings ends a connection on which it has answered once. */
    enum End {
        /** While it is idle, as a server that stops does. */
        WHEN_IDLE,
        /** When the next request has arrived, as if the two had crossed on their way. */
        WHEN_ASKED_AGAIN,
        /** The same, with a reset instead of a close. */
        WITH_A_RESET
    }

    private final Semaphore asked = new Semaphore(0);
    private final Semaphore mayAnswer = new Semaphore(0);
    private final AtomicInteger connections = new AtomicInteger();
    private final Semaphore ended = new Semaphore(0);
    private ServerSocket ratings;
    private volatile End end = End.WHEN_IDLE;

    @BeforeEach
    void startRatings() throws IOException {
        ratings = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (!ratings.isClosed()) {
                try {
                    var socket = ratings.accept();
                    connections.incrementAndGet();
                    Thread.ofVirtual().start(() -> answerOnce(socket));
                } catch (IOException e) {
                    return;
                }
            }
        });
    }

    @AfterEach
    void stopRatings() throws IOException {
        mayAnswer.release(100);
        ratings.close();
    }

    @Test
    void idleConnectionsStayForLongerThanThoseOfEnvoy() {
        var server = Main.server(settings("v1"), 0, new InFlight()).build();
        assertTrue(server.prototype().idleConnectionTimeout().compareTo(ENVOY_IDLE) > 0);
    }

    @ParameterizedTest
    @EnumSource
    void starsStayWhenRatingsEndedAKeptConnection(End how) throws Exception {
        end = how;
        mayAnswer.release(2);
        var client = RatingsClient.of(settings("v2"));
        assertEquals(new Ratings.Known(Map.of("Reviewer1", 5, "Reviewer2", 4), "", ""), client.of(0, Map.of()));
        if (how == End.WHEN_IDLE) {
            assertTrue(ended.tryAcquire(5, TimeUnit.SECONDS));
        }
        assertEquals(new Ratings.Known(Map.of("Reviewer1", 5, "Reviewer2", 4), "", ""), client.of(0, Map.of()));
        assertEquals(2, connections.get());
    }

    @Test
    void openConnectionsAreAnsweredWhileARequestIsInFlight() throws Exception {
        var inFlight = new InFlight();
        var server = Main.server(settings("v2"), 0, inFlight).build().start();
        try (var idle = new Caller(server.port()); var busy = new Caller(server.port())) {
            idle.ask("/health");
            idle.reply();
            busy.ask("/reviews/0");
            assertTrue(asked.tryAcquire(5, TimeUnit.SECONDS));

            var drained = Thread.ofVirtual().start(() -> drain(inFlight));
            while (drained.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
            }
            idle.ask("/health");
            var late = idle.reply();
            assertTrue(late.startsWith("HTTP/1.1 200 "), late);
            assertTrue(late.toLowerCase().contains("connection: close"), late);
            assertTrue(drained.isAlive());

            mayAnswer.release();
            var last = busy.reply();
            assertTrue(last.startsWith("HTTP/1.1 200 "), last);
            assertTrue(last.toLowerCase().contains("connection: close"), last);
            drained.join();
        } finally {
            server.stop();
        }
    }

    @Test
    void drainingWaitsNoLongerThanItMay() throws Exception {
        var inFlight = new InFlight();
        var server = Main.server(settings("v2"), 0, inFlight).build().start();
        try (var busy = new Caller(server.port())) {
            busy.ask("/reviews/0");
            assertTrue(asked.tryAcquire(5, TimeUnit.SECONDS));
            var started = System.nanoTime();
            inFlight.drain(Duration.ofMillis(100));
            assertTrue(System.nanoTime() - started < Duration.ofSeconds(2).toNanos());
        } finally {
            mayAnswer.release();
            server.stop();
        }
    }

    private static void drain(InFlight inFlight) {
        try {
            inFlight.drain(Duration.ofSeconds(8));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Settings settings(String version) {
        return Settings.from(Map.of(
                "SERVICE_VERSION", version,
                "RATINGS_TIMEOUT", "5",
                "RATINGS_URL", "http://127.0.0.1:" + ratings.getLocalPort()));
    }

    /** Answers one request of a connection, then ends it. */
    private void answerOnce(Socket socket) {
        try (socket) {
            var caller = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            readRequest(caller);
            asked.release();
            mayAnswer.acquireUninterruptibly();
            var reply = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " + STARS.length()
                    + "\r\n\r\n" + STARS;
            socket.getOutputStream().write(reply.getBytes(StandardCharsets.US_ASCII));
            if (end != End.WHEN_IDLE) {
                readRequest(caller);
            }
            if (end == End.WITH_A_RESET) {
                socket.setSoLinger(true, 0);
            }
        } catch (IOException e) {
            // The caller was first to leave.
        } finally {
            ended.release();
        }
    }

    private static void readRequest(BufferedReader caller) throws IOException {
        for (var line = caller.readLine(); line != null && !line.isEmpty(); line = caller.readLine()) {
            // Nothing in it matters here.
        }
    }

    /** A connection to the service, as a sidecar's pool keeps them. */
    private static final class Caller implements AutoCloseable {

        private final Socket socket;

        Caller(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(5000);
        }

        void ask(String path) throws IOException {
            var request = "GET " + path + " HTTP/1.1\r\nhost: reviews\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        }

        /** What has arrived, once a reply begins: each of ours is small and written at once. */
        String reply() throws IOException {
            var bytes = new byte[65536];
            return new String(bytes, 0, socket.getInputStream().read(bytes), StandardCharsets.UTF_8);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
