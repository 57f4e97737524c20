package dev.penumbra.derby;

import org.apache.derby.iapi.services.monitor.DerbyObservable;
import org.apache.derby.iapi.services.monitor.DerbyObserver;
import org.apache.derby.iapi.store.raw.xact.RawTransaction;
import org.apache.derby.iapi.store.raw.xact.TransactionId;
import org.apache.derby.impl.store.raw.xact.Xact;
import org.jspecify.annotations.Nullable;

/**
 * A transaction that writes to the outbox. Derby uses one object for all transactions of a connection, one after the other, and
 * gives it a new id with each.
 *
 * <p>A transaction has ended when its object is idle, closed, or has another id. Derby writes a commit to disk, then lets go of the
 * locks, then makes the object idle. Between the latter two another transaction can have one of the locks and end, and this
 * one would seem to be still open; so Derby is asked to tell when a commit begins.
 */
final class Writer implements DerbyObserver {
    static final long NO_ID = 0;

    private final Xact transaction;
    private final TransactionId id;
    private final long floor;
    private volatile long firstId = NO_ID;
    private volatile boolean committing;

    /** @param floor not above the id that the transaction will get as its first; taken before this writer can be found */
    Writer(Xact transaction, long floor) {
        this.transaction = transaction;
        this.id = transaction.getId();
        this.floor = floor;
    }

    boolean isOf(Xact other) {
        return transaction == other && id.equals(other.getId());
    }

    void begin(long newFirstId) {
        firstId = newFirstId;
    }

    /** The first outbox id of the transaction, or {@link #NO_ID} while it is being handed out. */
    long firstId() {
        return firstId;
    }

    long floor() {
        return floor;
    }

    /** Has Derby tell this writer of its commit. */
    void observe() {
        transaction.addObserver(this);
    }

    /** Called by Derby in the writer's thread. */
    @Override
    public void update(DerbyObservable observed, Object event) {
        if (event.equals(RawTransaction.COMMIT) || event.equals(RawTransaction.ABORT)) {
            committing = event.equals(RawTransaction.COMMIT);
            // Derby goes on telling until nobody is left to be told.
            observed.deleteObserver(this);
        }
    }

    /** Whether its commit has begun; also of a transaction that has been prepared. */
    boolean isCommitting() {
        return committing;
    }

    boolean hasEnded() {
        @Nullable TransactionId present = transaction.getId();
        // None: the connection has been closed.
        return present == null || !id.equals(present) || !transaction.isActive();
    }
}
