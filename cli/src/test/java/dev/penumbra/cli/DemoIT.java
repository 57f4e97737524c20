package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoIT {
    @TempDir
    private Path root;

    @Test
    void demo_endsWithEveryCopyEqualToTheSource() {
        Path data = root.resolve("data");
        CommandRun run = CommandRun.of("demo", "--json", "--rows", "2000", "--seconds", "3", "--data", data.toString());
        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode report = run.json();
        assertThat(report.get("ok").asBoolean()).isTrue();
        assertThat(report.get("mismatches").asLong()).isZero();
        long rows = report.get("rows").get("home").asLong();
        assertThat(rows).isGreaterThan(1_000);
        assertThat(report.get("rows").get("shadow").get("eu").asLong()).isEqualTo(rows);
        assertThat(report.get("rows").get("shadow").get("us").asLong()).isEqualTo(rows);
        JsonNode changes = report.get("changes");
        assertThat(changes.get("rolledBack").asLong()).isPositive();
        assertThat(changes.get("journalled")).isEqualTo(changes.get("written"));
        assertThat(report.get("reads").get("total").asLong()).isPositive();
        assertThat(report.get("freshnessMillis").get("p50").asDouble()).isPositive();
        // The journal stays where it was asked to be, whole.
        CommandRun verified =
                CommandRun.of("journal", "verify", data.resolve("journal").toString(), "--json");
        assertThat(verified.exitCode()).as(verified.err()).isZero();
    }

    @Test
    void demo_inADirectoryThatHoldsSomething_isRefused() throws IOException {
        Files.createFile(root.resolve("something"));
        CommandRun run = CommandRun.of("demo", "--data", root.toString());
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("not empty");
    }

    @Test
    void demo_ofTooFewRows_isRefused() {
        CommandRun run = CommandRun.of("demo", "--rows", "10");
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("min=1000");
    }
}
