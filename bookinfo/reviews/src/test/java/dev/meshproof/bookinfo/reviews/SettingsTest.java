package dev.meshproof.bookinfo.reviews;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.URI;
import java.util.Map;

class SettingsTest {

    @Test
    void anEmptyEnvironmentGivesVersionOne() {
        var settings = Settings.from(Map.of());
        assertEquals(9080, settings.port());
        assertEquals(Stars.NONE, settings.stars());
        assertEquals("reviews-v1", settings.identity().workload());
        assertEquals(URI.create("http://ratings:9080"), settings.ratingsUrl());
    }

    @ParameterizedTest
    @CsvSource({"v2, 10000", "v3, 2500"})
    void patienceWithRatingsIsTheVersionsOwn(String version, long milliseconds) {
        assertEquals(milliseconds, Settings.from(Map.of("SERVICE_VERSION", version)).ratingsTimeout().toMillis());
    }

    @ParameterizedTest
    @CsvSource({
        "SERVICE_VERSION, v9",
        "PORT, http",
        "PORT, 70000",
        "RATINGS_URL, ratings",
        "RATINGS_TIMEOUT, soon",
        "RATINGS_TIMEOUT, 0"
    })
    void aValueThatCannotBeUsedIsNamed(String variable, String value) {
        var thrown = assertThrows(IllegalArgumentException.class, () -> Settings.from(Map.of(variable, value)));
        assertTrue(thrown.getMessage().startsWith(variable), thrown.getMessage());
    }
}
