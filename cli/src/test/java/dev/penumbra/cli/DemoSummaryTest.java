package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.penumbra.ignite.Answer;
import dev.penumbra.shadow.read.Consistency.Level;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DemoSummaryTest {
    private static DemoReport report(long mismatches, long journalled) {
        return report(mismatches, journalled, null);
    }

    private static DemoReport report(long mismatches, long journalled, @Nullable ConsistencyReport consistency) {
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
                1,
                1,
                3.2,
                1.7,
                consistency,
                12.3456);
    }

    private static final DemoReport EQUAL = report(0, 40);
    private static final DemoReport DIFFERENT = report(3, 40);
    private static final DemoReport UNEVEN = report(0, 39);

    /** Three levels, at the last of which nothing was read by key. */
    private static ConsistencyReport consistency(List<String> violations) {
        LevelFigures bounded = new LevelFigures();
        bounded.answered(1_000_000);
        bounded.told(Answer.Source.SHADOW, Duration.ofMillis(50));
        bounded.refused();
        LevelFigures session = new LevelFigures();
        for (Answer.Source source : List.of(Answer.Source.PRE_MERGED, Answer.Source.PRE_MERGED, Answer.Source.HOME)) {
            session.answered(2_000_000);
            session.told(source, null);
        }
        Map<Level, LevelFigures.Summary> levels = new EnumMap<>(Level.class);
        levels.put(Level.BOUNDED, bounded.summary());
        levels.put(Level.SESSION, session.summary());
        levels.put(Level.PRIMARY, new LevelFigures().summary());
        LevelFigures optimistic = new LevelFigures();
        optimistic.answered(1_000_000);
        optimistic.uncommitted();
        optimistic.uncommitted();
        optimistic.uncommitted();
        optimistic.confirmed(true);
        optimistic.confirmed(true);
        optimistic.confirmed(false);
        levels.put(Level.OPTIMISTIC, optimistic.summary());
        return new ConsistencyReport(Duration.ofMillis(80), levels, violations.size(), violations);
    }

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
                .contains("30, answered by a shadow 28, pre-merged 1, by the home image 1" + System.lineSeparator())
                .endsWith("Every copy equals the source." + System.lineSeparator());
    }

    @Test
    void document_ofSeveralSources_hasEachAndTheirSums() {
        JsonNode document = json(of(EQUAL, EQUAL).document());
        assertThat(document.get("sources").get("h2")).isEqualTo(json(EQUAL.document()));
        assertThat(document.get("sources").get("derby")).isEqualTo(json(EQUAL.document()));
        assertThat(document.get("reads").toString())
                .isEqualTo("{\"total\":60,\"fromShadow\":56,\"preMerged\":2,\"fromHome\":2}");
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

    @Test
    void whatReadersOfCountersFound_isInTheDocument_withTheFiguresThatThereAre() {
        DemoSummary summary = new DemoSummary(Map.of("h2", report(0, 40, consistency(List.of()))), 20.5);
        assertThat(summary.ok()).isTrue();
        JsonNode found = json(summary.document()).get("consistency");
        JsonNode bounded = found.get("levels").get("BOUNDED");
        assertThat(bounded.has("uncommitted")).isFalse();
        JsonNode optimistic = found.get("levels").get("OPTIMISTIC");
        assertThat(optimistic.get("uncommitted").asInt()).isEqualTo(3);
        assertThat(optimistic.get("confirmed").asInt()).isEqualTo(2);
        assertThat(optimistic.get("corrected").asInt()).isEqualTo(1);
        assertThat(found.get("wanMillis").asInt()).isEqualTo(80);
        assertThat(found.get("violations").asInt()).isZero();
        assertThat(bounded.get("reads").asInt()).isEqualTo(1);
        assertThat(bounded.get("refused").asInt()).isEqualTo(1);
        assertThat(bounded.get("sources").toString())
                .isEqualTo("{\"shadow\":1,\"preMerged\":0,\"home\":0,\"source\":0}");
        assertThat(found.get("levels").get("SESSION").get("sources").toString())
                .isEqualTo("{\"shadow\":0,\"preMerged\":2,\"home\":1,\"source\":0}");
        assertThat(bounded.get("provenStalenessMillis").get("p99").asDouble()).isBetween(50.0, 50.1);
        assertThat(bounded.get("latencyMillis").get("p50").asDouble()).isBetween(1.0, 1.1);
        assertThat(found.get("levels").get("PRIMARY").toString()).isEqualTo("{\"reads\":0,\"refused\":0}");
        assertThat(text(summary))
                .containsPattern("level +reads +refused +shadow +pre-merged +home +source ")
                .containsPattern("BOUNDED +1 +1 +1 +0 +0 +0 ")
                .containsPattern("SESSION +3 +0 +0 +2 +1 +0 ")
                .containsPattern("PRIMARY +0 +0 +- +- +- +- ")
                .contains("round trip between datacenters 80 ms, 0 wrong answers")
                .endsWith("Every answer holds what its level promises." + System.lineSeparator());
    }

    @Test
    void withoutReadersOfCounters_theDocumentSaysNothingOfConsistency() {
        assertThat(json(EQUAL.document()).has("consistency")).isFalse();
    }

    @Test
    void aWrongAnswer_failsTheWhole_andIsNamed() {
        DemoReport wrong = report(0, 40, consistency(List.of("counter 3 is wrong")));
        DemoSummary one = new DemoSummary(Map.of("h2", wrong), 20.5);
        assertThat(one.ok()).isFalse();
        assertThat(json(one.document()).get("ok").asBoolean()).isFalse();
        assertThat(json(one.document()).get("consistency").get("violations").asInt())
                .isEqualTo(1);
        assertThat(one.violations()).containsExactly("counter 3 is wrong");
        assertThat(text(one)).contains("Every copy equals the source.", "do NOT hold what their level promises");

        DemoSummary two = of(EQUAL, wrong);
        assertThat(two.ok()).isFalse();
        assertThat(two.violations()).containsExactly("derby: counter 3 is wrong");
        assertThat(text(two)).contains("Every copy equals its source;", "do NOT hold what their level promises");
    }
}
