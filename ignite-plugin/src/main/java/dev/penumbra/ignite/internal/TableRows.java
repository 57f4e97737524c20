package dev.penumbra.ignite.internal;

import dev.penumbra.model.Bytes;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.BinaryRows;
import java.lang.invoke.MethodType;
import java.math.BigDecimal;
import java.sql.Time;
import java.sql.Timestamp;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.IgniteException;
import org.apache.ignite.internal.binary.BinaryObjectEx;
import org.apache.ignite.internal.processors.cache.CacheObject;
import org.apache.ignite.internal.processors.cache.CacheObjectContext;
import org.apache.ignite.internal.processors.query.GridQueryProperty;
import org.apache.ignite.internal.processors.query.GridQueryTypeDescriptor;
import org.jspecify.annotations.Nullable;

/**
 * Reads the rows of an Ignite table in one layout of it.
 *
 * <p>Immutable; safe for use by several threads.
 */
@Internal
public final class TableRows {
    private static final Map<Class<?>, SqlType> TYPES = Map.ofEntries(
            Map.entry(Boolean.class, SqlType.BOOLEAN),
            Map.entry(Byte.class, SqlType.TINYINT),
            Map.entry(Short.class, SqlType.SMALLINT),
            Map.entry(Integer.class, SqlType.INTEGER),
            Map.entry(Long.class, SqlType.BIGINT),
            Map.entry(Float.class, SqlType.REAL),
            Map.entry(Double.class, SqlType.DOUBLE),
            Map.entry(BigDecimal.class, SqlType.DECIMAL),
            Map.entry(String.class, SqlType.VARCHAR),
            Map.entry(byte[].class, SqlType.VARBINARY),
            Map.entry(UUID.class, SqlType.UUID),
            Map.entry(java.sql.Date.class, SqlType.DATE),
            Map.entry(LocalDate.class, SqlType.DATE),
            Map.entry(Time.class, SqlType.TIME),
            Map.entry(LocalTime.class, SqlType.TIME),
            Map.entry(Timestamp.class, SqlType.TIMESTAMP),
            Map.entry(LocalDateTime.class, SqlType.TIMESTAMP));

    private final TableSchema schema;
    private final List<GridQueryProperty> properties;
    /** Which columns are the whole of the key or of the value, and not a field of it; -1 for none. */
    private final int wholeKey;

    private final int wholeValue;
    private final int valueTypeId;
    /** Null where there are no rows to read, but a layout to know. */
    private final @Nullable CacheObjectContext context;

    private TableRows(
            TableSchema schema,
            List<GridQueryProperty> properties,
            int wholeKey,
            int wholeValue,
            int valueTypeId,
            @Nullable CacheObjectContext context) {
        this.schema = schema;
        this.properties = properties;
        this.wholeKey = wholeKey;
        this.wholeValue = wholeValue;
        this.valueTypeId = valueTypeId;
        this.context = context;
    }

    /**
     * The layout that a table has now.
     *
     * @throws PenumbraException with TYPE_NOT_CAPTURABLE when a column has a type that rows cannot carry, or
     *     TABLE_WITHOUT_KEY when no column is part of the key
     */
    static TableRows of(GridQueryTypeDescriptor table, @Nullable CacheObjectContext context) {
        TableName name = new TableName(table.schemaName(), table.tableName());
        List<Column> columns = new ArrayList<>();
        List<String> keys = new ArrayList<>();
        List<GridQueryProperty> properties = new ArrayList<>();
        int wholeKey = -1;
        int wholeValue = -1;
        for (String field : List.copyOf(table.fields().keySet())) {
            @Nullable GridQueryProperty property = table.property(field);
            if (property == null) {
                continue;
            }
            boolean key = property.key() || field.equals(table.keyFieldAlias());
            if (field.equals(table.keyFieldAlias())) {
                wholeKey = properties.size();
            } else if (field.equals(table.valueFieldAlias())) {
                wholeValue = properties.size();
            }
            columns.add(new Column(property.name(), type(name, property), !key && !property.notNull()));
            properties.add(property);
            if (key) {
                keys.add(property.name());
            }
        }
        if (keys.isEmpty()) {
            throw new PenumbraException(ErrorCode.TABLE_WITHOUT_KEY).with("table", name);
        }
        // As the primary key names them, where it does.
        List<String> declared = List.copyOf(table.primaryKeyFields());
        keys.sort(Comparator.comparingInt(declared::indexOf));
        return new TableRows(
                new TableSchema(name, columns, keys), properties, wholeKey, wholeValue, table.typeId(), context);
    }

    private static ColumnType type(TableName table, GridQueryProperty property) {
        // A number that is NOT NULL is of a primitive type.
        SqlType type = TYPES.get(MethodType.methodType(property.type()).wrap().returnType());
        if (type == null) {
            throw new PenumbraException(ErrorCode.TYPE_NOT_CAPTURABLE)
                    .with("table", table)
                    .with("column", property.name())
                    .with("type", property.type().getName());
        }
        boolean bounded = type == SqlType.VARCHAR || type == SqlType.VARBINARY || type == SqlType.DECIMAL;
        int scale = type == SqlType.DECIMAL ? Math.max(0, property.scale()) : 0;
        return ColumnType.of(type, bounded ? Math.max(0, property.precision()) : 0, scale);
    }

    /** The layout. */
    public TableSchema schema() {
        return schema;
    }

    /** Whether a table still has this layout. */
    boolean isLayoutOf(GridQueryTypeDescriptor table) {
        int known = 0;
        for (Map.Entry<String, Class<?>> field : table.fields().entrySet()) {
            @Nullable GridQueryProperty property = table.property(field.getKey());
            if (property == null) {
                continue;
            }
            if (known == properties.size() || properties.get(known) != property) {
                return false;
            }
            known++;
        }
        return known == properties.size();
    }

    /** A row; null when the cache holds something under the key that is no row of the table. */
    @Nullable Row rowOrNull(Object key, Object value) {
        Object plainKey = plain(key);
        Object plainValue = plain(value);
        boolean belongs = plainValue instanceof BinaryObjectEx object
                ? object.typeId() == valueTypeId
                : wholeValue >= 0 && plainValue != null;
        return belongs ? row(plainKey, plainValue) : null;
    }

    private Row row(@Nullable Object plainKey, @Nullable Object plainValue) {
        @Nullable Object[] row = new @Nullable Object[properties.size()];
        try {
            for (int i = 0; i < row.length; i++) {
                @Nullable Object stored = i == wholeKey
                        ? plainKey
                        : i == wholeValue ? plainValue : properties.get(i).value(plainKey, plainValue);
                row[i] =
                        stored == null ? null : restored(schema.columns().get(i).type(), stored);
            }
        } catch (IgniteCheckedException e) {
            throw new IgniteException(e);
        }
        return Row.wrap(row);
    }

    /** A cache object as the table's properties read it: a binary object, or the plain value. */
    private @Nullable Object plain(Object object) {
        return object instanceof CacheObject stored
                ? java.util.Objects.requireNonNull(context).unwrapBinaryIfNeeded(stored, true, false, null)
                : object;
    }

    private static Object restored(ColumnType type, Object stored) {
        if (type.type().valueClass().isInstance(stored)) {
            return stored;
        }
        return type.type() == SqlType.VARBINARY ? Bytes.of((byte[]) stored) : BinaryRows.restored(type, stored);
    }
}
