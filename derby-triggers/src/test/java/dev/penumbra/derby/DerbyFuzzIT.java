package dev.penumbra.derby;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.FuzzWorkload;
import dev.penumbra.capture.JournalledTables;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** After the {@link FuzzWorkload} the journal must say what the tables say, and every prefix of it must keep the sum of all accounts. */
class DerbyFuzzIT {
    private static final long STATEMENTS = 6_000;
    private static final String DUPLICATE_KEY = "23505";

    @TempDir
    Path directory;

    static List<Long> seeds() {
        return FuzzWorkload.seeds();
    }

    private record Derby(TestDatabase database) implements FuzzWorkload.Dialect {
        @Override
        public Connection connect() throws SQLException {
            return database.open();
        }

        @Override
        public void merge(Connection connection, int id, String name) throws SQLException {
            try (PreparedStatement update = connection.prepareStatement("UPDATE PARENT SET NAME = ? WHERE ID = ?");
                    PreparedStatement insert =
                            connection.prepareStatement("INSERT INTO PARENT(NAME, ID) VALUES(?, ?)")) {
                for (PreparedStatement statement : List.of(update, insert)) {
                    statement.setString(1, name);
                    statement.setInt(2, id);
                    if (statement.executeUpdate() > 0) {
                        return;
                    }
                }
            }
        }

        @Override
        public boolean isDuplicate(SQLException failure) {
            return failure.getSQLState().equals(DUPLICATE_KEY);
        }

        @Override
        public void abandon(Connection connection) throws SQLException {
            // Derby refuses to close a connection in the middle of a transaction.
            connection.rollback();
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void concurrentSessions_leaveAJournalThatEqualsTheTables(long seed) throws Exception {
        TestDatabase database = TestDatabase.in(directory);
        FuzzWorkload workload = new FuzzWorkload(new Derby(database), seed);
        try (Connection connection = database.open();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ACCOUNT(ID INT PRIMARY KEY, BALANCE BIGINT NOT NULL)");
            FuzzWorkload.fill(connection);
            statement.execute("CREATE TABLE PARENT(ID INT PRIMARY KEY, NAME VARCHAR(40))");
            statement.execute("CREATE INDEX BY_NAME ON PARENT(NAME, ID)");
            statement.execute(
                    "CREATE TABLE CHILD(ID BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, PARENT_ID INT NOT NULL,"
                            + " NOTE VARCHAR(100), FOREIGN KEY(PARENT_ID) REFERENCES PARENT(ID) ON DELETE CASCADE)");
            database.capture(connection, "ACCOUNT");
            workload.start(STATEMENTS);
            // Two tables are captured while the sessions write to them.
            captureAmongWriters(database, connection, "PARENT");
            captureAmongWriters(database, connection, "CHILD");
            workload.join();
            database.settled(connection);
            assertAuditFindsNothing(connection);
            JournalledTables tables = workload.assertSumThroughout(DerbyTables.open(database.journal()));
            tables.assertEqualsSource(connection, "ACCOUNT", "PARENT", "CHILD");
            System.out.println(workload.summary(tables));
        } finally {
            database.shutDown();
        }
    }

    /** Capture waits for the table's lock, for as short a time as everything here. */
    private static void captureAmongWriters(TestDatabase database, Connection connection, String table) {
        await().ignoreExceptionsMatching(e -> e.getMessage().contains("lock")).until(() -> {
            database.capture(connection, table);
            return true;
        });
    }

    private static void assertAuditFindsNothing(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet tables = statement.executeQuery("SELECT * FROM TABLE(PENUMBRA.VERIFY()) V")) {
            while (tables.next()) {
                assertThat(tables.getLong("MISSING") + tables.getLong("EXTRA") + tables.getLong("DIFFERENT"))
                        .as(tables.getString("TABLE_NAME"))
                        .isZero();
            }
        }
    }
}
