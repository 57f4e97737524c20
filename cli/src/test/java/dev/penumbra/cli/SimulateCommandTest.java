package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.penumbra.simulator.Simulation;
import dev.penumbra.simulator.SimulationReport;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class SimulateCommandTest {
    private static final Session SESSION = CommandRun.session(null, "", new StopSignal());

    /** Of two seeds the second answers what it must not. */
    private static SimulationReport wrong(long seed, int seconds) {
        return new SimulationReport(
                seed,
                3,
                Map.of("EVENTUAL", 20L, "BOUNDED", 10L),
                Map.of("BOUNDED", 2L),
                Map.of("PRIMARY", 5L),
                Map.of("SESSION", 1L),
                6,
                4,
                1,
                seed == 8 ? 3 : 0,
                seed == 8 ? List.of("eu-0 read 1 of row 2", "us-1 read null of row 3") : List.of());
    }

    private static CommandRun run(Session session, SimulateCommand.Simulator simulator, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = new CommandLine(new SimulateCommand(session, simulator))
                .setExecutionExceptionHandler(new FailureReport(session))
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
        return new CommandRun(exitCode, out.toString(), err.toString());
    }

    private static void assertCounts(JsonNode found, Map<String, Long> expected) {
        assertThat(found.fieldNames())
                .toIterable()
                .containsExactly("OPTIMISTIC", "EVENTUAL", "BOUNDED", "SESSION", "VALIDATED", "PRIMARY");
        found.properties()
                .forEach(level -> assertThat(level.getValue().asLong())
                        .as(level.getKey())
                        .isEqualTo(expected.getOrDefault(level.getKey(), 0L)));
    }

    @Test
    void aSeed_withJson_isOneDocumentOfWhatItsRunHasShown() {
        SimulationReport expected = Simulation.run(7, 3);
        CommandRun run = CommandRun.of("simulate", "--seed", "7", "--seconds", "3", "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.err()).isEmpty();
        JsonNode document = run.json();
        assertThat(document.get("seed").asLong()).isEqualTo(7);
        assertThat(document.get("seeds").asLong()).isEqualTo(1);
        assertThat(document.get("seconds").asLong()).isEqualTo(3);
        assertThat(document.get("faults").asLong()).isPositive().isEqualTo(expected.faults());
        assertCounts(document.get("answered").get("shadow"), expected.fromShadow());
        assertCounts(document.get("answered").get("preMerged"), expected.preMerged());
        assertCounts(document.get("answered").get("home"), expected.fromHome());
        assertCounts(document.get("refused"), expected.refused());
        assertThat(document.get("uncommitted").asLong()).isEqualTo(expected.optimistic());
        assertThat(document.get("confirmed").asLong()).isEqualTo(expected.confirmed());
        assertThat(document.get("corrected").asLong()).isEqualTo(expected.corrected());
        assertThat(document.get("violated").asLong()).isZero();
        assertThat(document.get("violations").isArray()).isTrue();
        assertThat(document.get("violations")).isEmpty();
        assertThat(document.get("ok").asBoolean()).isTrue();
    }

    @Test
    void nothingAskedFor_isSeedZeroWithTenSeconds() {
        JsonNode document = CommandRun.of("simulate", "--json").json();
        assertThat(document.get("seed").asLong()).isZero();
        assertThat(document.get("seeds").asLong()).isEqualTo(1);
        assertThat(document.get("seconds").asLong()).isEqualTo(10);
    }

    @Test
    void seeds_areRunFromTheFirstOn_andSummed() {
        JsonNode document = CommandRun.of("simulate", "--seed=-1", "--seeds=3", "--seconds=2", "--json")
                .json();
        List<SimulationReport> expected =
                Stream.of(-1, 0, 1).map(seed -> Simulation.run(seed, 2)).toList();
        assertThat(document.get("seed").asLong()).isEqualTo(-1);
        assertThat(document.get("seeds").asLong()).isEqualTo(3);
        assertThat(document.get("faults").asLong())
                .isEqualTo(expected.stream().mapToLong(SimulationReport::faults).sum());
        assertThat(document.get("answered").get("home").get("PRIMARY").asLong())
                .isEqualTo(expected.stream()
                        .mapToLong(one -> one.fromHome().getOrDefault("PRIMARY", 0L))
                        .sum());
    }

    @Test
    void withoutJson_theSameFiguresAreATable() {
        CommandRun run = run(SESSION, SimulateCommandTest::wrong, "--seed", "5", "--seeds", "3");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out().lines())
                .containsExactly(
                        "seeds         5 to 7",
                        "seconds       10 simulated for each seed",
                        "faults        9",
                        "reads         OPTIMISTIC    EVENTUAL     BOUNDED     SESSION   VALIDATED     PRIMARY",
                        "from shadows           0          60          30           0           0           0",
                        "pre-merged             0           0           6           0           0           0",
                        "from home              0           0           0           0           0          15",
                        "refused                0           0           0           3           0           0",
                        "uncommitted   shown in 18, of which 12 were confirmed and 3 corrected",
                        "violations    0",
                        "Every answer holds what its level promises.");
    }

    @Test
    void aViolation_failsTheCheck_andIsNamedWithTheCommandThatReplaysIt() {
        CommandRun run = run(SESSION, SimulateCommandTest::wrong, "--seed", "7", "--seeds", "2", "--seconds", "4");
        assertThat(run.exitCode()).isEqualTo(ExitCode.FAILED_CHECK);
        assertThat(run.out().lines())
                .startsWith(
                        "seed 8: eu-0 read 1 of row 2",
                        "seed 8: us-1 read null of row 3",
                        "  and 1 more; again: penumbra simulate --seed 8 --seconds 4")
                .endsWith("violations    3", "The answers do NOT hold what their levels promise.");
    }

    @Test
    void aViolation_withJson_isInTheDocument() {
        CommandRun run = run(SESSION, SimulateCommandTest::wrong, "--seed", "7", "--seeds", "2", "--json");
        assertThat(run.exitCode()).isEqualTo(ExitCode.FAILED_CHECK);
        JsonNode document = run.json();
        assertThat(document.get("violated").asLong()).isEqualTo(3);
        assertThat(document.get("violations"))
                .isEqualTo(CommandRun.parse("[{\"seed\":8,\"what\":\"eu-0 read 1 of row 2\"},"
                        + "{\"seed\":8,\"what\":\"us-1 read null of row 3\"}]"));
        assertThat(document.get("ok").asBoolean()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--seeds=0", "--seeds=-1", "--seconds=0", "--seconds=-10"})
    void lessThanOne_isWrongUsageInOneLine(String option) {
        CommandRun run = CommandRun.of("simulate", option);
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).startsWith("penumbra: ").contains(option.substring(0, option.indexOf('=')));
        assertThat(CommandRun.of("simulate", option, "--json").json().get("ok").asBoolean())
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--seed=x", "--seed=1.5", "--seeds=many", "--seeds=3000000000", "--seconds=", "7"})
    void whatIsNoNumber_isWrongUsageInOneLineBesideTheHint(String argument) {
        CommandRun run = CommandRun.of("simulate", argument);
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines()).hasSize(2);
        assertThat(run.err())
                .startsWith("penumbra: ")
                .endsWith("Try 'penumbra simulate --help'." + System.lineSeparator())
                .doesNotContain("Exception");
    }

    @Test
    void theStopSignal_endsItBetweenTwoSeeds() {
        StopSignal stop = new StopSignal();
        CommandRun run = run(
                CommandRun.session(null, "", stop),
                (seed, seconds) -> {
                    if (seed == 9) {
                        stop.raise();
                    }
                    return wrong(seed, seconds);
                },
                "--seed",
                "8",
                "--seeds",
                "1000");
        assertThat(run.exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(run.out()).startsWith("seed 8: ").doesNotContain("violations");
        assertThat(run.err()).startsWith("penumbra: stopped");
    }

    @Test
    void aRunThatBreaks_isToldWithItsSeed(@TempDir Path logs) throws IOException {
        Session session = new Session(null, InputStream.nullInputStream(), false, new StopSignal(), logs);
        CommandRun run = run(
                session,
                (seed, seconds) -> {
                    throw new IllegalArgumentException("the defect");
                },
                "--seed",
                "6");
        assertThat(run.exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).contains("penumbra simulate --seed 6 --seconds 10");
        try (Stream<Path> files = Files.list(logs)) {
            assertThat(files.findFirst().orElseThrow()).content().contains("the defect");
        }
    }
}
