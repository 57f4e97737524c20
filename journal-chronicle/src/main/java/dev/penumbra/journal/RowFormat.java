package dev.penumbra.journal;

import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.KryoBufferUnderflowException;
import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Interval;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a row image: a bitmap of the columns that are NULL, then the other values in column order.
 *
 * <p>The layout of each value is drawn in {@code docs/journal-format.md}. The {@code write} methods for single values are
 * public so that a source can encode its own value objects without making ours first. Stateless; the Kryo buffers belong
 * to the calling thread.
 */
@Internal
public final class RowFormat {
    private static final int IMAGE_BYTES = 256;
    private static final int DECFLOAT_FINITE = 0;
    private static final int DECFLOAT_SPECIAL = 1;

    private RowFormat() {}

    /** How many bytes the NULL bitmap of a row of this many columns takes. */
    public static int bitmapLength(int columns) {
        return (columns + 7) >>> 3;
    }

    /**
     * Appends a row image.
     *
     * @throws IllegalArgumentException when a value does not have its column's class; the buffer then holds a part
     */
    public static void write(Output output, TableSchema schema, Row row) {
        int columns = schema.size();
        if (row.size() != columns) {
            throw new IllegalArgumentException("row has " + row.size() + " columns, " + schema + " has " + columns);
        }
        int bits = 0;
        for (int i = 0; i < columns; i++) {
            if (row.get(i) == null) {
                bits |= 1 << (i & 7);
            }
            if ((i & 7) == 7 || i == columns - 1) {
                output.writeByte(bits);
                bits = 0;
            }
        }
        for (int i = 0; i < columns; i++) {
            @Nullable Object value = row.get(i);
            if (value != null) {
                ColumnType type = schema.columns().get(i).type();
                if (!type.accepts(value)) {
                    throw new IllegalArgumentException("column "
                            + schema.columns().get(i).name() + " is " + type + " and cannot hold a "
                            + value.getClass().getName());
                }
                writeValue(output, type, value);
            }
        }
    }

    /**
     * A row image by itself.
     *
     * @throws IllegalArgumentException as {@link #write}
     */
    public static Bytes image(TableSchema schema, Row row) {
        Output output = new Output(IMAGE_BYTES, Integer.MAX_VALUE - 8);
        write(output, schema, row);
        return Bytes.wrap(output.toBytes());
    }

