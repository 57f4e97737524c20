package dev.penumbra.h2;

import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Interval;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.h2.constraint.Constraint;
import org.h2.index.Index;
import org.h2.table.Table;
import org.h2.value.TypeInfo;
import org.h2.value.Value;
import org.jspecify.annotations.Nullable;

/** Reads the layout of an H2 table. */
final class H2Layout {
    private H2Layout() {}

    /**
     * A table's present layout.
     *
     * @param maxLobBytes the length up to which a LOB column may be declared
     * @throws PenumbraException with TABLE_WITHOUT_KEY, TYPE_NOT_CAPTURABLE or LOB_UNBOUNDED
     */
    static TableSchema of(Table table, long maxLobBytes) {
        TableName name = new TableName(table.getSchema().getName(), table.getName());
        List<Column> columns = new ArrayList<>();
        for (org.h2.table.Column column : table.getColumns()) {
            ColumnType type = typeOf(name, column.getName(), column.getType());
            boolean lob = type.type() == SqlType.CLOB || type.type() == SqlType.BLOB;
            if (lob && type.precision() > maxLobBytes) {
                throw new PenumbraException(ErrorCode.LOB_UNBOUNDED)
                        .with("table", name)
                        .with("column", column.getName())
                        .with("declaredLength", type.precision())
                        .with("maxBytes", maxLobBytes);
            }
            columns.add(new Column(column.getName(), type, column.isNullable()));
        }
        return new TableSchema(name, columns, keyOf(name, table));
    }

    private static List<String> keyOf(TableName name, Table table) {
        @Nullable Index primaryKey = table.findPrimaryKey();
        if (primaryKey != null) {
            return Arrays.stream(primaryKey.getColumns())
                    .map(org.h2.table.Column::getName)
                    .toList();
        }
        @Nullable Iterable<Constraint> constraints = table.getConstraints();
        if (constraints != null) {
            for (Constraint constraint : constraints) {
                if (constraint.getConstraintType() == Constraint.Type.UNIQUE) {
                    Set<org.h2.table.Column> referenced = constraint.getReferencedColumns(table);
                    if (referenced.stream().noneMatch(org.h2.table.Column::isNullable)) {
                        return Arrays.stream(table.getColumns())
                                .filter(referenced::contains)
                                .map(org.h2.table.Column::getName)
                                .toList();
                    }
                }
            }
        }
        throw new PenumbraException(ErrorCode.TABLE_WITHOUT_KEY).with("table", name);
    }

    private static ColumnType typeOf(TableName table, String column, TypeInfo type) {
        int valueType = type.getValueType();
        if (valueType >= Value.INTERVAL_YEAR && valueType <= Value.INTERVAL_MINUTE_TO_SECOND) {
            Interval.Qualifier qualifier = Interval.Qualifier.ofCode(valueType - Value.INTERVAL_YEAR + 1);
            return ColumnType.of(SqlType.INTERVAL, qualifier.code(), type.getScale());
        }
        if (valueType == Value.ARRAY) {
            TypeInfo element = (TypeInfo) type.getExtTypeInfo();
            if (element != null) {
                return new ColumnType(SqlType.ARRAY, type.getPrecision(), 0, typeOf(table, column, element));
            }
        }
        SqlType sqlType = switch (valueType) {
            case Value.BOOLEAN -> SqlType.BOOLEAN;
            case Value.TINYINT -> SqlType.TINYINT;
            case Value.SMALLINT -> SqlType.SMALLINT;
            case Value.INTEGER -> SqlType.INTEGER;
            case Value.BIGINT -> SqlType.BIGINT;
            case Value.REAL -> SqlType.REAL;
            case Value.DOUBLE -> SqlType.DOUBLE;
            case Value.DECFLOAT -> SqlType.DECFLOAT;
            case Value.NUMERIC -> SqlType.DECIMAL;
            case Value.CHAR -> SqlType.CHAR;
            case Value.VARCHAR -> SqlType.VARCHAR;
            case Value.VARCHAR_IGNORECASE -> SqlType.VARCHAR_IGNORECASE;
            case Value.CLOB -> SqlType.CLOB;
            case Value.BINARY -> SqlType.BINARY;
            case Value.VARBINARY -> SqlType.VARBINARY;
            case Value.BLOB -> SqlType.BLOB;
            case Value.DATE -> SqlType.DATE;
            case Value.TIME -> SqlType.TIME;
            case Value.TIME_TZ -> SqlType.TIME_WITH_TIME_ZONE;
            case Value.TIMESTAMP -> SqlType.TIMESTAMP;
            case Value.TIMESTAMP_TZ -> SqlType.TIMESTAMP_WITH_TIME_ZONE;
            case Value.UUID -> SqlType.UUID;
            case Value.JSON -> SqlType.JSON;
            case Value.ENUM -> SqlType.ENUM;
            default ->
                throw new PenumbraException(ErrorCode.TYPE_NOT_CAPTURABLE)
                        .with("table", table)
                        .with("column", column)
                        .with("type", Value.getTypeName(valueType));
        };
        return switch (sqlType) {
            case BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT, REAL, DOUBLE, DATE, UUID, ENUM -> ColumnType.of(sqlType);
            case DECIMAL -> ColumnType.of(sqlType, type.getPrecision(), type.getScale());
            case TIME, TIME_WITH_TIME_ZONE, TIMESTAMP, TIMESTAMP_WITH_TIME_ZONE ->
                ColumnType.of(sqlType, 0, type.getScale());
            default -> ColumnType.of(sqlType, type.getPrecision(), 0);
        };
    }
}
