package dev.penumbra.ignite.internal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.util.List;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.cluster.ClusterTopologyException;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.affinity.AffinityTopologyVersion;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.distributed.dht.topology.GridDhtLocalPartition;
import org.apache.ignite.internal.processors.cache.distributed.dht.topology.GridDhtPartitionState;

/** Works on a partition of a cache that this node holds whole, which stays here meanwhile. */
final class OwnedPartition {
    /** What is done with it. */
    @FunctionalInterface
    interface Work<T> {
        T on(GridCacheContext<?, ?> context) throws IgniteCheckedException;
    }

    private OwnedPartition() {}

    /**
     * Confirms, after a partition has been read on this node, that what was written to it until now was written here, too. A partition that is held is not cleared, but
     * when it has gone to other nodes nobody writes to it here any more.
     *
     * @throws ClusterTopologyException when it has gone
     */
    static void confirm(GridCacheContext<?, ?> context, int partition) {
        List<ClusterNode> owners = context.affinity()
                .nodesByPartition(partition, context.affinity().affinityTopologyVersion());
        if (!owners.contains(context.localNode())) {
            throw new ClusterTopologyException("Topology was changed. Please retry on stable topology.");
        }
    }

    /** @throws PenumbraException with {@link ErrorCode#GRID_UNAVAILABLE} when this node does not hold it, or not whole */
    static <T> T with(IgniteEx grid, String cache, int partition, Work<T> work) {
        GridCacheContext<?, ?> context =
                grid.context().cache().internalCache(cache).context();
        if (!context.gate().enterIfNotStopped()) {
            throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE).with("cache", cache);
        }
        try {
            GridDhtLocalPartition owned =
                    context.topology().localPartition(partition, AffinityTopologyVersion.NONE, false);
            // A partition that is moving here does not have all rows yet.
            if (owned == null || owned.state() != GridDhtPartitionState.OWNING || !owned.reserve()) {
                throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE)
                        .with("cache", cache)
                        .with("partition", partition);
            }
            try {
                return work.on(context);
            } catch (IgniteCheckedException e) {
                throw new IgniteException(e);
            } finally {
                owned.release();
            }
        } finally {
            context.gate().leave();
        }
    }
}
