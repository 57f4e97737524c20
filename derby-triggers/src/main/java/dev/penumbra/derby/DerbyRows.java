package dev.penumbra.derby;

import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.journal.RowFormat;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableSchema;
import java.math.BigDecimal;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Time;
import java.sql.Timestamp;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Calendar;
import java.util.GregorianCalendar;
import java.util.TimeZone;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Turns Derby's values into row images. Dates and times go through a calendar without daylight saving and without the change
 * of 1582, so that every one arrives as it was written.
 */
final class DerbyRows {
    private static final long MILLIS_PER_DAY = TimeUnit.DAYS.toMillis(1);
    private static final long SECONDS_PER_DAY = TimeUnit.DAYS.toSeconds(1);
    private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long NANOS_PER_MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private static final ThreadLocal<Calendar> CALENDAR = ThreadLocal.withInitial(() -> {
        GregorianCalendar calendar = new GregorianCalendar(TimeZone.getTimeZone(ZoneOffset.UTC));
        calendar.setGregorianChange(new Date(Long.MIN_VALUE));
        return calendar;
    });

    private static final ThreadLocal<Output> KEYS =
            ThreadLocal.withInitial(() -> new Output(128, Integer.MAX_VALUE - 8));

    private DerbyRows() {}

    /**
     * Appends an image of the row that a result set stands on; its columns are the schema's, in their order.
     *
     * @throws PenumbraException with LOB_TOO_LARGE
     */
    static void write(Output output, TableSchema schema, ResultSet row, long maxLobBytes) throws SQLException {
        int columns = schema.size();
        byte[] nulls = new byte[RowFormat.bitmapLength(columns)];
        int begin = output.position();
        output.writeBytes(nulls);
        for (int i = 0; i < columns; i++) {
            if (!writeValue(output, schema.columns().get(i).type(), row, i + 1, maxLobBytes)) {
                nulls[i >>> 3] |= (byte) (1 << (i & 7));
            }
        }
        System.arraycopy(nulls, 0, output.getBuffer(), begin, nulls.length);
    }

    /** Returns false, and writes nothing, for NULL. */
    private static boolean writeValue(Output output, ColumnType type, ResultSet row, int column, long maxLobBytes)
            throws SQLException {
        switch (type.type()) {
            case BOOLEAN -> {
                boolean value = row.getBoolean(column);
                if (!row.wasNull()) {
                    output.writeBoolean(value);
                    return true;
                }
            }
            case SMALLINT, INTEGER -> {
                int value = row.getInt(column);
                if (!row.wasNull()) {
                    output.writeVarInt(value, false);
                    return true;
                }
            }
            case BIGINT -> {
                long value = row.getLong(column);
                if (!row.wasNull()) {
                    output.writeVarLong(value, false);
                    return true;
                }
            }
            case REAL -> {
                float value = row.getFloat(column);
                if (!row.wasNull()) {
                    output.writeFloat(value);
                    return true;
                }
            }
            case DOUBLE -> {
                double value = row.getDouble(column);
                if (!row.wasNull()) {
                    output.writeDouble(value);
                    return true;
                }
            }
            case DECIMAL -> {
                @Nullable BigDecimal value = row.getBigDecimal(column);
                if (value != null) {
                    RowFormat.writeDecimal(output, value);
                    return true;
                }
            }
            case CHAR, VARCHAR, CLOB -> {
                @Nullable String value = row.getString(column);
                if (value != null) {
                    if (type.type() == SqlType.CLOB) {
                        requireLength(value.length(), maxLobBytes);
                    }
                    output.writeString(value);
                    return true;
                }
            }
            case BINARY, VARBINARY, BLOB -> {
                byte @Nullable [] value = row.getBytes(column);
                if (value != null) {
                    if (type.type() == SqlType.BLOB) {
                        requireLength(value.length, maxLobBytes);
                    }
                    RowFormat.writeBytes(output, value);
                    return true;
                }
            }
            case DATE -> {
                @Nullable Date value = row.getDate(column, CALENDAR.get());
                if (value != null) {
                    output.writeVarLong(Math.floorDiv(value.getTime(), MILLIS_PER_DAY), false);
                    return true;
                }
            }
            case TIME -> {
                @Nullable Time value = row.getTime(column, CALENDAR.get());
                if (value != null) {
                    output.writeVarLong(Math.floorMod(value.getTime(), MILLIS_PER_DAY) * NANOS_PER_MILLI, true);
                    return true;
                }
            }
            case TIMESTAMP -> {
                @Nullable Timestamp value = row.getTimestamp(column, CALENDAR.get());
                if (value != null) {
                    long seconds = Math.floorDiv(value.getTime(), 1000L);
                    RowFormat.writeTimestamp(
                            output,
                            Math.floorDiv(seconds, SECONDS_PER_DAY),
                            Math.floorMod(seconds, SECONDS_PER_DAY) * NANOS_PER_SECOND + value.getNanos());
                    return true;
                }
            }
            default -> throw new IllegalArgumentException("Derby has no type " + type);
        }
        return false;
    }

    /** Whether the rows that two result sets stand on have the same key. */
    static boolean sameKey(TableSchema schema, ResultSet one, ResultSet other) throws SQLException {
        Output keys = KEYS.get();
        keys.reset();
        writeKey(keys, schema, one);
        int end = keys.position();
        writeKey(keys, schema, other);
        return Arrays.equals(keys.getBuffer(), 0, end, keys.getBuffer(), end, keys.position());
    }

    private static void writeKey(Output output, TableSchema schema, ResultSet row) throws SQLException {
        for (int ordinal : schema.keyOrdinals()) {
            writeValue(output, schema.columns().get(ordinal).type(), row, ordinal + 1, Long.MAX_VALUE);
        }
    }

    private static void requireLength(long length, long maxLobBytes) {
        if (length > maxLobBytes) {
            throw new PenumbraException(ErrorCode.LOB_TOO_LARGE)
                    .with("bytes", length)
                    .with("maxBytes", maxLobBytes);
        }
    }

    /** An image of the row that a result set stands on. */
    static Bytes image(TableSchema schema, ResultSet row) throws SQLException {
        Output output = new Output(256, Integer.MAX_VALUE - 8);
        write(output, schema, row, Long.MAX_VALUE);
        return Bytes.wrap(output.toBytes());
    }

    /** Sets a key column's value as a parameter. */
    static void setParameter(PreparedStatement statement, int index, Key key, int column) throws SQLException {
        Object value = key.get(column);
        if (value instanceof Bytes bytes) {
            statement.setBytes(index, bytes.toArray());
        } else if (value instanceof LocalDate date) {
            statement.setDate(index, new Date(date.toEpochDay() * MILLIS_PER_DAY), CALENDAR.get());
        } else if (value instanceof LocalTime time) {
            statement.setTime(index, new Time(time.toNanoOfDay() / NANOS_PER_MILLI), CALENDAR.get());
        } else if (value instanceof LocalDateTime time) {
            Timestamp timestamp = new Timestamp(time.toEpochSecond(ZoneOffset.UTC) * 1000);
            timestamp.setNanos((int) (time.toLocalTime().toNanoOfDay() % NANOS_PER_SECOND));
            statement.setTimestamp(index, timestamp, CALENDAR.get());
        } else {
            statement.setObject(index, value);
        }
    }
}
