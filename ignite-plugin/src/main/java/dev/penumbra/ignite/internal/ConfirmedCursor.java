package dev.penumbra.ignite.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import javax.cache.CacheException;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cache.query.FieldsQueryCursor;
import org.apache.ignite.cluster.ClusterTopologyException;
import org.apache.ignite.internal.processors.cache.query.QueryCursorEx;
import org.apache.ignite.internal.processors.query.GridQueryFieldMetadata;
import org.apache.ignite.internal.util.typedef.X;

/**
 * Rows of copies, whose end is told only when the copies are confirmed to have been whole all the time.
 *
 * <p>Used by one thread at a time, as every cursor is.
 */
final class ConfirmedCursor implements FieldsQueryCursor<List<?>>, QueryCursorEx<List<?>> {
    /** How often a query is run that Ignite asks to run again, before that is the caller's to do. */
    private static final int ATTEMPTS = 10;

    /** Before the second attempt, and twice as long before each further one: 2.6 seconds in all. */
    private static final long FIRST_PAUSE_NANOS = Duration.ofMillis(5).toNanos();

    private final Supplier<List<FieldsQueryCursor<List<?>>>> again;
    private final Runnable confirm;
    private final Runnable ended;
    private FieldsQueryCursor<List<?>> rows;
    private int attempts;
    private long pauseNanos = FIRST_PAUSE_NANOS;
    private final AtomicBoolean open = new AtomicBoolean(true);
    private boolean given;
    private boolean confirmed;

    private ConfirmedCursor(
            FieldsQueryCursor<List<?>> rows,
            int attempts,
            Supplier<List<FieldsQueryCursor<List<?>>>> again,
            Runnable confirm,
            Runnable ended) {
        this.rows = rows;
        this.attempts = attempts;
        this.again = again;
        this.confirm = confirm;
        this.ended = ended;
    }

    /**
     * Watches over the cursors of one text.
     *
     * @param again runs the text once more, where Ignite asks for that and nothing has been given out; not used for a
     *     text with several cursors
     * @param confirm called behind the last row of each; what it throws is thrown instead of telling that there are no more
     * @param ended called once all of them are at their end or closed
     */
    static List<FieldsQueryCursor<List<?>>> all(
            List<FieldsQueryCursor<List<?>>> cursors,
            Supplier<List<FieldsQueryCursor<List<?>>>> again,
            Runnable confirm,
            Runnable ended) {
        int attempts = cursors.size() == 1 ? ATTEMPTS : 1;
        AtomicInteger left = new AtomicInteger(cursors.size());
        List<FieldsQueryCursor<List<?>>> watched = new ArrayList<>();
        for (FieldsQueryCursor<List<?>> cursor : cursors) {
            watched.add(new ConfirmedCursor(cursor, attempts, again, confirm, () -> {
                if (left.decrementAndGet() == 0) {
                    ended.run();
                }
            }));
        }
        return watched;
    }

    private void end() {
        if (open.compareAndSet(true, false)) {
            ended.run();
        }
    }

    private void confirmEnd() {
        if (!confirmed) {
            confirm.run();
            confirmed = true;
            end();
        }
    }

    /**
     * Runs the query again if a cache that came or went on another node meanwhile is all that was wrong with it. The
     * copies were chosen before, and are confirmed behind the rows of whichever execution gives them.
     *
     * @throws RuntimeException the failure, when it is another one or has come too often
     */
    private void runAgain(RuntimeException failure) {
        if (--attempts == 0 || !X.hasCause(failure, ClusterTopologyException.class)) {
            throw failure;
        }
        rows.close();
        LockSupport.parkNanos(pauseNanos);
        pauseNanos *= 2;
        rows = again.get().get(0);
    }

    @Override
    public Iterator<List<?>> iterator() {
        return new Iterator<>() {
            private Iterator<List<?>> wrapped = rows.iterator();

            private boolean more() {
                while (true) {
                    try {
                        return wrapped.hasNext();
                    } catch (IgniteException | CacheException e) {
                        if (given) {
                            throw e;
                        }
                        runAgain(e);
                        wrapped = rows.iterator();
                    }
                }
            }

            @Override
            public boolean hasNext() {
                if (more()) {
                    return true;
                }
                confirmEnd();
                return false;
            }

            @Override
            public List<?> next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                given = true;
                return wrapped.next();
            }
        };
    }

    @Override
    public List<List<?>> getAll() {
        try {
            List<List<?>> all = allRows();
            confirmEnd();
            return all;
        } finally {
            end();
        }
    }

    private List<List<?>> allRows() {
        while (true) {
            try {
                return rows.getAll();
            } catch (IgniteException | CacheException e) {
                runAgain(e);
            }
        }
    }

    @Override
    public void getAll(Consumer<List<?>> consumer) throws IgniteCheckedException {
        try {
            extended().getAll(consumer);
            confirmEnd();
        } finally {
            end();
        }
    }

    @SuppressWarnings("unchecked") // every cursor of the engine's is one
    private QueryCursorEx<List<?>> extended() {
        return (QueryCursorEx<List<?>>) rows;
    }

    @Override
    public List<GridQueryFieldMetadata> fieldsMeta() {
        return extended().fieldsMeta();
    }

    @Override
    public boolean isQuery() {
        return extended().isQuery();
    }

    @Override
    public String getFieldName(int index) {
        return rows.getFieldName(index);
    }

    @Override
    public int getColumnsCount() {
        return rows.getColumnsCount();
    }

    @Override
    public void close() {
        try {
            rows.close();
            // Who wants so many rows and no more relies on those that came first.
            if (given && open.get()) {
                confirmEnd();
            }
        } finally {
            end();
        }
    }
}
