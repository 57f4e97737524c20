package dev.penumbra.ignite;

import dev.penumbra.affinity.DatacenterNodes;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.shadow.Progress;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What carries a source's changes to the copies in one datacenter, on a thread of its own that runs it.
 *
 * <p>It works in sessions: one that fails is followed by another, after a pause that grows while they fail.
 */
abstract class ShippingFeed implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(ShippingFeed.class);
    /** How the names begin that retention knows feeds by; the datacenter follows. */
    static final String READER = "shipper.";

    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long RETRY_MAX_NANOS = TimeUnit.SECONDS.toNanos(5);

    final ShippingContext context;
    final Datacenter datacenter;
    final FeedFigures figures;

    private final Runnable ended;

    private volatile boolean stopped;
    private volatile boolean retired;
    private volatile boolean catalogueChanged = true;

    // Owned by the feed's thread.
    private @Nullable Progress progress;
    private long retryNanos = RETRY_NANOS;

    /** @param ended called by the feed's thread when it has ended */
    ShippingFeed(ShippingContext context, Datacenter datacenter, FeedFigures figures, Runnable ended) {
        this.context = context;
        this.datacenter = datacenter;
        this.figures = figures;
        this.ended = ended;
    }

    /** Carries changes until the feed is stopped or there is nothing for it to do; the datacenter has a node at the beginning. */
    abstract void session();

    /** Ends what a session has under way, also one that failed. */
    abstract void endSession();

    /** Leaves nothing behind of a feed whose datacenter has no copies any more. */
    abstract void forget();

    final FeedFigures figures() {
        return figures;
    }

    /** What retention knows the feed by. */
    final String reader() {
        return reader(datacenter);
    }

    /** What retention knows the feed of a datacenter by. */
    static String reader(Datacenter datacenter) {
        return READER + datacenter;
    }

    /** How far the datacenter's copies are; null before the first session. */
    final @Nullable Progress knownProgress() {
        return progress;
    }

    final Progress progress() {
        return Objects.requireNonNull(progress);
    }

    /** Stops; what is under way is completed. */
    final void stop() {
        stopped = true;
    }

    final boolean isStopped() {
        return stopped;
    }

    /** Stops for good, because the datacenter has no copies any more, and forgets how far it was. */
    final void retire() {
        retired = true;
        stopped = true;
    }

    final boolean isRetired() {
        return retired;
    }

    /** The catalogue has changed. Returns at once. */
    final void catalogueChanged() {
        catalogueChanged = true;
    }

    final boolean hasCatalogueChanged() {
        return catalogueChanged;
    }

    /** The feed looks at the catalogue now. */
    final void looksAtCatalogue() {
        catalogueChanged = false;
    }

    /** Something has been applied: the next failure is followed by a short pause. */
    final void succeeded() {
        retryNanos = RETRY_NANOS;
    }

    final boolean isDatacenterEmpty() {
        return DatacenterNodes.in(context.ignite().cluster(), datacenter)
                .nodes()
                .isEmpty();
    }

    /** Waits for a write that its session has given up: the next session must not overtake it. */
    static void awaitAbandoned(@Nullable CompletableFuture<Void> written) {
        if (written != null) {
            written.exceptionally(failure -> null).join();
        }
    }

    @Override
    public final void run() {
        while (!stopped) {
            try {
                begin();
            } catch (RuntimeException | Error e) {
                // Errors too: a thread that ends here would leave its copies as they are for ever, unseen.
                interrupted(e);
            } finally {
                endSession();
            }
            if (!stopped) {
                LockSupport.parkNanos(retryNanos);
            }
        }
        if (retired) {
            forget();
        }
        ended.run();
    }

    private void begin() {
        if (isDatacenterEmpty()) {
            figures.phase(FeedFigures.Phase.WAITING);
            return;
        }
        progress = context.progress(datacenter);
        session();
    }

    private void interrupted(Throwable failure) {
        if (stopped) {
            return;
        }
        if (hasLostItsDatacenter()) {
            figures.phase(FeedFigures.Phase.WAITING);
            LOG.info("The last node of a datacenter has gone: source={}, datacenter={}", figures.source(), datacenter);
            return;
        }
        figures.failed(failure);
        if (failure instanceof PenumbraException known && known.code() == ErrorCode.GRID_UNAVAILABLE) {
            figures.phase(FeedFigures.Phase.WAITING);
            LOG.info("A feed waits for another node: datacenter={}, failure={}", datacenter, failure.getMessage());
            return;
        }
        retryNanos = Math.min(2 * retryNanos, RETRY_MAX_NANOS);
        LOG.warn(
                "A feed was interrupted and begins again: source={}, datacenter={}",
                figures.source(),
                datacenter,
                failure);
    }

    private boolean hasLostItsDatacenter() {
        try {
            return isDatacenterEmpty();
        } catch (RuntimeException e) {
            // This node itself is leaving the grid.
            return false;
        }
    }
}
