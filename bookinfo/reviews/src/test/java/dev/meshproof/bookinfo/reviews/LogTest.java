package dev.meshproof.bookinfo.reviews;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.StringReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

class LogTest {

    private final Settings settings = Settings.from(Map.of("POD_NAME", "pod-1"));
    private final Logger logger = Logger.getLogger(AccessLog.class.getName());
    private final List<LogRecord> records = new CopyOnWriteArrayList<>();
    private final Handler keeper = new Handler() {
        @Override
        public void publish(LogRecord record) {
            records.add(record);
        }

        @Override
        public void flush() {
        }

        @Override
        public void close() {
        }
    };

    @BeforeEach
    void listen() {
        logger.addHandler(keeper);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(keeper);
    }

    @Test
    void aRequestIsOneLineThatNamesReaderAndRequestAndAProbeIsNone() throws Exception {
        request("/health");
        request("/reviews/0");
        assertEquals(1, records.size());
        var line = parse(records.getFirst());
        assertEquals(
                List.of("info", "reviews", "v1", "pod-1", "request", "GET", "/reviews/0", "r-1", "jason"),
                List.of("level", "service", "version", "pod", "message", "method", "path", "request_id", "end_user")
                        .stream().map(line::getString).toList());
        assertEquals(200, line.getInt("status"));
        assertTrue(line.getJsonNumber("seconds").doubleValue() > 0);
        assertTrue(line.getString("time").matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z"));
    }

    @Test
    void anErrorCarriesItsStack() {
        var record = new LogRecord(Level.SEVERE, "request failed");
        record.setThrown(new IllegalStateException("why"));
        var line = parse(record);
        assertEquals("error", line.getString("level"));
        assertTrue(line.getString("stack").contains("IllegalStateException: why"));
    }

    /** Stops the server before it returns: the line of its last request is then written. */
    private void request(String path) throws Exception {
        var server = Main.server(settings, 0, new InFlight()).build().start();
        try (var http = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                    .header("x-request-id", "r-1")
                    .header("end-user", "jason")
                    .build();
            http.send(request, BodyHandlers.ofString());
        } finally {
            server.stop();
        }
    }

    private JsonObject parse(LogRecord record) {
        var text = new JsonLog(settings.identity()).format(record);
        return Json.createReader(new StringReader(text)).readObject();
    }
}
