package dev.penumbra.ignite;

import dev.penumbra.affinity.DatacenterNodes;
import dev.penumbra.model.Datacenter;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.Copy.Release;
import dev.penumbra.shadow.Copy.Role;
import dev.penumbra.shadow.Progress;
import dev.penumbra.shadow.ShadowStatus.Phase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.ignite.cluster.ClusterNode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets go of the rows of shadows in this node's datacenter whose time to live is over.
 *
 * <p>The oldest node of the datacenter notes how old they are and releases them. Readers look at the age themselves: what has expired is not
 * read, released or not. A shadow is released a little later than it expires, so that statements that are reading it can end.
 *
 * <p>Works on one thread of its own.
 */
final class Upkeep implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);
    private static final Duration LOOK = Duration.ofMillis(500);
    /** How long a statement that was begun in time may read on. */
    static final Duration GRACE = Duration.ofSeconds(5);

    private final ShippingContext context;
    private final GridShadows shadows;
    private final Ages ages;
    private final ScheduledExecutorService thread;
    private volatile boolean stopped;

    Upkeep(ShippingContext context, GridShadows shadows, Ages ages) {
        this.context = context;
        this.shadows = shadows;
        this.ages = ages;
        this.thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread keeping =
                    new Thread(task, "penumbra-upkeep-" + context.ignite().name());
            keeping.setDaemon(true);
            return keeping;
        });
    }

    void start() {
        Datacenter local = context.local();
        if (local != null) {
            var unused = thread.scheduleWithFixedDelay(
                    () -> safely(() -> look(local)), 0, LOOK.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void close() {
        stopped = true;
        thread.shutdownNow();
    }

    private void safely(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            // The next look makes up for this one.
            if (!stopped) {
                LOG.debug("Shadows could not be looked after", e);
            }
        }
    }

    private void look(Datacenter local) {
        List<Copy> mortal = context.catalogue().all().stream()
                .filter(copy -> copy.role() == Role.SHADOW
                        && copy.name().datacenter().equals(local)
                        && copy.built()
                        && !copy.definition().ttl().isZero())
                .toList();
        ages.retain(mortal.stream().map(Copy::cacheName).collect(Collectors.toSet()));
        boolean keeper = isOldest(local);
        for (Copy copy : mortal) {
            ages.read(copy);
            if (keeper) {
                age(copy);
            }
        }
    }

    private boolean isOldest(Datacenter datacenter) {
        @Nullable ClusterNode oldest = DatacenterNodes.in(context.ignite().cluster(), datacenter)
                .forOldest()
                .node();
        return oldest != null && oldest.isLocal();
    }

    private void age(Copy copy) {
        Progress progress = context.progress(copy.name().datacenter());
        Duration age = ages.of(copy).orElse(null);
        if (age == null) {
            if (shadows.standing(copy).status().phase() == Phase.READY) {
                ages.note(copy, Duration.ZERO);
                progress.putAge(copy, Duration.ZERO);
            }
        } else if (!ages.isOver(copy, GRACE)) {
            progress.putAge(copy, age);
        } else if (shadows.release(copy, Release.EXPIRED)) {
            LOG.info("A shadow has expired: copy={}, age={}", copy.id(), age);
        }
    }
}
