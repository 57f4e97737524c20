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
    @TempDir
    private Path root;

    @Test
    void demo_ofAllSources_endsWithEveryCopyEqualToItsSource() {
        Path data = root.resolve("data");
        CommandRun run = CommandRun.of(
                "demo", "--source", "all", "--json", "--rows", "1000", "--seconds", "3", "--data", data.toString());
        assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
        JsonNode report = run.json();
        assertThat(report.get("ok").asBoolean()).isTrue();
        assertThat(report.get("mismatches").asLong()).isZero();
        assertThat(report.get("sources").fieldNames()).toIterable().containsExactly("h2", "derby", "ignite");
        report.get("sources").properties().forEach(source -> {
            assertSound(source.getKey(), source.getValue());
            boolean rollsBack = !source.getKey().equals("ignite");
            assertThat(source.getValue().get("changes").get("rolledBack").asLong() > 0)
                    .isEqualTo(rollsBack);
            assertThat(report.get("freshnessMillis").get(source.getKey()))
                    .isEqualTo(source.getValue().get("freshnessMillis"));
        });
        assertThat(report.get("reads").get("fromHome").asLong()).isZero();
        // The journals stay where they were asked to be, whole.
        for (String journal : List.of("journal", "journal-derby", "journal-ignite")) {
            CommandRun verified =
                    CommandRun.of("journal", "verify", data.resolve(journal).toString(), "--json");
            assertThat(verified.exitCode()).as(verified.err()).isZero();
        }
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
}
