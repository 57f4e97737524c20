package dev.penumbra.ignite;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits between two looks at a journal that had nothing new: at first not at all, then longer and longer.
 *
 * <p>A change that follows another soon is seen within microseconds; after a quiet second a look costs next to nothing and
 * comes every few milliseconds. Owned by one thread.
 */
final class Pause {
    private static final int SPINS = 20;
    private static final long MIN_NANOS = TimeUnit.MICROSECONDS.toNanos(20);
    private static final long BUSY_MAX_NANOS = TimeUnit.MICROSECONDS.toNanos(500);
    private static final long QUIET_MAX_NANOS = TimeUnit.MILLISECONDS.toNanos(4);
    private static final int QUIET_AFTER_LOOKS = 4_000;

    private int looks;
    private long nanos = MIN_NANOS;

    /** Something was there: the next wait is short again. */
    void reset() {
        looks = 0;
        nanos = MIN_NANOS;
    }

    /** Nothing was there. */
    void await() {
        looks++;
        if (looks <= SPINS) {
            Thread.onSpinWait();
            return;
        }
        LockSupport.parkNanos(nanos);
        nanos = Math.min(nanos * 2, looks > QUIET_AFTER_LOOKS ? QUIET_MAX_NANOS : BUSY_MAX_NANOS);
    }
}
