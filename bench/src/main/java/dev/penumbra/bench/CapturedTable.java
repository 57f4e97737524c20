package dev.penumbra.bench;

import java.sql.SQLException;

/** A table that a benchmark writes to, which may be captured. Owned by one thread. */
interface CapturedTable extends AutoCloseable {
    /** Captures the table; returns when the rows that stand are in the journal. */
    void capture() throws SQLException;

    /** Writes rows with keys from 0 on, so many in each commit. */
    void insert(int rows, int rowsPerCommit) throws SQLException;

    /** Changes the rows with keys from 0 on, so many in each commit. */
    void update(int rows, int rowsPerCommit) throws SQLException;

    /** Writes rows with keys from 0 on past SQL, each by itself; only where there is another way. */
    default void put(int rows) {
        throw new UnsupportedOperationException("there is SQL only");
    }

    /** Waits until the journal has everything that is committed. */
    void settle() throws SQLException;

    /** What writing costs: processor time of the calling thread, or elapsed time where other threads do the work. */
    long costNanos();

    /** The processor time that capture's own threads have used. */
    long relayNanos();

    @Override
    void close() throws SQLException;
}
