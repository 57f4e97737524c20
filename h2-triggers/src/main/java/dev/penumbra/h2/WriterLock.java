package dev.penumbra.h2;

import org.h2.api.ErrorCode;
import org.h2.engine.SessionLocal;
import org.h2.message.DbException;
import org.h2.table.Table;

/**
 * Keeps sessions from writing to a table, if those that have written to it end within a short while: new ones have to wait for as
 * long.
 */
final class WriterLock implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 50;

    private final H2Database capture;
    private final SessionLocal session;
    private final boolean held;

    WriterLock(H2Database capture, Table table) {
        this.capture = capture;
        this.session = (SessionLocal) capture.connect().getSession();
        session.setLockTimeout(TIMEOUT_MILLIS);
        session.lock();
        this.held = succeeds(() -> table.lock(session, Table.EXCLUSIVE_LOCK));
    }

    /** Whether nobody writes to the table, or has written to it in a transaction that is still open. */
    boolean isHeld() {
        return held;
    }

    /** Keeps sessions from changing any table's definition, too, if nobody is just doing so. */
    boolean lockCatalogue() {
        // DROP INDEX holds this lock alone. Whoever holds it may be waiting for the table.
        session.setLockTimeout(1);
        return succeeds(() -> capture.database().lockMeta(session));
    }

    private static boolean succeeds(Runnable locking) {
        try {
            locking.run();
            return true;
        } catch (DbException e) {
            if (e.getErrorCode() == ErrorCode.LOCK_TIMEOUT_1 || e.getErrorCode() == ErrorCode.DEADLOCK_1) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        session.rollback();
        session.unlock();
    }
}
