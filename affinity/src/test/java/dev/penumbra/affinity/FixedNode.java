package dev.penumbra.affinity;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.ignite.cluster.ClusterMetrics;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.lang.IgniteProductVersion;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** A node with a datacenter and nothing else. */
@NullMarked
record FixedNode(UUID id, Map<String, Object> attributes) implements ClusterNode {
    static FixedNode in(String datacenter, long number) {
        return new FixedNode(new UUID(7, number), Map.of(DatacenterNodes.ATTRIBUTE, datacenter));
    }

    @Override
    public Object consistentId() {
        return id;
    }

    @Override
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // the signature is Ignite's
    public <T> @Nullable T attribute(String name) {
        return (T) attributes.get(name);
    }

    @Override
    public ClusterMetrics metrics() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Collection<String> addresses() {
        return List.of("127.0.0.1");
    }

    @Override
    public Collection<String> hostNames() {
        return List.of("localhost");
    }

    @Override
    public long order() {
        return id.getLeastSignificantBits();
    }

    @Override
    public IgniteProductVersion version() {
        return new IgniteProductVersion();
    }

    @Override
    public boolean isLocal() {
        return false;
    }

    @Override
    public boolean isClient() {
        return false;
    }
}
