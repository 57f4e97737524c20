package dev.penumbra.shadow.read;

import dev.penumbra.model.SessionToken;
import dev.penumbra.model.api.Incubating;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What the answer to a read must contain.
 *
 * <p>An answer that is right at a stronger level is right at a weaker one. Whatever the level, an answer holds committed rows only,
 * and within a session no row goes back to a former state. Moments are of the clock of the node that reads; no clock is compared
 * with another.
 *
 * @param level the kind of promise
 * @param staleness at {@link Level#BOUNDED}, for how long before the read a commit may be missing; at most {@link #MAX_STALENESS};
 *     null at other levels
 * @param token at {@link Level#SESSION}, what the answer must contain; null at other levels
 */
@Incubating
public record Consistency(
        Level level, @Nullable Duration staleness, @Nullable SessionToken token) {
    /** What a staleness may be at most; half the range of a clock of nanoseconds is more. */
    public static final Duration MAX_STALENESS = Duration.ofDays(36_500);

    private static final Consistency EVENTUAL = new Consistency(Level.EVENTUAL, null, null);
    private static final Consistency PRIMARY = new Consistency(Level.PRIMARY, null, null);

    /** The kinds of promise, from the weakest to the strongest. */
    public enum Level {
        /** Committed rows, however old. */
        EVENTUAL,
        /** Everything that had been committed a given time before the read began. */
        BOUNDED,
        /** Everything that a token names. */
        SESSION,
        /** Everything that had been committed when the read began, from the datacenter that the table is at home in. */
        PRIMARY
    }

    public Consistency {
        if ((level == Level.BOUNDED) != (staleness != null) || (level == Level.SESSION) != (token != null)) {
            throw new IllegalArgumentException("a staleness goes with BOUNDED, a token with SESSION: " + level);
        }
        if (staleness != null && (staleness.isNegative() || staleness.compareTo(MAX_STALENESS) > 0)) {
            throw new IllegalArgumentException("staleness out of range: " + staleness);
        }
    }

    /** Committed rows, however old. */
    public static Consistency eventual() {
        return EVENTUAL;
    }

    /** Everything that had been committed a given time before the read began. */
    public static Consistency bounded(Duration staleness) {
        return new Consistency(Level.BOUNDED, staleness, null);
    }

    /** Everything that a token names. */
    public static Consistency session(SessionToken token) {
        return new Consistency(Level.SESSION, null, token);
    }

    /** Everything that had been committed when the read began, from the datacenter that the table is at home in. */
    public static Consistency primary() {
        return PRIMARY;
    }

    /** As in SQL: {@code EVENTUAL}, {@code BOUNDED '200ms'}, {@code SESSION '...'}, {@code PRIMARY}. */
    @Override
    public String toString() {
        Duration bound = staleness;
        SessionToken named = token;
        return bound != null
                ? level + " '" + bound.toMillis() + "ms'"
                : named != null ? level + " '" + named + "'" : level.toString();
    }
}
