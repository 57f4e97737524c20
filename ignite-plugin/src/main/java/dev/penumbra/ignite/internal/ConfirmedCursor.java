package dev.penumbra.ignite.internal;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.cache.query.FieldsQueryCursor;
import org.apache.ignite.internal.processors.cache.query.QueryCursorEx;
import org.apache.ignite.internal.processors.query.GridQueryFieldMetadata;

/**
 * Rows of copies, whose end is told only when the copies are confirmed to have been whole all the time.
 *
 * <p>Used by one thread at a time, as every cursor is.
 */
final class ConfirmedCursor implements FieldsQueryCursor<List<?>>, QueryCursorEx<List<?>> {
    private final FieldsQueryCursor<List<?>> rows;
    private final Runnable confirm;
    private final Runnable ended;
    private final AtomicBoolean open = new AtomicBoolean(true);
    private boolean given;
    private boolean confirmed;

    private ConfirmedCursor(FieldsQueryCursor<List<?>> rows, Runnable confirm, Runnable ended) {
        this.rows = rows;
        this.confirm = confirm;
        this.ended = ended;
    }

    /**
     * Watches over the cursors of one text.
     *
     * @param confirm called behind the last row of each; what it throws is thrown instead of telling that there are no more
     * @param ended called once all of them are at their end or closed
     */
    static List<FieldsQueryCursor<List<?>>> all(
            List<FieldsQueryCursor<List<?>>> cursors, Runnable confirm, Runnable ended) {
        AtomicInteger left = new AtomicInteger(cursors.size());
        List<FieldsQueryCursor<List<?>>> watched = new ArrayList<>();
        for (FieldsQueryCursor<List<?>> cursor : cursors) {
            watched.add(new ConfirmedCursor(cursor, confirm, () -> {
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

    @Override
    public Iterator<List<?>> iterator() {
        Iterator<List<?>> wrapped = rows.iterator();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                if (wrapped.hasNext()) {
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
            List<List<?>> all = rows.getAll();
            confirmEnd();
            return all;
        } finally {
            end();
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
