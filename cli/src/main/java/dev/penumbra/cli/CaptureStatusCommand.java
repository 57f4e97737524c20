package dev.penumbra.cli;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Tells how the capture of a database stands. */
@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = {
            "Tells which tables are captured, whether all their rows are in the journal, and how the relay stands.",
            "Ends with 1 when the relay cannot work or an audit found a difference."
        })
final class CaptureStatusCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Mixin
    private final SourceOptions source = new SourceOptions();

    @Option(
            names = "--verify",
            description = "Compare the journal with every complete table and mend what differs in the journal.")
    private boolean verify;

    /** What the audit found in a table, and mended. */
    private record Audited(String table, long rows, long missing, long extra, long different) {
        boolean equal() {
            return missing == 0 && extra == 0 && different == 0;
        }
    }

    /** A captured table, and the relay's figures. */
    private record Captured(
            String table,
            boolean complete,
            String journal,
            String journalled,
            String durable,
            long outboxRows,
            long changes,
            long corrections,
            @Nullable String failure) {}

    @Override
    public Integer call() {
        List<Captured> tables = new ArrayList<>();
        List<Audited> audit = new ArrayList<>();
        source.perform((kind, connection) -> {
            if (verify) {
                output.err().println("comparing the journal with the tables");
                audit(kind, connection, audit);
            }
            SourceOptions.settle(kind, connection);
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(kind.statusQuery(connection))) {
                while (rows.next()) {
                    tables.add(new Captured(
                            rows.getString("SCHEMA_NAME") + "." + rows.getString("TABLE_NAME"),
                            Boolean.parseBoolean(rows.getString("COMPLETE")),
                            rows.getString("JOURNAL"),
                            rows.getString("JOURNALLED"),
                            rows.getString("DURABLE"),
                            rows.getLong("OUTBOX_ROWS"),
                            rows.getLong("CHANGES"),
                            rows.getLong("CORRECTIONS"),
                            rows.getString("FAILURE")));
                }
            }
        });
        boolean works = tables.stream().allMatch(table -> table.failure() == null)
                && audit.stream().allMatch(Audited::equal);
        if (output.isJson()) {
            output.document(document(tables, audit, works));
        } else {
            print(output.out(), tables);
            for (Audited table : audit) {
                output.out()
                        .println(table.table() + "  " + table.rows() + " rows, " + table.missing() + " missing, "
                                + table.extra() + " extra, " + table.different() + " different"
                                + (table.equal() ? "" : " (mended)"));
            }
            output.out().flush();
        }
        return works ? ExitCode.OK : ExitCode.FAILED_CHECK;
    }

    private static void audit(SourceKind kind, Connection connection, List<Audited> audit) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(kind.verifyQuery(connection))) {
            while (rows.next()) {
                audit.add(new Audited(
                        rows.getString("SCHEMA_NAME") + "." + rows.getString("TABLE_NAME"),
                        rows.getLong("ROW_COUNT"),
                        rows.getLong("MISSING"),
                        rows.getLong("EXTRA"),
                        rows.getLong("DIFFERENT")));
            }
        }
    }

    private static void print(PrintWriter out, List<Captured> tables) {
        if (tables.isEmpty()) {
            out.println("No table is captured.");
        }
        for (Captured table : tables) {
            out.println(table.table() + "  " + (table.complete() ? "complete" : "being copied"));
        }
        if (!tables.isEmpty()) {
            Captured relay = tables.get(0);
            out.println("journal      " + relay.journal());
            out.println("journalled   " + relay.journalled());
            out.println("durable      " + relay.durable());
            out.println("outbox rows  " + relay.outboxRows());
            out.println("changes      " + relay.changes());
            out.println("corrections  " + relay.corrections());
            if (relay.failure() != null) {
                out.println("failure      " + relay.failure());
            }
        }
        out.flush();
    }

    private static Map<String, @Nullable Object> document(List<Captured> tables, List<Audited> audit, boolean works) {
        List<Map<String, Object>> list = new ArrayList<>();
        for (Captured table : tables) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("table", table.table());
            fields.put("complete", table.complete());
            list.add(fields);
        }
        Map<String, @Nullable Object> document = new LinkedHashMap<>();
        document.put("tables", list);
        if (!tables.isEmpty()) {
            Captured relay = tables.get(0);
            document.put("journal", relay.journal());
            document.put("journalled", relay.journalled());
            document.put("durable", relay.durable());
            document.put("outboxRows", relay.outboxRows());
            document.put("changes", relay.changes());
            document.put("corrections", relay.corrections());
            document.put("failure", relay.failure());
        }
        if (!audit.isEmpty()) {
            List<Map<String, Object>> audited = new ArrayList<>();
            for (Audited table : audit) {
                Map<String, Object> fields = new LinkedHashMap<>();
                fields.put("table", table.table());
                fields.put("rows", table.rows());
                fields.put("missing", table.missing());
                fields.put("extra", table.extra());
                fields.put("different", table.different());
                audited.add(fields);
            }
            document.put("audit", audited);
        }
        document.put("ok", works);
        return document;
    }
}
