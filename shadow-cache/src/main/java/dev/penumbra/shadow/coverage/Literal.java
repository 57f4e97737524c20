package dev.penumbra.shadow.coverage;

import dev.penumbra.model.api.Internal;
import java.math.BigDecimal;
import java.sql.Time;
import java.sql.Timestamp;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A value that stands in a predicate.
 *
 * @param kind how it was written
 * @param value of the kind's class
 */
@Internal
public record Literal(Kind kind, Object value) implements Operand {
    private static final Pattern DATE = Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}");
    private static final Pattern TIME = Pattern.compile("[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?");
    private static final Pattern TIMESTAMP = Pattern.compile(DATE + " " + TIME);
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long MILLIS_PER_SECOND = 1_000;

    /** How a literal is written. */
    public enum Kind {
        /** An exact number: {@link BigDecimal}. */
        NUMBER,
        STRING,
        BOOLEAN,
        /** {@link LocalDate}. */
        DATE,
        /** {@link LocalTime}. */
        TIME,
        /** {@link LocalDateTime}. */
        TIMESTAMP,
        /** Given as a parameter; in a text it is a string. */
        UUID
    }

    /** An exact number. */
    public static Literal number(BigDecimal value) {
        return new Literal(Kind.NUMBER, value);
    }

    /** A text in quotes. */
    public static Literal string(String value) {
        return new Literal(Kind.STRING, value);
    }

    /** TRUE or FALSE. */
    public static Literal bool(boolean value) {
        return new Literal(Kind.BOOLEAN, value);
    }

    /**
     * A text in quotes behind a type's name.
     *
     * @param type {@code DATE}, {@code TIME} or {@code TIMESTAMP}
     * @return empty when it is none of these, or the text is not one of the type's
     */
    public static Optional<Literal> typed(String type, String text) {
        try {
            return switch (type) {
                case "DATE" -> matched(DATE, text).map(LocalDate::parse).map(d -> new Literal(Kind.DATE, d));
                case "TIME" -> matched(TIME, text).map(LocalTime::parse).map(t -> new Literal(Kind.TIME, t));
                case "TIMESTAMP" ->
                    matched(TIMESTAMP, text)
                            .map(t -> LocalDateTime.parse(t.replace(' ', 'T')))
                            .map(t -> new Literal(Kind.TIMESTAMP, t));
                default -> Optional.empty();
            };
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> matched(Pattern pattern, String text) {
        return Optional.of(text).filter(t -> pattern.matcher(t).matches());
    }

    /** A parameter's value; null for NULL and for what is not compared beyond doubt. */
    static @Nullable Literal ofParameter(@Nullable Object value) {
        if (value instanceof Byte || value instanceof Short || value instanceof Integer || value instanceof Long) {
            return number(BigDecimal.valueOf(((Number) value).longValue()));
        } else if (value instanceof BigDecimal number) {
            return number(number);
        } else if (value instanceof String text) {
            return string(text);
        } else if (value instanceof Boolean truth) {
            return bool(truth);
        } else if (value instanceof UUID uuid) {
            return new Literal(Kind.UUID, uuid);
        } else if (value instanceof LocalDate date) {
            return new Literal(Kind.DATE, date);
        } else if (value instanceof LocalTime time) {
            return new Literal(Kind.TIME, time);
        } else if (value instanceof LocalDateTime timestamp) {
            return new Literal(Kind.TIMESTAMP, timestamp);
        } else if (value instanceof java.sql.Date date) {
            return new Literal(Kind.DATE, date.toLocalDate());
        } else if (value instanceof Time time) {
            long millis = Math.floorMod(time.getTime(), MILLIS_PER_SECOND);
            return new Literal(Kind.TIME, time.toLocalTime().plusNanos(millis * NANOS_PER_MILLI));
        } else if (value instanceof Timestamp timestamp) {
            return new Literal(Kind.TIMESTAMP, timestamp.toLocalDateTime());
        }
        return null;
    }

    /** SQL that is read as this literal. */
    public String text() {
        return switch (kind) {
            case NUMBER -> ((BigDecimal) value).toPlainString();
            case STRING -> quoted((String) value);
            case BOOLEAN -> (Boolean) value ? "TRUE" : "FALSE";
            case DATE -> "DATE '" + value + "'";
            case TIME -> "TIME '" + text((LocalTime) value) + "'";
            case TIMESTAMP -> {
                LocalDateTime timestamp = (LocalDateTime) value;
                yield "TIMESTAMP '" + timestamp.toLocalDate() + " " + text(timestamp.toLocalTime()) + "'";
            }
            case UUID -> quoted(value.toString());
        };
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    /** Seconds always, and no more digits than there are. */
    private static String text(LocalTime time) {
        String text = time.toString();
        return time.truncatedTo(ChronoUnit.MINUTES).equals(time) ? text + ":00" : text;
    }
}
