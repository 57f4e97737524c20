package dev.penumbra.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One run of the whole command inside the test.
 *
 * @param exitCode what the process would have ended with
 * @param out standard output
 * @param err standard error
 */
record CommandRun(int exitCode, String out, String err) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static CommandRun of(String... arguments) {
        return of(session(null, "", new StopSignal()), arguments);
    }

    static CommandRun of(Session session, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Penumbra.commandLine(session)
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
        return new CommandRun(exitCode, out.toString(), err.toString());
    }

    static Session session(@Nullable Path home, String input, StopSignal stop) {
        return new Session(
                home,
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                false,
                stop,
                Path.of(System.getProperty("java.io.tmpdir")));
    }

    /** Standard output as the one document that it must be. */
    JsonNode json() {
        return parse(out);
    }

    static JsonNode parse(String text) {
        try (var parser = JSON.createParser(text)) {
            JsonNode document = JSON.readTree(parser);
            if (parser.nextToken() != null) {
                throw new AssertionError("more than one document: " + text);
            }
            return document;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
