package dev.penumbra.ignite;

import dev.penumbra.ignite.KeyedRows.Positioned;
import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.ignite.internal.PartitionListing.Listing;
import dev.penumbra.ignite.internal.PartitionListing.Stored;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.Copy.Role;
import dev.penumbra.shadow.Progress.FeedState;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.ShadowStatus.Phase;
import dev.penumbra.shadow.coverage.CoveredRows;
import dev.penumbra.shadow.read.FeedName;
import dev.penumbra.shadow.read.Freshness;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares the shadows that this node feeds with their home images, again and again, partition by partition, and has one that is wrong
 * filled anew.
 *
 * <p>Both copies of a partition are summed up where they are. Where the sums differ, the rows that differ are looked at one by one: in the
 * shadow, at home once that is proven to have all that the shadow had, and in the shadow again once that is proven to have all that home
 * had. What differs so three times, while neither of the two has changed, is wrong; what is being written to, and may just be on its
 * way, never stays so. No feed is stopped for it.
 *
 * <p>Runs on a thread of its own. The figures are safe to read by others.
 */
final class ShadowAudit implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ShadowAudit.class);

    private static final int LOOKS = 3;
    private static final Duration PROOF = Duration.ofSeconds(10);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(200);
    /** Between two looks for shadows where there are none to be audited. */
    private static final Duration IDLE = Duration.ofSeconds(1);

    private final ShippingContext context;
    private final GridShadows shadows;
    private final Freshness freshness;
    private final Duration pause;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Map<String, Audited> figures = new ConcurrentHashMap<>();

    /** What the audit of one shadow has come to since this node started. */
    static final class Audited {
        private final ShadowName name;
        private final LongAdder cycles = new LongAdder();
        private final LongAdder rows = new LongAdder();
        private final LongAdder wrong = new LongAdder();

        private Audited(ShadowName name) {
            this.name = name;
        }

        ShadowName name() {
            return name;
        }

        /** How often all partitions have been compared. */
        long cycles() {
            return cycles.sum();
        }

        /** How many rows have been compared, those that one of the copies alone has included. */
        long rows() {
            return rows.sum();
        }

        /** How many of them were wrong. */
        long wrong() {
            return wrong.sum();
        }
    }

    ShadowAudit(ShippingContext context, GridShadows shadows, Freshness freshness) {
        this.context = context;
        this.shadows = shadows;
        this.freshness = freshness;
        this.pause = context.configuration().auditPause();
    }

    /** The figures of the shadows that were audited, in order of their names. */
    Collection<Audited> figures() {
        return new TreeMap<>(figures).values();
    }

    void start() {
        if (pause.isZero()) {
            return;
        }
        Thread thread =
                new Thread(this::run, "penumbra-audit-" + context.ignite().name());
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        stopping.countDown();
    }

    private boolean sleeps(Duration time) {
        try {
            return !stopping.await(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void run() {
        while (sleeps(IDLE)) {
            for (Copy copy : fedHere()) {
                if (!auditAll(copy)) {
                    return;
                }
            }
        }
    }

    private List<Copy> fedHere() {
        try {
            return context.catalogue().all().stream()
                    .filter(copy -> copy.role() == Role.SHADOW
                            && copy.built()
                            && copy.name().datacenter().equals(context.local())
                            && isFedHere(copy))
                    .toList();
        } catch (RuntimeException e) {
            LOG.debug("There is nothing to audit while the grid cannot be asked", e);
            return List.of();
        }
    }

    private boolean isFedHere(Copy copy) {
        return feed(copy)
                .filter(state -> state.owner()
                        .equals(context.ignite().cluster().localNode().id()))
                .isPresent();
    }

    private Optional<FeedState> feed(Copy copy) {
        return context.progress(copy.name().datacenter()).feed(copy.name().source());
    }

    /** @return whether to go on */
    private boolean auditAll(Copy copy) {
        Audited audited = figures.computeIfAbsent(copy.id(), id -> new Audited(copy.name()));
        for (int partition = 0; partition < context.storage().partitions(); partition++) {
            if (!sleeps(pause)) {
                return false;
            }
            try {
                if (!audit(copy, audited, partition)) {
                    // The shadow or its home image is not whole, or was replaced.
                    return true;
                }
            } catch (RuntimeException e) {
                // A node has left, a copy is being replaced, or nothing can be proven now: the next cycle makes up for
                // this one.
                LOG.debug("A partition could not be audited: copy={}, partition={}", copy.id(), partition, e);
                return stopping.getCount() > 0;
            }
        }
        audited.cycles.increment();
        return true;
    }

    /** The two copies that are compared. */
    private record Compared(Copy shadow, String shadowId, Copy home, String homeId, FeedName feed, FeedName homeFeed) {}

    private @Nullable Compared compared(Copy shadow) {
        Copy home = context.catalogue()
                .homeImage(shadow.name().source(), shadow.name().table())
                .orElse(null);
        FeedState feed = feed(shadow).orElse(null);
        if (home == null
                || feed == null
                || !context.catalogue().find(shadow.name(), Role.SHADOW).equals(Optional.of(shadow))
                || !home.built()
                || !home.requiredLayout()
                        .fingerprint()
                        .equals(shadow.requiredLayout().fingerprint())) {
            return null;
        }
        GridShadows.Standing ofShadow = shadows.standing(shadow);
        GridShadows.Standing ofHome = shadows.standing(home);
        FeedState homeFeed = ofHome.feed();
        if (homeFeed == null || !homeFeed.journal().equals(feed.journal())) {
            return null;
        }
        return ofShadow.status().phase() == Phase.READY && ofHome.status().phase() == Phase.READY
                ? new Compared(
                        shadow,
                        ofShadow.id(),
                        home,
                        ofHome.id(),
                        new FeedName(shadow.name().source(), shadow.name().datacenter(), feed.life()),
                        new FeedName(home.name().source(), home.name().datacenter(), homeFeed.life()))
                : null;
    }

    /** @return whether the partition could be compared */
    private boolean audit(Copy copy, Audited audited, int partition) {
        Compared compared = compared(copy);
        if (compared == null) {
            return false;
        }
        Listing home = list(compared.home(), compared, partition, false);
        Listing shadow = list(compared.shadow(), compared, partition, false);
        Set<Key> wrong = home.isAs(shadow) ? Set.of() : wrong(compared, partition);
        if (!compared.equals(compared(copy))) {
            return false;
        }
        audited.rows.add(Math.max(home.rows(), shadow.rows()));
        if (!wrong.isEmpty()) {
            audited.wrong.add(wrong.size());
            LOG.error(
                    "A shadow does not have what its home image has, and is filled anew: copy={}, partition={}, rows={}, wrong={}",
                    copy.id(),
                    partition,
                    shadow.rows(),
                    wrong.size());
            shadows.refresh(copy.name());
            return false;
        }
        return true;
    }

    private Listing list(Copy copy, Compared compared, int partition, boolean listed) {
        return GridInternals.list(context.ignite(), copy, compared.shadow(), partition, listed);
    }

    private Set<Key> wrong(Compared compared, int partition) {
        Map<Key, Stored> home = list(compared.home(), compared, partition, true).listed();
        Map<Key, Stored> shadow =
                list(compared.shadow(), compared, partition, true).listed();
        Set<Key> keys = new HashSet<>(home.keySet());
        keys.addAll(shadow.keySet());
        Set<Key> wrong = new HashSet<>();
        Set<Key> doubtful = new HashSet<>();
        for (Key key : keys) {
            Stored there = home.get(key);
            Stored here = shadow.get(key);
            if (there == null || here == null || !there.isOfSameChange(here)) {
                doubtful.add(key);
            } else if (!there.hasSameContent(here)) {
                wrong.add(key);
            }
        }
        wrong.addAll(stillWrong(compared, doubtful));
        return wrong;
    }

    /** The positions of a row at home and in the shadow, START where there is none that counts. */
    private record Differing(Position home, Position shadow) {}

    private Set<Key> stillWrong(Compared compared, Set<Key> doubtful) {
        KeyedRows home = KeyedRows.open(context.ignite(), compared.home());
        KeyedRows shadow = KeyedRows.open(context.ignite(), compared.shadow());
        @Nullable CoveredRows covered = compared.shadow()
                .coverage()
                .over(compared.shadow().requiredLayout())
                .orElse(null);
        Set<Key> left = doubtful;
        Map<Key, Differing> known = new HashMap<>();
        for (int look = 0; look < LOOKS && !left.isEmpty(); look++) {
            // A home image that is being brought up again may be behind the shadow as well as before it.
            Map<Key, Positioned> before = shadow.getPositioned(left);
            awaitProof(compared.homeFeed());
            Map<Key, Positioned> there = home.getPositioned(left);
            awaitProof(compared.feed());
            Map<Key, Positioned> here = shadow.getPositioned(left);
            Map<Key, Differing> differing = new HashMap<>();
            for (Key key : left) {
                Differing now = new Differing(position(there.get(key), covered), position(here.get(key), covered));
                boolean still = now.shadow().equals(position(before.get(key), covered))
                        && (look == 0 || now.equals(known.get(key)));
                if (still && !now.home().equals(now.shadow())) {
                    differing.put(key, now);
                }
            }
            known = differing;
            left = differing.keySet();
            if (!left.isEmpty() && !sleeps(BETWEEN_LOOKS)) {
                return Set.of();
            }
        }
        return left;
    }

    private static Position position(@Nullable Positioned row, @Nullable CoveredRows covered) {
        return row == null || (covered != null && !covered.contains(row.row())) ? Position.START : row.position();
    }

    /** Waits until a feed's copies have everything that had been committed when this is called. */
    private void awaitProof(FeedName feed) {
        CompletableFuture<Void> proof = freshness.provenSince(feed, System.nanoTime());
        try {
            proof.get(PROOF.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            throw new PenumbraException(ErrorCode.STALENESS, e).with("source", feed.source());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PenumbraException(ErrorCode.STALENESS, e).with("source", feed.source());
        } finally {
            proof.complete(null);
        }
    }
}
