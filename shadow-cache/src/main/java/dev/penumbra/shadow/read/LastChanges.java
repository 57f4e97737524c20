package dev.penumbra.shadow.read;

import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Where each table's last change stands in a journal, as far as the journal has been read.
 *
 * <p>A feed that begins behind a position does not know what lies before it; any table may have been changed just there. Written by one
 * thread, read by several.
 */
@Internal
public final class LastChanges {
    private final Map<TableName, Position> last = new ConcurrentHashMap<>();
    private volatile Position begun = Position.START;

    /** From here on changes behind a position are told. */
    public void begin(Position position) {
        begun = position;
        last.clear();
    }

    /** A table has been changed; to be told before any copy is said to have the change. */
    public void changed(TableName table, Position position) {
        last.put(table, position);
    }

    /** The position behind which a table has not been changed, as far as changes have been told. */
    public Position of(TableName table) {
        Position known = last.get(table);
        return known == null ? begun : known;
    }
}
