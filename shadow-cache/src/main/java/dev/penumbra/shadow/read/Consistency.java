package dev.penumbra.shadow.read;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.SessionToken;
import dev.penumbra.model.api.Incubating;
import dev.penumbra.shadow.text.TimeText;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the answer to a read must contain.
 *
 * <p>An answer that is right at a stronger level is right at a weaker one. Whatever the level but {@link Level#OPTIMISTIC}, an answer holds
 * committed rows only, and within a session no row goes back to a former state. Moments are of the clock of the node that reads; no clock is
 * compared with another.
 *
 * @param level the kind of promise
 * @param staleness at {@link Level#BOUNDED} and {@link Level#OPTIMISTIC}, for how long before the read a commit may be missing, in whole
 *     milliseconds, rounded down, and at most {@link #MAX_STALENESS}; null at other levels
 * @param token at {@link Level#SESSION}, what the answer must contain; null at other levels
 */
@Incubating
public record Consistency(
        Level level, @Nullable Duration staleness, @Nullable SessionToken token) {
    /** What a staleness may be at most; half the range of a clock of nanoseconds is more. */
    public static final Duration MAX_STALENESS = TimeText.MAX;

    private static final Consistency EVENTUAL = new Consistency(Level.EVENTUAL, null, null);
    private static final Consistency VALIDATED = new Consistency(Level.VALIDATED, null, null);
    private static final Consistency PRIMARY = new Consistency(Level.PRIMARY, null, null);

    private static final Pattern BLANKS = Pattern.compile("\\s+");
    /** The kinds of promise, from the weakest to the strongest. */
    public enum Level {
        /**
         * Everything that had been committed a given time before the read began, and what is likely to be committed; rows by their keys only.
         */
        OPTIMISTIC,
        /** Committed rows, however old. */
        EVENTUAL,
        /** Everything that had been committed a given time before the read began. */
        BOUNDED,
        /** Everything that a token names. */
        SESSION,
        /** Everything that had been committed when the read began, from a shadow if the home datacenter finds nothing else in its own. */
        VALIDATED,
        /** Everything that had been committed when the read began, from the datacenter that the table is at home in. */
        PRIMARY
    }

    public Consistency {
        boolean bound = level == Level.BOUNDED || level == Level.OPTIMISTIC;
        if (bound != (staleness != null) || (level == Level.SESSION) != (token != null)) {
            throw new IllegalArgumentException(
                    "a staleness goes with BOUNDED and OPTIMISTIC, a token with SESSION: " + level);
        }
        if (staleness != null) {
            if (staleness.isNegative() || staleness.compareTo(MAX_STALENESS) > 0) {
                throw new IllegalArgumentException("staleness out of range: " + staleness);
            }
            staleness = staleness.truncatedTo(ChronoUnit.MILLIS);
        }
    }

    /** Committed rows, however old. */
    public static Consistency eventual() {
        return EVENTUAL;
    }

    /**
     * Everything that had been committed a given time before the read began.
     *
     * @param staleness the time, at most {@link #MAX_STALENESS}; what is less than a millisecond of it is dropped
     */
    public static Consistency bounded(Duration staleness) {
        return new Consistency(Level.BOUNDED, staleness, null);
    }

    /**
     * Everything that had been committed a given time before the read began, and laid over it what is not committed and likely to be. The
     * answer comes with a future that confirms or corrects it.
     *
     * @param staleness as in {@link #bounded}
     */
    public static Consistency optimistic(Duration staleness) {
        return new Consistency(Level.OPTIMISTIC, staleness, null);
    }

    /** Everything that a token names. */
    public static Consistency session(SessionToken token) {
        return new Consistency(Level.SESSION, null, token);
    }

    /**
     * Everything that had been committed when the read began: from a shadow, held against the home image before it is given out, or else
     * from the home image.
     */
    public static Consistency validated() {
        return VALIDATED;
    }

    /** Everything that had been committed when the read began, from the datacenter that the table is at home in. */
    public static Consistency primary() {
        return PRIMARY;
    }

    /**
     * Reads the form that {@link #text()} writes, in any letter case. A time may also be in {@code s}, {@code m} or {@code h}.
     *
     * @throws PenumbraException with {@link ErrorCode#SQL_SYNTAX} when the text has another form, with
     *     {@link ErrorCode#INVALID_TOKEN} when only its token has
     */
    public static Consistency parse(String text) {
        String[] words = BLANKS.split(text.strip(), 2);
        String detail = words.length > 1 ? words[1] : "";
        String level = words[0].toUpperCase(Locale.ROOT);
        if (level.equals(Level.BOUNDED.name())) {
            return bounded(TimeText.parse(detail));
        }
        if (level.equals(Level.OPTIMISTIC.name())) {
            return optimistic(TimeText.parse(detail));
        }
        if (level.equals(Level.SESSION.name())) {
            return session(SessionToken.parse(detail));
        }
        for (Consistency bare : List.of(EVENTUAL, VALIDATED, PRIMARY)) {
            if (level.equals(bare.level().name()) && detail.isEmpty()) {
                return bare;
            }
        }
        throw invalid(
                "EVENTUAL, BOUNDED with a time, SESSION with a token, VALIDATED, PRIMARY, or OPTIMISTIC with a time",
                text);
    }

    private static PenumbraException invalid(String expected, String found) {
        return new PenumbraException(ErrorCode.SQL_SYNTAX)
                .with("expected", expected)
                .with("found", found);
    }

    /** As the value of an option: {@code EVENTUAL}, {@code BOUNDED 200ms}, {@code SESSION ...}, {@code VALIDATED}, {@code PRIMARY}. */
    public String text() {
        return written(" ", "");
    }

    /** As in SQL: {@code EVENTUAL}, {@code BOUNDED '200ms'}, {@code SESSION '...'}, {@code VALIDATED}, {@code PRIMARY}. */
    @Override
    public String toString() {
        return written(" '", "'");
    }

    private String written(String before, String behind) {
        Duration bound = staleness;
        SessionToken named = token;
        return bound != null
                ? level + before + bound.toMillis() + "ms" + behind
                : named != null ? level + before + named + behind : level.toString();
    }
}