    /** Reads a row image that {@link #write} appended under the same schema. */
    public static Row read(Input input, TableSchema schema) {
        int columns = schema.size();
        try {
            byte[] bitmap = input.readBytes(bitmapLength(columns));
            @Nullable Object[] values = new @Nullable Object[columns];
            List<dev.penumbra.model.Column> declared = schema.columns();
            for (int i = 0; i < columns; i++) {
                if ((bitmap[i >>> 3] & 1 << (i & 7)) == 0) {
                    values[i] = readValue(input, declared.get(i).type());
                }
            }
            return Row.wrap(values);
        } catch (KryoBufferUnderflowException | IndexOutOfBoundsException | java.time.DateTimeException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT, e).with("schema", schema);
        }
    }

    private static void writeValue(Output output, ColumnType type, Object value) {
        switch (type.type()) {
            case BOOLEAN -> output.writeBoolean((Boolean) value);
            case TINYINT -> output.writeByte((Byte) value);
            case SMALLINT -> output.writeVarInt((Short) value, false);
            case INTEGER -> output.writeVarInt((Integer) value, false);
            case BIGINT -> output.writeVarLong((Long) value, false);
            case REAL -> output.writeFloat((Float) value);
            case DOUBLE -> output.writeDouble((Double) value);
            case DECFLOAT -> {
                if (value instanceof BigDecimal decimal) {
                    output.writeByte(DECFLOAT_FINITE);
                    writeDecimal(output, decimal);
                } else {
                    writeSpecialDecfloat(output, ((Number) value).doubleValue());
                }
            }
            case DECIMAL -> writeDecimal(output, (BigDecimal) value);
            case CHAR, VARCHAR, VARCHAR_IGNORECASE, CLOB, JSON, ENUM -> output.writeString((String) value);
            case BINARY, VARBINARY, BLOB -> writeBytes(output, ((Bytes) value).array());
            case DATE -> output.writeVarLong(((LocalDate) value).toEpochDay(), false);
            case TIME -> output.writeVarLong(((LocalTime) value).toNanoOfDay(), true);
            case TIME_WITH_TIME_ZONE -> {
                OffsetTime time = (OffsetTime) value;
                output.writeVarLong(time.toLocalTime().toNanoOfDay(), true);
                output.writeVarInt(time.getOffset().getTotalSeconds(), false);
            }
            case TIMESTAMP -> {
                LocalDateTime time = (LocalDateTime) value;
                writeTimestamp(
                        output,
                        time.toLocalDate().toEpochDay(),
                        time.toLocalTime().toNanoOfDay());
            }
            case TIMESTAMP_WITH_TIME_ZONE -> {
                OffsetDateTime time = (OffsetDateTime) value;
                writeTimestamp(
                        output,
                        time.toLocalDate().toEpochDay(),
                        time.toLocalTime().toNanoOfDay());
                output.writeVarInt(time.getOffset().getTotalSeconds(), false);
            }
            case INTERVAL -> {
                Interval interval = (Interval) value;
                writeInterval(output, interval.negative(), interval.leading(), interval.remaining());
            }
            case UUID -> {
                UUID uuid = (UUID) value;
                output.writeLong(uuid.getMostSignificantBits());
                output.writeLong(uuid.getLeastSignificantBits());
            }
            case ARRAY -> {
                ColumnType element = elementOf(type);
                List<?> items = (List<?>) value;
                output.writeVarInt(items.size(), true);
                for (Object item : items) {
                    output.writeBoolean(item != null);
                    if (item != null) {
                        writeValue(output, element, item);
                    }
                }
            }
        }
    }

    private static Object readValue(Input input, ColumnType type) {
        return switch (type.type()) {
            case BOOLEAN -> input.readBoolean();
            case TINYINT -> input.readByte();
            case SMALLINT -> (short) input.readVarInt(false);
            case INTEGER -> input.readVarInt(false);
            case BIGINT -> input.readVarLong(false);
            case REAL -> input.readFloat();
            case DOUBLE -> input.readDouble();
            case DECFLOAT -> input.readByte() == DECFLOAT_FINITE ? readDecimal(input) : (Number) input.readDouble();
            case DECIMAL -> readDecimal(input);
            case CHAR, VARCHAR, VARCHAR_IGNORECASE, CLOB, JSON, ENUM -> readString(input);
            case BINARY, VARBINARY, BLOB -> Bytes.wrap(input.readBytes(length(input)));
            case DATE -> LocalDate.ofEpochDay(input.readVarLong(false));
            case TIME -> LocalTime.ofNanoOfDay(input.readVarLong(true));
            case TIME_WITH_TIME_ZONE ->
                OffsetTime.of(
                        LocalTime.ofNanoOfDay(input.readVarLong(true)),
                        ZoneOffset.ofTotalSeconds(input.readVarInt(false)));
            case TIMESTAMP -> readTimestamp(input);
            case TIMESTAMP_WITH_TIME_ZONE ->
                OffsetDateTime.of(readTimestamp(input), ZoneOffset.ofTotalSeconds(input.readVarInt(false)));
            case INTERVAL ->
                new Interval(
                        Interval.Qualifier.ofCode((int) type.precision()),
                        input.readBoolean(),
                        input.readVarLong(true),
                        input.readVarLong(true));
            case UUID -> new UUID(input.readLong(), input.readLong());
            case ARRAY -> {
                ColumnType element = elementOf(type);
                int size = length(input);
                List<@Nullable Object> items = new ArrayList<>(size);
                for (int i = 0; i < size; i++) {
                    items.add(input.readBoolean() ? readValue(input, element) : null);
                }
                yield Collections.unmodifiableList(items);
            }
        };
    }

    /** Appends a decimal number. */
    public static void writeDecimal(Output output, BigDecimal decimal) {
        BigInteger unscaled = decimal.unscaledValue();
        int scale = decimal.scale();
        if (unscaled.bitLength() < Long.SIZE) {
            writeSmallDecimal(output, unscaled.longValue(), scale);
        } else {
            output.writeVarInt(2 * zigzag(scale) + 1, true);
            writeBytes(output, unscaled.toByteArray());
        }
    }

    private static void writeSmallDecimal(Output output, long unscaled, int scale) {
        output.writeVarInt(2 * zigzag(scale), true);
        output.writeVarLong(unscaled, false);
    }

    private static BigDecimal readDecimal(Input input) {
        int head = input.readVarInt(true);
        int scale = unzigzag(head >>> 1);
        return (head & 1) == 0
                ? BigDecimal.valueOf(input.readVarLong(false), scale)
                : new BigDecimal(new BigInteger(input.readBytes(length(input))), scale);
    }

    /** Appends a NaN or infinity of a DECFLOAT column. */
    public static void writeSpecialDecfloat(Output output, double special) {
        output.writeByte(DECFLOAT_SPECIAL);
        output.writeDouble(special);
    }

    /** Appends a finite value of a DECFLOAT column. */
    public static void writeFiniteDecfloat(Output output, BigDecimal decimal) {
        output.writeByte(DECFLOAT_FINITE);
        writeDecimal(output, decimal);
    }

    /** Appends a date and time of day without zone, days since 1970-01-01 and nanoseconds since midnight. */
    public static void writeTimestamp(Output output, long epochDay, long nanoOfDay) {
        output.writeVarLong(epochDay, false);
        // Most timestamps end in whole microseconds; those take three bytes less so.
        if (nanoOfDay % 1000 == 0) {
            output.writeVarLong(nanoOfDay / 1000 * 2, true);
        } else {
            output.writeVarLong(nanoOfDay * 2 + 1, true);
        }
    }

    private static LocalDateTime readTimestamp(Input input) {
        LocalDate date = LocalDate.ofEpochDay(input.readVarLong(false));
        long time = input.readVarLong(true);
        return LocalDateTime.of(date, LocalTime.ofNanoOfDay((time & 1) == 0 ? time / 2 * 1000 : time / 2));
    }

    /** Appends an interval; its qualifier stands in the column type. */
    public static void writeInterval(Output output, boolean negative, long leading, long remaining) {
        output.writeBoolean(negative);
        output.writeVarLong(leading, true);
        output.writeVarLong(remaining, true);
    }

    /** Appends bytes with their length. */
    public static void writeBytes(Output output, byte[] bytes) {
        output.writeVarInt(bytes.length, true);
        output.writeBytes(bytes);
    }

    private static String readString(Input input) {
        @Nullable String text = input.readString();
        if (text == null) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT).with("reason", "null string");
        }
        return text;
    }

    /** A length that cannot be larger than what is left, so that damaged bytes cannot ask for gigabytes. */
    private static int length(Input input) {
        int length = input.readVarInt(true);
        if (length < 0 || length > input.limit() - input.position()) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT).with("length", length);
        }
        return length;
    }

    private static ColumnType elementOf(ColumnType type) {
        ColumnType element = type.element();
        if (element == null) {
            throw new IllegalArgumentException("array without element type");
        }
        return element;
    }

    private static int zigzag(int value) {
        return value << 1 ^ value >> 31;
    }

    private static int unzigzag(int value) {
        return value >>> 1 ^ -(value & 1);
    }
}
