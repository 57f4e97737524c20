package dev.penumbra.bench;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** A table of an H2 or Derby database in this process. */
final class CapturedJdbcTable implements CapturedTable {
    private static final long SETTLE_MILLIS = 120_000;
    private static final List<String> THREADS = List.of("penumbra-relay-", "penumbra-disk-");

    /** Derby's log is in the working directory unless this says otherwise. */
    private static final String DERBY_LOG = "derby.stream.error.file";

    private static final String TABLE =
            "CREATE TABLE ORDERS (O_ID BIGINT NOT NULL PRIMARY KEY, O_CUSTOMER INTEGER, O_STATE VARCHAR(16),"
                    + " O_TOTAL DECIMAL(12, 2), O_NOTE VARCHAR(120), O_CHANGED TIMESTAMP)";
    private static final String INSERT = "INSERT INTO ORDERS VALUES (?, 1, 'OPEN', 10.5,"
            + " 'customer note please deliver carefully and ring twice', CURRENT_TIMESTAMP)";
    private static final String UPDATE =
            "UPDATE ORDERS SET O_TOTAL = O_TOTAL + 1, O_CHANGED = CURRENT_TIMESTAMP WHERE O_ID = ?";

    private final Database database;
    private final Path directory;
    private final Connection connection;

    /** Which database, and how it is captured. */
    enum Database {
        H2_FILE {
            @Override
            String url(Path directory) {
                return "jdbc:h2:file:" + directory.resolve("database");
            }
        },
        H2_MEM {
            @Override
            String url(Path directory) {
                // A database in memory is gone with its last connection, so one name serves every round.
                return "jdbc:h2:mem:penumbra-bench";
            }
        },
        DERBY_FILE {
            @Override
            String url(Path directory) {
                if (System.getProperty(DERBY_LOG) == null) {
                    System.setProperty(
                            DERBY_LOG,
                            Path.of(System.getProperty("java.io.tmpdir"), "penumbra-bench-derby.log")
                                    .toString());
                }
                return "jdbc:derby:" + directory.resolve("database") + ";create=true";
            }

            @Override
            void capture(Connection connection, Path journal) throws SQLException {
                try (Statement statement = connection.createStatement()) {
                    for (String sql : dev.penumbra.derby.Capture.preparation()) {
                        statement.execute(sql);
                    }
                }
                call(connection, "CALL PENUMBRA.JOURNAL(?)", journal.toString());
                call(connection, "CALL PENUMBRA.CAPTURE(?, ?)", "SA", "ORDERS");
            }

            @Override
            boolean settle(Connection connection) throws SQLException {
                try (Statement statement = connection.createStatement();
                        var found = statement.executeQuery("VALUES PENUMBRA.SETTLE(" + SETTLE_MILLIS + ")")) {
                    return found.next() && found.getBoolean(1);
                }
            }

            @Override
            void close(Path directory) {
                try {
                    DriverManager.getConnection("jdbc:derby:" + directory.resolve("database") + ";shutdown=true")
                            .close();
                } catch (SQLException e) {
                    // That is how Derby says that it has shut down.
                }
            }
        };

        abstract String url(Path directory);

        void capture(Connection connection, Path journal) throws SQLException {
            dev.penumbra.h2.Capture.install(connection, "PUBLIC.ORDERS", journal.toString());
        }

        boolean settle(Connection connection) throws SQLException {
            return dev.penumbra.h2.Capture.settle(connection, SETTLE_MILLIS);
        }

        void close(Path directory) {}

        static void call(Connection connection, String sql, String... parameters) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                for (int i = 0; i < parameters.length; i++) {
                    statement.setString(i + 1, parameters[i]);
                }
                statement.execute();
            }
        }
    }

    CapturedJdbcTable(Database database, Path directory) throws SQLException {
        this.database = database;
        this.directory = directory;
        this.connection = DriverManager.getConnection(database.url(directory), "sa", "");
        try (Statement statement = connection.createStatement()) {
            statement.execute(TABLE);
        }
        connection.setAutoCommit(false);
    }

    @Override
    public void capture() throws SQLException {
        connection.setAutoCommit(true);
        database.capture(connection, directory.resolve("journal"));
        settle();
        connection.setAutoCommit(false);
    }

    @Override
    public void insert(int rows, int rowsPerCommit) throws SQLException {
        write(INSERT, rows, rowsPerCommit);
    }

    @Override
    public void update(int rows, int rowsPerCommit) throws SQLException {
        write(UPDATE, rows, rowsPerCommit);
    }

    private void write(String sql, int rows, int rowsPerCommit) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < rows; i++) {
                statement.setLong(1, i);
                statement.executeUpdate();
                if (i % rowsPerCommit == rowsPerCommit - 1) {
                    connection.commit();
                }
            }
            connection.commit();
        }
    }

    @Override
    public void settle() throws SQLException {
        boolean settled = database.settle(connection);
        connection.commit();
        if (!settled) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE)
                    .with("waitedFor", "the journal to have everything that is committed");
        }
    }

    @Override
    public long costNanos() {
        return ThreadTime.own();
    }

    @Override
    public long relayNanos() {
        return THREADS.stream().mapToLong(ThreadTime::ofThreadsNamed).sum();
    }

    @Override
    public void close() throws SQLException {
        connection.commit();
        connection.close();
        database.close(directory);
    }
}
