package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs {@code ./penumbra} as a user does: as a process, from another directory, through a symbolic link. */
class LauncherIT {
    private static final long PATIENCE_SECONDS = 120;

    @TempDir
    private Path root;

    private CommandRun run(Path launcher, String... arguments) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(launcher.toString()));
        line.addAll(List.of(arguments));
        Path out = root.resolve("out");
        Path err = root.resolve("err");
        Process process = new ProcessBuilder(line)
                .directory(root.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        process.getOutputStream().close();
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        return new CommandRun(
                process.exitValue(),
                Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8));
    }

    private static Path launcher() {
        return Path.of("").toAbsolutePath().resolveSibling("penumbra");
    }

    @Test
    void launcher_fromAnotherDirectoryThroughALink_runsTheCommand() throws IOException, InterruptedException {
        Path journal = root.resolve("journal of the bank");
        try (SampleJournal sample = new SampleJournal(journal)) {
            sample.insert(1, 2);
        }
        Path link = Files.createSymbolicLink(root.resolve("link"), launcher());
        CommandRun run = run(link, "journal", "verify", journal.toString(), "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().get("changes").asLong()).isEqualTo(2);
        assertThat(run.json().get("ok").asBoolean()).isTrue();
    }

    @Test
    void launcher_handsOnTheExitCode() throws IOException, InterruptedException {
        assertThat(run(launcher(), "--no-such-option").exitCode()).isEqualTo(ExitCode.USAGE);
        CommandRun run =
                run(launcher(), "journal", "verify", root.resolve("nowhere").toString());
        assertThat(run.exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(run.err()).contains("PENUMBRA-2002").doesNotContain("\tat ");
    }

    @Test
    void dump_intoAPipeThatCloses_ends() throws IOException, InterruptedException {
        Path journal = root.resolve("journal");
        try (SampleJournal sample = new SampleJournal(journal)) {
            for (long id = 0; id < 5_000; id++) {
                sample.insert(id);
            }
        }
        Process process = new ProcessBuilder(
                        "bash",
                        "-c",
                        "\"$0\" journal dump \"$1\" --follow | head -n 1",
                        launcher().toString(),
                        journal.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (var lines = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(CommandRun.parse(lines.readLine()).get("op").asText()).isEqualTo("INSERT");
        }
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }
}
