package dev.penumbra.capture;

import dev.penumbra.model.api.Internal;
import java.sql.SQLException;

/** An open database as its relay sees it. Safe for use by several threads. */
@Internal
public interface Source {
    /** The name under which the journal knows it. */
    String name();

    /** Opens a session for the relay; it does not keep the database open. */
    SourceSession openSession() throws SQLException;

    /** The first write to disk that takes with it everything a session could see of committed changes by now; cheap. */
    Write nextWrite();

    /** Returns when all writes that have begun would survive a crash; may be called from any thread. */
    void force() throws SQLException;

    /** Whether a crash can take back a commit that others have seen. */
    boolean canLoseCommits();

    /** Whether the database can still be read; false once it has closed. */
    boolean isOpen();

    /** Called by the relay's thread as its last act. */
    void relayEnded();

    /** Whether the database keeps its content after the process ends. */
    boolean isPersistent();

    /** Whether a transaction that wrote to the outbox has ended since the last call; may say so in vain, cheap. */
    boolean takeEnded();

    /** Whether a transaction that wrote to the outbox is still open; cheap. */
    boolean hasOpenWriters();

    /** How many rows the outbox has, committed or not, roughly; cheap. */
    long outboxRows();

    /** Grows with every change of any table's layout; cheap. */
    long layoutVersion();

    /**
     * Has the next {@link #layoutVersion} tell of every change of a layout that has been committed by now, also where that takes a look at
     * the source's catalogue.
     *
     * @return false while that would cost too much so soon after the last time; to be called again then
     */
    default boolean demandLook() {
        return true;
    }

    /**
     * A write of the source to its disk. The source writes when it sees fit: the relay never asks it to, because more writes are
     * more moments for what goes wrong in them. One thread uses it.
     */
    interface Write {
        /** Whether it has begun, or the source has nothing left to write; once true, it stays so. */
        boolean hasBegun();
    }
}
