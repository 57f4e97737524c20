package dev.penumbra.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Ends the capture of tables. */
@Command(
        name = "remove",
        mixinStandardHelpOptions = true,
        description = "Ends the capture of tables; the journal notes that they have left it.")
final class CaptureRemoveCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Mixin
    private final SourceOptions source = new SourceOptions();

    @Parameters(arity = "1..*", paramLabel = "TABLE", description = "SCHEMA.TABLE; quoted where letter case matters.")
    private List<String> tables = new ArrayList<>();

    @Override
    public Integer call() {
        source.perform((kind, connection) -> {
            for (String table : tables) {
                kind.remove(connection, table);
                if (!output.isJson()) {
                    output.out().println(table + " is no longer captured");
                }
            }
            SourceOptions.settle(kind, connection);
        });
        if (output.isJson()) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("tables", tables);
            document.put("ok", true);
            output.document(document);
        }
        output.out().flush();
        return ExitCode.OK;
    }
}
