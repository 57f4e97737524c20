package dev.penumbra.cli;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.LongAdder;

/** One client in a datacenter that reads orders through {@code SHADOW}. Owned by one thread. */
final class DemoReader implements AutoCloseable {
    private static final int LINES_EVERY = 10;

    private final Connection connection;
    private final SplittableRandom random;
    private final long[] keys;
    private final PreparedStatement order;
    private final PreparedStatement lines;

    // Written by the owning thread, shown by another.
    private final LongAdder reads = new LongAdder();

    /**
     * @param orders the name of the orders' copies in SQL
     * @param lines the name of the line items' copies in SQL
     * @param keys orders to ask for; some may be gone meanwhile
     */
    DemoReader(Connection connection, String orders, String lines, long seed, long[] keys) throws SQLException {
        this.connection = connection;
        this.random = new SplittableRandom(seed);
        this.keys = keys;
        this.order = connection.prepareStatement(
                "SELECT O_ORDERSTATUS, O_TOTALPRICE, O_COMMENT FROM SHADOW." + orders + " WHERE O_ORDERKEY = ?");
        this.lines = connection.prepareStatement(
                "SELECT COUNT(*), SUM(L_EXTENDEDPRICE) FROM SHADOW." + lines + " WHERE L_ORDERKEY = ?");
    }

    long reads() {
        return reads.sum();
    }

    /** Runs one statement. */
    void read() throws SQLException {
        PreparedStatement statement = random.nextInt(LINES_EVERY) == 0 ? lines : order;
        statement.setLong(1, keys[random.nextInt(keys.length)]);
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                rows.getObject(1);
            }
        }
        reads.increment();
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
