package dev.penumbra.ignite;

import java.util.UUID;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cluster.ClusterNode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Messages of Ignite's that may be lost. Safe for use by several threads. */
final class NodeMessages {
    private static final Logger LOG = LoggerFactory.getLogger(NodeMessages.class);

    private NodeMessages() {}

    /** Sends a message to a node. Does not fail: what cannot be sent, because one of the two nodes is leaving, is lost. */
    static void send(Ignite ignite, UUID node, String topic, Object message) {
        try {
            @Nullable ClusterNode to = ignite.cluster().node(node);
            if (to != null) {
                ignite.message(ignite.cluster().forNode(to)).send(topic, message);
            }
        } catch (IgniteException | IllegalStateException e) {
            LOG.debug("A message is lost: topic={}, node={}", topic, node, e);
        }
    }
}
