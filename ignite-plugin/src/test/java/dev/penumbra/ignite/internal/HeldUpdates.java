package dev.penumbra.ignite.internal;

import java.util.ArrayList;
import java.util.List;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.internal.managers.communication.GridIoMessage;
import org.apache.ignite.internal.processors.cache.GridCacheOperation;
import org.apache.ignite.internal.processors.cache.distributed.dht.atomic.GridNearAtomicAbstractUpdateRequest;
import org.apache.ignite.internal.util.typedef.internal.CU;
import org.apache.ignite.lang.IgniteInClosure;
import org.apache.ignite.plugin.extensions.communication.Message;
import org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** Keeps a node's updates of one cache's rows from other nodes until they are released. Safe for use by several threads. */
@NullMarked
public final class HeldUpdates extends TcpCommunicationSpi {
    private final List<Runnable> held = new ArrayList<>();
    private int heldCache;

    /** From now on updates of a cache are held. */
    public void hold(String cache) {
        synchronized (held) {
            heldCache = CU.cacheId(cache);
        }
    }

    /** Sends what was held, in its order. */
    public void release() {
        List<Runnable> sent;
        synchronized (held) {
            heldCache = 0;
            sent = List.copyOf(held);
            held.clear();
        }
        sent.forEach(Runnable::run);
    }

    /** How many messages are held. */
    public int count() {
        synchronized (held) {
            return held.size();
        }
    }

    @Override
    public void sendMessage(ClusterNode node, Message message) {
        if (!isHeld(message, () -> super.sendMessage(node, message))) {
            super.sendMessage(node, message);
        }
    }

    @Override
    public void sendMessage(
            ClusterNode node, Message message, @Nullable IgniteInClosure<IgniteException> acknowledged) {
        if (!isHeld(message, () -> super.sendMessage(node, message, acknowledged))) {
            super.sendMessage(node, message, acknowledged);
        }
    }

    private boolean isHeld(Message message, Runnable sending) {
        synchronized (held) {
            boolean holds = heldCache != 0
                    && message instanceof GridIoMessage io
                    && io.message() instanceof GridNearAtomicAbstractUpdateRequest update
                    && update.cacheId() == heldCache
                    // By which rows are read.
                    && update.operation() != GridCacheOperation.TRANSFORM;
            if (holds) {
                held.add(sending);
            }
            return holds;
        }
    }
}
