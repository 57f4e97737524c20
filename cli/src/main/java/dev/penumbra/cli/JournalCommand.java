package dev.penumbra.cli;

import picocli.CommandLine.Command;

/** The parent of the commands that look into journals. */
@Command(
        name = "journal",
        mixinStandardHelpOptions = true,
        description = "Looks into journals; they may be in use meanwhile.",
        synopsisSubcommandLabel = "COMMAND")
final class JournalCommand {}
