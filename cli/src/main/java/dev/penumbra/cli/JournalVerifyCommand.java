package dev.penumbra.cli;

import dev.penumbra.journal.JournalVerification;
import dev.penumbra.model.PenumbraException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Reads a whole journal and checks every record. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = "Reads a whole journal, checks every record and tells whether anything is damaged or missing.")
final class JournalVerifyCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Parameters(paramLabel = "DIR", description = "The journal's directory.")
    private Path directory = Path.of("");

    @Override
    public Integer call() {
        JournalVerification found = JournalVerification.of(directory);
        @Nullable PenumbraException error = found.error();
        PrintWriter out = output.out();
        if (output.isJson()) {
            output.document(document(found));
        } else {
            out.println("records       " + found.records());
            out.println("changes       " + found.changes());
            out.println("transactions  " + found.transactions());
            out.println("epochs        " + found.epochs());
            out.println("gaps          " + found.gaps());
            out.println("torn bytes    " + found.tornBytes());
            out.println(found.ok() ? "The journal is whole." : "The journal is NOT whole.");
        }
        out.flush();
        if (error != null) {
            output.err().println("penumbra: " + error.getMessage());
        }
        return found.ok() ? ExitCode.OK : ExitCode.FAILED_CHECK;
    }

    private static Map<String, Object> document(JournalVerification found) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("records", found.records());
        document.put("changes", found.changes());
        document.put("transactions", found.transactions());
        document.put("epochs", found.epochs());
        document.put("gaps", found.gaps());
        document.put("tornBytes", found.tornBytes());
        @Nullable PenumbraException error = found.error();
        if (error != null) {
            document.put("error", error.getMessage());
        }
        document.put("ok", found.ok());
        return document;
    }
}
