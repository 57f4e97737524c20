package dev.penumbra.journal;

import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import dev.penumbra.model.api.Incubating;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Appends whole transactions to a source's current journal.
 *
 * <p>Opening a writer begins a new epoch. Safe for use by several threads: {@link #begin} hands the journal to one
 * transaction at a time. A process has at most one writer of a journal, and the directory's lock file keeps others out.
 *
 * <p>An appended transaction survives the end of the process at once, and the end of the machine after {@link #sync()}.
 * When an append fails for a reason other than its arguments the writer is broken: every later call throws what it failed
 * with, and the next writer to be opened gives up the unfinished transaction.
 */
@Incubating
public final class JournalWriter implements AutoCloseable {
    private static final long DURABLE_MARK_INTERVAL = 1 << 16;

    private final ReentrantLock lock = new ReentrantLock();

    private final Clock clock;
    private final int epoch;
    private final TransactionAppender transaction = new TransactionAppender();

    // Both guarded by lock, which begin() takes and the end of the transaction gives back.
    private final RecordAppender records;

    private Position last;

    private Position durable;

    /** How many records of the file stood before the latest durable mark. */
    private long durableMarkedAt;

    JournalWriter(
            Path directory, Catalogue catalogue, JournalConfiguration configuration, Clock clock, FileForce fileForce) {
        this.clock = clock;
        this.records = new RecordAppender(
                directory,
                Catalogue.queueDirectory(directory, catalogue.current()),
                configuration,
                catalogue.roll(),
                clock,
                fileForce);
        JournalTail tail = records.tail();
        this.epoch = tail.epoch() + 1;
        this.last = new Position(epoch, 0);
        this.durable = tail.durable();
        try {
            records.beginTransaction();
            records.append(new JournalRecord.Epoch(
                    epoch, tail.last(), catalogue.source(), clock.millis(), tail.tornRecords(), tail.tornBytes()));
            markDurable(durable);
        } catch (RuntimeException e) {
            records.close();
            throw e;
        }
    }

    /** The epoch that this writer began. */
    public int epoch() {
        return epoch;
    }

    /** The last committed position; sequence 0 of the writer's epoch before the first. */
    public Position last() {
        lock.lock();
        try {
            return last;
        } finally {
            lock.unlock();
        }
    }

    /** How the journal ended before this writer was opened. */
    public JournalTail recovered() {
        lock.lock();
        try {
            return records.tail();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Begins a transaction and holds off every other thread's until it is committed or closed.
     *
     * @throws IllegalStateException when the calling thread is inside a transaction already, which stays as it is
     * @throws PenumbraException with JOURNAL_FULL when the disk has less than its reserve; nothing was appended and the
     *     writer can be used again once there is space
     */
    public TransactionAppender begin(TransactionId id) {
        lock.lock();
        try {
            transaction.requireOver();
            records.beginTransaction();
            if (records.recordsInFile() == 0 || records.recordsInFile() - durableMarkedAt > DURABLE_MARK_INTERVAL) {
                // Repeated so that the next writer finds it near the end and need not search the whole journal.
                markDurable(durable);
            }
            transaction.start(id);
            return transaction;
        } catch (RuntimeException e) {
            lock.unlock();
            throw e;
        }
    }

    /**
     * Notes that the source will still have everything up to a position after a crash.
     *
     * @param position a committed position of this writer's epoch or an earlier one
     */
    public void markDurable(Position position) {
        lock.lock();
        try {
            records.append(new JournalRecord.DurableMark(position));
            durable = position;
            durableMarkedAt = records.recordsInFile();
        } finally {
            lock.unlock();
        }
    }

    /** The position that the latest durable mark names; START before the first. */
    Position durable() {
        lock.lock();
        try {
            return durable;
        } finally {
            lock.unlock();
        }
    }

    /** Notes that changes are missing here; the caller brings every table anew afterwards. */
    public void markGap(String reason) {
        lock.lock();
        try {
            records.append(new JournalRecord.Gap(reason));
        } finally {
            lock.unlock();
        }
    }

    /** Returns when everything appended before is on the disk. */
    public void sync() {
        records.sync(lock);
    }

    /** The journal's size on disk in bytes. */
    public long sizeBytes() {
        lock.lock();
        try {
            return records.sizeBytes();
        } finally {
            lock.unlock();
        }
    }

    /** Closes the files; what was committed stays. Waits for a transaction that another thread has begun. */
    @Override
    public void close() {
        lock.lock();
        try {
            records.close();
        } finally {
            lock.unlock();
        }
    }

    /**
     * A transaction on its way into the journal; belongs to the thread that began it.
     *
     * <p>Closing it before {@link #commit()} gives it up: readers never see it.
     */
    public final class TransactionAppender implements AutoCloseable {
        private TransactionId id = new TransactionId(0, 0);
        private long sequence;
        private boolean open;

        private void start(TransactionId newId) {
            id = newId;
            sequence = last.sequence();
            open = true;
        }

        /**
         * Appends a change whose images are encoded already.
         *
         * @param schema the layout whose fingerprint the images carry
         * @param outboxId the row of the source's outbox that holds the images; 0 for none
         * @param images the bytes of {@link EventImages}
         * @return the change's position, should the transaction commit
         * @throws PenumbraException with RECORD_TOO_LARGE when the row does not fit, JOURNAL_FULL when the disk has less
         *     than its reserve; nothing of the change was appended and the transaction can go on
         */
        public Position event(TableSchema schema, long outboxId, Origin origin, byte[] images) {
            requireOpen();
            Position position = new Position(epoch, sequence + 1);
            records.appendEvent(schema, position, id, outboxId, origin, images);
            sequence++;
            return position;
        }

        /** Appends a change of a row; the images are as {@link dev.penumbra.model.Change} says. */
        public Position change(
                TableSchema schema, Operation operation, Origin origin, @Nullable Row before, @Nullable Row after) {
            requireOpen();
            Position position = new Position(epoch, sequence + 1);
            records.appendChange(schema, position, id, operation, origin, before, after);
            sequence++;
            return position;
        }

        /** Appends an event of a whole table: TRUNCATE, SCHEMA, DROP or SNAPSHOT_END. */
        public Position tableEvent(TableSchema schema, Operation operation, Origin origin) {
            if (operation.isRowOperation()) {
                throw new IllegalArgumentException(operation + " concerns a row");
            }
            return change(schema, operation, origin, null, null);
        }

        /**
         * Commits the transaction: readers see it from now on.
         *
         * @return its last position, or the journal's last when it appended nothing
         */
        public Position commit() {
            requireOpen();
            if (sequence > last.sequence()) {
                Position end = new Position(epoch, sequence);
                records.appendCommit(id, last.next(), end, clock.millis());
                last = end;
            }
            open = false;
            Position committed = last;
            lock.unlock();
            return committed;
        }

        private void requireOver() {
            if (open) {
                throw new IllegalStateException("this thread is inside a transaction already");
            }
        }

        private void requireOpen() {
            if (!open || !lock.isHeldByCurrentThread()) {
                throw new IllegalStateException("the transaction is over or belongs to another thread");
            }
        }

        /** Gives the transaction up unless it is committed. */
        @Override
        public void close() {
            if (!open || !lock.isHeldByCurrentThread()) {
                return;
            }
            open = false;
            try {
                if (sequence > last.sequence() && !records.isBroken()) {
                    records.append(new JournalRecord.Abandon());
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
