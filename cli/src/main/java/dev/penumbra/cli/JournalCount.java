package dev.penumbra.cli;

import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.model.Change;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import java.nio.file.Path;

/** Counts the row changes in a journal, from its beginning as far as it has looked. Owned by one thread. */
final class JournalCount implements AutoCloseable {
    private final JournalReader reader;
    private long captured;
    private long copied;

    JournalCount(Path journal) {
        this.reader = JournalReader.openOldest(journal);
    }

    /** Counts what has come; returns where the journal ends. */
    Position advance() {
        for (CommittedTransaction next = reader.poll(); next != null; next = reader.poll()) {
            for (Change change : next) {
                if (!change.operation().isRowOperation()) {
                    continue;
                }
                if (change.origin() == Origin.SNAPSHOT) {
                    copied++;
                } else {
                    captured++;
                }
            }
        }
        return reader.position();
    }

    /** Row changes that transactions made. */
    long captured() {
        return captured;
    }

    /** Rows that stood in their tables before. */
    long copied() {
        return copied;
    }

    @Override
    public void close() {
        reader.close();
    }
}
