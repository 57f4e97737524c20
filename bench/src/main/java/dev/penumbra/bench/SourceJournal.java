package dev.penumbra.bench;

import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.journal.DualJournal;
import dev.penumbra.journal.EventImages;
import dev.penumbra.journal.JournalConfiguration;
import dev.penumbra.journal.JournalWriter;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A journal of one table that no database writes. Owned by one thread. */
final class SourceJournal implements AutoCloseable {
    static final String SOURCE = "bench";

    private static final int CHANGES_PER_COMMIT = 100;

    private final TableSchema table;
    private final DualJournal journal;
    private final Path directory;
    private volatile Position journalled = Position.START;
    private long transactions;

    SourceJournal(Path directory, TableSchema table) {
        this.table = table;
        this.directory = directory;
        this.journal = DualJournal.open(directory, SOURCE, JournalConfiguration.DEFAULT, Clock.systemUTC());
    }

    /** The journal's identity. */
    UUID id() {
        return journal.id();
    }

    /** Writes the table's rows as capture does for those that stood there before. */
    Position fill(List<Row> rows) {
        tableEvent(Operation.SCHEMA);
        append(images(Operation.INSERT, rows, rows), Origin.SNAPSHOT);
        return tableEvent(Operation.SNAPSHOT_END);
    }

    private Position tableEvent(Operation operation) {
        try (JournalWriter.TransactionAppender transaction = begin()) {
            transaction.tableEvent(table, operation, Origin.SNAPSHOT);
            journalled = transaction.commit();
            return journalled;
        }
    }

    /** The images of an update of each row to the one at the same place. */
    List<byte[]> updates(List<Row> before, List<Row> after) {
        return images(Operation.UPDATE, before, after);
    }

    private List<byte[]> images(Operation operation, List<Row> before, List<Row> after) {
        Output output = new Output(512, 1 << 16);
        List<byte[]> images = new ArrayList<>(after.size());
        for (int i = 0; i < after.size(); i++) {
            output.reset();
            EventImages.write(
                    output, operation, table, operation == Operation.INSERT ? null : before.get(i), after.get(i));
            images.add(output.toBytes());
        }
        return images;
    }

    /** Appends changes of which the images are encoded. */
    Position append(List<byte[]> images, Origin origin) {
        Position last = Position.START;
        for (int begin = 0; begin < images.size(); begin += CHANGES_PER_COMMIT) {
            int end = Math.min(images.size(), begin + CHANGES_PER_COMMIT);
            try (JournalWriter.TransactionAppender transaction = begin()) {
                for (byte[] image : images.subList(begin, end)) {
                    transaction.event(table, 0, origin, image);
                }
                last = transaction.commit();
                journalled = last;
            }
        }
        return last;
    }

    /** Answers what the journal's probe is asked, as a source's relay does, until it is closed. */
    ProbeAnswers answerProbes() {
        return new ProbeAnswers(directory, () -> journalled);
    }

    private JournalWriter.TransactionAppender begin() {
        return journal.current().begin(new TransactionId(1, ++transactions));
    }

    @Override
    public void close() {
        journal.close();
    }
}
