package dev.penumbra.journal;

import com.esotericsoftware.kryo.io.Output;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.penumbra.model.Change;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TransactionId;
import dev.penumbra.model.api.Incubating;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The journal of a predicted schema version: the current journal's transactions as that version would see them, at the
 * same positions, so that readers can go on in it when it is promoted.
 *
 * <p>Safe for use by several threads, one at a time.
 */
@Incubating
public final class FutureJournal implements AutoCloseable {
    private static final int IMAGES_BYTES = 512;

    private final ReentrantLock lock = new ReentrantLock();

    private final String source;
    private final Clock clock;
    private final Output images = new Output(IMAGES_BYTES, Integer.MAX_VALUE - 8);

    /** Guarded by {@link #lock}, which its sync() takes itself. */
    private final RecordAppender records;

    @GuardedBy("lock") private Position last;

    @GuardedBy("lock") private int epoch;

    FutureJournal(
            Path directory,
            Catalogue catalogue,
            String version,
            JournalConfiguration configuration,
            Clock clock,
            FileForce fileForce) {
        this.source = catalogue.source();
        this.clock = clock;
        this.records = new RecordAppender(
                directory,
                Catalogue.queueDirectory(directory, catalogue.numberOf(version)),
                configuration,
                catalogue.roll(),
                clock,
                fileForce);
        this.last = records.tail().last();
        this.epoch = records.tail().epoch();
        if (records.tail().tornRecords() > 0) {
            try {
                giveUpTornTail();
            } catch (RuntimeException e) {
                records.close();
                throw e;
            }
        }
    }

    /** The transaction that a killed writer began must not run into the next one. */
    @GuardedBy("lock") private void giveUpTornTail() {
        JournalTail tail = records.tail();
        records.beginTransaction();
        records.append(
                new JournalRecord.Epoch(epoch, last, source, clock.millis(), tail.tornRecords(), tail.tornBytes()));
    }

    /** The last position that it holds, after which the translator goes on. */
    public Position last() {
        lock.lock();
        try {
            return last;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Appends a translated transaction. A change that this version does not see is left out by its translator as an event
     * of the same position, never as a hole.
     *
     * @param changes at the positions of the current journal, without holes
     * @throws PenumbraException with JOURNAL_GAP when they do not follow {@link #last()}, RECORD_TOO_LARGE or JOURNAL_FULL;
     *     readers see nothing of the transaction then and it can be appended again
     */
    public void append(TransactionId id, List<Change> changes) {
        lock.lock();
        try {
            Position first = changes.get(0).position();
            requireNext(first, changes);
            records.beginTransaction();
            enter(first.epoch());
            appendEvents(id, changes);
            Position end = changes.get(changes.size() - 1).position();
            records.appendCommit(id, first, end, clock.millis());
            last = end;
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock") private void enter(int newEpoch) {
        if (newEpoch > epoch) {
            records.append(new JournalRecord.Epoch(newEpoch, last, source, clock.millis(), 0, 0));
            epoch = newEpoch;
        }
    }

    @GuardedBy("lock") private void appendEvents(TransactionId id, List<Change> changes) {
        try {
            for (Change change : changes) {
                images.reset();
                EventImages.write(images, change.operation(), change.schema(), change.before(), change.after());
                records.appendEvent(change.schema(), change.position(), id, 0, change.origin(), images.toBytes());
            }
        } catch (RuntimeException e) {
            if (!records.isBroken()) {
                records.append(new JournalRecord.Abandon());
            }
            throw e;
        }
    }

    @GuardedBy("lock") private void requireNext(Position first, List<Change> changes) {
        boolean follows = first.epoch() >= epoch
                && (first.equals(last.next()) || (first.epoch() > last.epoch() && first.sequence() == 1));
        Position expected = first;
        for (Change change : changes) {
            follows &= change.position().equals(expected);
            expected = expected.next();
        }
        if (!follows) {
            throw new PenumbraException(ErrorCode.JOURNAL_GAP)
                    .with("last", last)
                    .with("first", first);
        }
    }

    /**
     * Brings the epoch and the durable mark to where the current journal has them, so that the writer that opens this
     * journal as the current one neither counts an epoch again nor believes that nothing is durable.
     */
    void meet(int currentEpoch, Position durable) {
        lock.lock();
        try {
            records.beginTransaction();
            enter(currentEpoch);
            records.append(new JournalRecord.DurableMark(durable));
        } finally {
            lock.unlock();
        }
    }

    /** Returns when everything appended before is on the disk. */
    public void sync() {
        records.sync(lock);
    }

    @Override
    public void close() {
        lock.lock();
        try {
            records.close();
        } finally {
            lock.unlock();
        }
    }
}
