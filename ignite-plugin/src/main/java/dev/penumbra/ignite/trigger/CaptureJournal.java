package dev.penumbra.ignite.trigger;

import dev.penumbra.ignite.internal.CommittedChange;
import dev.penumbra.journal.DualJournal;
import dev.penumbra.journal.JournalConfiguration;
import dev.penumbra.journal.JournalWriter;
import dev.penumbra.journal.JournalWriter.TransactionAppender;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The journal of the changes that one node emits of the grid's captured tables.
 *
 * <p>A change is a transaction of its own, because Ignite does not tell where a transaction ends. Its id says where the change
 * stands in its partition; see {@link StreamPlace}. Where a node goes on with a partition that another one had journalled, an event
 * of the table with the partition's number comes first.
 *
 * <p>Owned by one thread.
 */
final class CaptureJournal implements AutoCloseable {
    private final Path directory;
    private final String source;
    private final Clock clock;
    private @Nullable DualJournal open;

    CaptureJournal(Path directory, String source, Clock clock) {
        this.directory = directory;
        this.source = source;
        this.clock = clock;
    }

    Path directory() {
        return directory;
    }

    String source() {
        return source;
    }

    /** Opens it where it is not open. */
    JournalWriter writer() {
        DualJournal journal = open;
        if (journal == null) {
            journal = DualJournal.open(directory, source, JournalConfiguration.DEFAULT, clock);
            open = journal;
        }
        return journal.current();
    }

    /** An epoch for a stream whose counters begin anew: larger than that before it, and than any trigger's age. */
    long nextEpoch(long before) {
        return Math.max(clock.millis(), before + 1);
    }

    private static TransactionId id(Trigger trigger, long epoch, int partition, long counter, boolean counted) {
        long number = 2 * Math.max(0, counter) + (counted ? 0 : 1);
        return StreamPlace.transaction(Math.max(trigger.createdAtMillis(), epoch), partition, number);
    }

    void change(
            Trigger trigger,
            TableSchema schema,
            long epoch,
            CommittedChange change,
            @Nullable Row before,
            @Nullable Row after) {
        TransactionId id = id(trigger, epoch, change.partition(), change.counter(), change.isCounted());
        try (TransactionAppender transaction = writer().begin(id)) {
            transaction.change(schema, TableStreams.operation(before, after), Origin.CAPTURED, before, after);
            transaction.commit();
        }
    }

    /** What concerns the whole of a table. */
    void table(Trigger trigger, TableSchema schema, Operation operation) {
        table(trigger, schema, 0, StreamPlace.WHOLE_TABLE, 0, operation);
    }

    /** What concerns all rows of a partition. */
    void table(Trigger trigger, TableSchema schema, long epoch, int partition, long counter, Operation operation) {
        try (TransactionAppender transaction = writer().begin(id(trigger, epoch, partition, counter, true))) {
            // All but the end belongs to the rows that stood.
            transaction.tableEvent(schema, operation, operation == Operation.DROP ? Origin.CAPTURED : Origin.SNAPSHOT);
            transaction.commit();
        }
    }

    /** Rows that stood in a partition. */
    void rows(Trigger trigger, TableSchema schema, long epoch, int partition, long counter, List<Row> rows) {
        if (rows.isEmpty()) {
            return;
        }
        try (TransactionAppender transaction = writer().begin(id(trigger, epoch, partition, counter, true))) {
            for (Row row : rows) {
                transaction.change(schema, Operation.INSERT, Origin.SNAPSHOT, null, row);
            }
            transaction.commit();
        }
    }

    @Override
    public void close() {
        DualJournal journal = open;
        open = null;
        if (journal != null) {
            journal.close();
        }
    }
}
