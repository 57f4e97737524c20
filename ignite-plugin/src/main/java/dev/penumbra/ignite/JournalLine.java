package dev.penumbra.ignite;

import dev.penumbra.affinity.DatacenterNodes;
import dev.penumbra.model.Datacenter;
import java.util.UUID;
import java.util.function.BiConsumer;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cluster.ClusterNode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries messages about journals between nodes as Ignite's messages. Safe for use by several threads. */
final class JournalLine implements JournalHost.Line, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(JournalLine.class);

    private final Ignite ignite;
    private volatile boolean closed;

    JournalLine(Ignite ignite) {
        this.ignite = ignite;
    }

    /** @param taker takes each message and the node that it is from, without waiting */
    void listen(BiConsumer<UUID, JournalMessage> taker) {
        ignite.message().localListen(JournalMessage.TOPIC, (from, bytes) -> {
            JournalMessage message = bytes instanceof byte[] encoded ? JournalMessage.decoded(encoded) : null;
            if (message == null) {
                LOG.warn("A message of another node makes no sense: node={}", from);
            } else {
                taker.accept(from, message);
            }
            return !closed;
        });
    }

    @Override
    public void send(UUID node, JournalMessage message) {
        NodeMessages.send(ignite, node, JournalMessage.TOPIC, message.encoded());
    }

    @Override
    public boolean isThere(UUID node) {
        try {
            return ignite.cluster().node(node) != null;
        } catch (IgniteException | IllegalStateException e) {
            // This node itself is leaving the grid.
            return false;
        }
    }

    @Override
    public @Nullable Datacenter mayFeed(UUID node) {
        @Nullable ClusterNode asking = ignite.cluster().node(node);
        return asking == null || asking.isClient() || asking.attribute(PenumbraPluginProvider.SETTINGS) == null
                ? null
                : DatacenterNodes.datacenterOf(asking).orElse(null);
    }

    @Override
    public void close() {
        closed = true;
    }
}
