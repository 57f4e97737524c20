package dev.penumbra.ignite.internal;

import java.util.Collections;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.apache.calcite.util.ImmutableBitSet;
import org.apache.ignite.cluster.ClusterTopologyException;
import org.apache.ignite.internal.GridKernalContext;
import org.apache.ignite.internal.processors.query.calcite.exec.ExecutionContext;
import org.apache.ignite.internal.processors.query.calcite.metadata.ColocationGroup;
import org.apache.ignite.internal.processors.query.calcite.schema.CacheTableDescriptor;
import org.apache.ignite.internal.processors.query.calcite.schema.CacheTableImpl;
import org.apache.ignite.internal.processors.query.calcite.schema.IgniteIndex;
import org.apache.ignite.internal.processors.query.calcite.trait.IgniteDistribution;
import org.apache.ignite.internal.processors.query.calcite.trait.IgniteDistributions;
import org.jspecify.annotations.Nullable;

/**
 * The table of all versions of a copy's rows, as the engine sees it: that of the archive's cache, but for what a scan of it gives.
 *
 * <p>Safe for use by several threads.
 */
final class ArchiveTable extends CacheTableImpl {
    private final Supplier<@Nullable CacheTableDescriptor> rows;

    /**
     * @param archive the table that Ignite has made for the archive's cache
     * @param rows finds the table of the copy's rows; gives null when it is not there any more, or not yet
     */
    ArchiveTable(
            GridKernalContext context, CacheTableDescriptor archive, Supplier<@Nullable CacheTableDescriptor> rows) {
        super(context, archive);
        this.rows = rows;
    }

    @Override
    public <R> Iterable<R> scan(
            ExecutionContext<R> execution, ColocationGroup group, @Nullable ImmutableBitSet columns) {
        UUID local = execution.localNodeId();
        if (!group.nodeIds().contains(local)) {
            return Collections.emptyList();
        }
        CacheTableDescriptor present = rows.get();
        if (present == null || present.cacheContext() == null) {
            throw new ClusterTopologyException("Topology was changed. Please retry on stable topology.");
        }
        return new ArchiveScan<>(execution, descriptor(), present, group.partitions(local), columns);
    }

    /** Where a version is depends on its row's key, which the archive's own keys do not tell the engine. */
    @Override
    public IgniteDistribution distribution() {
        return IgniteDistributions.random();
    }

    @Override
    public Map<String, IgniteIndex> indexes() {
        return Map.of();
    }

    /** No index knows the versions. */
    @Override
    public void addIndex(IgniteIndex index) {}

    @Override
    public boolean isModifiable() {
        return false;
    }
}
