package dev.penumbra.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Begins to capture tables. */
@Command(
        name = "install",
        mixinStandardHelpOptions = true,
        description = {
            "Captures tables into a journal, and the rows that they have already.",
            "The relay works in the process that has the database open; it goes on whenever the database is opened."
        })
final class CaptureInstallCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Mixin
    private final SourceOptions source = new SourceOptions();

    @Option(
            names = "--journal",
            required = true,
            paramLabel = "DIR",
            description = "The journal's directory, as the database's process sees it; one for all tables.")
    private Path journal = Path.of("");

    @Parameters(arity = "1..*", paramLabel = "TABLE", description = "SCHEMA.TABLE; quoted where letter case matters.")
    private List<String> tables = new ArrayList<>();

    @Override
    public Integer call() {
        List<Map<String, Object>> installed = new ArrayList<>();
        AtomicBoolean complete = new AtomicBoolean();
        source.perform((kind, connection) -> {
            for (String table : tables) {
                String trigger = kind.install(connection, table, journal);
                if (!output.isJson()) {
                    output.out().println(table + " is captured by trigger " + trigger);
                }
                Map<String, Object> fields = new LinkedHashMap<>();
                fields.put("table", table);
                fields.put("trigger", trigger);
                installed.add(fields);
            }
            complete.set(SourceOptions.settle(kind, connection));
        });
        if (output.isJson()) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("journal", journal.toAbsolutePath().toString());
            document.put("tables", installed);
            document.put("complete", complete.get());
            document.put("ok", true);
            output.document(document);
        } else {
            output.out()
                    .println(
                            complete.get()
                                    ? "The rows that were there are in the journal."
                                    : "Existing rows are being copied.");
        }
        output.out().flush();
        return ExitCode.OK;
    }
}
