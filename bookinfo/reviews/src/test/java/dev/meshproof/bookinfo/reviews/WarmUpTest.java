package dev.meshproof.bookinfo.reviews;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What happens before the first reader comes. */
class WarmUpTest {

    @ParameterizedTest
    @ValueSource(strings = {"v1", "v2", "v3"})
    void itAnswersRequestsOfItsOwn(String version) {
        assertTrue(WarmUp.run(Settings.from(Map.of("SERVICE_VERSION", version))) > 0);
    }

    @Test
    void ratingsHearNothingOfIt() throws Exception {
        var asked = new AtomicInteger();
        var ratings = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        ratings.createContext("/", exchange -> {
            asked.incrementAndGet();
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        ratings.start();
        try {
            var url = "http://127.0.0.1:" + ratings.getAddress().getPort();
            WarmUp.run(Settings.from(Map.of("SERVICE_VERSION", "v3", "RATINGS_URL", url)));
        } finally {
            ratings.stop(0);
        }
        assertEquals(0, asked.get());
    }

    @Test
    void nothingOfItIsLogged() {
        var lines = new AtomicInteger();
        var counting = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.incrementAndGet();
            }

            @Override
            public void flush() {
            }

            @Override
            public void close() {
            }
        };
        var root = Logger.getLogger("");
        root.addHandler(counting);
        try {
            JsonLog.quietly(() -> WarmUp.run(Settings.from(Map.of("SERVICE_VERSION", "v3"))));
            assertEquals(0, lines.get());
            root.info("a line");
            assertEquals(1, lines.get());
        } finally {
            root.removeHandler(counting);
        }
    }
}
