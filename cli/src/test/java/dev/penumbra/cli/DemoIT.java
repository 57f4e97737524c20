package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoIT {
    private static final int WAN_MILLIS = 40;

    @TempDir
    private Path root;

    @Test
    void demo_ofAllSources_endsWithEveryCopyEqualToItsSource() {
        Path data = root.resolve("data");
        CommandRun run = CommandRun.of(
                "demo",
                "--source",
                "all",
                "--consistency",
                "eventual,session",
                "--json",
                "--rows",
                "1000",
                "--seconds",
                "3",
                "--data",
                data.toString());
        assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
        JsonNode report = run.json();
        assertThat(report.get("ok").asBoolean()).isTrue();
        assertThat(report.get("mismatches").asLong()).isZero();
        assertThat(report.get("sources").fieldNames()).toIterable().containsExactly("h2", "derby", "ignite");
        report.get("sources").properties().forEach(source -> {
            assertSound(source.getKey(), source.getValue());
            boolean rollsBack = !source.getKey().equals("ignite");
            JsonNode consistency = source.getValue().get("consistency");
            assertThat(consistency.get("violations").asLong()).isZero();
            assertThat(consistency.get("levels").fieldNames()).toIterable().containsExactly("EVENTUAL", "SESSION");
            JsonNode eventual = consistency.get("levels").get("EVENTUAL");
            assertThat(eventual.get("reads").asLong()).isPositive();
            // Ignite tables are not read by key.
            assertThat(eventual.has("sources")).isEqualTo(rollsBack);
            assertThat(source.getValue().get("changes").get("rolledBack").asLong() > 0)
                    .isEqualTo(rollsBack);
            assertThat(report.get("freshnessMillis").get(source.getKey()))
                    .isEqualTo(source.getValue().get("freshnessMillis"));
        });
        // The orders and line items are read at EVENTUAL, for which the shadows alone will do.
        assertThat(report.get("reads").get("preMerged").asLong()).isZero();
        assertThat(report.get("reads").get("fromHome").asLong()).isZero();
        // The journals stay where they were asked to be, whole.
        for (String journal : List.of("journal", "journal-derby", "journal-ignite")) {
            CommandRun verified =
                    CommandRun.of("journal", "verify", data.resolve(journal).toString(), "--json");
            assertThat(verified.exitCode()).as(verified.err()).isZero();
        }
    }

    @Test
    void demo_atAllLevels_overADistance_findsEveryAnswerRight() {
        CommandRun run = CommandRun.of(
                "demo",
                "--consistency",
                "all",
                "--wan",
                WAN_MILLIS + "ms",
                "--json",
                "--rows",
                "1000",
                "--rate",
                "100",
                "--seconds",
                "5");
        assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
        JsonNode report = run.json();
        assertSound("h2", report);
        JsonNode consistency = report.get("consistency");
        assertThat(consistency.get("violations").asLong()).isZero();
        assertThat(consistency.get("wanMillis").asInt()).isEqualTo(WAN_MILLIS);
        JsonNode levels = consistency.get("levels");
        assertThat(levels.fieldNames())
                .toIterable()
                .containsExactly("OPTIMISTIC", "EVENTUAL", "BOUNDED", "SESSION", "VALIDATED", "PRIMARY");
        levels.properties().forEach(level -> {
            assertThat(level.getValue().get("reads").asLong()).as("%s", level).isPositive();
            assertThat(level.getValue().get("latencyMillis").get("p50").asDouble())
                    .isPositive();
        });
        JsonNode eventual = levels.get("EVENTUAL").get("sources");
        assertThat(eventual.get("shadow").asLong()).isPositive();
        // What is pending is for reads that would have to wait without it, and these never do.
        assertThat(eventual.get("preMerged").asLong()).isZero();
        JsonNode primary = levels.get("PRIMARY").get("sources");
        assertThat(primary.get("shadow").asLong()).isZero();
        assertThat(primary.get("preMerged").asLong()).isZero();
        assertThat(primary.get("source").asLong()).isPositive();
        // Two of three who ask are far from home, and what they get has come a long way.
        assertThat(levels.get("PRIMARY").get("latencyMillis").get("p99").asDouble())
                .isGreaterThanOrEqualTo(WAN_MILLIS);
    }

    private static void assertSound(String source, JsonNode report) {
        assertThat(report.get("ok").asBoolean()).as(source).isTrue();
        long rows = report.get("rows").get("home").asLong();
        assertThat(rows).as(source).isGreaterThan(500);
        assertThat(report.get("rows").get("shadow").get("eu").asLong()).isEqualTo(rows);
        assertThat(report.get("rows").get("shadow").get("us").asLong()).isEqualTo(rows);
        JsonNode changes = report.get("changes");
        assertThat(changes.get("journalled")).isEqualTo(changes.get("written"));
        assertThat(changes.get("written").asLong()).isPositive();
        assertThat(report.get("reads").get("fromShadow").asLong()).as(source).isPositive();
        assertThat(report.get("freshnessMillis").get("p50").asDouble()).isPositive();
        assertThat(report.get("compression").get("memoryRatio").asDouble()).isPositive();
    }

    @Test
    void demo_inADirectoryThatHoldsSomething_isRefused() throws IOException {
        Files.createFile(root.resolve("something"));
        CommandRun run = CommandRun.of("demo", "--data", root.toString());
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("not empty");
    }

    @Test
    void demo_ofASourceThatThereIsNot_isRefused() {
        CommandRun run = CommandRun.of("demo", "--source", "sqlite");
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).containsIgnoringCase("h2, derby, ignite, all");
    }

    @Test
    void demo_ofTooFewRows_isRefused() {
        CommandRun run = CommandRun.of("demo", "--rows", "10");
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("min=1000");
    }

    @Test
    void demo_ofALevelThatThereIsNot_isRefused() {
        CommandRun run = CommandRun.of("demo", "--consistency", "EVENTUAL,SOMETIMES");
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("SOMETIMES", "EVENTUAL, BOUNDED, SESSION, VALIDATED, PRIMARY");
    }

    @Test
    void demo_ofADistanceThatIsNoTime_orTooFar_isRefused() {
        for (String distance : List.of("far", "80", "3s")) {
            CommandRun run = CommandRun.of("demo", "--wan", distance);
            assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
            assertThat(run.err()).contains("--wan", distance);
        }
    }
}
