package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class PenumbraTest {
    /** Every command with its parents' names, as a user types it. */
    static Stream<List<String>> commands() {
        List<List<String>> all = new ArrayList<>();
        collect(List.of(), Penumbra.commandLine(CommandRun.session(null, "", new StopSignal())), all);
        return all.stream();
    }

    private static void collect(List<String> path, CommandLine command, List<List<String>> all) {
        all.add(path);
        for (Map.Entry<String, CommandLine> entry : command.getSubcommands().entrySet()) {
            List<String> longer = new ArrayList<>(path);
            longer.add(entry.getKey());
            collect(longer, entry.getValue(), all);
        }
    }

    private static CommandRun run(List<String> path, String... more) {
        return CommandRun.of(Stream.concat(path.stream(), Stream.of(more)).toArray(String[]::new));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void help_isThereForEveryCommandAndOption(List<String> command) {
        CommandRun run = run(command, "--help");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).startsWith("Usage: penumbra " + String.join(" ", command));
        assertThat(run.err()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("commands")
    void version_isTheSameForEveryCommand(List<String> command) {
        assertThat(run(command, "--version").out()).matches("(?s)penumbra \\d+\\.\\d+\\.\\d+\\S*\\R.*");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void anUnknownOption_isWrongUsageInAFewLines(List<String> command) {
        CommandRun run = run(command, "--no-such-option");
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("--help").doesNotContain("\tat ");
        assertThat(run.err().lines().count()).isLessThanOrEqualTo(4);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void json_isAnOptionOfEveryCommandThatDoesSomething(List<String> command) {
        CommandLine found = Penumbra.commandLine(CommandRun.session(null, "", new StopSignal()));
        for (String name : command) {
            found = found.getSubcommands().get(name);
        }
        boolean runs = found.getSubcommands().isEmpty();
        assertThat(found.getCommandSpec().optionsMap().containsKey(Output.JSON)).isEqualTo(runs);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "journal"})
    void noCommand_isWrongUsage(String parent) {
        CommandRun run = parent.isEmpty() ? CommandRun.of() : CommandRun.of(parent);
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("subcommand");
    }

    @Test
    void aMistypedCommand_isAnsweredWithTheNearest() {
        assertThat(CommandRun.of("jurnal").err()).contains("penumbra journal");
    }
}
