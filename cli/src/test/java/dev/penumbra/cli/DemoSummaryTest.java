package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DemoSummaryTest {
    private static DemoReport report(long mismatches, long journalled) {
        return new DemoReport(
                100,
                Map.of("eu", 100L, "us", 100L),
                Map.of("home", 0L, "eu", mismatches, "us", 0L),
                40,
                5,
                journalled,
                90,
                1.5,
                9.5,
                20,
                30,
                28,
                2,
                3.2,
                1.7,
                12.3456);
    }

    private static final DemoReport EQUAL = report(0, 40);
    private static final DemoReport DIFFERENT = report(3, 40);
    private static final DemoReport UNEVEN = report(0, 39);

    private static DemoSummary of(DemoReport h2, DemoReport derby) {
        Map<String, DemoReport> sources = new LinkedHashMap<>();
        sources.put("h2", h2);
        sources.put("derby", derby);
        return new DemoSummary(sources, 20.5);
    }

    private static JsonNode json(Map<String, Object> document) {
        return CommandRun.parse(JsonText.of(document));
    }

    private static String text(DemoSummary summary) {
        StringWriter text = new StringWriter();
        summary.print(new PrintWriter(text));
        return text.toString();
    }

    @Test
    void document_ofOneSource_isThatOfTheSource() {
        DemoSummary summary = new DemoSummary(Map.of("derby", EQUAL), 20.5);
        assertThat(summary.document()).isEqualTo(EQUAL.document());
        assertThat(json(summary.document()).get("seconds").asDouble()).isEqualTo(12.346);
        assertThat(text(summary))
                .startsWith("rows ")
                .endsWith("Every copy equals the source." + System.lineSeparator());
    }

    @Test
    void document_ofSeveralSources_hasEachAndTheirSums() {
        JsonNode document = json(of(EQUAL, EQUAL).document());
        assertThat(document.get("sources").get("h2")).isEqualTo(json(EQUAL.document()));
        assertThat(document.get("sources").get("derby")).isEqualTo(json(EQUAL.document()));
        assertThat(document.get("reads").toString()).isEqualTo("{\"total\":60,\"fromShadow\":56,\"fromHome\":4}");
        assertThat(document.get("freshnessMillis").get("derby").get("p50").asDouble())
                .isEqualTo(1.5);
        assertThat(document.get("mismatches").asLong()).isZero();
        assertThat(document.get("seconds").asDouble()).isEqualTo(20.5);
        assertThat(document.get("ok").asBoolean()).isTrue();
    }

    @Test
    void aDifferenceInOneSource_failsTheWhole_andIsNamed() {
        DemoSummary summary = of(EQUAL, DIFFERENT);
        assertThat(summary.ok()).isFalse();
        assertThat(json(summary.document()).get("mismatches").asLong()).isEqualTo(3);
        assertThat(text(summary)).contains("NOT equal their sources: derby.");
    }

    @Test
    void aJournalWithFewerChangesThanWereCommitted_failsTheWhole() {
        assertThat(of(UNEVEN, EQUAL).ok()).isFalse();
        assertThat(text(of(UNEVEN, EQUAL))).contains("NOT equal their sources: h2.");
    }
}
