package dev.penumbra.h2;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.h2.index.Index;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.Page;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.db.MVDelegateIndex;
import org.h2.mvstore.db.MVIndex;
import org.h2.mvstore.db.MVTable;
import org.h2.mvstore.tx.TransactionStore;
import org.h2.mvstore.type.DataType;
import org.h2.result.SearchRow;
import org.h2.value.VersionedValue;
import org.jspecify.annotations.Nullable;

/**
 * The entries that a killed H2 left in a table's maps of transactions that are in no undo log.
 *
 * <p>H2 writes its maps to disk one after the other while sessions go on, so a crash can leave an entry whose undo record was not
 * written, or one whose transaction had committed and cleared its undo log. H2 takes such an entry for rolled back when
 * somebody writes to its key (see its TxDecisionMaker), but shows it to every session whose transaction happens to have the number
 * of the dead one, and to everybody while such a transaction commits. Taking them out makes that one answer for all.
 *
 * <p>Safe beside running transactions: an entry that is in an open transaction's undo log is left alone.
 */
final class Leftovers {
    /** How H2 packs a transaction's number and its log position into an entry. */
    private static final int LOG_ID_BITS = 40;

    private final MVStore store;
    private final int firstChunk;

    /**
     * @param firstChunk no page that was written to an earlier chunk of the file is looked at; 0 for all
     */
    Leftovers(MVStore store, int firstChunk) {
        this.store = store;
        this.firstChunk = firstChunk;
    }

    /** The chunk that holds a table's root now; every page written from here on goes to it or a later one. */
    static int chunkOf(MVTable table) {
        return DataUtils.getPageChunkId(rows(table).getRootPage().getPos());
    }

    /** The rows of a table that no transaction which is known to have committed has put there. */
    List<SearchRow> inserted(MVTable table) {
        List<SearchRow> rows = new ArrayList<>();
        MVMap<Object, VersionedValue<Object>> map = rows(table);
        for (Object key : keys(map)) {
            VersionedValue<Object> entry = map.get(key);
            if (entry != null && isLeftover(map, key, entry) && isInsert(entry)) {
                rows.add((SearchRow) entry.getCurrentValue());
            }
        }
        return rows;
    }

    /** Undoes updates and deletes, and keeps what {@link #inserted} finds. Returns how many entries it changed. */
    int rollBackAllButInserts(MVTable table) {
        return rollBack(rows(table), keys(rows(table)), true);
    }

    /** Undoes everything in a table and its indexes; returns how many entries it changed. */
    int rollBack(MVTable table) {
        int changed = 0;
        for (MVMap<Object, VersionedValue<Object>> map : maps(table)) {
            changed += rollBack(map, keys(map), false);
        }
        return changed;
    }

    /** Undoes what was done to rows whose numbers are known; returns how many entries it changed. */
    int rollBack(MVTable table, List<Long> rowNumbers) {
        return rollBack(rows(table), rowNumbers, false);
    }

    private int rollBack(MVMap<Object, VersionedValue<Object>> map, List<?> keys, boolean keepInserts) {
        int changed = 0;
        for (Object key : keys) {
            VersionedValue<Object> entry = map.get(key);
            if (entry != null && entry.getOperationId() != 0 && !(keepInserts && isInsert(entry))) {
                RollBack decision = new RollBack(map, key, entry.getOperationId());
                map.operate(key, null, decision);
                changed += decision.changes ? 1 : 0;
            }
        }
        return changed;
    }

    private static boolean isInsert(VersionedValue<Object> entry) {
        return entry.getCommittedValue() == null;
    }

    private static MVMap<Object, VersionedValue<Object>> rows(MVTable table) {
        return maps(table).get(0);
    }

    @SuppressWarnings("unchecked") // Keys and values are only handed back to the map that they came from.
    private static List<MVMap<Object, VersionedValue<Object>>> maps(MVTable table) {
        List<MVMap<Object, VersionedValue<Object>>> maps = new ArrayList<>();
        for (Index index : table.getIndexes()) {
            // A delegate shares the map of the rows, which comes first.
            if (index instanceof MVIndex && !(index instanceof MVDelegateIndex)) {
                maps.add(((MVIndex<Object, Object>) index).getMVMap());
            }
        }
        return maps;
    }

