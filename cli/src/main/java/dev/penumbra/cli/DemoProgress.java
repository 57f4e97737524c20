package dev.penumbra.cli;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CancellationException;

/** Tells how a demo gets on, and waits for what has to come, until somebody asks it to stop. Owned by one thread. */
final class DemoProgress {
    static final Duration PATIENCE = Duration.ofMinutes(5);

    private static final Duration LOOK_INTERVAL = Duration.ofMillis(100);

    private final PrintWriter view;
    private final StopSignal stop;
    private final long startNanos = System.nanoTime();

    /** @param view where it is told */
    DemoProgress(PrintWriter view, StopSignal stop) {
        this.view = view;
        this.stop = stop;
    }

    void say(String text) {
        view.println(String.format("%5.1f s  %s", elapsedSeconds(), text));
        view.flush();
    }

    double elapsedSeconds() {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    /** Something that can be asked for until it is so. */
    interface Condition {
        boolean holds() throws SQLException;
    }

    /**
     * Waits for what the demo cannot go on without.
     *
     * @throws PenumbraException with GRID_UNAVAILABLE when it does not come to that
     */
    void await(String what, Condition condition) throws SQLException {
        if (!comes(condition)) {
            throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE).with("waitedFor", what);
        }
    }

    /** Waits for something, and tells whether it has come to that within {@link #PATIENCE}. */
    boolean comes(Condition condition) throws SQLException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            pause(LOOK_INTERVAL);
        }
        return true;
    }

    /** @throws CancellationException when the demo is asked to stop meanwhile */
    void pause(Duration time) {
        if (stop.await(time)) {
            throw new CancellationException("stopped");
        }
    }
}
