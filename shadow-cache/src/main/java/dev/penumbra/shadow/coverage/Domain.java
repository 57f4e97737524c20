package dev.penumbra.shadow.coverage;

import dev.penumbra.model.ColumnType;
import java.math.BigDecimal;
import java.sql.Date;
import java.sql.Timestamp;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The values of a column as Ignite SQL compares them.
 *
 * <p>Home images and shadows are both in Ignite, so its rules count and not the source's: strings letter by letter in the order of
 * their UTF-16 units, decimals by value, dates by day, times and timestamps by the millisecond, in the node's time zone. What is not compared
 * beyond doubt has no domain: floating point (NaN), CHAR (padding), VARCHAR_IGNORECASE and CLOB (the source compares otherwise), bytes, JSON, arrays,
 * intervals, and types that Ignite SQL lacks.
 *
 * @param type the column's
 * @param ordered whether values have an order that is beyond doubt; otherwise they are only equal or not
 * @param least of values that are whole numbers, the least; null for others
 * @param greatest of values that are whole numbers, the greatest; null for others
 */
record Domain(
        ColumnType type,
        boolean ordered,
        @Nullable Long least,
        @Nullable Long greatest) {
    /** A value of which it is in doubt how Ignite compares it. */
    static final Object DOUBTFUL = new Object();

    private static final Pattern UUID_TEXT = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    private static final long LAST_MILLI = 86_399_999;
    private static final int DIGITS_MAX = 38;

    /** Before it, and after the other, Ignite may take a day for its neighbour. */
    private static final LocalDate FIRST_DATE = LocalDate.of(1970, 1, 2);

    private static final LocalDate LAST_DATE = LocalDate.of(9999, 12, 30);

    /** The domain of a type; null when its values are not compared beyond doubt. */
    static @Nullable Domain of(ColumnType type) {
        return switch (type.type()) {
            case BOOLEAN -> whole(type, false, 0, 1);
            case TINYINT -> whole(type, true, Byte.MIN_VALUE, Byte.MAX_VALUE);
            case SMALLINT -> whole(type, true, Short.MIN_VALUE, Short.MAX_VALUE);
            case INTEGER -> whole(type, true, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case BIGINT, DATE, TIMESTAMP -> whole(type, true, Long.MIN_VALUE, Long.MAX_VALUE);
            case TIME -> whole(type, true, 0, LAST_MILLI);
            case DECIMAL, VARCHAR -> new Domain(type, true, null, null);
            case UUID, ENUM -> new Domain(type, false, null, null);
            case REAL, DOUBLE, DECFLOAT, CHAR, VARCHAR_IGNORECASE, CLOB, BINARY, VARBINARY, BLOB -> null;
            case TIME_WITH_TIME_ZONE, TIMESTAMP_WITH_TIME_ZONE, INTERVAL, JSON, ARRAY -> null;
        };
    }

    private static Domain whole(ColumnType type, boolean ordered, long least, long greatest) {
        return new Domain(type, ordered, least, greatest);
    }

    /** A literal's value as it is compared; null when it does not fit, so that how it is compared is in doubt. */
    @Nullable Comparable<?> of(Literal literal) {
        Object value = literal.value();
        return switch (type.type()) {
            case BOOLEAN -> value instanceof Boolean truth ? (Long) (truth ? 1L : 0L) : null;
            case TINYINT, SMALLINT, INTEGER, BIGINT -> value instanceof BigDecimal number ? wholeNumber(number) : null;
            case DECIMAL -> value instanceof BigDecimal number && shortNumber(number) ? number : null;
            case VARCHAR, ENUM -> value instanceof String text ? text : null;
            case UUID -> value instanceof String text ? uuid(text) : value instanceof UUID uuid ? uuid : null;
            case DATE -> value instanceof LocalDate date ? known(date) : null;
            case TIME -> value instanceof LocalTime time && wholeMillis(time) ? (Long) millis(time) : null;
            case TIMESTAMP -> value instanceof LocalDateTime timestamp ? known(timestamp) : null;
            default -> null;
        };
    }

    /** The value of a row as it is compared, or {@link #DOUBTFUL}. */
    Object ofRow(Object value) {
        return switch (type.type()) {
            case BOOLEAN -> (Boolean) value ? 1L : 0L;
            case TINYINT, SMALLINT, INTEGER, BIGINT -> ((Number) value).longValue();
            case DATE -> {
                LocalDate date = (LocalDate) value;
                yield seen(date).equals(date) ? (Object) date.toEpochDay() : DOUBTFUL;
            }
            case TIME -> millis((LocalTime) value);
            case TIMESTAMP -> {
                LocalDateTime timestamp = ((LocalDateTime) value).truncatedTo(ChronoUnit.MILLIS);
                yield seen(timestamp).equals(timestamp) ? (Object) millis(timestamp) : DOUBTFUL;
            }
            default -> value;
        };
    }

    private @Nullable Long wholeNumber(BigDecimal number) {
        if (number.scale() > 0 || number.precision() > DIGITS_MAX) {
            return null;
        }
        BigDecimal low = BigDecimal.valueOf(least == null ? 0 : least);
        BigDecimal high = BigDecimal.valueOf(greatest == null ? 0 : greatest);
        return number.compareTo(low) >= 0 && number.compareTo(high) <= 0 ? (Long) number.longValueExact() : null;
    }

    private static boolean shortNumber(BigDecimal number) {
        return number.precision() <= DIGITS_MAX && number.scale() <= DIGITS_MAX && number.scale() >= 0;
    }

    /** Written otherwise, it may be compared as a text. */
    private static @Nullable UUID uuid(String text) {
        return UUID_TEXT.matcher(text).matches() ? UUID.fromString(text) : null;
    }

    private static @Nullable Long known(LocalDate date) {
        boolean safe = !date.isBefore(FIRST_DATE) && !date.isAfter(LAST_DATE);
        return safe && seen(date).equals(date) ? (Long) date.toEpochDay() : null;
    }

    private static @Nullable Long known(LocalDateTime timestamp) {
        boolean safe = !timestamp.toLocalDate().isBefore(FIRST_DATE)
                && !timestamp.toLocalDate().isAfter(LAST_DATE)
                && wholeMillis(timestamp.toLocalTime());
        return safe && seen(timestamp).equals(timestamp) ? (Long) millis(timestamp) : null;
    }

    private static LocalDate seen(LocalDate date) {
        return Date.valueOf(date).toLocalDate();
    }

    /** A time of day that a change of clocks left out is another one in Ignite. */
    private static LocalDateTime seen(LocalDateTime timestamp) {
        return Timestamp.valueOf(timestamp).toLocalDateTime();
    }

    private static boolean wholeMillis(LocalTime time) {
        return time.truncatedTo(ChronoUnit.MILLIS).equals(time);
    }

    private static long millis(LocalTime time) {
        return time.getLong(ChronoField.MILLI_OF_DAY);
    }

    private static long millis(LocalDateTime timestamp) {
        return timestamp.toLocalDate().toEpochDay() * (LAST_MILLI + 1) + millis(timestamp.toLocalTime());
    }
}
