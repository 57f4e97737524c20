package dev.penumbra.bench;

import dev.penumbra.h2.Capture;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

/** A captured table of an H2 file database, all of it in the journal. Owned by one thread. */
final class CapturedOrders implements AutoCloseable {
    static final TableName NAME = new TableName("PUBLIC", "ORDERS");
    static final String VERSION = "O_VERSION";
    static final int ROWS = 5_000;

    /** The first of the rows, whose keys go on from its. */
    static final Row ROW = Row.of(0L, 0, 1L, "customer note please deliver carefully");

    private static final long SETTLE_MILLIS = 120_000;

    private final Connection connection;
    private final Path journal;
    private final String source;

    private CapturedOrders(Connection connection, Path journal, String source) {
        this.connection = connection;
        this.journal = journal;
        this.source = source;
    }

    static CapturedOrders create(Path directory) throws SQLException {
        Connection connection = DriverManager.getConnection("jdbc:h2:file:" + directory.resolve("database"), "sa", "");
        try {
            Path journal = directory.resolve("journal");
            fill(connection);
            Capture.install(connection, "PUBLIC.ORDERS", journal.toString());
            if (!Capture.settle(connection, SETTLE_MILLIS)) {
                throw new IllegalStateException("the journal does not follow");
            }
            try (JournalReader reader = JournalReader.openOldest(journal)) {
                return new CapturedOrders(connection, journal, reader.source());
            }
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private static void fill(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ORDERS (O_ORDERKEY BIGINT PRIMARY KEY, " + VERSION
                    + " INTEGER NOT NULL, O_CUSTKEY BIGINT NOT NULL, O_COMMENT VARCHAR(79) NOT NULL)");
        }
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO ORDERS VALUES (?, ?, ?, ?)")) {
            for (int column = 1; column < ROW.size(); column++) {
                insert.setObject(column + 1, ROW.get(column));
            }
            for (int i = 0; i < ROWS; i++) {
                insert.setLong(1, i);
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    Connection connection() {
        return connection;
    }

    Path journal() {
        return journal;
    }

    String source() {
        return source;
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
