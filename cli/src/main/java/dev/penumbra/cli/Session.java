package dev.penumbra.cli;

import java.io.InputStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What one run of the command is given by its process.
 *
 * @param home the directory of the checkout, null when Java was started without the launcher
 * @param input standard input
 * @param terminal whether standard input is a terminal
 * @param stop asks a command that runs until it is told to end
 * @param logDirectory where a defect leaves its stack trace
 */
record Session(@Nullable Path home, InputStream input, boolean terminal, StopSignal stop, Path logDirectory) {}