    private List<Object> keys(MVMap<Object, VersionedValue<Object>> map) {
        List<Object> keys = new ArrayList<>();
        MVStore.TxCounter reading = store.registerVersionUsage();
        try {
            collect(map.getRootPage(), keys);
        } finally {
            store.deregisterVersionUsage(reading);
        }
        return keys;
    }

    private void collect(Page<Object, VersionedValue<Object>> page, List<Object> keys) {
        if (page.isLeaf()) {
            for (int i = 0; i < page.getKeyCount(); i++) {
                if (page.getValue(i).getOperationId() != 0) {
                    keys.add(page.getKey(i));
                }
            }
            return;
        }
        for (int i = 0; i < page.getRawChildPageCount(); i++) {
            long position = page.getChildPagePos(i);
            // A page is written anew when anything below it is, so an old one has nothing new below it.
            if (!DataUtils.isPageSaved(position) || DataUtils.getPageChunkId(position) >= firstChunk) {
                collect(page.getChildPage(i), keys);
            }
        }
    }

    private boolean isLeftover(MVMap<Object, VersionedValue<Object>> map, Object key, VersionedValue<Object> entry) {
        return entry.getOperationId() != 0 && !isLogged(map, key, entry.getOperationId());
    }

    /** Whether the entry's number in the undo log of an open transaction stands for this very key. */
    private boolean isLogged(MVMap<Object, VersionedValue<Object>> map, Object key, long operation) {
        String name = TransactionStore.UNDO_LOG_NAME_PREFIX + "." + (operation >>> LOG_ID_BITS);
        if (!store.hasMap(name)) {
            return false;
        }
        MVMap<Long, Object> log = store.openMap(name);
        @Nullable Object record = log.get(operation);
        if (record == null) {
            return false;
        }
        // A record's fields are H2's own; its written form begins with the map and the key.
        WriteBuffer expected = new WriteBuffer();
        expected.putVarInt(map.getId());
        map.getKeyType().write(expected, key);
        DataType<Object> recordType = log.getValueType();
        WriteBuffer actual = new WriteBuffer();
        recordType.write(actual, record);
        return actual.position() >= expected.position()
                && Arrays.equals(written(expected, expected.position()), written(actual, expected.position()));
    }

    private static byte[] written(WriteBuffer buffer, int length) {
        ByteBuffer bytes = buffer.getBuffer().duplicate();
        bytes.flip();
        byte[] copy = new byte[length];
        bytes.get(copy);
        return copy;
    }

    /** Puts an entry's last committed value in its place. */
    private final class RollBack extends MVMap.DecisionMaker<VersionedValue<Object>> {
        private final MVMap<Object, VersionedValue<Object>> map;
        private final Object key;
        private final long operation;
        private boolean changes;

        RollBack(MVMap<Object, VersionedValue<Object>> map, Object key, long operation) {
            this.map = map;
            this.key = key;
            this.operation = operation;
        }

        @Override
        public MVMap.Decision decide(
                @Nullable VersionedValue<Object> existing, @Nullable VersionedValue<Object> provided) {
            // An open transaction logs before it writes, and H2 asks again when the entry has changed in between.
            changes = existing != null && existing.getOperationId() == operation && !isLogged(map, key, operation);
            if (existing == null || !changes) {
                return MVMap.Decision.ABORT;
            }
            return isInsert(existing) ? MVMap.Decision.REMOVE : MVMap.Decision.PUT;
        }

        @Override
        @SuppressWarnings("unchecked") // H2's rows and values stand for themselves when they are committed.
        public <T extends VersionedValue<Object>> T selectValue(@Nullable T existing, @Nullable T provided) {
            if (existing == null) {
                throw new IllegalStateException("an entry that is not there has no committed value");
            }
            return (T) existing.getCommittedValue();
        }
    }
}
