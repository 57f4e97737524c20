package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.ignite.internal.PositionedRow;
import dev.penumbra.ignite.internal.PrimaryRows;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.read.Pending;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.binary.BinaryObject;
import org.jspecify.annotations.Nullable;

/** The rows of one filling of a copy by their keys, each from the node that owns it. Safe for use by several threads. */
final class KeyedRows {
    private final Ignite ignite;
    private final Copy copy;
    private final BinaryRows layout;
    private final IgniteCache<Object, BinaryObject> cache;
    private final PrimaryRows own;

    private KeyedRows(Ignite ignite, Copy copy, IgniteCache<Object, BinaryObject> cache, PrimaryRows own) {
        this.ignite = ignite;
        this.copy = copy;
        this.layout = new BinaryRows(ignite.binary(), copy);
        this.cache = cache;
        this.own = own;
    }

    /** @throws PenumbraException with {@link ErrorCode#COPY_REPLACED} when the filling's cache is gone */
    static KeyedRows open(Ignite ignite, Copy copy) {
        @Nullable IgniteCache<Object, BinaryObject> opened = ignite.cache(copy.cacheName());
        IgniteCache<Object, BinaryObject> cache = opened == null ? null : opened.withKeepBinary();
        PrimaryRows own = cache == null ? null : PrimaryRows.open(ignite, cache);
        if (cache == null || own == null) {
            throw new PenumbraException(ErrorCode.COPY_REPLACED).with("cache", copy.cacheName());
        }
        return new KeyedRows(ignite, copy, cache, own);
    }

    Optional<Row> get(Key key) {
        Object stored = layout.requiredKey(key);
        try {
            Object value = own.read(stored);
            if (value == PrimaryRows.ELSEWHERE) {
                value = cache.invoke(stored, new OwnedRow());
            }
            return value == null ? Optional.empty() : Optional.of(layout.row(stored, (BinaryObject) value));
        } catch (RuntimeException e) {
            throw failed(e);
        }
    }

    Map<Key, Row> getAll(Collection<Key> keys) {
        Map<Key, Row> rows = new HashMap<>();
        Map<Object, Key> elsewhere = new HashMap<>();
        try {
            for (Key key : keys) {
                Object stored = layout.requiredKey(key);
                Object value = own.read(stored);
                if (value == PrimaryRows.ELSEWHERE) {
                    elsewhere.put(stored, key);
                } else {
                    put(rows, key, stored, (BinaryObject) value);
                }
            }
            if (!elsewhere.isEmpty()) {
                cache.<BinaryObject>invokeAll(elsewhere.keySet(), new OwnedRow())
                        .forEach((stored, row) ->
                                put(rows, Objects.requireNonNull(elsewhere.get(stored)), stored, row.get()));
            }
            return rows;
        } catch (RuntimeException e) {
            throw failed(e);
        }
    }

    /** A row and the position of the change that wrote it. */
    record Positioned(Row row, Position position) {}

    /** The same rows, each with its position. */
    Map<Key, Positioned> getPositioned(Collection<Key> keys) {
        Map<Key, Positioned> rows = new HashMap<>();
        owned(
                keys,
                true,
                (key, stored, given) -> rows.put(
                        key,
                        new Positioned(layout.row(stored, PositionedRow.value(given)), PositionedRow.position(given))));
        return rows;
    }

    /** The rows as they were at a position, of a copy that is archived. */
    Map<Key, Row> getFormer(Collection<Key> keys, Position at) {
        Map<Object, Key> wanted = new HashMap<>();
        keys.forEach(key -> wanted.put(layout.requiredKey(key), key));
        Map<Key, Row> rows = new HashMap<>();
        try {
            GridInternals.former(ignite, copy, wanted.keySet(), at)
                    .forEach((stored, value) -> put(rows, Objects.requireNonNull(wanted.get(stored)), stored, value));
            return rows;
        } catch (RuntimeException e) {
            throw failed(e);
        }
    }

    /** @throws PenumbraException with {@link ErrorCode#INVALID_KEY} when one of the keys cannot be any row's */
    void requireKeys(Collection<Key> keys) {
        keys.forEach(layout::requiredKey);
    }

    /** The same rows with changes laid over them, of each the newer. */
    Map<Key, Row> getWith(Map<Key, Pending.Change<BinaryObject>> changes, Collection<Key> keys) {
        Map<Key, Row> rows = new HashMap<>();
        Map<Key, Positioned> stored = getPositioned(keys);
        for (Key key : keys) {
            Positioned present = stored.get(key);
            Pending.Change<BinaryObject> change = changes.get(key);
            Row row = present == null ? null : present.row();
            if (change != null && (present == null || change.position().compareTo(present.position()) > 0)) {
                BinaryObject value = change.row();
                row = value == null ? null : layout.row(layout.requiredKey(key), value);
            }
            if (row != null) {
                rows.put(key, row);
            }
        }
        return rows;
    }

    /** A row that has not come through the cache as one that has. */
    Row stored(Key key, Row row) {
        return layout.row(layout.requiredKey(key), layout.value(row));
    }

    /** Rows with others laid over them; empty takes one away. */
    Map<Key, Row> with(Map<Key, Row> rows, Map<Key, Optional<BinaryObject>> others) {
        Map<Key, Row> both = new HashMap<>(rows);
        others.forEach((key, value) -> {
            if (value.isPresent()) {
                both.put(key, layout.row(layout.requiredKey(key), value.get()));
            } else {
                both.remove(key);
            }
        });
        return both;
    }

    /** The positions of the changes that wrote rows, of those that are there. */
    Map<Key, Position> positions(Collection<Key> keys) {
        Map<Key, Position> positions = new HashMap<>();
        owned(keys, false, (key, stored, given) -> positions.put(key, PositionedRow.position(given)));
        return positions;
    }

    private interface Given {
        void take(Key key, Object stored, @Nullable Object[] given);
    }

    private void owned(Collection<Key> keys, boolean withValue, Given taker) {
        Map<Object, Key> wanted = new HashMap<>();
        keys.forEach(key -> wanted.put(layout.requiredKey(key), key));
        try {
            cache.<@Nullable Object @Nullable []>invokeAll(wanted.keySet(), new PositionedRow(withValue))
                    .forEach((stored, row) -> {
                        @Nullable Object @Nullable [] given = row.get();
                        if (given != null) {
                            taker.take(Objects.requireNonNull(wanted.get(stored)), stored, given);
                        }
                    });
        } catch (RuntimeException e) {
            throw failed(e);
        }
    }

    private void put(Map<Key, Row> rows, Key key, Object stored, @Nullable BinaryObject value) {
        if (value != null) {
            rows.put(key, layout.row(stored, value));
        }
    }

    /** What of a cache that is gone has been read in vain fails in many ways, since Ignite takes its parts away one by one. */
    private RuntimeException failed(RuntimeException failure) {
        return ignite.cache(copy.cacheName()) == null
                ? new PenumbraException(ErrorCode.COPY_REPLACED, failure).with("cache", copy.cacheName())
                : failure;
    }
}
