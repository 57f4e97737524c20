package dev.penumbra.ignite.internal;

import dev.penumbra.model.Position;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.util.lang.GridIterator;
import org.apache.ignite.lang.IgniteCallable;
import org.apache.ignite.resources.IgniteInstanceResource;
import org.jspecify.annotations.Nullable;

/**
 * Finds, in some partitions of an archive on the node that owns them, the first transaction that was committed later than at a time.
 *
 * <p>Gives its first position's epoch and sequence; null when there is none.
 */
final class ArchiveCut implements IgniteCallable<long @Nullable []> {
    private static final long serialVersionUID = 1L;

    private final String archive;
    private final int[] partitions;
    private final long atMillis;

    @IgniteInstanceResource
    private transient @Nullable Ignite ignite;

    ArchiveCut(String archive, int[] partitions, long atMillis) {
        this.archive = archive;
        this.partitions = partitions;
        this.atMillis = atMillis;
    }

    @Override
    public long @Nullable [] call() {
        IgniteEx grid = (IgniteEx) Objects.requireNonNull(ignite);
        return Arrays.stream(partitions)
                .mapToObj(partition ->
                        OwnedPartition.with(grid, archive, partition, context -> first(context, partition)))
                .flatMap(Optional::stream)
                .min(Comparator.naturalOrder())
                .map(first -> new long[] {first.epoch(), first.sequence()})
                .orElse(null);
    }

    private Optional<Position> first(GridCacheContext<?, ?> context, int partition) throws IgniteCheckedException {
        Position first = null;
        GridIterator<CacheDataRow> rows = context.offheap().cachePartitionIterator(context.cacheId(), partition, false);
        while (rows.hasNext()) {
            ArchiveEntry entry = ArchiveEntry.of(context, rows.next());
            if (entry.committedAtMillis() > atMillis
                    && (first == null || entry.first().compareTo(first) < 0)) {
                first = entry.first();
            }
        }
        // Otherwise what has come last could be missing.
        OwnedPartition.confirm(context, partition);
        return Optional.ofNullable(first);
    }
}
