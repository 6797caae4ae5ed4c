package dev.meshproof.bookinfo.reviews;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Headers;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Headers that a call carries on: they join the spans of one page to one trace and say who is reading. */
final class Forwarded {

    private static final List<HeaderName> NAMES = Stream.of(
                    "x-request-id",
                    "traceparent",
                    "tracestate",
                    "b3",
                    "x-b3-traceid",
                    "x-b3-spanid",
                    "x-b3-parentspanid",
                    "x-b3-sampled",
                    "x-b3-flags",
                    "end-user")
            .map(HeaderNames::create)
            .toList();

    private Forwarded() {
    }

    /** Picks, from an incoming request's headers, those that belong on the calls it causes. */
    static Map<String, String> from(Headers incoming) {
        var forwarded = new LinkedHashMap<String, String>();
        for (var name : NAMES) {
            incoming.first(name).ifPresent(value -> forwarded.put(name.lowerCase(), value));
        }
        return forwarded;
    }
}
