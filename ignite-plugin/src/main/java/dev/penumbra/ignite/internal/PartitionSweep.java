package dev.penumbra.ignite.internal;

import java.util.HashMap;
import java.util.Map;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.version.GridCacheVersion;
import org.apache.ignite.lang.IgniteCallable;
import org.apache.ignite.resources.IgniteInstanceResource;
import org.jspecify.annotations.Nullable;

/**
 * Removes, from one partition of a shadow of an Ignite table, the rows of some of the table's partitions that are older than a
 * position: they were there when the partition was last written, and the table does not have them any more.
 */
final class PartitionSweep implements IgniteCallable<Long> {
    private static final long serialVersionUID = 1L;

    private final String cache;
    private final int partition;
    private final int[] tablePartitions;
    private final int[] epochs;
    private final long[] sequences;

    @IgniteInstanceResource
    private transient @Nullable Ignite ignite;

    /**
     * @param tablePartitions the table's partitions concerned
     * @param epochs of each, the epoch of the position before which rows are removed
     * @param sequences of each, that position's sequence
     */
    PartitionSweep(String cache, int partition, int[] tablePartitions, int[] epochs, long[] sequences) {
        this.cache = cache;
        this.partition = partition;
        this.tablePartitions = tablePartitions;
        this.epochs = epochs;
        this.sequences = sequences;
    }

    @Override
    public Long call() {
        IgniteEx grid = (IgniteEx) java.util.Objects.requireNonNull(ignite);
        GridVersionedCache target = new GridVersionedCache(grid, cache);
        return OwnedPartition.with(grid, cache, partition, context -> sweep(context, target));
    }

    private long sweep(GridCacheContext<?, ?> context, GridVersionedCache target) throws IgniteCheckedException {
        Map<Integer, GridCacheVersion> limits = new HashMap<>();
        for (int i = 0; i < tablePartitions.length; i++) {
            limits.put(
                    tablePartitions[i],
                    GridVersionedCache.version(new dev.penumbra.model.Position(epochs[i], sequences[i])));
        }
        return target.remove(context, partition, row -> {
            GridCacheVersion version = row.version().conflictVersion();
            GridCacheVersion limit = limits.get(PartitionPosition.partition(version.order()));
            return limit != null && version.compareTo(limit) < 0 ? limit : null;
        });
    }
}
