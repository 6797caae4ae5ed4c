package dev.meshproof.bookinfo.reviews;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import io.helidon.webserver.WebServer;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.io.StringReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;

/** The service as its callers see it: a real server, and a stand-in for ratings beside it. */
class ReviewsTest {

    private static final String STARS = "{\"id\":0,\"ratings\":{\"Reviewer1\":5,\"Reviewer2\":4}}";

    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<String, String> seenByRatings = new ConcurrentHashMap<>();
    private final CountDownLatch testOver = new CountDownLatch(1);
    private volatile int ratingsStatus = 200;
    private volatile String ratingsBody = STARS;
    private volatile boolean ratingsStalls;
    private HttpServer ratings;
    private final InFlight inFlight = new InFlight();
    private WebServer reviews;

    @BeforeEach
    void startRatings() throws IOException {
        ratings = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        ratings.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        ratings.createContext("/ratings/0", exchange -> {
            exchange.getRequestHeaders().forEach((name, values) -> seenByRatings.put(name.toLowerCase(), values.get(0)));
            exchange.getResponseHeaders().set("x-served-by", "ratings-pod");
            exchange.getResponseHeaders().set("x-served-version", "v1");
            var body = ratingsBody.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(ratingsStatus, body.length);
            if (ratingsStalls) {
                awaitEndOfTest();
            }
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        ratings.start();
    }

    @AfterEach
    void stop() {
        testOver.countDown();
        if (reviews != null) {
            reviews.stop();
        }
        ratings.stop(0);
    }

    @Test
    void v1ShowsNoStarsAndDoesNotAskForThem() throws Exception {
        start("v1");
        var review = firstReview(get("/reviews/0"));
        assertFalse(review.containsKey("rating"));
        assertTrue(seenByRatings.isEmpty(), "v1 called ratings");
    }

    @ParameterizedTest
    @CsvSource({"v2, black", "v3, red"})
    void laterVersionsShowStarsInTheirColour(String version, String colour) throws Exception {
        start(version);
        var body = json(get("/reviews/0"));
        var rating = body.getJsonArray("reviews").getJsonObject(0).getJsonObject("rating");
        assertEquals(5, rating.getInt("stars"));
        assertEquals(colour, rating.getString("color"));
        assertEquals("ratings-pod", body.getJsonObject("ratings").getString("podname"));
    }

    @Test
    void bodyHasTheShapeOfTheTutorials() throws Exception {
        start("v1");
        var body = json(get("/reviews/0"));
        assertEquals("0", body.getString("id"));
        assertEquals("pod-1", body.getString("podname"));
        assertEquals("null", body.getString("clustername"));
        assertEquals(2, body.getJsonArray("reviews").size());
        assertEquals("Reviewer1", body.getJsonArray("reviews").getJsonObject(0).getString("reviewer"));
    }

    @ParameterizedTest
    @CsvSource({"503, {}", "200, not json", "200, {}", "200, '{\"ratings\":{\"Reviewer1\":\"five\"}}'"})
    void reviewsStayWhenRatingsFails(int status, String body) throws Exception {
        ratingsStatus = status;
        ratingsBody = body;
        start("v3");
        assertEquals("Ratings service is currently unavailable",
                firstReview(get("/reviews/0")).getJsonObject("rating").getString("error"));
    }

    @Test
    void reviewsStayWhenRatingsCannotBeReached() throws Exception {
        start("v2", Map.of("RATINGS_URL", "http://127.0.0.1:1"));
        assertTrue(firstReview(get("/reviews/0")).getJsonObject("rating").containsKey("error"));
    }

    @Test
    void reviewsGiveUpOnRatingsThatStallsInItsBody() throws Exception {
        ratingsStalls = true;
        start("v2", Map.of("RATINGS_TIMEOUT", "0.2"));
        assertTrue(firstReview(get("/reviews/0")).getJsonObject("rating").containsKey("error"));
    }

    @Test
    void traceHeadersAndReaderTravelOn() throws Exception {
        start("v2");
        var sent = Map.of(
                "x-request-id", "r-1",
                "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "x-b3-traceid", "80f198ee56343ba864fe8b2a57d3eff7",
                "end-user", "jason");
        get("/reviews/0", sent);
        sent.forEach((name, value) -> assertEquals(value, seenByRatings.get(name), name));
        assertFalse(seenByRatings.containsKey("cookie"));
    }

    @ParameterizedTest
    @CsvSource({"/reviews/0, 200", "/reviews/7, 404", "/reviews/x, 400", "/nowhere, 404", "/health, 200"})
    void everyReplySaysWhoAnswered(String path, int status) throws Exception {
        start("v1");
        var reply = get(path);
        assertEquals(status, reply.statusCode());
        assertEquals("pod-1", reply.headers().firstValue("x-served-by").orElseThrow());
        assertEquals("reviews-v1", reply.headers().firstValue("x-served-workload").orElseThrow());
        assertEquals("v1", reply.headers().firstValue("x-served-version").orElseThrow());
    }

    @ParameterizedTest
    @CsvSource({"GET /reviews/%zz HTTP/1.1, 400", "GET /reviews/0 HTTP/9.9, 400", "nonsense, 400"})
    void evenAReplyToAMalformedRequestSaysWhoAnswered(String requestLine, int status) throws Exception {
        start("v1");
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), reviews.port())) {
            socket.getOutputStream().write((requestLine + "\r\nhost: reviews\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            var reply = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(reply.startsWith("HTTP/1.1 " + status + " "), reply);
            assertTrue(reply.toLowerCase().contains("\r\nx-served-by: pod-1\r\n"), reply);
            assertTrue(reply.toLowerCase().contains("\r\nx-served-workload: reviews-v1\r\n"), reply);
            assertTrue(reply.contains("{\"error\":"), reply);
        }
    }

    private void start(String version) {
        start(version, Map.of());
    }

    private void start(String version, Map<String, String> more) {
        var env = new ConcurrentHashMap<>(Map.of(
                "SERVICE_VERSION", version,
                "POD_NAME", "pod-1",
                "RATINGS_URL", "http://127.0.0.1:" + ratings.getAddress().getPort()));
        env.putAll(more);
        reviews = Main.server(Settings.from(env), 0, inFlight).build().start();
    }

    private HttpResponse<String> get(String path) throws Exception {
        return get(path, Map.of());
    }

    private HttpResponse<String> get(String path, Map<String, String> headers) throws Exception {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + reviews.port() + path));
        headers.forEach(request::header);
        return http.send(request.build(), BodyHandlers.ofString());
    }

    private static JsonObject json(HttpResponse<String> reply) {
        return Json.createReader(new StringReader(reply.body())).readObject();
    }

    private static JsonObject firstReview(HttpResponse<String> reply) {
        return json(reply).getJsonArray("reviews").getJsonObject(0);
    }

    private void awaitEndOfTest() {
        try {
            testOver.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
