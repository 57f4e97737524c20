package dev.penumbra.ignite.internal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import javax.cache.Cache;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.CacheEntry;
import org.apache.ignite.cache.CacheEntryVersion;
import org.apache.ignite.cache.query.QueryCursor;
import org.apache.ignite.cache.query.ScanQuery;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.IgniteInternalFuture;
import org.apache.ignite.internal.binary.BinaryObjectEx;
import org.apache.ignite.internal.binary.BinaryObjectImpl;
import org.apache.ignite.internal.processors.cache.CacheObject;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.IgniteInternalCache;
import org.apache.ignite.internal.processors.cache.KeyCacheObject;
import org.apache.ignite.internal.processors.cache.dr.GridCacheDrInfo;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.processors.cache.version.GridCacheVersion;
import org.apache.ignite.internal.util.GridSerializableMap;
import org.apache.ignite.internal.util.lang.GridIterator;
import org.jspecify.annotations.Nullable;

/**
 * Writes with the position as the entry's version, the way Ignite applies what another cluster sends.
 *
 * <p>Design note: why no deleted row comes back. Ignite remembers a removed entry's version only for a while
 * ({@code IGNITE_CACHE_REMOVED_ENTRIES_TTL}, ten seconds) and for a number of entries
 * ({@code IGNITE_ATOMIC_CACHE_DELETE_HISTORY_SIZE}). A write older than the removal that arrived later than that would
 * bring the row back. Nothing here relies on that memory alone:
 *
 * <ul>
 *   <li>A copy has one writer at a time. Its feed writes in the order of positions and begins a batch only when the one
 *       before has completed on all nodes, so a write can only be overtaken inside one batch, and a batch holds one write
 *       for a key: the last.
 *   <li>A feed that starts again knows the window in which its predecessor may have written beyond what it had recorded. It
 *       takes that window as one batch, so the insert of a row that a later position inside the window deletes is never
 *       written again.
 *   <li>A feed takes over from another node only when that node has left the grid and all nodes have completed the
 *       exchange that follows: from then on nodes ignore requests of the one that left, and what they had accepted is done.
 *   <li>What fills a copy writes into a cache made for that filling alone. A copy is never filled twice into one cache.
 *   <li>While partitions move, Ignite keeps the removals of the receiving node until the move is complete.
 * </ul>
 *
 * <p>What remains for Ignite's own memory is a request between the two owners of one partition that outlives its sender.
 */
final class GridVersionedCache implements VersionedCache {
    // Any number but that of this grid, which is 0, marks a version as somebody else's, so that it is kept as given.
    private static final int POSITION_CLUSTER = 1;
    private static final int REMOVAL_PAGE = 1_024;

    // A node with a near cache searches what it wrote for each entry of a request, so large ones cost the square of
    // their size.
    private static final int PART = 256;

    private final Ignite ignite;
    private final String name;
    private final Executor writers;
    private final IgniteInternalCache<Object, Object> cache;
    private final GridCacheContext<?, ?> context;

    /** Writes all by the calling thread. */
    GridVersionedCache(IgniteEx ignite, String name) {
        this(ignite, name, Runnable::run);
    }

    GridVersionedCache(IgniteEx ignite, String name, Executor writers) {
        this.ignite = ignite;
        this.name = name;
        this.writers = writers;
        // Makes a node outside the datacenter a client of the cache.
        if (ignite.cache(name) == null) {
            throw new PenumbraException(ErrorCode.SHADOW_NOT_FOUND).with("cache", name);
        }
        this.cache = ignite.cachex(name).keepBinary();
        this.context = ignite.context().cache().internalCache(name).context();
    }

    static GridCacheVersion version(Position position) {
        return new GridCacheVersion(position.epoch(), position.sequence(), 1, POSITION_CLUSTER);
    }

    static Position position(CacheEntryVersion version) {
        return new Position(version.topologyVersion(), version.order());
    }

    @Override
    public CompletableFuture<Void> write(List<Write> writes) {
        if (writes.size() <= PART) {
            return writePart(writes);
        }
        List<CompletableFuture<Void>> written = new ArrayList<>();
        for (List<Write> part : parts(writes)) {
            // What this node owns is written before Ignite returns.
            written.add(CompletableFuture.completedFuture(part).thenComposeAsync(this::writePart, writers));
        }
        return all(written);
    }

    private CompletableFuture<Void> writePart(List<Write> writes) {
        List<Map.Entry<KeyCacheObject, GridCacheDrInfo>> puts = new ArrayList<>(writes.size());
        List<Map.Entry<KeyCacheObject, GridCacheVersion>> removes = new ArrayList<>();
        for (Write write : writes) {
            KeyCacheObject key = context.toCacheKeyObject(write.key());
            GridCacheVersion version = version(write.position());
            if (write.value() == null) {
                removes.add(Map.entry(key, version));
            } else {
                puts.add(Map.entry(key, new GridCacheDrInfo(context.toCacheObject(write.value()), version)));
            }
        }
        return write(puts, removes);
    }

