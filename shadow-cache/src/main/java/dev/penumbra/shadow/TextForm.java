package dev.penumbra.shadow;

import dev.penumbra.model.Bytes;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Interval;
import dev.penumbra.model.PenumbraException;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The text form of a value, from which exactly that value can be read back.
 *
 * <p>Numbers as Java writes them, dates and times in ISO 8601, bytes in base64, an interval as sign, leading count,
 * remaining count and qualifier ({@code -1 7200 DAY TO MINUTE}, see {@link Interval}), an array as
 * {@code ["...","..."]} with {@code null} for null and each element in its own text form, quotes and backslashes in it
 * escaped with a backslash.
 */
final class TextForm {
    private TextForm() {}

    static String write(ColumnType type, Object value) {
        return switch (type.type()) {
            case INTERVAL -> writeInterval((Interval) value);
            case ARRAY -> writeArray(elementOf(type), (List<?>) value);
            // The other types' own text is complete: it carries every digit, scale and offset.
            default -> value.toString();
        };
    }

    static Object read(ColumnType type, String text) {
        try {
            return switch (type.type()) {
                case BOOLEAN -> Boolean.valueOf(text);
                case TINYINT -> Byte.valueOf(text);
                case SMALLINT -> Short.valueOf(text);
                case INTEGER -> Integer.valueOf(text);
                case BIGINT -> Long.valueOf(text);
                case REAL -> Float.valueOf(text);
                case DOUBLE -> Double.valueOf(text);
                case DECFLOAT ->
                    text.endsWith("NaN") || text.endsWith("Infinity")
                            ? (Object) Double.valueOf(text)
                            : new BigDecimal(text);
                case DECIMAL -> new BigDecimal(text);
                case CHAR, VARCHAR, VARCHAR_IGNORECASE, CLOB, JSON, ENUM -> text;
                case BINARY, VARBINARY, BLOB -> Bytes.wrap(Base64.getDecoder().decode(text));
                case DATE -> LocalDate.parse(text);
                case TIME -> LocalTime.parse(text);
                case TIME_WITH_TIME_ZONE -> OffsetTime.parse(text);
                case TIMESTAMP -> LocalDateTime.parse(text);
                case TIMESTAMP_WITH_TIME_ZONE -> OffsetDateTime.parse(text);
                case INTERVAL -> readInterval(text);
                case UUID -> UUID.fromString(text);
                case ARRAY -> new ArrayText(text).read(elementOf(type));
            };
        } catch (IllegalArgumentException | DateTimeException e) {
            throw corrupt(text, e);
        }
    }

    private static ColumnType elementOf(ColumnType array) {
        ColumnType element = array.element();
        if (element == null) {
            throw new IllegalArgumentException("not an array: " + array);
        }
        return element;
    }

    private static PenumbraException corrupt(String text, @Nullable Throwable cause) {
        return new PenumbraException(ErrorCode.VALUE_CORRUPT, cause).with("length", text.length());
    }

    private static String writeInterval(Interval interval) {
        return (interval.negative() ? "-" : "") + interval.leading() + " " + interval.remaining() + " "
                + interval.qualifier().sql();
    }

    private static Interval readInterval(String text) {
        String[] parts = text.split(" ", 3);
        if (parts.length != 3) {
            throw corrupt(text, null);
        }
        boolean negative = parts[0].startsWith("-");
        return new Interval(
                Interval.Qualifier.valueOf(parts[2].replace(' ', '_')),
                negative,
                Long.parseLong(negative ? parts[0].substring(1) : parts[0]),
                Long.parseLong(parts[1]));
    }

    private static String writeArray(ColumnType element, List<?> values) {
        StringBuilder text = new StringBuilder("[");
        for (Object value : values) {
            if (text.length() > 1) {
                text.append(',');
            }
            if (value == null) {
                text.append("null");
            } else {
                text.append('"');
                String inner = write(element, value);
                for (int i = 0; i < inner.length(); i++) {
                    char c = inner.charAt(i);
                    if (c == '"' || c == '\\') {
                        text.append('\\');
                    }
                    text.append(c);
                }
                text.append('"');
            }
        }
        return text.append(']').toString();
    }

    private static final class ArrayText {
        private final String text;
        private int at;

        ArrayText(String text) {
            this.text = text;
        }

        List<@Nullable Object> read(ColumnType element) {
            List<@Nullable Object> values = new ArrayList<>();
            expect('[');
            while (peek() != ']') {
                if (!values.isEmpty()) {
                    expect(',');
                }
                if (peek() == 'n') {
                    at += "null".length();
                    values.add(null);
                } else {
                    values.add(TextForm.read(element, quoted()));
                }
            }
            return Collections.unmodifiableList(values);
        }

        private String quoted() {
            expect('"');
            StringBuilder inner = new StringBuilder();
            while (peek() != '"') {
                if (peek() == '\\') {
                    at++;
                }
                inner.append(peek());
                at++;
            }
            at++;
            return inner.toString();
        }

        private char peek() {
            if (at >= text.length()) {
                throw corrupt(text, null);
            }
            return text.charAt(at);
        }

        private void expect(char c) {
            if (peek() != c) {
                throw corrupt(text, null);
            }
            at++;
        }
    }
}
