package dev.penumbra.cli;

import java.util.concurrent.locks.LockSupport;

/** Spreads work evenly over time. Owned by one thread. */
final class Pace {
    private final double nanosEach;
    private final long startNanos;

    /** @param perSecond how many units a second are due */
    Pace(double perSecond) {
        this.nanosEach = 1e9 / perSecond;
        this.startNanos = System.nanoTime();
    }

    /** Waits until so many units since the beginning are due; returns at once when that is past. */
    void await(long units) {
        long due = startNanos + (long) (units * nanosEach);
        for (long left = due - System.nanoTime();
                left > 0 && !Thread.currentThread().isInterrupted();
                left = due - System.nanoTime()) {
            LockSupport.parkNanos(this, left);
        }
    }
}
