package dev.penumbra.h2;

import dev.penumbra.model.TableSchema;
import org.h2.table.Table;
import org.jspecify.annotations.Nullable;

/**
 * What a trigger's firings know of their table: looked up again whenever any layout in the database may have changed, because
 * the names that H2 gives to a trigger when it is created are temporary ones during ALTER TABLE.
 */
final class TriggeredLayout {
    /** One consistent view, replaced as a whole. */
    record View(long metaVersion, Table table, String tableName, TableSchema schema) {}

    private volatile @Nullable View view;

    @Nullable View view() {
        return view;
    }

    void view(View newView) {
        view = newView;
    }
}
