package dev.penumbra.affinity;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.api.Incubating;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.ignite.cache.affinity.AffinityFunction;
import org.apache.ignite.cache.affinity.AffinityFunctionContext;
import org.apache.ignite.cache.affinity.rendezvous.RendezvousAffinityFunction;
import org.apache.ignite.cluster.ClusterNode;
import org.jspecify.annotations.Nullable;

/**
 * An affinity function that places partitions on the nodes of one datacenter only.
 *
 * <p>Which partition a key belongs to depends on the key and the partition count alone, so all caches with the same
 * count number a key's partition alike, whatever their datacenter. While the datacenter has no node its partitions have
 * no owner; they are never placed elsewhere.
 *
 * <p>Immutable after construction, serializable, and equal to any function of the same datacenter and count.
 */
@Incubating
public final class DatacenterAffinity implements AffinityFunction {
    private static final long serialVersionUID = 1L;

    private final DatacenterFilter filter;
    private final RendezvousAffinityFunction rendezvous;

    /**
     * @param partitions how many partitions a cache has, a positive number up to
     *     {@link org.apache.ignite.configuration.CacheConfiguration#MAX_PARTITIONS_COUNT}
     */
    public DatacenterAffinity(Datacenter datacenter, int partitions) {
        this.filter = new DatacenterFilter(datacenter);
        this.rendezvous = new RendezvousAffinityFunction(false, partitions);
    }

    /** The datacenter that partitions are placed in. */
    public Datacenter datacenter() {
        return filter.datacenter();
    }

    @Override
    public int partitions() {
        return rendezvous.partitions();
    }

    @Override
    public int partition(Object key) {
        return rendezvous.partition(key);
    }

    @Override
    public List<List<ClusterNode>> assignPartitions(AffinityFunctionContext context) {
        List<ClusterNode> inside =
                context.currentTopologySnapshot().stream().filter(filter::apply).toList();
        List<List<ClusterNode>> assignment = new ArrayList<>(partitions());
        for (int partition = 0; partition < partitions(); partition++) {
            assignment.add(
                    inside.isEmpty()
                            ? List.of()
                            : rendezvous.assignPartition(partition, inside, context.backups(), null));
        }
        return assignment;
    }

    @Override
    public void removeNode(UUID nodeId) {
        rendezvous.removeNode(nodeId);
    }

    @Override
    public void reset() {
        rendezvous.reset();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof DatacenterAffinity that
                && filter.equals(that.filter)
                && partitions() == that.partitions();
    }

    @Override
    public int hashCode() {
        return 31 * filter.hashCode() + partitions();
    }

    @Override
    public String toString() {
        return "DatacenterAffinity[" + filter + ", partitions = " + partitions() + "]";
    }
}
