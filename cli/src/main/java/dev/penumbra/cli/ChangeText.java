package dev.penumbra.cli;

import dev.penumbra.model.Change;
import dev.penumbra.model.Key;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Changes as JSON, in the form that {@code journal dump} prints. */
final class ChangeText {
    private ChangeText() {}

    static String of(Change change) {
        TableSchema schema = change.schema();
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("position", of(change.position()));
        fields.put("tx", change.transaction().toString());
        fields.put("table", change.table().toString());
        fields.put("op", change.operation().name());
        fields.put("key", key(schema, change.key()));
        fields.put("before", row(schema, change.before()));
        fields.put("after", row(schema, change.after()));
        fields.put("schema", schema.fingerprint().toString());
        return JsonText.of(fields);
    }

    static Map<String, Object> of(Position position) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("epoch", position.epoch());
        fields.put("sequence", position.sequence());
        return fields;
    }

    private static @Nullable Map<String, @Nullable Object> key(TableSchema schema, @Nullable Key key) {
        if (key == null) {
            return null;
        }
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        for (int i = 0; i < key.size(); i++) {
            values.put(schema.keyColumns().get(i).name(), ValueText.of(key.get(i)));
        }
        return values;
    }

    private static @Nullable Map<String, @Nullable Object> row(TableSchema schema, @Nullable Row row) {
        if (row == null) {
            return null;
        }
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        for (int i = 0; i < row.size(); i++) {
            values.put(schema.columns().get(i).name(), ValueText.of(row.get(i)));
        }
        return values;
    }
}
