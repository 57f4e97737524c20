package dev.penumbra.journal;

import dev.penumbra.model.Change;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import dev.penumbra.model.api.Incubating;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import org.jspecify.annotations.Nullable;

/**
 * Follows a journal and yields its committed transactions, whole, in the order of their positions, without gaps.
 *
 * <p>A reader may run in any process, beside the writer and other readers. It belongs to one thread at a time. When a
 * future journal is promoted the reader goes on in it at its position.
 *
 * <p>Memory is bounded: a transaction larger than {@link #BUFFERED_BYTES} is read again while it is iterated.
 */
@Incubating
public final class JournalReader implements AutoCloseable {
    /** Transactions whose records take more than this many bytes are not held in memory. */
    public static final int BUFFERED_BYTES = 4 << 20;

    private static final long CATALOGUE_CHECK_NANOS = 100_000_000L;

    private final Path directory;
    private final LongSupplier nanoTime;
    private final RecordFormat format = new RecordFormat();
    private final Map<Fingerprint, TableSchema> schemas = new HashMap<>();
    private final List<JournalRecord.Event> pending = new ArrayList<>();

    private Catalogue catalogue;
    private SingleChronicleQueue queue;
    private RecordCursor cursor;
    private Position position;
    private Position expected;
    private Position durable = Position.START;
    private long pendingBytes;
    private long pendingCount;
    private long pendingFirstIndex;
    private long gaps;
    private long tornBytes;
    private int epochs;
    private long records;
    private long nextCatalogueCheckNanos;
    private long barredAt = -1;
    private final List<RecordCursor> iterating = new ArrayList<>();
    private long polls;
    private Position dealtWith = Position.START;
    /** The files that transactions have been returned from and that may still be needed, in their order. */
    private final List<FileBegun> begun = new ArrayList<>();

    private @Nullable String reader;
    private int registeredFile = Integer.MIN_VALUE;
    private final int bufferedBytes;

    /** The first transaction that was returned from a file. */
    private record FileBegun(int cycle, Position first) {}

