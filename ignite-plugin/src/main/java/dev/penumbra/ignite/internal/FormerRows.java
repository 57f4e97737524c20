package dev.penumbra.ignite.internal;

import dev.penumbra.model.Position;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.cache.CachePeekMode;
import org.apache.ignite.cache.affinity.Affinity;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.util.lang.GridIterator;
import org.apache.ignite.lang.IgniteCallable;
import org.apache.ignite.plugin.security.SecurityPermission;
import org.apache.ignite.resources.IgniteInstanceResource;
import org.jspecify.annotations.Nullable;

/**
 * Reads rows of some partitions of a copy as they were at a position, on the node that owns them: of each the copy first, then its archive.
 *
 * <p>Gives a value for each key, null where there was no row.
 */
final class FormerRows implements IgniteCallable<@Nullable Object[]> {
    private static final long serialVersionUID = 1L;

    private final String cache;
    private final String archive;
    private final Object[] keys;
    private final int epoch;
    private final long sequence;

    @IgniteInstanceResource
    private transient @Nullable Ignite ignite;

    /** @param keys as the copy holds them */
    FormerRows(String cache, String archive, Object[] keys, Position at) {
        this.cache = cache;
        this.archive = archive;
        this.keys = keys;
        this.epoch = at.epoch();
        this.sequence = at.sequence();
    }

    @Override
    public @Nullable Object[] call() {
        IgniteEx grid = (IgniteEx) Objects.requireNonNull(ignite);
        grid.context().security().authorize(archive, SecurityPermission.CACHE_READ);
        Affinity<Object> affinity = grid.affinity(cache);
        Map<Integer, Map<Object, Integer>> byPartition = new HashMap<>();
        for (int i = 0; i < keys.length; i++) {
            byPartition
                    .computeIfAbsent(affinity.partition(keys[i]), partition -> new HashMap<>())
                    .put(keys[i], i);
        }
        @Nullable Object[] values = new @Nullable Object[keys.length];
        byPartition.forEach((partition, wanted) -> OwnedPartition.with(grid, cache, partition, rows -> {
            present(grid, cache, wanted, values);
            // What is not this node's any more is not seen here.
            OwnedPartition.confirm(rows, partition);
            return OwnedPartition.with(grid, archive, partition, context -> former(context, partition, wanted, values));
        }));
        return values;
    }

    private static void present(IgniteEx grid, String cache, Map<Object, Integer> wanted, @Nullable Object[] values) {
        IgniteCache<Object, Object> rows = grid.cache(cache).withKeepBinary();
        wanted.forEach((key, i) -> values[i] = rows.localPeek(key, CachePeekMode.PRIMARY, CachePeekMode.BACKUP));
    }

    private int former(
            GridCacheContext<?, ?> context, int partition, Map<Object, Integer> wanted, @Nullable Object[] values)
            throws IgniteCheckedException {
        Position at = new Position(epoch, sequence);
        Map<Object, Position> until = new HashMap<>();
        GridIterator<CacheDataRow> stored =
                context.offheap().cachePartitionIterator(context.cacheId(), partition, false);
        while (stored.hasNext()) {
            ArchiveEntry entry = ArchiveEntry.of(context, stored.next());
            Integer i = wanted.get(entry.row());
            if (i != null && entry.until().compareTo(at) > 0) {
                Position known = until.get(entry.row());
                if (known == null || entry.until().compareTo(known) < 0) {
                    until.put(entry.row(), entry.until());
                    values[i] = entry.value();
                }
            }
        }
        // Otherwise the rows could be newer than what was.
        OwnedPartition.confirm(context, partition);
        return until.size();
    }
}
