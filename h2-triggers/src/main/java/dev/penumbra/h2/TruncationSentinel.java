package dev.penumbra.h2;

import dev.penumbra.model.Operation;
import org.h2.command.query.AllColumnsForPlan;
import org.h2.engine.SessionLocal;
import org.h2.index.Cursor;
import org.h2.index.Index;
import org.h2.index.IndexType;
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
    private final H2Database capture;
    private final Table watched;

    TruncationSentinel(H2Database capture, Table table) {
        super(table, 0, null, new IndexColumn[0], 0, IndexType.createScan(false));
        this.capture = capture;
        this.watched = table;
    }

    /** Puts a sentinel on a table that has none. The caller keeps other sessions out of the table. */
    static void place(H2Database capture, Table table) {
        for (Index index : table.getIndexes()) {
            if (index instanceof TruncationSentinel) {
                return;
            }
        }
        table.getIndexes().add(new TruncationSentinel(capture, table));
    }

    static boolean isOn(Table table) {
        return table.getIndexes().stream().anyMatch(TruncationSentinel.class::isInstance);
    }

    @Override
    public void truncate(SessionLocal session) {
        capture.writeTableEvent(session, watched, Operation.TRUNCATE);
    }

    @Override
    public void remove(SessionLocal session) {
        capture.writeTableEvent(session, watched, Operation.DROP);
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
