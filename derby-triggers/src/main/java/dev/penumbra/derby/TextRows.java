package dev.penumbra.derby;

import java.util.Iterator;
import java.util.List;
import org.apache.derby.vti.StringColumnVTI;
import org.jspecify.annotations.Nullable;

/** The rows of a table function, as text that Derby converts to the columns' types. */
final class TextRows extends StringColumnVTI {
    private final Iterator<@Nullable String[]> rows;
    private @Nullable String[] row = new @Nullable String[0];

    TextRows(List<@Nullable String[]> rows, String... columns) {
        super(columns);
        this.rows = rows.iterator();
    }

    @Override
    public boolean next() {
        if (!rows.hasNext()) {
            return false;
        }
        row = rows.next();
        return true;
    }

    @Override
    protected @Nullable String getRawColumn(int columnNumber) {
        return row[columnNumber - 1];
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
