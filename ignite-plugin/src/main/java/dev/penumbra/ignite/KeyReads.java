package dev.penumbra.ignite;

import dev.penumbra.ignite.sql.NameRouter;
import dev.penumbra.ignite.sql.Reader;
import dev.penumbra.ignite.sql.Reads;
import dev.penumbra.ignite.sql.Routing;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.ReadGate.Choice;
import dev.penumbra.shadow.read.ReadSession;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.IgniteException;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.affinity.Affinity;
import org.jspecify.annotations.Nullable;

/** Reads rows of copies by their keys. Safe for use by several threads. */
final class KeyReads {
    private static final int MAX_LAYOUTS = 1_000;

    private final Ignite ignite;
    private final NameRouter router;
    private final CopyBoard board;
    private final Function<ReadSession, Reader> readers;
    private final Reads reads;
    private final Map<String, BinaryRows> layouts = new ConcurrentHashMap<>();

    KeyReads(Ignite ignite, NameRouter router, CopyBoard board, Function<ReadSession, Reader> readers, Reads reads) {
        this.ignite = ignite;
        this.router = router;
        this.board = board;
        this.readers = readers;
        this.reads = reads;
    }

    Answer<Map<Key, Row>> read(ReadSession session, String table, Collection<Key> keys, Consistency asked) {
        Reader reader = readers.apply(session);
        Routing.Answer chosen =
                router.route(table, asked, covered -> keys.stream().allMatch(covered::containsKey), reader);
        try {
            Copy copy = board.built(chosen.schema(), chosen.table()).orElseThrow(() -> notACopy(chosen));
            reads.started(chosen.source(), chosen.table());
            Map<Key, Row> rows = rows(copy, keys);
            router.confirm(chosen);
            Choice choice = chosen.choice();
            Duration staleness = choice == null || choice.stalenessNanos().isEmpty()
                    ? null
                    : Duration.ofNanos(choice.stalenessNanos().getAsLong());
            return new Answer<>(rows, asked, chosen.copy(), staleness, chosen.applied(), chosen.reason());
        } catch (IgniteException | javax.cache.CacheException e) {
            throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE, e).with("copy", chosen.copy());
        } finally {
            reader.ended(List.of(chosen));
        }
    }

    private static PenumbraException notACopy(Routing.Answer chosen) {
        return chosen.choice() != null && chosen.choice().candidate().feed() == null
                ? new PenumbraException(ErrorCode.NOT_SUPPORTED)
                        .with("table", chosen.copy())
                        .with("reason", "the table is an Ignite table: read its cache, or by SQL")
                : new PenumbraException(ErrorCode.TABLE_NOT_FOUND).with("table", chosen.copy());
    }

    private Map<Key, Row> rows(Copy copy, Collection<Key> keys) {
        if (layouts.size() > MAX_LAYOUTS) {
            // Of fillings that are gone, most of them.
            layouts.clear();
        }
        BinaryRows layout = layouts.computeIfAbsent(copy.cacheName(), name -> new BinaryRows(ignite.binary(), copy));
        @Nullable IgniteCache<Object, BinaryObject> opened = ignite.cache(copy.cacheName());
        if (opened == null) {
            throw new PenumbraException(ErrorCode.COPY_REPLACED).with("cache", copy.cacheName());
        }
        IgniteCache<Object, BinaryObject> cache = opened.withKeepBinary();
        Affinity<Object> affinity = ignite.affinity(copy.cacheName());
        Map<Key, Row> rows = new HashMap<>();
        Map<Object, Key> elsewhere = new HashMap<>();
        for (Key key : keys) {
            layout.requireKey(key);
            Object stored = layout.key(key);
            if (!isPrimary(affinity, stored) || !read(rows, layout, key, stored, cache, affinity)) {
                elsewhere.put(stored, key);
            }
        }
        if (!elsewhere.isEmpty()) {
            // Never from this node's near cache: Ignite may leave a former row there (IGNITE-627).
            cache.<BinaryObject>invokeAll(elsewhere.keySet(), new OwnedRow())
                    .forEach((stored, row) ->
                            put(rows, layout, Objects.requireNonNull(elsewhere.get(stored)), stored, row.get()));
        }
        return rows;
    }

    private boolean isPrimary(Affinity<Object> affinity, Object stored) {
        return affinity.isPrimary(ignite.cluster().localNode(), stored);
    }

    /** Reads a row of this node's; false when it may have ceased to be this node's meanwhile. */
    private boolean read(
            Map<Key, Row> rows,
            BinaryRows layout,
            Key key,
            Object stored,
            IgniteCache<Object, BinaryObject> cache,
            Affinity<Object> affinity) {
        @Nullable BinaryObject value = cache.get(stored);
        if (!isPrimary(affinity, stored)) {
            return false;
        }
        put(rows, layout, key, stored, value);
        return true;
    }

    private static void put(
            Map<Key, Row> rows, BinaryRows layout, Key key, Object stored, @Nullable BinaryObject value) {
        if (value != null) {
            rows.put(key, layout.row(stored, value));
        }
    }
}
