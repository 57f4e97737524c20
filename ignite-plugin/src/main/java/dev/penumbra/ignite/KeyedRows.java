package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.PrimaryRows;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Copy;
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
    private final String cacheName;
    private final BinaryRows layout;
    private final IgniteCache<Object, BinaryObject> cache;
    private final PrimaryRows own;

    private KeyedRows(Ignite ignite, Copy copy, IgniteCache<Object, BinaryObject> cache, PrimaryRows own) {
        this.ignite = ignite;
        this.cacheName = copy.cacheName();
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

    private void put(Map<Key, Row> rows, Key key, Object stored, @Nullable BinaryObject value) {
        if (value != null) {
            rows.put(key, layout.row(stored, value));
        }
    }

    /** What of a cache that is gone has been read in vain fails in many ways, since Ignite takes its parts away one by one. */
    private RuntimeException failed(RuntimeException failure) {
        return ignite.cache(cacheName) == null
                ? new PenumbraException(ErrorCode.COPY_REPLACED, failure).with("cache", cacheName)
                : failure;
    }
}
