package dev.penumbra.ignite;

import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableSchema;
import org.jspecify.annotations.Nullable;

/** Carries a row from one layout of a table to another by the names of columns. */
final class Translation {
    private Translation() {}

    /**
     * The row in another layout: a column that the row does not have, or has with values of another kind, is null. Whoever
     * calls this keeps such a copy from being read until the source has delivered its rows again.
     */
    static Row of(TableSchema from, TableSchema to, Row row) {
        @Nullable Object[] values = new @Nullable Object[to.size()];
        for (int i = 0; i < values.length; i++) {
            Column column = to.columns().get(i);
            int ordinal = from.ordinal(column.name());
            if (ordinal >= 0 && sameValues(from.columns().get(ordinal).type(), column.type())) {
                values[i] = row.get(ordinal);
            }
        }
        return Row.wrap(values);
    }

    /** Whether every value of one type is a value of another, stored alike. */
    static boolean sameValues(ColumnType from, ColumnType to) {
        if (from.type() == SqlType.ARRAY || from.type() == SqlType.INTERVAL || from.type() != to.type()) {
            return from.equals(to);
        }
        return true;
    }
}
