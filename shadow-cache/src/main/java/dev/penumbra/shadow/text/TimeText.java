package dev.penumbra.shadow.text;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A length of time as users write it: a whole number and {@code ms}, {@code s}, {@code m} or {@code h}. */
@Internal
public final class TimeText {
    /** What a time may be at most; half the range of a clock of nanoseconds is more. */
    public static final Duration MAX = Duration.ofDays(36_500);

    private static final Pattern TIME = Pattern.compile("([0-9]++)\\s*+([a-z]++)");
    private static final String EXPECTED =
            "a time of at most 100 years as a whole number and ms, s, m or h, such as 200ms";

    private TimeText() {}

    /**
     * Reads a time, in any letter case, with or without blanks in it.
     *
     * @throws PenumbraException with {@link ErrorCode#SQL_SYNTAX} when the text is none, or one above {@link #MAX}
     */
    public static Duration parse(String text) {
        Matcher parts = TIME.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!parts.matches()) {
            throw invalid(text);
        }
        ChronoUnit unit = switch (parts.group(2)) {
            case "ms" -> ChronoUnit.MILLIS;
            case "s" -> ChronoUnit.SECONDS;
            case "m" -> ChronoUnit.MINUTES;
            case "h" -> ChronoUnit.HOURS;
            default -> throw invalid(text);
        };
        try {
            Duration time = Duration.of(Long.parseLong(parts.group(1)), unit);
            if (time.compareTo(MAX) <= 0) {
                return time;
            }
        } catch (NumberFormatException | ArithmeticException e) {
            throw invalid(text);
        }
        throw invalid(text);
    }

    private static PenumbraException invalid(String found) {
        return new PenumbraException(ErrorCode.SQL_SYNTAX)
                .with("expected", EXPECTED)
                .with("found", found);
    }
}
