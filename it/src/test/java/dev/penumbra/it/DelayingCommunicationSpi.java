package dev.penumbra.it;

import dev.penumbra.affinity.DatacenterNodes;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.lang.IgniteInClosure;
import org.apache.ignite.plugin.extensions.communication.Message;
import org.apache.ignite.spi.IgniteSpiException;
import org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi;

/** Sends messages to other datacenters late, each as late as the other, as a link over a long way does. */
public final class DelayingCommunicationSpi extends TcpCommunicationSpi {
    private final ScheduledExecutorService late = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "late-messages");
        thread.setDaemon(true);
        return thread;
    });
    private long delayMillis;

    /** Sets how late; the round trip takes twice as long. */
    public void setDelayMillis(long millis) {
        delayMillis = millis;
    }

    @Override
    public void sendMessage(ClusterNode node, Message message) {
        sendMessage(node, message, null);
    }

    @Override
    public void sendMessage(ClusterNode node, Message message, IgniteInClosure<IgniteException> acknowledged) {
        if (delayMillis == 0
                || DatacenterNodes.datacenterOf(node)
                        .equals(DatacenterNodes.datacenterOf(ignite.cluster().localNode()))) {
            super.sendMessage(node, message, acknowledged);
            return;
        }
        try {
            var unused = late.schedule(() -> deliver(node, message, acknowledged), delayMillis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            throw new IgniteSpiException("the node stops", e);
        }
    }

    private void deliver(ClusterNode node, Message message, IgniteInClosure<IgniteException> acknowledged) {
        try {
            super.sendMessage(node, message, acknowledged);
        } catch (IgniteSpiException e) {
            // As if it were lost on its way to a node that has gone.
            if (acknowledged != null) {
                acknowledged.apply(e);
            }
        }
    }

    @Override
    public void spiStop() throws IgniteSpiException {
        late.shutdownNow();
        super.spiStop();
    }
}
