package dev.penumbra.affinity;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.api.Incubating;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.lang.IgnitePredicate;

/**
 * A cache's node filter that lets in the nodes of one datacenter.
 *
 * <p>Immutable, serializable, and equal to any filter of the same datacenter, so that the cache configurations of all
 * nodes compare as equal.
 */
@Incubating
public final class DatacenterFilter implements IgnitePredicate<ClusterNode> {
    private static final long serialVersionUID = 1L;

    private final String datacenter;

    public DatacenterFilter(Datacenter datacenter) {
        this.datacenter = datacenter.name();
    }

    /** The datacenter whose nodes pass. */
    public Datacenter datacenter() {
        return new Datacenter(datacenter);
    }

    @Override
    public boolean apply(ClusterNode node) {
        Object name = node.attribute(DatacenterNodes.ATTRIBUTE);
        return name != null && datacenter.equalsIgnoreCase(name.toString().strip());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DatacenterFilter that && datacenter.equals(that.datacenter);
    }

    @Override
    public int hashCode() {
        return datacenter.hashCode();
    }

    @Override
    public String toString() {
        return "datacenter = " + datacenter;
    }
}
