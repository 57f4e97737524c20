package dev.penumbra.ignite.internal;

import dev.penumbra.model.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.KeyCacheObject;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.processors.cache.version.GridCacheVersion;
import org.apache.ignite.internal.util.lang.GridIterator;

/** Removes from one partition of an archive what nobody may read any more. */
final class ArchivePurge {
    private static final int BATCH = 1_024;

    private final String archive;
    private final int partition;
    private final Position begin;

    ArchivePurge(String archive, int partition, Position begin) {
        this.archive = archive;
        this.partition = partition;
        this.begin = begin;
    }

    long run(IgniteEx grid) {
        if (!grid.localNode().equals(grid.affinity(archive).mapPartitionToNode(partition))) {
            return 0;
        }
        GridVersionedCache target = new GridVersionedCache(grid, archive);
        return OwnedPartition.with(grid, archive, partition, context -> purge(context, target));
    }

    private long purge(GridCacheContext<?, ?> context, GridVersionedCache target) throws IgniteCheckedException {
        GridIterator<CacheDataRow> rows = context.offheap().cachePartitionIterator(context.cacheId(), partition, false);
        List<Map.Entry<KeyCacheObject, GridCacheVersion>> batch = new ArrayList<>();
        long count = 0;
        while (rows.hasNext()) {
            CacheDataRow row = rows.next();
            Position until = ArchiveEntry.of(context, row).until();
            if (until.compareTo(begin) <= 0) {
                // Larger than that of the entry, which is its own position.
                batch.add(Map.entry(row.key(), GridVersionedCache.version(until.next())));
                count++;
                if (batch.size() == BATCH) {
                    target.write(List.of(), batch).join();
                    batch = new ArrayList<>();
                }
            }
        }
        target.write(List.of(), batch).join();
        return count;
    }
}
