package dev.penumbra.cli;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Measures how long a committed change takes until a query sees it in a shadow.
 *
 * <p>It updates an order of its own, commits, and asks the shadow until the new value is there. The time runs from right
 * before the commit, or where each statement is one before the update, until the answer has arrived, on one clock. The datacenters take turns. Owned by one thread.
 */
final class FreshnessProbe implements AutoCloseable {
    /** The probe's order; no writer has a negative key. */
    private static final long KEY = -1;

    private static final long GIVE_UP_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
    private static final double NANOS_PER_MILLI = 1e6;

    private final Connection source;
    private final boolean isTransactional;
    private final PreparedStatement update;
    private final List<PreparedStatement> shadows;
    private final Histogram nanos = new Histogram(2 * GIVE_UP_NANOS, 3);
    private int turn;

    // Written by the owning thread, read by others.
    private final LongAdder written = new LongAdder();
    private final LongAdder reads = new LongAdder();

    /**
     * @param source a connection to the source for the probe alone
     * @param isTransactional whether several statements can be one transaction
     * @param shadows a query on each shadow that takes a key and answers with the order's priority
     */
    FreshnessProbe(Connection source, boolean isTransactional, List<PreparedStatement> shadows) throws SQLException {
        this.source = source;
        this.isTransactional = isTransactional;
        this.shadows = shadows;
        try (Statement statement = source.createStatement()) {
            written.add(statement.executeUpdate("INSERT INTO ORDERS VALUES (" + KEY
                    + ", 1, 'O', 0, CAST('1995-01-01' AS DATE), '5-LOW', 'Clerk#0', 0, 'freshness probe')"));
        }
        source.setAutoCommit(!isTransactional);
        this.update = source.prepareStatement("UPDATE ORDERS SET O_SHIPPRIORITY = ? WHERE O_ORDERKEY = " + KEY);
    }

    /** Row changes that it has committed. */
    long written() {
        return written.sum();
    }

    /** Statements that it has run on shadows. */
    long reads() {
        return reads.sum();
    }

    /**
     * Takes one sample.
     *
     * @return whether the change became visible before the probe gave up; if not the sample counts as the time waited
     */
    boolean sample() throws SQLException {
        int value = ++turn;
        PreparedStatement shadow = shadows.get(value % shadows.size());
        update.setInt(1, value);
        long start = System.nanoTime();
        int rows = updated();
        if (isTransactional) {
            start = System.nanoTime();
            source.commit();
        }
        written.add(rows);
        while (true) {
            boolean seen = visible(shadow, value);
            long elapsed = System.nanoTime() - start;
            if (seen || elapsed > GIVE_UP_NANOS || Thread.currentThread().isInterrupted()) {
                nanos.recordValue(Math.min(elapsed, 2 * GIVE_UP_NANOS));
                return seen;
            }
            LockSupport.parkNanos(this, PAUSE_NANOS);
        }
    }

    private int updated() throws SQLException {
        while (true) {
            try {
                return update.executeUpdate();
            } catch (SQLTransactionRollbackException e) {
                // The database has ended the transaction because of a deadlock.
                source.rollback();
            }
        }
    }

    private boolean visible(PreparedStatement shadow, int value) throws SQLException {
        reads.increment();
        shadow.setLong(1, KEY);
        try (ResultSet row = shadow.executeQuery()) {
            return row.next() && row.getInt(1) == value;
        }
    }

    long samples() {
        return nanos.getTotalCount();
    }

    /** The time within which this part of the samples was visible, in milliseconds. */
    double millis(double percentile) {
        return nanos.getValueAtPercentile(percentile) / NANOS_PER_MILLI;
    }

    @Override
    public void close() throws SQLException {
        source.close();
    }
}
