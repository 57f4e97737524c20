package dev.penumbra.affinity;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Incubating;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.ignite.IgniteCluster;
import org.apache.ignite.cluster.ClusterGroup;
import org.apache.ignite.cluster.ClusterNode;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes of a grid are in which datacenter.
 *
 * <p>A node's datacenter is its attribute {@link #ATTRIBUTE}. Ignite publishes every system property as an attribute, so
 * {@code -DIGNITE_DATA_CENTER_ID=eu} sets it, and so does a user attribute of that name; the plugin lets the system
 * property win.
 */
@Incubating
public final class DatacenterNodes {
    /** Names the attribute and the system property that carry a node's datacenter; newer Ignite lines use the same. */
    public static final String ATTRIBUTE = "IGNITE_DATA_CENTER_ID";

    private DatacenterNodes() {}

    /** The datacenter that a node is in, or empty when it is in none. */
    public static Optional<Datacenter> datacenterOf(ClusterNode node) {
        @Nullable Object name = node.attribute(ATTRIBUTE);
        return name == null ? Optional.empty() : Optional.of(Datacenter.of(name.toString()));
    }

    /** The server nodes of a datacenter, possibly none. */
    public static ClusterGroup in(IgniteCluster cluster, Datacenter datacenter) {
        DatacenterFilter filter = new DatacenterFilter(datacenter);
        return cluster.forServers().forPredicate(filter);
    }

    /** All datacenters that have a server node now, in order of their names. */
    public static Set<Datacenter> all(IgniteCluster cluster) {
        Set<Datacenter> datacenters = new TreeSet<>();
        for (ClusterNode node : cluster.forServers().nodes()) {
            datacenterOf(node).ifPresent(datacenters::add);
        }
        return datacenters;
    }

    /**
     * Refuses a datacenter that has no server node.
     *
     * @throws PenumbraException with {@link ErrorCode#DATACENTER_NOT_FOUND}, naming those that have one
     */
    public static void require(IgniteCluster cluster, Datacenter datacenter) {
        if (in(cluster, datacenter).nodes().isEmpty()) {
            throw new PenumbraException(ErrorCode.DATACENTER_NOT_FOUND)
                    .with("datacenter", datacenter)
                    .with("present", all(cluster));
        }
    }
}
