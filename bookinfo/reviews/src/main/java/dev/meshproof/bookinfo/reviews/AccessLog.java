package dev.meshproof.bookinfo.reviews;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** One line of log for each request but the kubelet's probes, which would drown the rest. */
final class AccessLog implements Filter {

    private static final Logger LOG = Logger.getLogger(AccessLog.class.getName());
    private static final HeaderName REQUEST_ID = HeaderNames.create("x-request-id");
    private static final HeaderName END_USER = HeaderNames.create("end-user");

    @Override
    public void filter(FilterChain chain, RoutingRequest req, RoutingResponse res) {
        var started = System.nanoTime();
        try {
            chain.proceed();
        } finally {
            // Not req.path(): within a service that is the part below the service's own path.
            var path = req.prologue().uriPath().rawPath();
            if (!path.equals("/health")) {
                log(req, res, path, (System.nanoTime() - started) / 1e9);
            }
        }
    }

    private static void log(RoutingRequest req, RoutingResponse res, String path, double seconds) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("method", req.prologue().method().text());
        fields.put("path", path);
        fields.put("status", res.status().code());
        fields.put("seconds", Math.round(seconds * 1e6) / 1e6);
        req.headers().first(REQUEST_ID).ifPresent(id -> fields.put("request_id", id));
        req.headers().first(END_USER).ifPresent(user -> fields.put("end_user", user));
        var record = new LogRecord(Level.INFO, "request");
        record.setLoggerName(LOG.getName());
        record.setParameters(new Object[] {fields});
        LOG.log(record);
    }
}
