package dev.penumbra.shadow;

import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.ignite.IgniteBinary;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.binary.BinaryObjectBuilder;
import org.apache.ignite.cache.QueryEntity;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one copy in the form in which its cache holds them.
 *
 * <p>A key of one column is that column's plain value where that can tell keys apart; any other key is a binary object
 * with the key's columns. A value is a binary object with the remaining columns. See {@link StoredForm} for the columns.
 *
 * <p>Immutable; safe for use by several threads.
 */
@Internal
public final class BinaryRows {
    /** Follows a column's name in the name of the field that holds what the stored value does not carry. */
    static final String REMAINDER = "\u0001remainder";

    private final IgniteBinary binary;
    private final TableSchema layout;
    private final String keyType;
    private final String valueType;
    private final int[] keyOrdinals;
    private final int[] valueOrdinals;
    private final ColumnType[] types;
    private final String[] names;
    private final StoredForm[] forms;
    private final boolean plainKey;

    /**
     * @param binary the grid's binary objects
     * @param copy a copy that is built
     */
    public BinaryRows(IgniteBinary binary, Copy copy) {
        this.binary = binary;
        this.layout = copy.requiredLayout();
        this.keyType = copy.keyType();
        this.valueType = copy.valueType();
        this.keyOrdinals = layout.keyOrdinals();
        Set<Integer> keys = new LinkedHashSet<>();
        for (int ordinal : keyOrdinals) {
            keys.add(ordinal);
        }
        List<Integer> values = new ArrayList<>();
        this.types = new ColumnType[layout.size()];
        this.names = new String[layout.size()];
        this.forms = new StoredForm[layout.size()];
        for (int i = 0; i < layout.size(); i++) {
            Column column = layout.columns().get(i);
            types[i] = column.type();
            names[i] = column.name();
            forms[i] = StoredForm.of(column.type().type());
            if (!keys.contains(i)) {
                values.add(i);
            }
        }
        this.valueOrdinals = values.stream().mapToInt(Integer::intValue).toArray();
        this.plainKey = plainKey(layout);
    }

    private static boolean plainKey(TableSchema layout) {
        int[] ordinals = layout.keyOrdinals();
        return ordinals.length == 1
                && StoredForm.of(layout.columns().get(ordinals[0]).type().type())
                        .plainKey();
    }

    /** The layout of the rows. */
    public TableSchema layout() {
        return layout;
    }

    /** A key as the cache holds it. */
    public Object key(Key key) {
        if (plainKey) {
            int ordinal = keyOrdinals[0];
            return forms[ordinal].store(types[ordinal], key.get(0));
        }
        BinaryObjectBuilder builder = binary.builder(keyType);
        for (int i = 0; i < keyOrdinals.length; i++) {
            put(builder, keyOrdinals[i], key.get(i));
        }
        return builder.build();
    }

    /**
     * A key as the cache holds it. Refuses one that cannot be any row's: it would be looked for in vain, as if its row were not there.
     *
     * @throws PenumbraException with {@link ErrorCode#INVALID_KEY}
     */
    public Object requiredKey(Key key) {
        boolean fits = key.size() == keyOrdinals.length;
        @Nullable Object last = null;
        for (int i = 0; fits && i < keyOrdinals.length; i++) {
            ColumnType type = types[keyOrdinals[i]];
            try {
                last = forms[keyOrdinals[i]].store(type, key.get(i));
                fits = StoredForm.storedClass(type.type()).isInstance(last);
            } catch (ClassCastException e) {
                fits = false;
            }
        }
        if (!fits || last == null) {
            throw new PenumbraException(ErrorCode.INVALID_KEY)
                    .with("table", layout.name())
                    .with("key", key)
                    .with("columns", layout.keyColumns());
        }
        return plainKey ? last : key(key);
    }

    /** A row's value as the cache holds it. */
    public BinaryObject value(Row row) {
        BinaryObjectBuilder builder = binary.builder(valueType);
        for (int ordinal : valueOrdinals) {
            put(builder, ordinal, row.get(ordinal));
        }
        return builder.build();
    }

    /**
     * The row that a cache entry holds.
     *
     * @throws dev.penumbra.model.PenumbraException with {@link dev.penumbra.model.ErrorCode#VALUE_CORRUPT} when a stored
     *     text cannot be read
     */
    public Row row(Object key, BinaryObject value) {
        @Nullable Object[] row = new @Nullable Object[layout.size()];
        if (plainKey) {
            int ordinal = keyOrdinals[0];
            row[ordinal] = forms[ordinal].restore(types[ordinal], key);
        } else {
            for (int ordinal : keyOrdinals) {
                row[ordinal] = get((BinaryObject) key, ordinal);
            }
        }
        for (int ordinal : valueOrdinals) {
            row[ordinal] = get(value, ordinal);
        }
        return Row.wrap(row);
    }

    private void put(BinaryObjectBuilder builder, int ordinal, @Nullable Object value) {
        if (value == null) {
            // A field that is absent reads as null, and takes no room.
            return;
        }
        ColumnType type = types[ordinal];
        Object stored = forms[ordinal].store(type, value);
        builder.setField(names[ordinal], stored);
        String remainder = forms[ordinal].remainder(type, value, stored);
        if (remainder != null) {
            builder.setField(names[ordinal] + REMAINDER, remainder);
        }
    }

    private @Nullable Object get(BinaryObject object, int ordinal) {
        @Nullable Object stored = object.field(names[ordinal]);
        if (stored == null) {
            return null;
        }
        StoredForm form = forms[ordinal];
        if (form == StoredForm.TIME || form == StoredForm.TIMESTAMP || form == StoredForm.DATE) {
            @Nullable String remainder = object.field(names[ordinal] + REMAINDER);
            if (remainder != null) {
                return TextForm.read(types[ordinal], remainder);
            }
        }
        return form.restore(types[ordinal], stored);
    }

    /** A column's value as rows carry it, from the form in which Ignite SQL stores columns of that type. */
    public static Object restored(ColumnType type, Object stored) {
        return StoredForm.of(type.type()).restore(type, stored);
    }

    /** How SQL sees the rows of a copy that is built. */
    static QueryEntity queryEntity(Copy copy) {
        TableSchema layout = copy.requiredLayout();
        LinkedHashMap<String, String> fields = new LinkedHashMap<>();
        for (Column column : layout.columns()) {
            fields.put(
                    column.name(), StoredForm.storedClass(column.type().type()).getName());
        }
        List<String> keys = layout.keyColumns().stream().map(Column::name).toList();
        QueryEntity entity = new QueryEntity()
                .setValueType(copy.valueType())
                .setTableName(copy.sqlTable())
                .setFields(fields);
        if (plainKey(layout)) {
            entity.setKeyType(
                    StoredForm.storedClass(layout.keyColumns().get(0).type().type())
                            .getName());
            entity.setKeyFieldName(keys.get(0));
        } else {
            entity.setKeyType(copy.keyType());
            entity.setKeyFields(new LinkedHashSet<>(keys));
        }
        return entity;
    }

    @Override
    public String toString() {
        return valueType + Arrays.toString(names);
    }
}
