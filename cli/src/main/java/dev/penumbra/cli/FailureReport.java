package dev.penumbra.cli;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Tells a user what went wrong in one line on standard error, and with {@code --json} as a document on standard output.
 *
 * <p>A stack trace is for whoever mends a defect and goes to a file of its own.
 */
final class FailureReport implements IExecutionExceptionHandler {
    private final Session session;

    FailureReport(Session session) {
        this.session = session;
    }

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult parsed) {
        PenumbraException known = failure instanceof PenumbraException own ? own : defect(failure);
        PrintWriter err = command.getErr();
        err.println("penumbra: " + String.valueOf(known.getMessage()).replaceAll("\\s*\\R\\s*", " "));
        err.flush();
        // What is handed in are the arguments of the whole line; the option is the failing command's own.
        if (command.getParseResult().hasMatchedOption(Output.JSON)) {
            command.getOut().println(JsonText.of(document(known)));
            command.getOut().flush();
        }
        return ExitCode.of(known.code());
    }

    private static Map<String, Object> document(PenumbraException failure) {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("code", failure.code().number());
        error.put("message", failure.code().message());
        error.put("context", failure.context());
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("error", error);
        document.put("ok", false);
        return document;
    }

    private PenumbraException defect(Throwable failure) {
        PenumbraException defect = new PenumbraException(ErrorCode.INTERNAL, failure).with("failure", failure);
        @Nullable Path log = writeLog(failure);
        return log == null ? defect : defect.with("log", log);
    }

    private @Nullable Path writeLog(Throwable failure) {
        try {
            Path log = Files.createTempFile(session.logDirectory(), "penumbra-", ".log");
            try (PrintWriter writer = new PrintWriter(Files.newBufferedWriter(log, StandardCharsets.UTF_8))) {
                failure.printStackTrace(writer);
            }
            return log;
        } catch (IOException e) {
            // There is nowhere to write; the line on standard error still names the failure.
            failure.addSuppressed(e);
            return null;
        }
    }

    /** What picocli found wrong with the arguments, without the whole usage text that would hide it. */
    static int wrongUsage(ParameterException failure, String[] arguments) {
        CommandLine command = failure.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("penumbra: " + failure.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(failure, err);
        err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        err.flush();
        return ExitCode.USAGE;
    }
}
