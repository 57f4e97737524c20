package dev.penumbra.cli;

import picocli.CommandLine.Command;

/** The parent of the commands that manage capture. */
@Command(
        name = "capture",
        mixinStandardHelpOptions = true,
        description = "Installs, removes and looks at the capture of a database's tables.",
        synopsisSubcommandLabel = "COMMAND")
final class CaptureCommand {}
