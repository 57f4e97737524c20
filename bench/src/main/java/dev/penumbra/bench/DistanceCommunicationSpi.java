package dev.penumbra.bench;

import dev.penumbra.affinity.DatacenterNodes;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.lang.IgniteInClosure;
import org.apache.ignite.plugin.extensions.communication.Message;
import org.apache.ignite.spi.IgniteSpiException;
import org.apache.ignite.spi.communication.CommunicationSpi;
import org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi;
import org.jspecify.annotations.Nullable;

/**
 * Sends messages to other datacenters late, each as late as the others, as a link over a long way does. Discovery has a way of its own
 * and is not late.
 *
 * <p>A message that Ignite hands over is laid aside, and its thread goes on. Each node has a queue and a thread, so that messages to it
 * leave in the order in which they came, and a node that cannot be reached holds up no other.
 */
@Internal
public final class DistanceCommunicationSpi extends TcpCommunicationSpi {
    private static final long IDLE_SECONDS = 60;
    private static final long CUT_LOOK_NANOS = Duration.ofMillis(5).toNanos();

    private final Map<UUID, ScheduledThreadPoolExecutor> ways = new ConcurrentHashMap<>();

    /** Volatile: it may be set while others send. */
    private volatile long delayNanos;

    /** Set before the node starts. */
    private @Nullable Path cuts;

    /** Written when the node stops, read by all who send. */
    private volatile boolean stopped;

    /** Sets how long it takes to another datacenter and back, never less than before; a message takes half of it. */
    public void setRoundTrip(Duration roundTrip) {
        delayNanos = roundTrip.toNanos() / 2;
    }

    /**
     * Names a directory in which a file {@code DATACENTER.cut} cuts the links of a datacenter for as long as it is there: messages wait for
     * its end, as they do at a link that loses everything for a while and is then repaired.
     */
    public void setCutDirectory(String directory) {
        cuts = Path.of(directory);
    }

    /** A distance of so long a round trip. */
    public static DistanceCommunicationSpi of(Duration roundTrip) {
        DistanceCommunicationSpi spi = new DistanceCommunicationSpi();
        spi.setRoundTrip(roundTrip);
        return spi;
    }

    /**
     * Gives a node's configuration a distance.
     *
     * @throws PenumbraException with INVALID_CONFIGURATION when its communication is of another class
     */
    public static void set(IgniteConfiguration configuration, Duration roundTrip) {
        @Nullable CommunicationSpi<?> given = configuration.getCommunicationSpi();
        if (given == null) {
            configuration.setCommunicationSpi(of(roundTrip));
        } else if (given instanceof DistanceCommunicationSpi own) {
            own.setRoundTrip(roundTrip);
        } else {
            throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("setting", "communicationSpi")
                    .with("value", given.getClass().getName())
                    .with("expected", DistanceCommunicationSpi.class.getName() + " or none, because of --wan");
        }
    }

    @Override
    public void sendMessage(ClusterNode node, Message message) {
        sendMessage(node, message, null);
    }

    @Override
    public void sendMessage(
            ClusterNode node, Message message, @Nullable IgniteInClosure<IgniteException> acknowledged) {
        if (delayNanos == 0 || isNear(node)) {
            super.sendMessage(node, message, acknowledged);
            return;
        }
        // Whoever waits for an answer hears of those who leave, but not again of one that has left.
        requireThere(node);
        try {
            var unused = way(node.id())
                    .schedule(() -> deliver(node, message, acknowledged), delayNanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            throw new IgniteSpiException("the node stops", e);
        }
    }

    /** Ignite would log it as an error, too. */
    private void requireThere(ClusterNode node) {
        if (ignite.cluster().node(node.id()) == null) {
            throw new IgniteSpiException("the node has gone: " + node.id());
        }
    }

    private boolean isNear(ClusterNode node) {
        return DatacenterNodes.datacenterOf(node)
                .equals(DatacenterNodes.datacenterOf(ignite.cluster().localNode()));
    }

    private boolean isCut(ClusterNode node) {
        return isCutOff(node) || isCutOff(ignite.cluster().localNode());
    }

    private boolean isCutOff(ClusterNode node) {
        Path directory = cuts;
        return directory != null
                && DatacenterNodes.datacenterOf(node)
                        .filter(datacenter -> Files.exists(directory.resolve(datacenter + ".cut")))
                        .isPresent();
    }

    private ScheduledThreadPoolExecutor way(UUID node) {
        ScheduledThreadPoolExecutor way = ways.computeIfAbsent(node, DistanceCommunicationSpi::newWay);
        if (stopped) {
            way.shutdownNow();
        }
        return way;
    }

    /** Tasks that are due at the same moment run in the order in which they were scheduled. */
    private static ScheduledThreadPoolExecutor newWay(UUID node) {
        ScheduledThreadPoolExecutor way = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "late-messages-" + node);
            thread.setDaemon(true);
            return thread;
        });
        // Nodes leave; their threads then do, too.
        way.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
        way.allowCoreThreadTimeOut(true);
        return way;
    }

    private void deliver(ClusterNode node, Message message, @Nullable IgniteInClosure<IgniteException> acknowledged) {
        try {
            while (isCut(node) && !stopped) {
                LockSupport.parkNanos(CUT_LOOK_NANOS);
            }
            requireThere(node);
            super.sendMessage(node, message, acknowledged);
        } catch (IgniteException e) {
            if (acknowledged != null) {
                acknowledged.apply(e);
            }
        }
    }

    @Override
    public void spiStop() {
        stopped = true;
        ways.values().forEach(ScheduledThreadPoolExecutor::shutdownNow);
        super.spiStop();
    }
}
