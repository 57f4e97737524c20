package dev.penumbra.shadow;

import dev.penumbra.model.api.Incubating;
import dev.penumbra.shadow.coverage.Coverage;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.text.TimeText;
import java.time.Duration;
import java.time.temporal.ChronoUnit;

/**
 * What a user asked a shadow to be.
 *
 * @param name the shadow
 * @param compression how its values are stored
 * @param nearRows how many hot rows each node of its datacenter keeps in its near cache; 0 for no near cache
 * @param consistency what the answer to a read of it must contain unless the read says otherwise; never for a session, whose tokens
 *     are its own, and never optimistic
 * @param coverage which rows of its table it holds
 * @param ttl for how long its rows may be read after it has been filled, in whole milliseconds, rounded down, and at most
 *     {@link #TTL_MAX}; zero for ever
 * @param commitPercent how likely, in hundredths, a change of the source that is not committed must be to be committed as it is, for
 *     {@link Consistency.Level#OPTIMISTIC} reads to show it; 1 to 100, where 100 shows nothing, since nothing is certain
 * @param archive for how long its rows can be read as they were after they have been changed, in whole milliseconds, rounded down, and at
 *     most {@link #TTL_MAX}; zero for not at all
 */
@Incubating
public record ShadowDefinition(
        ShadowName name,
        Compression compression,
        int nearRows,
        Consistency consistency,
        Coverage coverage,
        Duration ttl,
        int commitPercent,
        Duration archive) {
    /** Rows in each node's near cache unless the definition says otherwise. */
    public static final int NEAR_ROWS_DEFAULT = 10_000;

    /** What is not committed is shown from this chance on unless the definition says otherwise. */
    public static final int COMMIT_PERCENT_DEFAULT = 90;

    /** The largest chance that can be asked for. */
    public static final int COMMIT_PERCENT_MAX = 100;

    /** What a time to live may be at most; half the range of a clock of nanoseconds is more. */
    public static final Duration TTL_MAX = TimeText.MAX;

    public ShadowDefinition {
        if (nearRows < 0) {
            throw new IllegalArgumentException("nearRows must not be negative: " + nearRows);
        }
        if (consistency.level() == Consistency.Level.SESSION) {
            throw new IllegalArgumentException("a token belongs to a session, not to a shadow: " + consistency);
        }
        if (consistency.level() == Consistency.Level.OPTIMISTIC) {
            throw new IllegalArgumentException("a read asks for what is not committed, not a shadow: " + consistency);
        }
        ttl = inRange("ttl", ttl);
        archive = inRange("archive", archive);
        if (commitPercent < 1 || commitPercent > COMMIT_PERCENT_MAX) {
            throw new IllegalArgumentException("commitPercent out of range: " + commitPercent);
        }
    }

    private static Duration inRange(String name, Duration given) {
        if (given.isNegative() || given.compareTo(TTL_MAX) > 0) {
            throw new IllegalArgumentException(name + " out of range: " + given);
        }
        return given.truncatedTo(ChronoUnit.MILLIS);
    }

    /** A shadow without an archive. */
    public ShadowDefinition(
            ShadowName name,
            Compression compression,
            int nearRows,
            Consistency consistency,
            Coverage coverage,
            Duration ttl,
            int commitPercent) {
        this(name, compression, nearRows, consistency, coverage, ttl, commitPercent, Duration.ZERO);
    }

    /** A shadow of which nothing is said of changes that are not committed. */
    public ShadowDefinition(
            ShadowName name,
            Compression compression,
            int nearRows,
            Consistency consistency,
            Coverage coverage,
            Duration ttl) {
        this(name, compression, nearRows, consistency, coverage, ttl, COMMIT_PERCENT_DEFAULT);
    }

    /** The chance of {@link #commitPercent}, between 0 and 1. */
    public double commitChance() {
        return (double) commitPercent / COMMIT_PERCENT_MAX;
    }

    /** Whether it matters how long ago it was filled. */
    public boolean isAged() {
        return !ttl.isZero() || isArchived();
    }

    /** Whether former rows can be read. */
    public boolean isArchived() {
        return !archive.isZero();
    }

    /** A shadow for ever. */
    public ShadowDefinition(
            ShadowName name, Compression compression, int nearRows, Consistency consistency, Coverage coverage) {
        this(name, compression, nearRows, consistency, coverage, Duration.ZERO);
    }

    /** A shadow of the whole table. */
    public ShadowDefinition(ShadowName name, Compression compression, int nearRows, Consistency consistency) {
        this(name, compression, nearRows, consistency, Coverage.whole());
    }

    /** A shadow of the whole table whose reads are {@link Consistency#eventual()} unless they say otherwise. */
    public ShadowDefinition(ShadowName name, Compression compression, int nearRows) {
        this(name, compression, nearRows, Consistency.eventual());
    }
}
