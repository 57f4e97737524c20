package dev.penumbra.h2;

import dev.penumbra.model.Operation;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import org.h2.command.query.AllColumnsForPlan;
import org.h2.engine.SessionLocal;
import org.h2.index.Cursor;
import org.h2.index.Index;
import org.h2.index.IndexType;
import org.h2.mvstore.db.MVTable;
import org.h2.result.Row;
import org.h2.result.SearchRow;
import org.h2.result.SortOrder;
import org.h2.table.IndexColumn;
import org.h2.table.Table;
import org.h2.table.TableFilter;

/**
 * An index that holds nothing and is told when its table is emptied or dropped.
 *
 * <p>H2 fires no trigger for TRUNCATE and DROP, but it asks every index of the table to empty or remove itself, with the session
 * that does it, under the table's exclusive lock. The planner never chooses this index, no catalogue lists it (it has no SQL), and
 * it is not stored: every opening of the database puts it in place again.
 */
final class TruncationSentinel extends Index {
    private static final Field INDEXES = indexes();

    private final Table watched;

    TruncationSentinel(Table table) {
        super(table, 0, null, new IndexColumn[0], 0, IndexType.createScan(false));
        this.watched = table;
    }

    /**
     * Puts a sentinel on a table that has none. The caller keeps other sessions from writing to the table and from changing its
     * indexes. Those that plan a statement hold no lock and may be walking through the indexes, so the table is given another list:
     * adding to the one it has would fail their statements.
     */
    static void place(Table table) {
        if (isOn(table)) {
            return;
        }
        List<Index> indexes = new ArrayList<>(table.getIndexes());
        indexes.add(new TruncationSentinel(table));
        try {
            INDEXES.set(table, indexes);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("the indexes of " + table.getName() + " cannot be replaced", e);
        }
    }

    private static Field indexes() {
        try {
            Field indexes = MVTable.class.getDeclaredField("indexes");
            indexes.setAccessible(true);
            return indexes;
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException("not the H2 that is supported", e);
        }
    }

    private static boolean isOn(Table table) {
        return table.getIndexes().stream().anyMatch(TruncationSentinel.class::isInstance);
    }

    @Override
    public void truncate(SessionLocal session) {
        tell(session, Operation.TRUNCATE);
    }

    @Override
    public void remove(SessionLocal session) {
        tell(session, Operation.DROP);
    }

    private void tell(SessionLocal session, Operation operation) {
        // Whichever there is by now; none when the capture of the last table has ended.
        H2Database capture = H2Database.openOrNull(watched.getDatabase());
        if (capture != null) {
            capture.writeTableEvent(session, watched, operation);
        }
    }

    @Override
    public void add(SessionLocal session, Row row) {
        // Rows are the trigger's concern.
    }

    @Override
    public void remove(SessionLocal session, Row row) {
        // Rows are the trigger's concern.
    }

    @Override
    public void update(SessionLocal session, Row oldRow, Row newRow) {
        // Rows are the trigger's concern.
    }

    @Override
    public void close(SessionLocal session) {
        // Nothing is held.
    }

    @Override
    public Cursor find(SessionLocal session, SearchRow first, SearchRow last, boolean reverse) {
        throw new IllegalStateException("the truncation sentinel was chosen for a query");
    }

    @Override
    public double getCost(
            SessionLocal session,
            int[] masks,
            TableFilter[] filters,
            int filter,
            SortOrder sortOrder,
            AllColumnsForPlan allColumnsSet,
            boolean isSelectCommand) {
        return Double.MAX_VALUE;
    }

    @Override
    public boolean isFirstColumn(org.h2.table.Column column) {
        return false;
    }

    @Override
    public int getColumnIndex(org.h2.table.Column column) {
        return -1;
    }

    @Override
    public boolean needRebuild() {
        return false;
    }

    @Override
    public long getRowCount(SessionLocal session) {
        return 0;
    }

    @Override
    public long getRowCountApproximation(SessionLocal session) {
        return 0;
    }

    @Override
    public @org.jspecify.annotations.Nullable String getCreateSQL() {
        // H2 passes over indexes without SQL wherever it copies or lists a table's indexes.
        return null;
    }
}
