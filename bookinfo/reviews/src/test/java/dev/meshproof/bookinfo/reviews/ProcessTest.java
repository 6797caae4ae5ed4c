package dev.meshproof.bookinfo.reviews;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** The process as the kubelet sees it: how it starts and how it ends. */
class ProcessTest {

    private static final Pattern BOUND = Pattern.compile("http://0\\.0\\.0\\.0:(\\d+) bound");

    private Process process;

    @AfterEach
    void kill() {
        process.destroyForcibly();
    }

    @Test
    void sigtermEndsItWithStatusZeroAndIsLoggedIdleConnectionsNotwithstanding() throws Exception {
        start(Map.of("PORT", "0"));
        var log = process.errorReader();
        try (var idle = new Socket(InetAddress.getLoopbackAddress(), port(log))) {
            idle.getOutputStream().write("GET /health HTTP/1.1\r\nhost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertEquals('H', idle.getInputStream().read());
            process.toHandle().destroy();
            assertTrue(process.waitFor(5, TimeUnit.SECONDS));
        }
        assertEquals(0, process.exitValue());
        assertTrue(log.lines().anyMatch(line -> line.contains("\"message\":\"stopped\"")));
    }

    @Test
    void sigtermAsSoonAsItListensEndsItWithStatusZero() throws Exception {
        start(Map.of("PORT", "0"));
        port(process.errorReader());
        process.toHandle().destroy();
        assertTrue(process.waitFor(5, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue());
    }

    @Test
    void aPortThatIsTakenEndsItWithStatusOne() throws Exception {
        try (var taken = new ServerSocket(0)) {
            start(Map.of("PORT", String.valueOf(taken.getLocalPort())));
            assertTrue(process.errorReader().lines().anyMatch(line -> line.contains("Address already in use")));
            assertEquals(1, process.waitFor());
        }
    }

    @Test
    void aSettingThatCannotBeUsedIsOneLineNotAStack() throws Exception {
        start(Map.of("SERVICE_VERSION", "v9"));
        assertEquals(List.of("SERVICE_VERSION: v1, v2 or v3, not v9"), process.errorReader().lines().toList());
        assertEquals(1, process.waitFor());
    }

    private void start(Map<String, String> env) throws IOException {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var builder = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Main.class.getName());
        builder.environment().putAll(env);
        process = builder.start();
    }

    private static int port(BufferedReader log) throws IOException {
        for (var line = log.readLine(); line != null; line = log.readLine()) {
            var bound = BOUND.matcher(line);
            if (bound.find()) {
                return Integer.parseInt(bound.group(1));
            }
        }
        throw new IOException("it ended before it listened");
    }
}
