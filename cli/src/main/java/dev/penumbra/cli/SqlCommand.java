package dev.penumbra.cli;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
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
import picocli.CommandLine.Parameters;
import sqlline.SqlLine;

/** A SQL shell, or with {@code --json} the results of a script as one document. */
@Command(
        name = "sql",
        mixinStandardHelpOptions = true,
        description = {
            "Opens a SQL shell (sqlline), or runs the statements of a file and ends at the first that fails.",
            "With --json the statements come from the file or from standard input."
        })
final class SqlCommand implements Callable<Integer> {
    private final Session session;

    @Mixin
    private final Output output = new Output();

    @Option(
            names = "--url",
            required = true,
            paramLabel = "URL",
            description = "Where to connect, for example jdbc:ignite:thin://127.0.0.1:10800")
    private String url = "";

    @Mixin
    private final Credentials credentials = new Credentials();

    @Parameters(arity = "0..1", paramLabel = "FILE", description = "Statements that end with semicolons.")
    private @Nullable Path file;

    SqlCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        @Nullable Path script = file;
        if (script != null && !Files.isReadable(script)) {
            throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("setting", "FILE")
                    .with("value", script)
                    .with("reason", "it cannot be read");
        }
        // Connecting first tells a wrong address apart from a wrong statement.
        try (Connection connection = connect()) {
            return output.isJson() ? document(connection, script) : shell(script);
        } catch (SQLException e) {
            throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE, e)
                    .with("url", url)
                    .with("reason", e.getMessage());
        }
    }

    private Connection connect() {
        try {
            return credentials.connect(url);
        } catch (SQLException e) {
            boolean noDriver = "08001".equals(e.getSQLState())
                    && String.valueOf(e.getMessage()).contains("driver");
            throw new PenumbraException(noDriver ? ErrorCode.INVALID_CONFIGURATION : ErrorCode.GRID_UNAVAILABLE, e)
                    .with("url", url)
                    .with("reason", e.getMessage());
        }
    }

    private int shell(@Nullable Path script) throws IOException {
        if (script == null && !session.terminal()) {
            // Without a terminal the statements on standard input are a script; the shell would go on after a failure.
            Path piped = Files.createTempFile("penumbra-", ".sql");
            try {
                Files.write(piped, session.input().readAllBytes());
                return shell(piped);
            } finally {
                Files.delete(piped);
            }
        }
        List<String> arguments = new ArrayList<>(List.of(
                "-u",
                url,
                "-n",
                credentials.user(),
                "-p",
                credentials.password(),
                "--showWarnings=true",
                "--verbose=false"));
        InputStream input = session.input();
        if (script != null) {
            // A script has no screen that its results would have to fit.
            arguments.addAll(List.of("-f", script.toString(), "--maxWidth=" + Short.MAX_VALUE));
            input = InputStream.nullInputStream();
        }
        SqlLine shell = new SqlLine();
        shell.setOutputStream(stream(output.out()));
        shell.setErrorStream(withoutTraces(output.err()));
        SqlLine.Status status = shell.begin(arguments.toArray(new String[0]), input, script == null);
        output.out().flush();
        return status == SqlLine.Status.OK ? ExitCode.OK : ExitCode.FAILED_CHECK;
    }

    private static PrintStream stream(PrintWriter writer) {
        return new PrintStream(new WriterStream(writer), true, StandardCharsets.UTF_8);
    }

    /** While it runs a script sqlline follows each error's message with its stack trace, whatever it was told. */
    private static PrintStream withoutTraces(PrintWriter writer) {
        return new PrintStream(new WriterStream(writer), true, StandardCharsets.UTF_8) {
            @Override
            public void println(@Nullable Object line) {
                // Only Throwable.printStackTrace prints objects.
            }
        };
    }

    private int document(Connection connection, @Nullable Path script) throws IOException {
        String text = script == null
                ? new String(session.input().readAllBytes(), StandardCharsets.UTF_8)
                : Files.readString(script);
        List<Map<String, @Nullable Object>> results = new ArrayList<>();
        boolean ok = true;
        for (String sql : SqlScript.statements(text)) {
            Map<String, @Nullable Object> result = new LinkedHashMap<>();
            result.put("sql", sql);
            results.add(result);
            try (Statement statement = connection.createStatement()) {
                if (statement.execute(sql)) {
                    try (ResultSet rows = statement.getResultSet()) {
                        addRows(result, rows);
                    }
                } else {
                    result.put("updated", statement.getUpdateCount());
                }
            } catch (SQLException e) {
                output.err().println("penumbra: " + e.getMessage());
                result.put("error", e.getMessage());
                ok = false;
                break;
            }
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("statements", results);
        document.put("ok", ok);
        PrintWriter out = output.out();
        output.document(document);
        out.flush();
        return ok ? ExitCode.OK : ExitCode.FAILED_CHECK;
    }

    private static void addRows(Map<String, @Nullable Object> result, ResultSet rows) throws SQLException {
        ResultSetMetaData columns = rows.getMetaData();
        List<String> names = new ArrayList<>();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
            names.add(columns.getColumnLabel(i));
        }
        List<List<@Nullable Object>> values = new ArrayList<>();
        while (rows.next()) {
            List<@Nullable Object> row = new ArrayList<>();
            for (int i = 1; i <= names.size(); i++) {
                row.add(ValueText.of(rows, i, columns.getColumnType(i)));
            }
            values.add(row);
        }
        result.put("columns", names);
        result.put("rows", values);
    }

    /** What sqlline prints, on its way to picocli's writer. */
    private static final class WriterStream extends OutputStream {
        private final PrintWriter writer;
        private final ByteArrayOutputStream pending = new ByteArrayOutputStream();

        WriterStream(PrintWriter writer) {
            this.writer = writer;
        }

        @Override
        public synchronized void write(int b) {
            pending.write(b);
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) {
            pending.write(bytes, offset, length);
        }

        @Override
        public synchronized void flush() {
            // A character that is not whole yet would be mangled; sqlline flushes at ends of lines and prompts.
            writer.write(pending.toString(StandardCharsets.UTF_8));
            writer.flush();
            pending.reset();
        }
    }
}
