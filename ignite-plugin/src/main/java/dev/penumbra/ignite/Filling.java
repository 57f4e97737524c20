package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.model.Change;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.Progress;
import dev.penumbra.shadow.Progress.CopyState;
import dev.penumbra.shadow.Progress.FeedState;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fills a copy from the beginning into a cache of its own and brings it near its feed, which then takes it over.
 *
 * <p>A shadow is filled from the home image: the home feed's applied position is noted, the home image's rows are copied
 * partition by partition, each with the position it carries, and the journal is applied from the noted position on, in
 * order. What the copying saw of later changes does no harm, since a row never takes an older image. A home image is filled
 * by applying its journal from the start.
 *
 * <p>Runs on its own thread until {@link #waiting()}; from then on the feed's thread owns it.
 */
final class Filling implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Filling.class);
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    /** For how long what has been applied to another copy may be on its way here. */
    private static final long HOPE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final long MEMORY_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final long RETRY_MAX_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final ShippingContext context;
    private final Journal journal;
    private final Supplier<Position> feedApplied;
    private final Position layoutPosition;
    private final CompressionChoice compression;
    private final Copy definition;

    private volatile Copy copy;
    private volatile boolean waiting;
    private volatile boolean stopped;
    private Journal.@Nullable Tail tail;
    private @Nullable Follower follower;
    private Position position = Position.START;
    private Position readyFrom = Position.START;
    private long committedUpTo = FeedState.UNKNOWN_TIME;
    private boolean complete;
    /** Whether the snapshot that may end next is known to have been followed from its beginning. */
    private boolean announced;

    private boolean lossy;
    /** When the feed that takes the copy over last made progress with it; 0 before. */
    private long advancedAt;

    private boolean outdated;
    private long retryNanos = RETRY_NANOS;

    /**
     * @param definition the copy as the catalogue has it now
     * @param feedApplied the position up to which the copy's feed has applied the journal
     * @param layoutPosition where the copy's layout was met: a home image translates the layouts before it, a shadow waits
     *     until the home image has come so far
     */
    Filling(
            ShippingContext context,
            Journal journal,
            Copy definition,
            Supplier<Position> feedApplied,
            Position layoutPosition) {
        this.context = context;
        this.journal = journal;
        this.definition = definition;
        this.copy = definition;
        this.feedApplied = feedApplied;
        this.layoutPosition = layoutPosition;
        this.compression = context.compressionChoice(null);
    }

    /** The copy, with its new generation as soon as it has one. */
    Copy copy() {
        return copy;
    }

    /** Whether the copy is near its feed and waits to be taken over. */
    boolean waiting() {
        return waiting;
    }

    /** Whether it has ended, or is about to. */
    boolean isStopped() {
        return stopped;
    }

    /** Ends it; what it has written so far stays behind for the copy's next filling to replace. */
    void stop() {
        stopped = true;
        if (waiting) {
            closeTail();
        }
    }

    @Override
    public void run() {
        while (!stopped && !waiting) {
            try {
                fill();
            } catch (RuntimeException | Error e) {
                // Errors too: a thread that ends here would leave the copy as it is for ever.
                if (!stopped) {
                    LOG.warn("Filling a copy failed and begins again: copy={}", definition.id(), e);
                    retryNanos = Math.min(2 * retryNanos, RETRY_MAX_NANOS);
                }
            } finally {
                // Whoever stops it may have found it before it waited.
                if (!waiting || stopped) {
                    closeTail();
                }
            }
            if (!stopped && !waiting) {
                LockSupport.parkNanos(retryNanos);
            }
        }
    }

    private void fill() {
        Optional<Copy> present = context.catalogue().find(definition.name(), definition.role());
        if (present.isEmpty() || present.get().released() != null) {
            stopped = true;
            return;
        }
        outdated = false;
        if (present.get().role() == Copy.Role.HOME_IMAGE) {
            fillHomeImage(present.get());
        } else {
            fillShadow(present.get());
        }
    }

    private void fillHomeImage(Copy present) {
        TableSchema layout = definition.requiredLayout();
        Follower target = rebuild(present, layout);
        if (target == null) {
            return;
        }
        complete = false;
        lossy = false;
        // What retention has left of a table is not the whole of it until the source brings it anew.
        Position oldest = journal.oldest();
        announced = oldest.equals(Position.START);
        committedUpTo = announced ? 0 : FeedState.UNKNOWN_TIME;
        follow(target, oldest, oldest);
    }

    private void fillShadow(Copy present) {
        Copy home = context.catalogue()
                .homeImage(present.name().source(), present.name().table())
                .orElse(null);
        if (home == null || !home.built()) {
            return;
        }
        Datacenter homeDatacenter = home.name().datacenter();
        Progress homeProgress = context.progress(homeDatacenter);
        String source = present.name().source();
        Optional<FeedState> before = homeProgress.feed(source);
        Optional<CopyState> state = homeProgress.copy(home);
        if (before.isEmpty() || state.isEmpty() || !state.get().following()) {
            return;
        }
        Position from = state.get().applied(before.get().applied());
        if (from.compareTo(layoutPosition) < 0) {
            // The home image may still have a layout that the feed has left behind.
            return;
        }
        if (present.coverage().misfit(home.requiredLayout()).isPresent()) {
            // It answers nobody until its table has such columns again.
            return;
        }
        Follower target = rebuild(present, home.requiredLayout());
        if (target == null) {
            return;
        }
        complete = state.get().complete();
        announced = state.get().announced();
        target.prepare();
        long rows = 0;
        for (int partition = 0; partition < context.storage().partitions() && !stopped; partition++) {
            if (!awaitMemory(target.copy())) {
                return;
            }
            rows += GridInternals.transfer(context.ignite(), home, target.copy(), partition);
        }
        FeedState after = homeProgress.feed(source).orElse(null);
        Copy homeAfter =
                context.catalogue().find(home.name(), Copy.Role.HOME_IMAGE).orElse(null);
        if (stopped || after == null || homeAfter == null || homeAfter.generation() != home.generation()) {
            return;
        }
        LOG.info("Copied the home image: copy={}, rows={}, from={}, to={}", present.id(), rows, from, after.applied());
        committedUpTo =
                from.equals(before.get().applied()) ? before.get().committedUpToMillis() : FeedState.UNKNOWN_TIME;
        follow(target, from, after.window());
    }

    /** Waits until others have made room; false when this copy has, or is not to be filled any more. */
    private boolean awaitMemory(Copy filled) {
        while (context.memory().isExceededIn(filled.name().datacenter())) {
            if (stopped || !context.catalogue().holds(filled)) {
                return false;
            }
            LockSupport.parkNanos(MEMORY_LOOK_NANOS);
        }
        return true;
    }

    /** Gives the copy a new generation and cache; null when the catalogue's entry has changed meanwhile. */
    private @Nullable Follower rebuild(Copy present, TableSchema layout) {
        Copy next = present.rebuilt(context.catalogue().nextNumber("generation"), layout);
        Progress progress = context.progress(present.name().datacenter());
        if (present.built()) {
            progress.forget(present);
            context.destroy(present);
        }
        if (stopped || !context.catalogue().replace(present, next)) {
            return null;
        }
        copy = next;
        progress.put(next, CopyState.FILLING);
        context.destroyFormer(next);
        Follower target = context.filler(next, compression);
        if (!context.catalogue().find(next.name(), next.role()).equals(Optional.of(next))) {
            // Dropped, or filled by another, before there was a cache that could be destroyed with it.
            context.destroy(next);
            progress.forget(next);
            return null;
        }
        follower = target;
        return target;
    }

    /**
     * Applies the journal until the copy has everything that its filling may have seen, and is near its feed.
     *
     * @param seen the filling saw nothing beyond this; nor beyond the journal's end, once that is reached
     */
    private void follow(Follower target, Position from, Position seen) {
        Journal.Tail opened = journal.open(from);
        tail = opened;
        position = from;
        while (!stopped && !outdated) {
            boolean more = step(opened, target, null);
            boolean near = position.compareTo(feedApplied.get()) >= 0 && position.compareTo(seen) >= 0;
            if (!more || near) {
                target.flush().join();
                readyFrom = position;
                waiting = !outdated;
                return;
            }
        }
    }

    /**
     * Applies what has come of what lies between here and a position, on the thread of the feed that takes the copy over; tells whether
     * that is all of it.
     */
    boolean advance(Position to) {
        Journal.Tail opened = java.util.Objects.requireNonNull(tail);
        Follower target = java.util.Objects.requireNonNull(follower);
        Position before = position;
        while (position.compareTo(to) < 0 && !outdated && step(opened, target, to)) {}
        target.flush().join();
        if (!position.equals(before) || advancedAt == 0) {
            advancedAt = System.nanoTime();
        }
        return !outdated && position.compareTo(to) >= 0;
    }

    /** Whether what {@link #advance} waits for will not come. */
    boolean isHopeless() {
        return outdated || System.nanoTime() - advancedAt > HOPE_NANOS;
    }

    private boolean step(Journal.Tail from, Follower target, @Nullable Position limit) {
        int batch = context.configuration().batchRows();
        long bytes = 0;
        while (!outdated
                && target.gathered() < batch
                && bytes < Feed.MAX_GATHERED_BYTES
                && (limit == null || position.compareTo(limit) < 0)) {
            Journal.Transaction transaction = from.poll();
            if (transaction == null) {
                target.flush().join();
                return false;
            }
            for (Change change : transaction) {
                if (change.table().equals(definition.name().table())) {
                    accept(target, change);
                    bytes += Follower.weight(change);
                    if (target.gathered() >= batch || bytes >= Feed.MAX_GATHERED_BYTES) {
                        target.flush().join();
                        bytes = 0;
                    }
                }
            }
            position = transaction.last();
            committedUpTo = FeedState.committedUpTo(committedUpTo, transaction.committedAtMillis());
        }
        target.flush().join();
        return true;
    }

    private void accept(Follower target, Change change) {
        boolean home = definition.role() == Copy.Role.HOME_IMAGE;
        TableSchema layout = target.copy().requiredLayout();
        boolean differs = !change.schema().fingerprint().equals(layout.fingerprint());
        if (differs && (!home || change.position().compareTo(layoutPosition) > 0)) {
            outdated = true;
            return;
        }
        lossy |= differs && change.after() != null && !Follower.lossless(change.schema(), layout);
        switch (change.operation()) {
            case INSERT, UPDATE, DELETE -> target.gather(change, change.position());
            case TRUNCATE -> {
                target.discard();
                target.cache().truncate(change.position());
            }
            case DROP -> {
                target.discard();
                target.cache().truncate(change.position());
                complete = false;
            }
            case SCHEMA -> {
                announced = true;
                complete = false;
            }
            case SNAPSHOT_END -> complete = announced && (!differs || !lossy);
        }
    }

    /** The copy's state at the moment its feed takes it over. */
    CopyState state(Position at) {
        Position applied = position.compareTo(at) > 0 ? position : at;
        return new CopyState(true, applied, readyFrom, complete, announced, 0);
    }

    /** Everything up to its position was committed at this time of the source's clock or earlier. */
    long committedUpToMillis() {
        return committedUpTo;
    }

    /** What writes the copy; for the feed that takes it over. */
    Follower takenOver(CompressionChoice next) {
        closeTail();
        return context.follower(copy, next);
    }

    /** By the feed's thread or its own. */
    synchronized void closeTail() {
        Journal.Tail opened = tail;
        tail = null;
        if (opened != null) {
            opened.close();
        }
    }
}
