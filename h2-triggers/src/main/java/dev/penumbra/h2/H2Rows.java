package dev.penumbra.h2;

import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.journal.RowFormat;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Interval;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import java.util.List;
import org.h2.api.IntervalQualifier;
import org.h2.util.DateTimeUtils;
import org.h2.value.Value;
import org.h2.value.ValueArray;
import org.h2.value.ValueDate;
import org.h2.value.ValueDecfloat;
import org.h2.value.ValueInterval;
import org.h2.value.ValueNull;
import org.h2.value.ValueTime;
import org.h2.value.ValueTimeTimeZone;
import org.h2.value.ValueTimestamp;
import org.h2.value.ValueTimestampTimeZone;
import org.h2.value.ValueUuid;
import org.jspecify.annotations.Nullable;

/**
 * Turns H2's own values into row images, without the detour over {@code java.sql.Time} and {@code java.sql.Timestamp}, which
 * lose fractions of a second and the hours that daylight saving skips.
 */
final class H2Rows {
    private H2Rows() {}

    /**
     * Appends a row image.
     *
     * @param values in column order; more of them than the schema has columns are passed over
     * @throws PenumbraException with LOB_TOO_LARGE
     */
    static void write(Output output, TableSchema schema, Value[] values, long maxLobBytes) {
        int columns = schema.size();
        int bits = 0;
        for (int i = 0; i < columns; i++) {
            if (isNull(values[i])) {
                bits |= 1 << (i & 7);
            }
            if ((i & 7) == 7 || i == columns - 1) {
                output.writeByte(bits);
                bits = 0;
            }
        }
        List<Column> declared = schema.columns();
        for (int i = 0; i < columns; i++) {
            if (!isNull(values[i])) {
                writeValue(output, declared.get(i).type(), values[i], maxLobBytes);
            }
        }
    }

    private static void writeValue(Output output, ColumnType type, Value value, long maxLobBytes) {
        switch (type.type()) {
            case BOOLEAN -> output.writeBoolean(value.getBoolean());
            case TINYINT -> output.writeByte(value.getByte());
            case SMALLINT -> output.writeVarInt(value.getShort(), false);
            case INTEGER -> output.writeVarInt(value.getInt(), false);
            case BIGINT -> output.writeVarLong(value.getLong(), false);
            case REAL -> output.writeFloat(value.getFloat());
            case DOUBLE -> output.writeDouble(value.getDouble());
            case DECFLOAT -> {
                if (value instanceof ValueDecfloat decfloat && !decfloat.isFinite()) {
                    RowFormat.writeSpecialDecfloat(output, value.getDouble());
                } else {
                    RowFormat.writeFiniteDecfloat(output, value.getBigDecimal());
                }
            }
            case DECIMAL -> RowFormat.writeDecimal(output, value.getBigDecimal());
            case CHAR, VARCHAR, VARCHAR_IGNORECASE, JSON, ENUM -> output.writeString(value.getString());
            case CLOB -> {
                requireLength(value, maxLobBytes);
                output.writeString(value.getString());
            }
            case BINARY, VARBINARY -> RowFormat.writeBytes(output, value.getBytesNoCopy());
            case BLOB -> {
                requireLength(value, maxLobBytes);
                RowFormat.writeBytes(output, value.getBytes());
            }
            case DATE -> output.writeVarLong(epochDay(((ValueDate) value).getDateValue()), false);
            case TIME -> output.writeVarLong(((ValueTime) value).getNanos(), true);
            case TIME_WITH_TIME_ZONE -> {
                ValueTimeTimeZone time = (ValueTimeTimeZone) value;
                output.writeVarLong(time.getNanos(), true);
                output.writeVarInt(time.getTimeZoneOffsetSeconds(), false);
            }
            case TIMESTAMP -> {
                ValueTimestamp time = (ValueTimestamp) value;
                RowFormat.writeTimestamp(output, epochDay(time.getDateValue()), time.getTimeNanos());
            }
            case TIMESTAMP_WITH_TIME_ZONE -> {
                ValueTimestampTimeZone time = (ValueTimestampTimeZone) value;
                RowFormat.writeTimestamp(output, epochDay(time.getDateValue()), time.getTimeNanos());
                output.writeVarInt(time.getTimeZoneOffsetSeconds(), false);
            }
            case INTERVAL -> {
                ValueInterval interval = (ValueInterval) value;
                RowFormat.writeInterval(output, interval.isNegative(), interval.getLeading(), interval.getRemaining());
            }
            case UUID -> {
                ValueUuid uuid = (ValueUuid) value;
                output.writeLong(uuid.getHigh());
                output.writeLong(uuid.getLow());
            }
            case ARRAY -> {
                Value[] items = ((ValueArray) value).getList();
                output.writeVarInt(items.length, true);
                for (Value item : items) {
                    boolean present = !isNull(item);
                    output.writeBoolean(present);
                    ColumnType element = type.element();
                    if (present && element != null) {
                        writeValue(output, element, item, maxLobBytes);
                    }
                }
            }
        }
    }

    @SuppressWarnings("ReferenceEquality") // H2 has one NULL.
    private static boolean isNull(Value value) {
        return value == ValueNull.INSTANCE;
    }

    private static void requireLength(Value lob, long maxLobBytes) {
        if (lob.octetLength() > maxLobBytes) {
            throw new PenumbraException(ErrorCode.LOB_TOO_LARGE)
                    .with("bytes", lob.octetLength())
                    .with("maxBytes", maxLobBytes);
        }
    }

    private static long epochDay(long dateValue) {
        return DateTimeUtils.absoluteDayFromDateValue(dateValue);
    }

    /** The row that an image of these values holds. */
    static Row row(TableSchema schema, Value[] values) {
        return RowFormat.read(new Input(image(schema, values).array()), schema);
    }

    /** An image of these values. */
    static Bytes image(TableSchema schema, Value[] values) {
        Output output = new Output(256, Integer.MAX_VALUE - 8);
        write(output, schema, values, Long.MAX_VALUE);
        return Bytes.wrap(output.toBytes());
    }

    /** What JDBC takes as the parameter for a key's values. */
    static Object[] parameters(TableSchema schema, Key key) {
        Object[] parameters = new Object[key.size()];
        List<Column> columns = schema.keyColumns();
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = parameter(columns.get(i).type(), key.get(i));
        }
        return parameters;
    }

    private static Object parameter(ColumnType type, Object value) {
        if (value instanceof Bytes bytes) {
            return bytes.toArray();
        }
        if (value instanceof Interval interval) {
            return ValueInterval.from(
                    IntervalQualifier.valueOf(interval.qualifier().code() - 1),
                    interval.negative(),
                    interval.leading(),
                    interval.remaining());
        }
        if (value instanceof List<?> list && type.element() != null) {
            ColumnType element = type.element();
            @Nullable Object[] items = new @Nullable Object[list.size()];
            for (int i = 0; i < items.length; i++) {
                Object item = list.get(i);
                items[i] = item == null ? null : parameter(element, item);
            }
            return items;
        }
        return value;
    }
}
