package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;

/**
 * How likely it is that a change of a table, seen before it is committed, comes to be committed as it was seen: learned from what became of
 * those that were seen before.
 *
 * <p>By Laplace's rule of succession (<em>Essai philosophique sur les probabilités</em>, 1814) over outcomes that count the less the more have
 * come since, so that a table whose writers change their ways is known again after some hundred outcomes. A table of which nothing is known
 * has a chance of one half.
 *
 * <p>Safe for use by several threads.
 */
@Internal
public final class CommitChance {
    /** What an outcome still counts when another has come. */
    private static final double KEPT = 0.99;

    private double kept;
    private double all;
    private long held;
    private long missed;

    /** A change that had been seen has come to an end; {@code asSeen} when it was committed as it was seen. */
    public synchronized void ended(boolean asSeen) {
        kept = kept * KEPT + (asSeen ? 1 : 0);
        all = all * KEPT + 1;
        if (asSeen) {
            held++;
        } else {
            missed++;
        }
    }

    /** The chance, between 0 and 1. */
    public synchronized double estimate() {
        return (kept + 1) / (all + 2);
    }

    /** How many changes were committed as they had been seen. */
    public synchronized long held() {
        return held;
    }

    /** How many were taken back, or changed again before they were committed. */
    public synchronized long missed() {
        return missed;
    }
}