    CompletableFuture<Void> write(
            List<Map.Entry<KeyCacheObject, GridCacheDrInfo>> puts,
            List<Map.Entry<KeyCacheObject, GridCacheVersion>> removes) {
        List<CompletableFuture<Void>> written = new ArrayList<>();
        try {
            for (List<Map.Entry<KeyCacheObject, GridCacheDrInfo>> part : parts(puts)) {
                written.add(future(cache.putAllConflictAsync(new EntryMap<>(part))));
            }
            for (List<Map.Entry<KeyCacheObject, GridCacheVersion>> part : parts(removes)) {
                written.add(future(cache.removeAllConflictAsync(new EntryMap<>(part))));
            }
        } catch (IgniteCheckedException | RuntimeException e) {
            written.add(CompletableFuture.failedFuture(e));
        }
        return all(written);
    }

    private static CompletableFuture<Void> all(List<CompletableFuture<Void>> written) {
        return CompletableFuture.allOf(written.toArray(CompletableFuture[]::new));
    }

    private static <E> List<List<E>> parts(List<E> whole) {
        List<List<E>> parts = new ArrayList<>();
        for (int from = 0; from < whole.size(); from += PART) {
            parts.add(whole.subList(from, Math.min(from + PART, whole.size())));
        }
        return parts;
    }

    private static CompletableFuture<Void> future(IgniteInternalFuture<?> internal) {
        CompletableFuture<Void> future = new CompletableFuture<>();
        internal.listen(finished -> {
            Throwable failure = finished.error();
            if (failure == null) {
                future.complete(null);
            } else {
                future.completeExceptionally(failure);
            }
        });
        return future;
    }

    /**
     * Removes entries of one partition of this cache, on the node that holds it. Waits.
     *
     * @param removal the version with which an entry is removed; null not to
     * @return how many were removed
     */
    long remove(GridCacheContext<?, ?> owner, int partition, Function<CacheDataRow, @Nullable GridCacheVersion> removal)
            throws IgniteCheckedException {
        GridIterator<CacheDataRow> rows = owner.offheap().cachePartitionIterator(owner.cacheId(), partition, false);
        List<Map.Entry<KeyCacheObject, GridCacheVersion>> page = new ArrayList<>();
        long count = 0;
        while (rows.hasNext()) {
            CacheDataRow row = rows.next();
            GridCacheVersion version = removal.apply(row);
            if (version != null) {
                page.add(Map.entry(row.key(), version));
                count++;
                if (page.size() == REMOVAL_PAGE) {
                    write(List.of(), page).join();
                    page = new ArrayList<>();
                }
            }
        }
        write(List.of(), page).join();
        return count;
    }

    CacheObject cacheObject(BinaryObject value) {
        return context.toCacheObject(value);
    }

    @Override
    public void truncate(Position position) {
        GridCacheVersion version = version(position);
        ScanQuery<Object, Object> scan = new ScanQuery<>();
        scan.setPageSize(REMOVAL_PAGE);
        List<Map.Entry<KeyCacheObject, GridCacheVersion>> page = new ArrayList<>(REMOVAL_PAGE);
        try (QueryCursor<Object> keys = ignite.cache(name).withKeepBinary().query(scan, Cache.Entry::getKey)) {
            for (Object key : keys) {
                page.add(Map.entry(context.toCacheKeyObject(key), version));
                if (page.size() == REMOVAL_PAGE) {
                    write(List.of(), page).join();
                    page = new ArrayList<>(REMOVAL_PAGE);
                }
            }
        }
        write(List.of(), page).join();
    }

    @Override
    public boolean lostRows() {
        @Nullable IgniteCache<?, ?> cache = ignite.cache(name);
        return cache == null || !cache.lostPartitions().isEmpty();
    }

    @Override
    public @Nullable Standing standing(Object key) {
        // On its owner: an entry of a near cache does not say by which change it was written.
        @Nullable Object @Nullable [] given = ignite.<Object, BinaryObject>cache(name)
                .<Object, BinaryObject>withKeepBinary()
                .invoke(key, new PositionedRow(true));
        return given == null ? null : new Standing(PositionedRow.value(given), PositionedRow.position(given));
    }

    static Position positionOf(CacheEntry<?, ?> entry) {
        CacheEntryVersion version = (CacheEntryVersion) entry.version();
        return position(version instanceof GridCacheVersion own ? own.conflictVersion() : version);
    }

    @Override
    public byte[] rawBytes(BinaryObject value) {
        return value instanceof BinaryObjectImpl whole && whole.start() == 0
                ? whole.array()
                : ((BinaryObjectEx) value).toBuilder().build() instanceof BinaryObjectImpl copy
                        ? copy.array()
                        : new byte[0];
    }

    /**
     * Entries in a fixed order, whose keys are known to differ. Ignite warns of maps without an order because two writers
     * could lock each other out; a copy has one.
     */
    private static final class EntryMap<V> extends GridSerializableMap<KeyCacheObject, V> {
        private static final long serialVersionUID = 1L;

        private final transient List<Map.Entry<KeyCacheObject, V>> entries;

        EntryMap(List<Map.Entry<KeyCacheObject, V>> entries) {
            this.entries = entries;
        }

        @Override
        public int size() {
            return entries.size();
        }

        @Override
        public Set<Map.Entry<KeyCacheObject, V>> entrySet() {
            return new AbstractSet<>() {
                @Override
                public Iterator<Map.Entry<KeyCacheObject, V>> iterator() {
                    return entries.iterator();
                }

                @Override
                public int size() {
                    return entries.size();
                }
            };
        }
    }
}