    private JournalReader(Path directory, Position after, int bufferedBytes, LongSupplier nanoTime) {
        this.directory = directory;
        this.nanoTime = nanoTime;
        this.bufferedBytes = bufferedBytes;
        this.catalogue = Catalogue.read(directory);
        this.queue = openQueue(directory, catalogue);
        this.cursor = new RecordCursor(queue);
        this.position = after;
        this.expected = after.next();
        this.nextCatalogueCheckNanos = nanoTime.getAsLong();
        try {
            seek(queue, cursor, after);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Opens a reader of a directory's current journal.
     *
     * @param after the position after which to begin, as {@link #position()} returned it, or {@link Position#START} for
     *     the whole journal
     * @throws PenumbraException with JOURNAL_NOT_FOUND; with POSITION_GONE when retention has removed what follows the
     *     position; with JOURNAL_GAP when the journal ends before the position
     */
    public static JournalReader open(Path directory, Position after) {
        return new JournalReader(directory, after, BUFFERED_BYTES, System::nanoTime);
    }

    /** Opens a reader of everything that retention has left of a directory's current journal. */
    public static JournalReader openOldest(Path directory) {
        Catalogue catalogue = Catalogue.read(directory);
        try (SingleChronicleQueue queue = openQueue(directory, catalogue);
                RecordCursor cursor = new RecordCursor(queue)) {
            boolean empty = queue.firstCycle() == Integer.MAX_VALUE;
            return open(
                    directory, empty ? Position.START : new JournalSeek(queue, cursor, new RecordFormat()).oldest());
        }
    }

    static JournalReader open(Path directory, Position after, int bufferedBytes) {
        return new JournalReader(directory, after, bufferedBytes, System::nanoTime);
    }

    private static SingleChronicleQueue openQueue(Path directory, Catalogue catalogue) {
        return JournalQueue.openForReading(Catalogue.queueDirectory(directory, catalogue.current()), catalogue.roll());
    }

    /**
     * Registers this reader so that retention keeps what it has not acknowledged.
     *
     * @param name up to 100 letters, digits and {@code _.@-}; the same name in a later process takes over
     */
    public void register(String name) {
        register(name, position);
    }

    /**
     * Registers this reader, or goes on to keep it registered, so that retention keeps what follows a position. Cheap: writes only when a
     * file is done.
     *
     * @param name as in {@link #register(String)}
     * @param after where this reader began, or where a transaction ends that it has returned
     */
    public void register(String name, Position after) {
        this.reader = name;
        acknowledge(after);
    }

    /** Tells retention that everything up to {@link #position()} is dealt with. Cheap: writes only when a file is done. */
    public void acknowledge() {
        acknowledge(position);
    }

    private void acknowledge(Position upTo) {
        dealtWith = upTo;
        String name = reader;
        if (name == null) {
            return;
        }
        int needed = upTo.compareTo(position) < 0 ? fileOf(upTo) : fileOfNext();
        if (needed != registeredFile) {
            ReaderRegister.write(
                    directory, name, Catalogue.queueDirectory(directory, catalogue.current()), fileName(needed));
            registeredFile = needed;
        }
    }

    private int fileOfNext() {
        return pendingCount > 0 ? queue.rollCycle().toCycle(pendingFirstIndex) : fileInUse();
    }

    /** The file in which the transaction begins that holds a position, or an earlier one. */
    private int fileOf(Position upTo) {
        while (begun.size() > 1 && begun.get(1).first().compareTo(upTo) <= 0) {
            begun.remove(0);
        }
        // Nothing has been returned from this journal yet: promoted meanwhile, it holds what the former one held.
        return begun.isEmpty() ? queue.firstCycle() : begun.get(0).cycle();
    }

    private int fileInUse() {
        return records == 0 ? queue.firstCycle() : cursor.cycle();
    }

    private String fileName(int cycle) {
        List<Path> files = JournalQueue.files(Catalogue.queueDirectory(directory, catalogue.current()));
        if (cycle == Integer.MAX_VALUE || files.isEmpty()) {
            return "";
        }
        // Files sort as their cycles do, and none is missing in between that anybody could need.
        List<Long> cycles = List.copyOf(queue.listCyclesBetween(queue.firstCycle(), queue.lastCycle()));
        int at = cycles.indexOf((long) cycle);
        return at < 0 || at >= files.size() ? "" : files.get(at).getFileName().toString();
    }

    /** The names of the registered readers. */
    public static Set<String> registered(Path directory) {
        return ReaderRegister.names(directory);
    }

    /** Forgets a registered reader that will not come back, so that retention no longer waits for it. */
    public static void forget(Path directory, String name) {
        ReaderRegister.remove(directory, name);
    }

    /**
     * What tells the journal in a directory from every other, also from one of the same source that was begun anew.
     *
     * @throws PenumbraException with JOURNAL_NOT_FOUND, JOURNAL_NEWER or JOURNAL_CORRUPT
     */
    public static UUID idOf(Path directory) {
        return Catalogue.read(directory).id();
    }

    /** The name of the source that writes the journal. */
    public String source() {
        return catalogue.source();
    }

    /** The last position of the transaction that the last successful poll returned, or where the reader began. */
    public Position position() {
        return position;
    }

    /** The position up to which the source's own disk is known to hold the changes, as far as the reader has read. */
    public Position durable() {
        return durable;
    }

    /** How many gaps the reader has passed: after each, every table is brought anew. */
    public long gaps() {
        return gaps;
    }

    long tornBytes() {
        return tornBytes;
    }

    int epochs() {
        return epochs;
    }

    long records() {
        return records;
    }

    /**
     * The next whole transaction, or null when there is none yet.
     *
     * @throws PenumbraException with JOURNAL_CORRUPT for a damaged record, JOURNAL_GAP for missing positions, JOURNAL_NEWER
     *     or RECORD_KIND_UNKNOWN for what a newer version wrote; the reader's position stays as it was
     */
    public @Nullable CommittedTransaction poll() {
        polls++;
        closeIterators();
        while (true) {
            if (!nextRecord()) {
                if (goOn()) {
                    continue;
                }
                return null;
            }
            if (!format.isWhole(cursor.record(), cursor.length())) {
                if (!passTornTail()) {
                    return null;
                }
                continue;
            }
            JournalRecord record = decode();
            records++;
            if (record instanceof JournalRecord.Event event) {
                hold(event);
            } else if (record instanceof JournalRecord.Commit commit) {
                return release(commit);
            } else if (record instanceof JournalRecord.Schema schema) {
                schemas.put(schema.schema().fingerprint(), schema.schema());
            } else if (record instanceof JournalRecord.Epoch epoch) {
                dropPending();
                enter(epoch);
            } else if (record instanceof JournalRecord.Abandon) {
                dropPending();
            } else if (record instanceof JournalRecord.DurableMark mark) {
                durable = mark.position();
            } else if (record instanceof JournalRecord.Gap) {
                gaps++;
            }
        }
    }

    private void closeIterators() {
        iterating.forEach(RecordCursor::close);
        iterating.clear();
    }

    /** How many iterators of a large transaction have been begun and not finished. */
    int openIterators() {
        return iterating.size();
    }

    private boolean nextRecord() {
        try {
            return cursor.next();
        } catch (PenumbraException e) {
            throw e.with("directory", directory).with("after", position);
        }
    }

    /** At the end of what the cursor finds: whether there is another record after all, in this journal or a promoted one. */
    private boolean goOn() {
        long now = nanoTime.getAsLong();
        if (now - nextCatalogueCheckNanos < 0) {
            return false;
        }
        // Set only after the checks: what they find must be found by the next poll too, and not pass for an empty
        // journal.
        boolean more = followPromotion() || passBarrier();
        if (!more) {
            nextCatalogueCheckNanos = now + CATALOGUE_CHECK_NANOS;
        }
        return more;
    }

    private boolean passBarrier() {
        if (!cursor.isBarred()) {
            return false;
        }
        if (cursor.following() == barredAt) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT)
                    .with("directory", directory)
                    .with("after", position)
                    .with("index", Long.toHexString(barredAt))
                    .with("reason", "record out of reach");
        }
        // It may have been written since the cursor looked; what it does not find the second time is damaged.
        barredAt = cursor.following();
        return true;
    }

    private JournalRecord decode() {
        try {
            return format.decode(cursor.record(), cursor.length());
        } catch (PenumbraException e) {
            long index = cursor.index();
            cursor.moveTo(index);
            throw e.with("directory", directory).with("after", position).with("index", Long.toHexString(index));
        }
    }

    private void hold(JournalRecord.Event event) {
        if (pendingCount == 0) {
            pendingFirstIndex = cursor.index();
        }
        pendingCount++;
        pendingBytes += cursor.length();
        if (pendingBytes <= bufferedBytes) {
            pending.add(event);
        } else {
            pending.clear();
        }
    }

    private void dropPending() {
        pending.clear();
        pendingBytes = 0;
        pendingCount = 0;
    }

    private CommittedTransaction release(JournalRecord.Commit commit) {
        long size = commit.last().sequence() - commit.first().sequence() + 1;
        if (!commit.first().equals(expected) || size != pendingCount) {
            throw new PenumbraException(ErrorCode.JOURNAL_GAP)
                    .with("directory", directory)
                    .with("expected", expected)
                    .with("found", commit.first())
                    .with("changes", pendingCount);
        }
        CommittedTransaction transaction;
        if (pendingBytes <= bufferedBytes) {
            List<Change> changes = new ArrayList<>(pending.size());
            for (JournalRecord.Event event : pending) {
                changes.add(toChange(event));
            }
            transaction = new Buffered(commit, changes);
        } else {
            transaction = new Streamed(commit, pendingFirstIndex);
        }
        int cycle = queue.rollCycle().toCycle(pendingFirstIndex);
        if (begun.isEmpty() || begun.get(begun.size() - 1).cycle() != cycle) {
            begun.add(new FileBegun(cycle, commit.first()));
        }
        dropPending();
        position = commit.last();
        expected = position.next();
        return transaction;
    }

    private void enter(JournalRecord.Epoch epoch) {
        epochs++;
        tornBytes += epoch.tornBytes();
        boolean continues = epoch.former().equals(position);
        boolean alreadyBehind = position.epoch() >= epoch.epoch();
        if (!continues && !alreadyBehind) {
            throw new PenumbraException(ErrorCode.JOURNAL_GAP)
                    .with("directory", directory)
                    .with("expected", expected)
                    .with("epoch", epoch.epoch())
                    .with("former", epoch.former());
        }
        if (!alreadyBehind) {
            expected = new Position(epoch.epoch(), 1);
        }
    }

    /**
     * A damaged record is the torn tail of a writer that died if an epoch that says so follows before anything is committed;
     * it is an error if a commit follows first; and if neither does it is too early to tell.
     */
    private boolean passTornTail() {
        long index = cursor.index();
        while (nextRecord()) {
            @Nullable RecordKind kind = format.isWhole(cursor.record(), cursor.length())
                    ? RecordKind.ofCode(RecordFormat.kindCode(cursor.record()))
                    : null;
            boolean torn = kind == RecordKind.EPOCH
                    && decode() instanceof JournalRecord.Epoch epoch
                    && epoch.tornRecords() > 0;
            if (torn) {
                cursor.moveTo(cursor.index());
                return true;
            }
            boolean begun = kind == RecordKind.CHANGE || kind == RecordKind.TRUNCATE || kind == RecordKind.CORRECTION;
            if (kind != null && !begun && kind != RecordKind.SCHEMA) {
                throw damagedAt(index);
            }
        }
        // What Chronicle counts and cannot reach, and still cannot reach afterwards, is damaged too.
        if (cursor.isBarred() && !nextRecord()) {
            throw damagedAt(index);
        }
        cursor.moveTo(index);
        return false;
    }

    private PenumbraException damagedAt(long index) {
        cursor.moveTo(index);
        return new PenumbraException(ErrorCode.JOURNAL_CORRUPT)
                .with("directory", directory)
                .with("after", position)
                .with("index", Long.toHexString(index));
    }

    private boolean followPromotion() {
        Catalogue newest = Catalogue.read(directory);
        if (newest.current() == catalogue.current()) {
            catalogue = newest;
            return false;
        }
        SingleChronicleQueue promoted = openQueue(directory, newest);
        RecordCursor promotedCursor = new RecordCursor(promoted);
        try {
            seek(promoted, promotedCursor, position);
        } catch (RuntimeException e) {
            promotedCursor.close();
            promoted.close();
            throw e;
        }
        cursor.close();
        queue.close();
        queue = promoted;
        cursor = promotedCursor;
        catalogue = newest;
        dropPending();
        schemas.clear();
        begun.clear();
        registeredFile = Integer.MIN_VALUE;
        acknowledge(dealtWith);
        return true;
    }

    /** Puts the cursor right behind the transaction that ends at a position, or before the one that holds it. */
    private void seek(SingleChronicleQueue queue, RecordCursor cursor, Position after) {
        cursor.toStart();
        if (queue.firstCycle() == Integer.MAX_VALUE) {
            if (!after.equals(Position.START)) {
                throw new PenumbraException(ErrorCode.JOURNAL_GAP)
                        .with("directory", directory)
                        .with("position", after)
                        .with("lastBefore", Position.START);
            }
        } else {
            try {
                position = new JournalSeek(queue, cursor, format).moveBehind(after);
            } catch (PenumbraException e) {
                throw e.with("directory", directory);
            }
        }
        expected = position.epoch() == 0 ? new Position(1, 1) : position.next();
    }

    private TableSchema schemaOf(Fingerprint fingerprint, long index) {
        TableSchema schema = schemas.get(fingerprint);
        if (schema == null) {
            // The reader began in the middle of a file; the layout stands between the file's head and here.
            schema = JournalSeek.findSchema(queue, format, fingerprint, index);
            schemas.put(fingerprint, schema);
        }
        return schema;
    }

    private Change toChange(JournalRecord.Event event) {
        return toChange(event, schemaOf(event.schema(), cursor.index()));
    }

    static Change toChange(JournalRecord.Event event, TableSchema schema) {
        @Nullable Row before = EventImages.decode(event.before(), schema);
        @Nullable Row after = EventImages.decode(event.after(), schema);
        @Nullable Row identifying = after != null ? after : before;
        @Nullable Key key = identifying == null ? null : schema.keyOf(identifying);
        return new Change(
                event.position(), event.transaction(), event.operation(), event.origin(), schema, key, before, after);
    }

    @Override
    public void close() {
        polls++;
        closeIterators();
        cursor.close();
        queue.close();
    }

    /** What a commit record tells of its transaction. */
    private abstract static class Committed implements CommittedTransaction {
        final JournalRecord.Commit commit;

        Committed(JournalRecord.Commit commit) {
            this.commit = commit;
        }

        @Override
        public TransactionId id() {
            return commit.transaction();
        }

        @Override
        public Position first() {
            return commit.first();
        }

        @Override
        public Position last() {
            return commit.last();
        }

        @Override
        public long committedAtMillis() {
            return commit.committedAtMillis();
        }
    }

    private static final class Buffered extends Committed {
        private final List<Change> changes;

        Buffered(JournalRecord.Commit commit, List<Change> changes) {
            super(commit);
            this.changes = changes;
        }

        @Override
        public Iterator<Change> iterator() {
            return changes.iterator();
        }
    }

    private final class Streamed extends Committed {
        private final long firstIndex;
        private final long poll = polls;

        Streamed(JournalRecord.Commit commit, long firstIndex) {
            super(commit);
            this.firstIndex = firstIndex;
        }

        private void requireLatest() {
            if (poll != polls) {
                throw new IllegalStateException("a large transaction is read before the reader's next poll");
            }
        }

        @Override
        public Iterator<Change> iterator() {
            requireLatest();
            RecordCursor again = new RecordCursor(queue);
            iterating.add(again);
            again.moveTo(firstIndex);
            return new Iterator<>() {
                private long left = size();

                @Override
                public boolean hasNext() {
                    return left > 0;
                }

                @Override
                public Change next() {
                    if (left == 0) {
                        throw new NoSuchElementException();
                    }
                    requireLatest();
                    while (again.next()) {
                        JournalRecord record = format.decode(again.record(), again.length());
                        if (record instanceof JournalRecord.Event event) {
                            if (--left == 0) {
                                iterating.remove(again);
                                again.close();
                            }
                            return toChange(event);
                        }
                    }
                    throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT).with("transaction", commit);
                }
            };
        }
    }
}
