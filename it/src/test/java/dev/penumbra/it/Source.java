package dev.penumbra.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.h2.Capture;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.model.Position;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;

/** An H2 file database in this process whose tables ORDERS and ITEMS are captured. */
final class Source implements AutoCloseable {
    static final List<String> TABLES = List.of("ORDERS", "ITEMS");

    /** What no committed row ever says. */
    static final String ROLLED_BACK = "rolled back";

    private static final long PATIENCE_MILLIS = 60_000;

    private final String url;
    private final Path journal;
    private final Connection connection;

    /** Creates the tables with some rows and begins their capture. */
    Source(Path directory, int rows) throws SQLException {
        url = "jdbc:h2:" + directory.resolve("source").toAbsolutePath() + ";LOCK_TIMEOUT=2000";
        journal = directory.resolve("journal").toAbsolutePath();
        connection = connect();
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ORDERS(ID INT PRIMARY KEY, CUSTOMER VARCHAR(40) NOT NULL,"
                    + " TOTAL DECIMAL(12, 2), PLACED TIMESTAMP(3), NOTE VARCHAR(200))");
            statement.execute("CREATE TABLE ITEMS(ID BIGINT PRIMARY KEY, QUANTITY INT, NOTE VARCHAR(200))");
            statement.execute("INSERT INTO ORDERS SELECT X, 'customer ' || MOD(X, 17), X * 1.25,"
                    + " DATEADD('SECOND', X, TIMESTAMP '2026-01-01 00:00:00.125'), CASE MOD(X, 5) WHEN 0 THEN NULL ELSE"
                    + " 'ordered in the first quarter' END FROM SYSTEM_RANGE(1, " + rows + ")");
            statement.execute("INSERT INTO ITEMS SELECT X, MOD(X, 9), 'item ' || X FROM SYSTEM_RANGE(1, " + rows + ")");
        }
        for (String table : TABLES) {
            Capture.install(connection, "PUBLIC." + table, journal.toString());
        }
        settle();
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(url, "sa", "");
    }

    Path journal() {
        return journal;
    }

    /** The source's name in the grid, quoted for SQL. */
    String name() {
        try (JournalReader reader = JournalReader.openOldest(journal)) {
            return '"' + reader.source() + '"';
        }
    }

    /** Waits until the journal has everything that is committed and returns its end. */
    Position settle() throws SQLException {
        assertThat(Capture.settle(connection, PATIENCE_MILLIS)).as("settled").isTrue();
        try (ResultSet status = Capture.status(connection)) {
            assertThat(status.next()).isTrue();
            assertThat(status.getString("FAILURE")).isNull();
            return Position.parse(status.getString("JOURNALLED"));
        }
    }

    void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Compares a copy, named by its SQL schema, with every row of every table. */
    void assertEqualTo(Connection grid, String schema, String description) throws SQLException {
        for (String table : TABLES) {
            Map<String, List<String>> expected = Tables.byKey(connection, "SELECT * FROM PUBLIC." + table);
            Map<String, List<String>> found = Tables.byKey(grid, "SELECT * FROM " + schema + "." + table);
            assertThat(Tables.differences(expected, found))
                    .as(
                            "%s: %s.%s has %d rows, the source %d",
                            description, schema, table, found.size(), expected.size())
                    .isEmpty();
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
