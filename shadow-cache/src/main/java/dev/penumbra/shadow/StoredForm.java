package dev.penumbra.shadow;

import dev.penumbra.model.Bytes;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.SqlType;
import java.math.BigDecimal;
import java.sql.Date;
import java.sql.Time;
import java.sql.Timestamp;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.temporal.ChronoField;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How values of a SQL type stand in Ignite.
 *
 * <p>Types that Ignite SQL has are stored as its own; dates and times as {@code java.sql} values, which mean local time
 * in the node's time zone. What such a value cannot carry (a time's digits below the millisecond, a timestamp that a
 * change of clocks left out) is kept beside it in {@linkplain TextForm text form}, so that every value comes back
 * exactly. Types that Ignite SQL lacks ({@code TIMESTAMP WITH TIME ZONE}, {@code TIME WITH TIME ZONE}, {@code INTERVAL},
 * {@code DECFLOAT}, {@code ARRAY}) are stored in text form and are VARCHAR in SQL; so are {@code JSON} and {@code ENUM}.
 */
enum StoredForm {
    PLAIN {
        @Override
        Object store(ColumnType type, Object value) {
            return value;
        }

        @Override
        Object restore(ColumnType type, Object stored) {
            return stored;
        }
    },
    BYTES {
        @Override
        Object store(ColumnType type, Object value) {
            return ((Bytes) value).toArray();
        }

        @Override
        Object restore(ColumnType type, Object stored) {
            return Bytes.wrap((byte[]) stored);
        }
    },
    DATE {
        @Override
        Object store(ColumnType type, Object value) {
            return Date.valueOf((LocalDate) value);
        }

        @Override
        Object restore(ColumnType type, Object stored) {
            return ((Date) stored).toLocalDate();
        }
    },
    TIME {
        @Override
        Object store(ColumnType type, Object value) {
            LocalTime time = (LocalTime) value;
            return new Time(Time.valueOf(time).getTime() + time.get(ChronoField.MILLI_OF_SECOND));
        }

        @Override
        Object restore(ColumnType type, Object stored) {
            Time time = (Time) stored;
            return time.toLocalTime().plusNanos(Math.floorMod(time.getTime(), 1_000L) * NANOS_PER_MILLI);
        }
    },
    TIMESTAMP {
        @Override
        Object store(ColumnType type, Object value) {
            return Timestamp.valueOf((LocalDateTime) value);
        }

        @Override
        Object restore(ColumnType type, Object stored) {
            return ((Timestamp) stored).toLocalDateTime();
        }
    },
    TEXT {
        @Override
        Object store(ColumnType type, Object value) {
            return TextForm.write(type, value);
        }

        @Override
        Object restore(ColumnType type, Object stored) {
            return TextForm.read(type, (String) stored);
        }
    };

    private static final int NANOS_PER_MILLI = 1_000_000;

    static StoredForm of(SqlType type) {
        return switch (type) {
            case BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT, REAL, DOUBLE, DECIMAL, UUID -> PLAIN;
            case CHAR, VARCHAR, VARCHAR_IGNORECASE, CLOB, JSON, ENUM -> PLAIN;
            case BINARY, VARBINARY, BLOB -> BYTES;
            case DATE -> DATE;
            case TIME -> TIME;
            case TIMESTAMP -> TIMESTAMP;
            case DECFLOAT, TIME_WITH_TIME_ZONE, TIMESTAMP_WITH_TIME_ZONE, INTERVAL, ARRAY -> TEXT;
        };
    }

    /** The class that Ignite SQL declares a column of a type with. */
    static Class<?> storedClass(SqlType type) {
        return switch (type) {
            case BOOLEAN -> Boolean.class;
            case TINYINT -> Byte.class;
            case SMALLINT -> Short.class;
            case INTEGER -> Integer.class;
            case BIGINT -> Long.class;
            case REAL -> Float.class;
            case DOUBLE -> Double.class;
            case DECIMAL -> BigDecimal.class;
            case UUID -> UUID.class;
            case BINARY, VARBINARY, BLOB -> byte[].class;
            case DATE -> Date.class;
            case TIME -> Time.class;
            case TIMESTAMP -> Timestamp.class;
            case CHAR, VARCHAR, VARCHAR_IGNORECASE, CLOB, JSON, ENUM -> String.class;
            case DECFLOAT, TIME_WITH_TIME_ZONE, TIMESTAMP_WITH_TIME_ZONE, INTERVAL, ARRAY -> String.class;
        };
    }

    /** Whether stored values are equal exactly when the values are, and can stand as a cache key by themselves. */
    boolean plainKey() {
        return this == PLAIN || this == DATE || this == TEXT;
    }

    abstract Object store(ColumnType type, Object value);

    abstract Object restore(ColumnType type, Object stored);

    /** The text to keep beside a stored value that does not carry the whole value, or null when it does. */
    @Nullable String remainder(ColumnType type, Object value, Object stored) {
        if (this != TIME && this != TIMESTAMP && this != DATE) {
            return null;
        }
        return restore(type, stored).equals(value) ? null : TextForm.write(type, value);
    }
}
