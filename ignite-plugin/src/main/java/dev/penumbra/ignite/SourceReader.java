package dev.penumbra.ignite;

import dev.penumbra.journal.SourceRows;
import dev.penumbra.journal.SourceRows.Found;
import dev.penumbra.journal.SourceRows.Wanted;
import dev.penumbra.model.PenumbraException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads rows of a source itself, through whoever writes the journal that is beside this node. What is asked for while a question is under way is
 * asked together when that is over.
 *
 * <p>Safe for use by several threads; whoever asks does not wait.
 */
final class SourceReader implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SourceReader.class);

    /** Who does not answer by then is closed, or busy with something large. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    /** Who has not answered is not asked for so long. */
    private static final Duration SILENCE = Duration.ofSeconds(5);

    private static final int MAX_ROWS = 500;

    private final Supplier<@Nullable SourceRows> opener;
    private final Executor executor;
    private final LongSupplier nanos;
    private final Queue<Asked> asked = new ArrayDeque<>();
    private boolean working;
    private boolean closed;

    /** Used by the thread that works, and while none does under the lock. */
    private @Nullable SourceRows rows;

    // Used by the thread that works.
    private boolean isSilent;
    private long silentAt;

    private record Asked(List<Wanted> rows, CompletableFuture<List<Found>> found) {}

    /**
     * @param opener opens the way to the journal's writer; null where there is none
     * @param executor does what waits
     * @param nanos a monotonic clock
     */
    SourceReader(Supplier<@Nullable SourceRows> opener, Executor executor, LongSupplier nanos) {
        this.opener = opener;
        this.executor = executor;
        this.nanos = nanos;
    }

    /**
     * Reads rows as they are at a moment after the call.
     *
     * @return in the order of what is wanted; unknown where it cannot be told. Never fails
     */
    CompletableFuture<List<Found>> read(List<Wanted> wanted) {
        Asked one = new Asked(wanted, new CompletableFuture<>());
        boolean begins;
        synchronized (asked) {
            if (closed) {
                one.found().complete(unknown(wanted));
                return one.found();
            }
            asked.add(one);
            begins = !working;
            working = true;
        }
        if (begins) {
            try {
                executor.execute(this::work);
            } catch (RejectedExecutionException e) {
                synchronized (asked) {
                    working = false;
                }
                close();
            }
        }
        return one.found();
    }

    private static List<Found> unknown(List<Wanted> wanted) {
        return Collections.nCopies(wanted.size(), Found.UNKNOWN);
    }

    private void work() {
        for (List<Asked> together = next(); !together.isEmpty(); together = next()) {
            List<Wanted> wanted = new ArrayList<>();
            together.forEach(one -> wanted.addAll(one.rows()));
            List<Found> found = Optional.ofNullable(found(wanted))
                    .filter(rows -> rows.size() == wanted.size())
                    .orElseGet(() -> unknown(wanted));
            int at = 0;
            for (Asked one : together) {
                int end = at + one.rows().size();
                one.found().complete(found.subList(at, end));
                at = end;
            }
        }
    }

    /** What is asked for together; ends the work when there is nothing. */
    private List<Asked> next() {
        List<Asked> together = new ArrayList<>();
        synchronized (asked) {
            int count = 0;
            while (!asked.isEmpty() && count < MAX_ROWS) {
                Asked one = asked.remove();
                count += one.rows().size();
                together.add(one);
            }
            working = !together.isEmpty();
            if (closed && !working) {
                closeRows();
            }
        }
        return together;
    }

    private @Nullable List<Found> found(List<Wanted> wanted) {
        try {
            SourceRows open = rows == null ? opener.get() : rows;
            rows = open;
            if (open == null || (isSilent && nanos.getAsLong() - silentAt < SILENCE.toNanos())) {
                return null;
            }
            open.ask(wanted);
            Pause pause = new Pause();
            long begun = nanos.getAsLong();
            while (nanos.getAsLong() - begun < PATIENCE.toNanos()) {
                List<Found> answer = open.answer().orElse(null);
                if (answer != null) {
                    isSilent = false;
                    return answer;
                }
                pause.await();
            }
            isSilent = true;
            silentAt = nanos.getAsLong();
            return null;
        } catch (RuntimeException | Error e) {
            // Whoever asks does without; the way is opened anew for the next.
            LOG.debug("A source cannot be asked for rows", e);
            closeRows();
            return null;
        }
    }

    private void closeRows() {
        SourceRows open = rows;
        rows = null;
        if (open != null) {
            try {
                open.close();
            } catch (PenumbraException e) {
                LOG.debug("What was asked of a source could not be taken away", e);
            }
        }
    }

    @Override
    public void close() {
        List<Asked> left;
        synchronized (asked) {
            closed = true;
            left = List.copyOf(asked);
            asked.clear();
            if (!working) {
                closeRows();
            }
        }
        left.forEach(one -> one.found().complete(unknown(one.rows())));
    }
}
