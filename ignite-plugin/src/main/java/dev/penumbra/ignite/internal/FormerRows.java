package dev.penumbra.ignite.internal;

import dev.penumbra.model.Position;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.CachePeekMode;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.util.lang.GridIterator;
import org.apache.ignite.lang.IgniteCallable;
import org.apache.ignite.resources.IgniteInstanceResource;
import org.jspecify.annotations.Nullable;

/**
 * Reads rows of one partition of a copy as they were at a position, on the node that owns it: the copy first, then its archive.
 *
 * <p>Gives a value for each key, null where there was no row.
 */
final class FormerRows implements IgniteCallable<@Nullable Object[]> {
    private static final long serialVersionUID = 1L;

    private final String cache;
    private final String archive;
    private final int partition;
    private final Object[] keys;
    private final int epoch;
    private final long sequence;

    @IgniteInstanceResource
    private transient @Nullable Ignite ignite;

    /** @param keys as the copy holds them, all of the partition */
    FormerRows(String cache, String archive, int partition, Object[] keys, Position at) {
        this.cache = cache;
        this.archive = archive;
        this.partition = partition;
        this.keys = keys;
        this.epoch = at.epoch();
        this.sequence = at.sequence();
    }

    @Override
    public @Nullable Object[] call() {
        IgniteEx grid = (IgniteEx) Objects.requireNonNull(ignite);
        return OwnedPartition.with(grid, cache, partition, rows -> {
            @Nullable Object[] present = present(grid);
            return OwnedPartition.with(grid, archive, partition, context -> former(context, present));
        });
    }

    private @Nullable Object[] present(IgniteEx grid) {
        IgniteCache<Object, Object> rows = grid.cache(cache).withKeepBinary();
        @Nullable Object[] present = new @Nullable Object[keys.length];
        for (int i = 0; i < keys.length; i++) {
            present[i] = rows.localPeek(keys[i], CachePeekMode.PRIMARY, CachePeekMode.BACKUP);
        }
        return present;
    }

    private @Nullable Object[] former(GridCacheContext<?, ?> context, @Nullable Object[] present)
            throws IgniteCheckedException {
        Map<Object, Integer> wanted = new HashMap<>();
        for (int i = 0; i < keys.length; i++) {
            wanted.put(keys[i], i);
        }
        Position at = new Position(epoch, sequence);
        @Nullable Position[] until = new @Nullable Position[keys.length];
        GridIterator<CacheDataRow> stored =
                context.offheap().cachePartitionIterator(context.cacheId(), partition, false);
        while (stored.hasNext()) {
            ArchiveEntry entry = ArchiveEntry.of(context, stored.next());
            Integer i = wanted.get(entry.row());
            if (i != null && entry.until().compareTo(at) > 0) {
                Position known = until[i];
                if (known == null || entry.until().compareTo(known) < 0) {
                    until[i] = entry.until();
                    BinaryObject value = entry.value();
                    present[i] = value;
                }
            }
        }
        return present;
    }
}
