package dev.meshproof.bookinfo.reviews;

import io.helidon.http.BadRequestException;
import io.helidon.webserver.http.ServerResponse;

import jakarta.json.Json;
import jakarta.json.JsonObject;

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
        res.status(status).send(Json.createObjectBuilder().add("error", message).build());
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
}
