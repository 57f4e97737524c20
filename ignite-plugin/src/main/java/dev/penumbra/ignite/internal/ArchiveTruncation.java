package dev.penumbra.ignite.internal;

import dev.penumbra.ignite.internal.VersionedCache.Write;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.ArchiveRows;
import dev.penumbra.shadow.Catalogue;
import dev.penumbra.shadow.Copy;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.util.lang.GridIterator;
import org.apache.ignite.lang.IgniteCallable;
import org.apache.ignite.resources.IgniteInstanceResource;
import org.jspecify.annotations.Nullable;

/** Puts into the archive what one partition of a copy has, as what was before a position; on the node that owns it. */
final class ArchiveTruncation implements IgniteCallable<Long> {
    private static final long serialVersionUID = 1L;
    private static final int BATCH = 1_024;

    private final String cache;
    private final int partition;
    private final int epoch;
    private final long sequence;
    private final long first;
    private final long last;
    private final long committedAtMillis;

    @IgniteInstanceResource
    private transient @Nullable Ignite ignite;

    /**
     * @param until the position
     * @param first the first position of its transaction
     * @param last the last position of its transaction
     */
    ArchiveTruncation(
            String cache, int partition, Position until, Position first, Position last, long committedAtMillis) {
        this.cache = cache;
        this.partition = partition;
        this.epoch = until.epoch();
        this.sequence = until.sequence();
        this.first = first.sequence();
        this.last = last.sequence();
        this.committedAtMillis = committedAtMillis;
    }

    @Override
    public Long call() {
        IgniteEx grid = (IgniteEx) Objects.requireNonNull(ignite);
        Copy copy = PartitionListing.copy(new Catalogue(grid).all(), cache);
        ArchiveRows rows = new ArchiveRows(grid.binary(), copy);
        GridVersionedCache archive = new GridVersionedCache(grid, copy.archiveCacheName());
        return OwnedPartition.with(grid, cache, partition, context -> archive(context, rows, archive));
    }

    private long archive(GridCacheContext<?, ?> context, ArchiveRows rows, GridVersionedCache archive)
            throws IgniteCheckedException {
        Position until = new Position(epoch, sequence);
        GridIterator<CacheDataRow> stored =
                context.offheap().cachePartitionIterator(context.cacheId(), partition, false);
        List<Write> batch = new ArrayList<>();
        long count = 0;
        while (stored.hasNext()) {
            CacheDataRow row = stored.next();
            // What has come since is not removed.
            if (GridVersionedCache.position(row.version().conflictVersion()).compareTo(until) < 0) {
                BinaryObject value = (BinaryObject) context.unwrapBinaryIfNeeded(row.value(), true, false, null);
                Position ended = new Position(epoch, last);
                Object key = rows.key(
                        ArchiveEntry.object(context, row), new Position(epoch, first), ended, committedAtMillis);
                batch.add(new Write(key, rows.value(value), ended));
                count++;
                if (batch.size() == BATCH) {
                    archive.write(batch).join();
                    batch = new ArrayList<>();
                }
            }
        }
        archive.write(batch).join();
        return count;
    }
}
