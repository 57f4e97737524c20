package dev.penumbra.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Tells commands that run without an end of their own to stop. Safe for use by several threads. */
final class StopSignal {
    private final CountDownLatch raised = new CountDownLatch(1);

    /** Asks everybody who waits to stop. */
    void raise() {
        raised.countDown();
    }

    /** Waits for the signal and tells whether it has been raised; an interrupt counts as one. */
    boolean await(Duration timeout) {
        try {
            return raised.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    boolean isRaised() {
        return raised.getCount() == 0;
    }
}
