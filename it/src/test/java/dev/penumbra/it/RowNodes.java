package dev.penumbra.it;

import dev.penumbra.affinity.DatacenterNodes;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.lang.IgnitePredicate;

/** The nodes of the three datacenters; not those that a test starts beside them. */
public final class RowNodes implements IgnitePredicate<ClusterNode> {
    private static final long serialVersionUID = 1L;

    @Override
    public boolean apply(ClusterNode node) {
        return DatacenterNodes.datacenterOf(node)
                .map(datacenter -> ProcessGrid.DATACENTERS.contains(datacenter.name()))
                .orElse(false);
    }
}
