package dev.penumbra.ignite;

import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.JournalProbe;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.journal.SourceRows;
import dev.penumbra.journal.UncommittedChanges;
import dev.penumbra.model.Change;
import dev.penumbra.model.Position;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A journal in a directory of this machine. Immutable. */
final class ChronicleJournal implements Journal {
    private final Path directory;
    private final String source;

    /**
     * @throws dev.penumbra.model.PenumbraException with {@link dev.penumbra.model.ErrorCode#JOURNAL_NOT_FOUND} when the
     *     directory holds no journal
     */
    ChronicleJournal(Path directory) {
        this.directory = directory;
        try (JournalReader reader = JournalReader.openOldest(directory)) {
            this.source = reader.source();
        }
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public UUID id() {
        // Read anew each time: somebody may have put another journal in the place of the one that is open.
        return JournalReader.idOf(directory);
    }

    @Override
    public Set<String> retained() {
        return JournalReader.registered(directory);
    }

    @Override
    public void release(String name) {
        JournalReader.forget(directory, name);
    }

    @Override
    public SourceRows sourceRows() {
        return SourceRows.open(directory);
    }

    @Override
    public Position oldest() {
        try (JournalReader reader = JournalReader.openOldest(directory)) {
            return reader.position();
        }
    }

    @Override
    public Tail open(Position after) {
        return new ReaderTail(directory, JournalReader.open(directory, after));
    }

    private static final class ReaderTail implements Tail {
        private final Path directory;
        private final JournalReader reader;

        ReaderTail(Path directory, JournalReader reader) {
            this.directory = directory;
            this.reader = reader;
        }

        @Override
        public @Nullable Transaction poll() {
            CommittedTransaction committed = reader.poll();
            return committed == null ? null : new ReaderTransaction(committed);
        }

        @Override
        public void retain(String name, Position after) {
            reader.register(name, after);
        }

        @Override
        public Probe probe() {
            return new FileProbe(JournalProbe.open(directory));
        }

        @Override
        public Listings listings() {
            return new FileListings(UncommittedChanges.open(directory));
        }

        @Override
        public void close() {
            reader.close();
        }
    }

    private record ReaderTransaction(CommittedTransaction committed) implements Transaction {
        @Override
        public Position first() {
            return committed.first();
        }

        @Override
        public Position last() {
            return committed.last();
        }

        @Override
        public long committedAtMillis() {
            return committed.committedAtMillis();
        }

        @Override
        public Iterator<Change> iterator() {
            return committed.iterator();
        }
    }
}
