package dev.penumbra.ignite;

import dev.penumbra.journal.JournalProbe;
import dev.penumbra.model.Change;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** A journal in memory, together with the tables that its committed content describes. */
@NullMarked
final class MemoryJournal implements Journal {
    private final String source;
    private volatile UUID id = UUID.randomUUID();
    private final Set<String> retained = ConcurrentHashMap.newKeySet();
    private volatile @Nullable Error nextError;
    private volatile @Nullable Path probeDirectory;
    private final List<Committed> transactions = java.util.Collections.synchronizedList(new ArrayList<>());
    private final Map<TableName, Map<Key, Row>> tables = new java.util.HashMap<>();
    private int epoch = 1;
    private long sequence;
    private long number;
    private volatile Position oldest = Position.START;

    MemoryJournal(String source) {
        this.source = source;
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public UUID id() {
        return id;
    }

    /** Lets the journal be asked by a probe in a directory, which {@link #answerProbes} answers. */
    void probedIn(Path directory) {
        probeDirectory = directory;
    }

    /** Answers what the probe was asked, as the relay of a source does after each of its passes. */
    void answerProbes(JournalProbe probe) {
        OptionalLong question = probe.asked();
        if (question.isPresent()) {
            probe.answer(question.getAsLong(), last());
        }
    }

    @Override
    public void release(String name) {
        retained.remove(name);
    }

    @Override
    public Set<String> retained() {
        return Set.copyOf(retained);
    }

    /** Has the next look at the journal fail with an error. */
    void failOnce(Error error) {
        nextError = error;
    }

    /** Takes the place of the journal so far, as that of a source does which is made anew. */
    synchronized void beginAnew() {
        transactions.clear();
        tables.clear();
        oldest = Position.START;
        epoch = 1;
        sequence = 0;
        id = UUID.randomUUID();
    }

    /** What a table holds after everything appended so far. */
    synchronized Map<Key, Row> table(TableName table) {
        return new java.util.HashMap<>(tables.getOrDefault(table, Map.of()));
    }

    synchronized void nextEpoch() {
        epoch++;
        sequence = 0;
    }

    /** Forgets all transactions after a position, as a power loss would. */
    synchronized void loseAfter(Position position) {
        transactions.removeIf(transaction -> transaction.last().compareTo(position) > 0);
    }

    /** Removes all transactions that end at or before a position, as retention does. */
    synchronized void removeUpTo(Position position) {
        while (!transactions.isEmpty() && transactions.get(0).last().compareTo(position) <= 0) {
            oldest = transactions.remove(0).last();
        }
    }

    @Override
    public Position oldest() {
        return oldest;
    }

    synchronized Position last() {
        return transactions.isEmpty()
                ? Position.START
                : transactions.get(transactions.size() - 1).last();
    }

    synchronized Position append(List<Draft> drafts) {
        TransactionId id = new TransactionId(epoch, ++number);
        List<Change> changes = new ArrayList<>();
        for (Draft draft : drafts) {
            Position position = new Position(epoch, ++sequence);
            Map<Key, Row> table = tables.computeIfAbsent(draft.schema().name(), name -> new java.util.HashMap<>());
            changes.add(draft.apply(table, position, id));
        }
        transactions.add(new Committed(changes, System.currentTimeMillis()));
        return last();
    }

    Position append(Draft... drafts) {
        return append(List.of(drafts));
    }

    /** A change without a place in the journal yet. */
    record Draft(
            Operation operation,
            TableSchema schema,
            @Nullable Key oldKey,
            @Nullable Row after,
            Origin origin) {
        Draft(Operation operation, TableSchema schema, @Nullable Key oldKey, @Nullable Row after) {
            this(operation, schema, oldKey, after, Origin.CAPTURED);
        }

        static Draft of(Operation operation, TableSchema schema) {
            return new Draft(operation, schema, null, null);
        }

        static Draft put(TableSchema schema, Row row) {
            return new Draft(Operation.INSERT, schema, schema.keyOf(row), row);
        }

        /** The row that the source has, whatever the journal says. */
        static Draft correct(TableSchema schema, Row row) {
            return new Draft(Operation.INSERT, schema, schema.keyOf(row), row, Origin.CORRECTION);
        }

        static Draft move(TableSchema schema, Key from, Row row) {
            return new Draft(Operation.UPDATE, schema, from, row);
        }

        static Draft delete(TableSchema schema, Key key) {
            return new Draft(Operation.DELETE, schema, key, null);
        }

        Change apply(Map<Key, Row> table, Position position, TransactionId id) {
            if (!operation.isRowOperation()) {
                if (operation == Operation.TRUNCATE || operation == Operation.DROP) {
                    table.clear();
                }
                return new Change(position, id, operation, Origin.CAPTURED, schema, null, null, null);
            }
            Key from = java.util.Objects.requireNonNull(oldKey);
            Row stored = table.remove(from);
            // A source that brings a row again in another layout has no image of it in that layout.
            Row before = stored != null && stored.size() == schema.size() && origin == Origin.CAPTURED ? stored : null;
            if (after == null) {
                return new Change(position, id, Operation.DELETE, Origin.CAPTURED, schema, from, before, null);
            }
            Key key = schema.keyOf(after);
            table.put(key, after);
            return new Change(
                    position,
                    id,
                    before == null ? Operation.INSERT : Operation.UPDATE,
                    origin,
                    schema,
                    key,
                    before,
                    after);
        }
    }

    private record Committed(List<Change> changes, long committedAtMillis) implements Transaction {
        @Override
        public Position first() {
            return changes.get(0).position();
        }

        @Override
        public Position last() {
            return changes.get(changes.size() - 1).position();
        }

        @Override
        public Iterator<Change> iterator() {
            return changes.iterator();
        }
    }

    @Override
    public Tail open(Position after) {
        if (after.compareTo(oldest) < 0) {
            throw new PenumbraException(ErrorCode.POSITION_GONE);
        }
        return new MemoryTail(after);
    }

    private volatile int visible = Integer.MAX_VALUE;

    /** Hides what is appended until it is released. */
    Block block() {
        visible = transactions.size();
        return () -> visible = Integer.MAX_VALUE;
    }

    interface Block {
        void release();
    }

    private final class MemoryTail implements Tail {
        private Position at;
        private int next;

        MemoryTail(Position after) {
            this.at = after;
        }

        @Override
        public @Nullable Transaction poll() {
            Error error = nextError;
            if (error != null) {
                nextError = null;
                throw error;
            }
            while (next < Math.min(visible, transactions.size())) {
                Committed transaction = transactions.get(next);
                next++;
                if (transaction.last().compareTo(at) > 0) {
                    at = transaction.last();
                    return transaction;
                }
            }
            return null;
        }

        @Override
        public void retain(String name, Position after) {
            retained.add(name);
        }

        @Override
        public @Nullable Probe probe() {
            Path probed = probeDirectory;
            return probed == null ? null : new FileProbe(JournalProbe.open(probed));
        }

        @Override
        public void close() {}
    }
}
