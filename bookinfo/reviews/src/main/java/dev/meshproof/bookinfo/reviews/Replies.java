package dev.meshproof.bookinfo.reviews;

import io.helidon.http.BadRequestException;
import io.helidon.http.DirectHandler;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.DirectHandler.TransportResponse;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.ServerResponse;

import jakarta.json.Json;
import jakarta.json.JsonObject;

import java.util.Locale;

/** The few shapes that a reply of this service has. */
final class Replies {

    static final JsonObject OK = Json.createObjectBuilder().add("status", "ok").build();

    private static final System.Logger LOG = System.getLogger(Replies.class.getName());

    private Replies() {
    }

    static void json(ServerResponse res, JsonObject body) {
        res.send(body);
    }

    static void error(ServerResponse res, int status, String message) {
        res.status(status).send(error(message));
    }

    /** Answers, in the same shape and signed alike, what is too malformed to reach any filter or route. */
    static void unrouted(DirectHandlers.Builder handlers, Identity identity) {
        DirectHandler handler = (request, type, status, headers, message) -> {
            identity.headers().forEach(headers::set);
            headers.set(HeaderValues.CONTENT_TYPE_JSON);
            return TransportResponse.builder()
                    .status(status)
                    .headers(headers)
                    .keepAlive(false)
                    .entity(error(status.reasonPhrase().toLowerCase(Locale.ROOT)).toString())
                    .build();
        };
        for (var type : EventType.values()) {
            handlers.addHandler(type, handler);
        }
    }

    /** Answers for what no handler foresaw; the caller learns no internals, the log does. */
    static void unexpected(ServerResponse res, Throwable thrown) {
        if (thrown instanceof BadRequestException) {
            error(res, 400, "bad request");
            return;
        }
        LOG.log(System.Logger.Level.ERROR, "request failed", thrown);
        error(res, 500, "internal error");
    }

    private static JsonObject error(String message) {
        return Json.createObjectBuilder().add("error", message).build();
    }
}
