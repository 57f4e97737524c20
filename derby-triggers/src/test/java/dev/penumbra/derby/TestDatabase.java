package dev.penumbra.derby;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.JournalledTables;
import java.nio.file.Path;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Where a test has its database and its journal, and how it speaks to the one. */
record TestDatabase(String name, Path journal) {
    private static final long SETTLE_MILLIS = 20_000;

    static TestDatabase in(Path directory) {
        return new TestDatabase(directory.resolve("db").toString(), directory.resolve("journal"));
    }

    /** Creates the database where it is not there. */
    Connection open() throws SQLException {
        return DriverManager.getConnection("jdbc:derby:" + name + ";create=true");
    }

    /** Closes the database, as the end of its process would, but in order. */
    void shutDown() {
        try {
            DriverManager.getConnection("jdbc:derby:" + name + ";shutdown=true");
        } catch (SQLException e) {
            // Derby says with an exception that it has done so.
            assertThat(e.getSQLState()).isEqualTo("08006");
        }
    }

    static void run(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** Makes capture known to the database. */
    void prepare(Connection connection) throws SQLException {
        run(connection, Capture.preparation().toArray(String[]::new));
        call(connection, "CALL PENUMBRA.JOURNAL(?)", journal.toString());
    }

    void capture(Connection connection, String... tables) throws SQLException {
        try (ResultSet schemas = connection.getMetaData().getSchemas(null, "PENUMBRA")) {
            if (!schemas.next()) {
                prepare(connection);
            }
        }
        for (String table : tables) {
            call(connection, "CALL PENUMBRA.CAPTURE('APP', ?)", table);
        }
    }

    static void call(Connection connection, String call, String... parameters) throws SQLException {
        try (CallableStatement statement = connection.prepareCall(call)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setString(i + 1, parameters[i]);
            }
            statement.execute();
        }
    }

    void settle(Connection connection) throws SQLException {
        try (PreparedStatement statement =
                        connection.prepareStatement("VALUES PENUMBRA.SETTLE(" + SETTLE_MILLIS + ")");
                ResultSet settled = statement.executeQuery()) {
            settled.next();
            assertThat(settled.getBoolean(1)).as("settles").isTrue();
        }
    }

    /** Until an opening would find nothing to read again. */
    static void awaitDurable(Connection connection) {
        await().until(() -> isDurable(connection));
    }

    private static boolean isDurable(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet status =
                        statement.executeQuery("SELECT DURABLE, JOURNALLED FROM TABLE(PENUMBRA.STATUS()) S")) {
            return status.next() && status.getString(1).equals(status.getString(2));
        }
    }

    JournalledTables settled(Connection connection) throws SQLException {
        settle(connection);
        return DerbyTables.of(journal);
    }
}
