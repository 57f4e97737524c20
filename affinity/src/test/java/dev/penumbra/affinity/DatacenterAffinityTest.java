package dev.penumbra.affinity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Datacenter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.ignite.cache.affinity.AffinityFunctionContext;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.events.DiscoveryEvent;
import org.apache.ignite.internal.processors.affinity.AffinityTopologyVersion;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

@NullMarked
class DatacenterAffinityTest {
    private static final Datacenter EU = Datacenter.of("eu");
    private static final Datacenter US = Datacenter.of("us");

    @Test
    void assignPartitions_ofAGridWithThreeDatacenters_placesNoneOutside() {
        List<ClusterNode> nodes = grid(3);

        List<List<ClusterNode>> assignment = new DatacenterAffinity(EU, 64).assignPartitions(new Topology(nodes, 1));

        assertThat(assignment)
                .hasSize(64)
                .allSatisfy(owners -> assertThat(owners)
                        .hasSize(2)
                        .allMatch(node -> "eu".equals(node.attribute(DatacenterNodes.ATTRIBUTE))));
    }

    @Test
    void assignPartitions_withoutANodeInTheDatacenter_leavesEveryPartitionUnowned() {
        List<List<ClusterNode>> assignment =
                new DatacenterAffinity(Datacenter.of("asia"), 8).assignPartitions(new Topology(grid(2), 0));

        assertThat(assignment).hasSize(8).allMatch(List::isEmpty);
    }

    @Test
    void assignPartitions_withSeveralNodes_usesAllOfThem() {
        List<List<ClusterNode>> assignment = new DatacenterAffinity(EU, 64).assignPartitions(new Topology(grid(4), 0));

        assertThat(assignment.stream().map(owners -> owners.get(0)).distinct()).hasSize(4);
    }

    @Test
    void partition_ofAKey_isTheSameInEveryDatacenter() {
        DatacenterAffinity eu = new DatacenterAffinity(EU, 64);
        DatacenterAffinity us = new DatacenterAffinity(US, 64);

        for (long key = 0; key < 1_000; key++) {
            assertThat(eu.partition(key)).isEqualTo(us.partition(key));
        }
    }

    @Test
    void equals_ofTheSameDatacenterAndCount_holdsAcrossSerialization() throws Exception {
        DatacenterAffinity eu = new DatacenterAffinity(EU, 64);

        assertThat(copy(eu)).isEqualTo(eu).hasSameHashCodeAs(eu);
        assertThat(copy(new DatacenterFilter(EU))).isEqualTo(new DatacenterFilter(EU));
        assertThat(eu).isNotEqualTo(new DatacenterAffinity(US, 64)).isNotEqualTo(new DatacenterAffinity(EU, 32));
    }

    @Test
    void datacenterOf_aNodeWithoutTheAttribute_isEmpty() {
        assertThat(DatacenterNodes.datacenterOf(new FixedNode(new UUID(1, 1), java.util.Map.of())))
                .isEmpty();
        assertThat(DatacenterNodes.datacenterOf(FixedNode.in(" EU ", 1))).contains(EU);
        assertThat(new DatacenterFilter(EU).apply(FixedNode.in(" EU ", 1))).isTrue();
    }

    private static List<ClusterNode> grid(int nodesInEach) {
        List<ClusterNode> nodes = new ArrayList<>();
        for (int i = 0; i < nodesInEach; i++) {
            nodes.add(FixedNode.in("home", 10 + i));
            nodes.add(FixedNode.in("eu", 20 + i));
            nodes.add(FixedNode.in("us", 30 + i));
        }
        return nodes;
    }

    private static <T extends Serializable> Object copy(T original) throws IOException, ClassNotFoundException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(original);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return in.readObject();
        }
    }

    private record Topology(List<ClusterNode> nodes, int backups) implements AffinityFunctionContext {
        @Override
        public @Nullable List<ClusterNode> previousAssignment(int partition) {
            return null;
        }

        @Override
        public List<ClusterNode> currentTopologySnapshot() {
            return nodes;
        }

        @Override
        public AffinityTopologyVersion currentTopologyVersion() {
            return new AffinityTopologyVersion(1);
        }

        @Override
        public DiscoveryEvent discoveryEvent() {
            throw new UnsupportedOperationException();
        }
    }
}
