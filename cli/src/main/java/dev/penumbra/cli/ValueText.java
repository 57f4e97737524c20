package dev.penumbra.cli;

import dev.penumbra.model.Bytes;
import java.math.BigDecimal;
import java.sql.Date;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * SQL values in JSON: null, true and false, integers as numbers, arrays as arrays, everything else as strings.
 *
 * <p>Decimals are in plain notation, dates and times in ISO-8601 with seconds, bytes in base64.
 */
final class ValueText {
    /** A DECFLOAT can have an exponent of two thousand million; its plain form would not fit anywhere. */
    private static final int PLAIN_DIGITS_MAX = 100_000;

    private ValueText() {}

    /** The value as {@link JsonText} writes it. */
    static @Nullable Object of(@Nullable Object value) {
        if (value == null || value instanceof Boolean) {
            return value;
        }
        if (value instanceof Byte || value instanceof Short || value instanceof Integer || value instanceof Long) {
            return value;
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> items = new ArrayList<>(list.size());
            for (Object item : list) {
                items.add(of(item));
            }
            return items;
        }
        return text(value);
    }

    /**
     * A value of a result's row.
     *
     * @param type the column's {@link Types type}; Ignite's driver hands out dates without it as instants
     */
    static @Nullable Object of(ResultSet row, int column, int type) throws SQLException {
        return of(
                switch (type) {
                    case Types.DATE -> row.getDate(column);
                    case Types.TIME -> row.getTime(column);
                    case Types.TIMESTAMP -> row.getTimestamp(column);
                    default -> row.getObject(column);
                });
    }

    private static String text(Object value) {
        if (value instanceof BigDecimal decimal) {
            return Math.abs((long) decimal.scale()) <= PLAIN_DIGITS_MAX ? decimal.toPlainString() : decimal.toString();
        } else if (value instanceof LocalTime time) {
            return DateTimeFormatter.ISO_LOCAL_TIME.format(time);
        } else if (value instanceof OffsetTime time) {
            return DateTimeFormatter.ISO_OFFSET_TIME.format(time);
        } else if (value instanceof LocalDateTime timestamp) {
            return DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(timestamp);
        } else if (value instanceof OffsetDateTime timestamp) {
            return DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(timestamp);
        } else if (value instanceof LocalDate date) {
            return DateTimeFormatter.ISO_LOCAL_DATE.format(date);
        } else if (value instanceof Timestamp timestamp) {
            return text(timestamp.toLocalDateTime());
        } else if (value instanceof Date date) {
            return text(date.toLocalDate());
        } else if (value instanceof Time time) {
            return text(time.toLocalTime());
        } else if (value instanceof byte[] bytes) {
            return Bytes.wrap(bytes).toString();
        }
        return value.toString();
    }
}
