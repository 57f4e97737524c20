package dev.penumbra.journal;

import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Column;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;

/** The bytes of a key: those of a row that has the key's columns alone, in the key's order. Stateless. */
@Internal
public final class KeyFormat {
    private static final int INITIAL_BYTES = 64;

    private KeyFormat() {}

    /** The layout of a table that had its key's columns alone. */
    static TableSchema keyLayout(TableSchema layout) {
        return new TableSchema(
                layout.name(),
                layout.keyColumns(),
                layout.keyColumns().stream().map(Column::name).toList());
    }

    /** The bytes of a key of a table's row. */
    public static Bytes write(TableSchema layout, Key key) {
        Output output = new Output(INITIAL_BYTES, Integer.MAX_VALUE - 8);
        RowFormat.write(output, keyLayout(layout), Row.of(key.toArray()));
        return Bytes.wrap(output.toBytes());
    }

    /** The key that {@link #write} wrote under the same layout. */
    public static Key read(TableSchema layout, Bytes key) {
        TableSchema keys = keyLayout(layout);
        return keys.keyOf(RowFormat.read(new Input(key.array()), keys));
    }
}
