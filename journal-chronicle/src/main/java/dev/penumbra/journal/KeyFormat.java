package dev.penumbra.journal;

import com.esotericsoftware.kryo.io.Input;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Column;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;

/** The bytes of a key: those of a row that has the key's columns alone, in the key's order. Stateless. */
@Internal
public final class KeyFormat {
    private KeyFormat() {}

    /** The layout of a table that had its key's columns alone. */
    private static TableSchema keyLayout(TableSchema layout) {
        return new TableSchema(
                layout.name(),
                layout.keyColumns(),
                layout.keyColumns().stream().map(Column::name).toList());
    }

    /** The bytes of a key of a table's row. */
    public static Bytes write(TableSchema layout, Key key) {
        return RowFormat.image(keyLayout(layout), Row.of(key.toArray()));
    }

    /** The key that {@link #write} wrote under the same layout. */
    public static Key read(TableSchema layout, Bytes key) {
        TableSchema keys = keyLayout(layout);
        return keys.keyOf(RowFormat.read(new Input(key.array()), keys));
    }
}
