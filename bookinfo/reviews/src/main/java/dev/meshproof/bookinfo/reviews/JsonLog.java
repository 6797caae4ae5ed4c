package dev.meshproof.bookinfo.reviews;

import jakarta.json.Json;
import jakarta.json.JsonObjectBuilder;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;
import java.util.Map;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Writes each record of java.util.logging as one line of JSON with the fields that all four services share. */
final class JsonLog extends Formatter {

    private static final DateTimeFormatter MILLISECONDS =
            new DateTimeFormatterBuilder().appendInstant(3).toFormatter(Locale.ROOT);

    /** Helidon's list of its own features at each start; kept here because loggers are held weakly. */
    private static final Logger FEATURES = Logger.getLogger("io.helidon.common.features");

    private final Identity identity;

    JsonLog(Identity identity) {
        this.identity = identity;
    }

    /** Replaces whatever handlers the JVM came with. */
    static void install(Identity identity) {
        var root = Logger.getLogger("");
        for (var handler : root.getHandlers()) {
            root.removeHandler(handler);
        }
        var handler = new ConsoleHandler();
        handler.setFormatter(new JsonLog(identity));
        root.setLevel(Level.INFO);
        root.addHandler(handler);
        FEATURES.setLevel(Level.WARNING);
    }

    /** Does something of which only warnings are worth a line. */
    static void quietly(Runnable task) {
        var root = Logger.getLogger("");
        var level = root.getLevel();
        root.setLevel(Level.WARNING);
        try {
            task.run();
        } finally {
            root.setLevel(level);
        }
    }

    @Override
    public String format(LogRecord record) {
        var line = Json.createObjectBuilder()
                .add("time", MILLISECONDS.format(record.getInstant()))
                .add("level", level(record.getLevel()))
                .add("service", "reviews")
                .add("version", identity.version())
                .add("pod", identity.pod());
        if (record.getParameters() instanceof Object[] parameters
                && parameters.length == 1
                && parameters[0] instanceof Map<?, ?> fields) {
            line.add("message", record.getMessage());
            fields.forEach((name, value) -> add(line, name.toString(), value));
        } else {
            line.add("message", formatMessage(record));
        }
        if (record.getThrown() != null) {
            line.add("stack", stack(record.getThrown()));
        }
        return line.build() + "\n";
    }

    private static void add(JsonObjectBuilder line, String name, Object value) {
        switch (value) {
            case Integer number -> line.add(name, number);
            case Double number -> line.add(name, number);
            default -> line.add(name, value.toString());
        }
    }

    private static String level(Level level) {
        if (level.intValue() >= Level.SEVERE.intValue()) {
            return "error";
        }
        return level.intValue() >= Level.WARNING.intValue() ? "warn" : "info";
    }

    private static String stack(Throwable thrown) {
        var text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return text.toString();
    }
}
