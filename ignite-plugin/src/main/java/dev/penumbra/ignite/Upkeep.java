package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.model.Datacenter;
import dev.penumbra.shadow.ArchiveMarks;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.Copy.Release;
import dev.penumbra.shadow.Copy.Role;
import dev.penumbra.shadow.Progress;
import dev.penumbra.shadow.Progress.FeedState;
import dev.penumbra.shadow.ShadowStatus.Phase;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets go of the rows of shadows in this node's datacenter whose time to live is over, or for which there is no memory.
 *
 * <p>Where this node's {@link MemoryBudget} is exceeded, the shadow that was filled last is released, and so on until it is not.
 *
 * <p>The oldest node of the datacenter notes how old they are and releases them. Readers look at the age themselves: what has expired is not
 * read, released or not. A shadow is released a little later than it expires, so that statements that are reading it can end.
 *
 * <p>A cache that no copy has any more is being destroyed by whoever took it away; one that is still there after a while, because that node has
 * gone, is destroyed here.
 *
 * <p>Works on one thread of its own.
 */
final class Upkeep implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);
    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration MEMORY_LOOK = Duration.ofMillis(50);
    /** For so long after a shadow has gone its memory may still be held. */
    private static final Duration SETTLING = Duration.ofSeconds(1);

    /** How long whoever takes a cache away may need to destroy it. */
    private static final Duration DESTRUCTION = Duration.ofSeconds(20);

    /** How long the end of what has been begun may take. */
    private static final Duration END = Duration.ofSeconds(2);

    /** Between two complaints. */
    private static final Duration COMPLAINT = Duration.ofMinutes(1);

    /** An age is noted anew when the note is behind by this part of the time to live, and no more often than at each second look. */
    private static final int NOTES = 100;

    /** How long a statement that was begun in time may read on. */
    static final Duration GRACE = Duration.ofSeconds(5);

    private final ShippingContext context;
    private final GridShadows shadows;
    private final Ages ages;
    private final ScheduledExecutorService thread;
    private final LongAdder displaced = new LongAdder();
    private volatile boolean stopped;

    // Owned by the thread.
    private final Archives archives;
    private long nextComplaint = System.nanoTime();
    private long goneAt = System.nanoTime();
    /** The caches of this datacenter's shadows when they were looked at last. */
    private Set<String> caches = Set.of();

    /** Since when caches have been seen that no copy has. */
    private final Map<String, Long> leftBehind = new HashMap<>();

    Upkeep(ShippingContext context, GridShadows shadows, Ages ages) {
        this.context = context;
        this.shadows = shadows;
        this.ages = ages;
        this.archives = new Archives(context);
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
            every(LOOK, () -> look(local));
            every(MEMORY_LOOK, () -> makeRoom(local));
        }
    }

    private void every(Duration pause, Runnable task) {
        var unused = thread.scheduleWithFixedDelay(() -> safely(task), 0, pause.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** How many shadows this node has released to make room. */
    long displaced() {
        return displaced.sum();
    }

    @Override
    public void close() {
        stopped = true;
        thread.shutdown();
        try {
            // What it has begun to destroy is better destroyed.
            if (!thread.awaitTermination(END.toNanos(), TimeUnit.NANOSECONDS)) {
                thread.shutdownNow();
            }
        } catch (InterruptedException e) {
            thread.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    /** Waits, a second at most, while caches go: a node that stops meanwhile may write to memory that it has freed. */
    void awaitQuiet() {
        long end = System.nanoTime() + SETTLING.toNanos();
        while (GridInternals.isExchanging(context.ignite())
                && System.nanoTime() - end < 0
                && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(MEMORY_LOOK.toNanos());
        }
    }

    private void safely(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            // The next look makes up for this one; a task that throws would not be run again.
            if (!stopped && mayComplain()) {
                LOG.warn("A shadow could not be looked after", e);
            }
        }
    }

    private boolean mayComplain() {
        boolean may = System.nanoTime() - nextComplaint >= 0;
        if (may) {
            nextComplaint = System.nanoTime() + COMPLAINT.toNanos();
        }
        return may;
    }

    private void look(Datacenter local) {
        List<Copy> built = builtShadows();
        ages.retain(built.stream()
                .filter(copy -> copy.definition().isAged())
                .map(Copy::generation)
                .collect(Collectors.toSet()));
        List<Copy> here = in(local, built);
        noteGone(here);
        archives.retain(here);
        here.forEach(copy -> safely(() -> archives.purge(copy)));
        if (context.isOldest()) {
            here.forEach(copy -> safely(() -> age(copy)));
            here.forEach(copy -> safely(() -> forget(copy)));
            // One at a look: memory is looked at in between.
            here.stream().filter(copy -> ages.isOver(copy, GRACE)).findFirst().ifPresent(this::expire);
            destroyLeftBehind(local);
        }
    }

    private List<Copy> builtShadows() {
        return context.catalogue().all().stream()
                .filter(copy -> copy.role() == Role.SHADOW && copy.built())
                .toList();
    }

    private static List<Copy> in(Datacenter datacenter, List<Copy> copies) {
        return copies.stream()
                .filter(copy -> copy.name().datacenter().equals(datacenter))
                .toList();
    }

    private void noteGone(List<Copy> here) {
        Set<String> present = here.stream().map(Copy::cacheName).collect(Collectors.toSet());
        if (!present.containsAll(caches)) {
            goneAt = System.nanoTime();
        }
        caches = present;
    }

    private void age(Copy copy) {
        Progress progress = context.progress(copy.name().datacenter());
        Duration noted = progress.age(copy).orElse(null);
        if (!copy.definition().isAged()) {
            if (noted != null) {
                progress.forgetAge(copy);
            }
        } else if (noted == null) {
            if (shadows.standing(copy).status().phase() == Phase.READY) {
                progress.beginAge(copy);
            }
        } else if (!ages.isOver(copy, GRACE)) {
            Duration age = ages.of(copy).orElse(noted);
            Duration behind = age.minus(noted);
            if (behind.compareTo(shortest(copy).dividedBy(NOTES)) > 0 && behind.compareTo(LOOK) > 0) {
                progress.renewAge(copy, noted, age);
            }
        }
    }

    private static Duration shortest(Copy copy) {
        Duration ttl = copy.definition().ttl();
        Duration archive = copy.definition().archive();
        return ttl.isZero() || (!archive.isZero() && archive.compareTo(ttl) < 0) ? archive : ttl;
    }

    /** Has what was changed long enough ago not counted as kept any more; only then is it removed. */
    private void forget(Copy copy) {
        if (!copy.definition().isArchived()) {
            return;
        }
        Progress progress = context.progress(copy.name().datacenter());
        ArchiveMarks marks = progress.archive(copy).orElse(null);
        Duration age = ages.of(copy).orElse(null);
        if (marks != null && age != null) {
            // What the feed knows of is what all its copies have; a copy that has joined it lately may be ahead for a
            // moment.
            FeedState feed = progress.feed(copy.name().source()).orElse(null);
            ArchiveMarks next = feed == null
                    ? marks
                    : marks.aged(
                            age,
                            feed.applied(),
                            feed.committedUpToMillis(),
                            copy.definition().archive());
            if (!next.equals(marks)) {
                // Where its feed has begun it anew meanwhile, that counts.
                progress.replace(copy, marks, next);
            }
        }
    }

    private void expire(Copy copy) {
        if (context.release(copy, Release.EXPIRED)) {
            LOG.info(
                    "A shadow has expired: copy={}, ttl={}",
                    copy.id(),
                    copy.definition().ttl());
        }
    }

    private void destroyLeftBehind(Datacenter datacenter) {
        Set<String> left = context.ignite().cacheNames().stream()
                .filter(cache -> Copy.isCacheIn(cache, datacenter))
                .collect(Collectors.toSet());
        // Looked at afterwards: a cache is made when its copy has it, and no copy comes to have one again.
        List<Copy> copies = context.catalogue().all();
        if (copies.isEmpty()) {
            // A node that stores no part of the catalogue cannot tell.
            left.clear();
        }
        copies.forEach(copy -> copy.cacheNames().forEach(left::remove));
        leftBehind.keySet().retainAll(left);
        for (String cache : left) {
            long since = leftBehind.computeIfAbsent(cache, key -> System.nanoTime());
            if (System.nanoTime() - since > DESTRUCTION.toNanos()) {
                LOG.warn("A cache that no copy has any more is destroyed: cache={}", cache);
                context.ignite().destroyCache(cache);
            }
        }
    }

    private void makeRoom(Datacenter local) {
        MemoryBudget memory = context.memory();
        if (!memory.isExceeded()) {
            return;
        }
        List<Copy> here = in(local, builtShadows());
        noteGone(here);
        if (GridInternals.isExchanging(context.ignite())) {
            goneAt = System.nanoTime();
        }
        long used = memory.used();
        if (System.nanoTime() - goneAt < SETTLING.toNanos() || used <= memory.bytes()) {
            return;
        }
        Copy last =
                here.stream().max(Comparator.comparingLong(Copy::generation)).orElse(null);
        if (last == null) {
            goneAt = System.nanoTime();
            if (mayComplain()) {
                LOG.warn(
                        "More memory is used than the budget allows, and no shadow could make room: used={}, budget={}",
                        used,
                        memory.bytes());
            }
        } else if (context.release(last, Release.DISPLACED)) {
            displaced.increment();
            LOG.warn("A shadow had to make room: copy={}, used={}, budget={}", last.id(), used, memory.bytes());
        }
    }
}
