package dev.penumbra.h2;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableSchema;
import java.lang.reflect.Field;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;
import org.h2.engine.SessionLocal;
import org.h2.index.Index;
import org.h2.mvstore.tx.TransactionStore;
import org.h2.result.Row;
import org.h2.table.Table;
import org.h2.value.Value;
import org.jspecify.annotations.Nullable;

/**
 * The rows to which a session's statement gives other keys, and what the outbox has of them.
 *
 * <p>H2 changes all rows of a statement, then tells of them one by one. Each row may have got a key that another one leaves, so that in
 * the order of the telling two rows would have one key in between. Which changes belong together is seen by two things: the object
 * with which the session notes when its command began, and that nothing has been written to the table since the first was told.
 */
final class KeyMoves {
    private static final Field COMMAND_START = commandStart();

    /** Those in one table. */
    static final class OfTable {
        /** The outbox rows that insert the moved rows again, by id; none while there is one moved row only. */
        private final Deque<Long> inserts = new ArrayDeque<>();

        private long firstId;
        private byte[] first = {};
        /** How far the transaction had come when the last one was in the outbox. */
        private long logPosition;

        private boolean interrupted;

        /** Whether nothing has been noted yet. */
        boolean isNew() {
            return firstId == 0;
        }

        /** Notes the outbox row of the first one: an update, which becomes a delete and an insert when there is a second. */
        void first(long outboxId, byte[] update) {
            firstId = outboxId;
            first = update;
        }

        long firstId() {
            return firstId;
        }

        byte[] first() {
            return first;
        }

        Deque<Long> inserts() {
            return inserts;
        }

        /** To be called when the outbox has the last one. */
        void written(SessionLocal session) {
            logPosition = session.getTransaction().setSavepoint();
        }

        private long lastId() {
            return inserts.isEmpty() ? firstId : inserts.getLast();
        }
    }

    private final Map<Table, OfTable> tables = new HashMap<>();
    private @Nullable Object command;

    /**
     * The moves of the present statement in a table, if a change is one of them; null for a change that is to be written as it is.
     *
     * @param isThere whether the outbox has a row: none of a statement that H2 has undone to begin it again
     * @throws PenumbraException with NOT_SUPPORTED when it cannot be told which changes belong together, and they may have to
     */
    @Nullable OfTable of(
            SessionLocal session,
            Table table,
            TableSchema schema,
            Value @Nullable [] former,
            Value @Nullable [] present,
            LongPredicate isThere) {
        if (former == null || present == null || sameKey(schema, former, present)) {
            return null;
        }
        Object running = session.getCurrentCommand() == null ? null : commandOf(session);
        if (running == null || running != command) {
            tables.clear();
            command = running;
        }
        @Nullable OfTable moves = tables.get(table);
        if (moves != null && isThere.test(moves.lastId())) {
            moves.interrupted = moves.interrupted || hasWritten(session, table, moves.logPosition);
        } else {
            moves = new OfTable();
            // Otherwise a trigger's own command has ended, and H2 has forgotten that this one goes on.
            moves.interrupted = running == null;
            tables.put(table, moves);
        }
        if (!moves.interrupted) {
            return moves;
        }
        if (isTaken(session, table, schema, former)) {
            throw new PenumbraException(ErrorCode.NOT_SUPPORTED)
                    .with("table", table.getName())
                    .with(
                            "reason",
                            "keys move to keys of other rows while a trigger, a cascade or another statement of the same command writes, too: give them one after the other");
        }
        return null;
    }

    /** Whether the session's transaction has written to a table since it had come to a position. */
    private static boolean hasWritten(SessionLocal session, Table table, long logPosition) {
        String rows = "table." + table.getId();
        Iterator<TransactionStore.Change> changes = session.getTransaction().getChanges(logPosition);
        while (changes.hasNext()) {
            if (changes.next().mapName.equals(rows)) {
                return true;
            }
        }
        return false;
    }

    private static boolean sameKey(TableSchema schema, Value[] one, Value[] other) {
        for (int ordinal : schema.keyOrdinals()) {
            if (!one[ordinal].equals(other[ordinal])) {
                return false;
            }
        }
        return true;
    }

    /** Whether the table has a row now, as this session sees it, with the key that a row had. */
    private static boolean isTaken(SessionLocal session, Table table, TableSchema schema, Value[] row) {
        Set<Integer> key = new HashSet<>();
        Row searched = table.getTemplateRow();
        for (int ordinal : schema.keyOrdinals()) {
            key.add(ordinal);
            searched.setValue(ordinal, row[ordinal]);
        }
        for (Index index : table.getIndexes()) {
            if (index.getIndexType().isUnique()
                    && Arrays.stream(index.getColumns())
                            .map(org.h2.table.Column::getColumnId)
                            .collect(Collectors.toSet())
                            .equals(key)) {
                return index.find(session, searched, searched, false).next();
            }
        }
        throw new IllegalStateException(table.getName() + " has no index of its key");
    }

    private static Object commandOf(SessionLocal session) {
        try {
            return COMMAND_START.get(session);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("the command of a session cannot be told", e);
        }
    }

    private static Field commandStart() {
        try {
            Field start = SessionLocal.class.getDeclaredField("commandStartOrEnd");
            start.setAccessible(true);
            return start;
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException("not the H2 that is supported", e);
        }
    }
}
