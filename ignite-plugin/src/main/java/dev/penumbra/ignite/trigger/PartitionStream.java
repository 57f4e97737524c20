package dev.penumbra.ignite.trigger;

import dev.penumbra.ignite.internal.CommittedChange;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The changes of one partition on one of its owners, emitted in the order of their counters by one owner.
 *
 * <p>Design note. All owners of a partition see all of its changes with the same counters. The primary emits them; the others
 * keep them until the primary says how far it has come, its <em>frontier</em>. When a primary dies, its successor emits what
 * it has kept behind the last frontier that it heard of. So every change is emitted, and one that is emitted twice, because
 * the primary died between emitting it and saying so, has the same partition and counter both times.
 *
 * <p>A change that the present primary has seen itself is emitted when it is confirmed, that is when the death of this node
 * can no longer take it back. One that it had seen while another node was primary is left to that node while it lives.
 *
 * <p>A counter may be missing for good: a transaction that had reserved it was rolled back. Between changes of the same
 * primary it is passed over after a while. At a change of primaries it could also be a change that nobody here has seen, so
 * the partition's rows are brought anew.
 *
 * <p>Owned by one thread.
 */
final class PartitionStream {
    /** How long a missing counter is waited for. */
    static final long MISSING_NANOS = TimeUnit.SECONDS.toNanos(2);

    /** How long an owner that is not primary keeps what has no counter, or was loaded without a common one. */
    static final long KEEP_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final int partition;
    private final TreeMap<Long, CommittedChange> waiting = new TreeMap<>();
    private final Deque<Uncounted> uncounted = new ArrayDeque<>();
    private final Deque<CommittedChange> late = new ArrayDeque<>();

    /** Counters emitted here whose calls have not returned. */
    private final TreeMap<Long, Integer> unfinished = new TreeMap<>();

    private long frontier;
    /** Larger for each time that the partition's counters begin anew; 0 at first. */
    private long epoch;

    private long telling;
    /** What has been told completely, here or by another owner. */
    private long told;
    /** Something was given up here, and others do not know. */
    private boolean broken;
    /** Somebody on this node needs the rows once more. */
    private boolean again;
    /** All up to the frontier, since it was last told elsewhere, has been emitted here. */
    private boolean continued;

    private boolean lastWasOwn;
    private long missingSince;
    private boolean missing;
    private boolean loaded;
    private long loadedAt;

    private int ownUncounted;

    private record Uncounted(CommittedChange removal, long arrivedAt) {}

    /** @param frontier the partition's counter when its changes began to be seen here; -1 when it was not held then */
    PartitionStream(int partition, long frontier) {
        this.partition = partition;
        this.frontier = frontier;
    }

    /**
     * From now on the stream tells of all rows, beginning with those that stand.
     *
     * @param what tells one such telling from another: the capture and the layout; 0 for none
     */
    void tell(long what) {
        telling = what;
    }

    int partition() {
        return partition;
    }

    /** What somebody has told completely: the rows that stood and all changes since; 0 for nothing. */
    long told() {
        return told;
    }

    /** Tells the stream from earlier ones, whose owners were all lost and with them the partition's counters; 0 for the first. */
    long epoch() {
        return epoch;
    }

    /**
     * All owners have been lost, and the partition counts anew.
     *
     * @param counter where it is now
     * @param nextEpoch larger than the epoch so far
     */
    void beginAnew(long counter, long nextEpoch) {
        epoch = nextEpoch;
        frontier = counter;
        told = 0;
        broken = true;
        waiting.headMap(counter, true).clear();
        lastWasOwn = true;
        continued = false;
    }

    /** Up to which counter everything has been emitted and dealt with. */
    long frontier() {
        return unfinished.isEmpty() ? frontier : Math.min(frontier, unfinished.firstKey() - 1);
    }

    /** Up to which counter everything has been emitted, although calls may not have returned. */
    long emittedUpTo() {
        return frontier;
    }

    boolean isIdle() {
        return waiting.isEmpty() && uncounted.isEmpty() && late.isEmpty();
    }

    /** How many changes are held in memory. */
    int size() {
        return waiting.size() + uncounted.size() + late.size() + unfinished.size();
    }

    /** How many of them nobody is known to have dealt with; the others are kept for a while, should their primary die. */
    int unsettled() {
        return waiting.size() + ownUncounted + late.size() + unfinished.size();
    }

    /** A change has been seen on this node. */
    void offer(CommittedChange change, long now) {
        if (!change.isCounted()) {
            uncounted.add(new Uncounted(change, now));
            ownUncounted += change.isOwn() ? 1 : 0;
        } else if (frontier >= 0 && change.counter() <= frontier) {
            if (change.isOwn() && !change.isEmpty()) {
                // Its counter was reserved before it was written, and the stream began in between or passed it over.
                // Where
                // rows that were brought meanwhile stand for its counter, they must be brought again.
                late.add(change);
                if (telling != 0) {
                    breakOff();
                }
            }
        } else {
            waiting.put(change.counter(), change);
        }
    }

    /** Rows were loaded without counters that the owners share. */
    void loaded(long now) {
        loaded = true;
        loadedAt = now;
    }

    /**
     * Another owner says how far the stream has been emitted.
     *
     * @param completely what it has told completely
     * @param inEpoch the epoch of its stream
     * @param byPrimary whether that owner is the primary
     */
    void emittedElsewhere(long upTo, long completely, long inEpoch, boolean byPrimary, long now) {
        if (inEpoch < epoch) {
            return;
        }
        if (inEpoch > epoch) {
            beginAnew(upTo, inEpoch);
            broken = false;
        }
        // One who has not come as far as this node does not know what this node has seen.
        if (!broken && upTo >= frontier && (byPrimary || completely != 0)) {
            told = completely;
        }
        if (upTo > frontier) {
            frontier = upTo;
            lastWasOwn = false;
            continued = false;
        }
        waiting.headMap(frontier, true).clear();
        forgetKept(now);
    }

    private void forgetKept(long now) {
        uncounted.removeIf(kept -> !kept.removal().isOwn() && now - kept.arrivedAt() > KEEP_NANOS);
        if (loaded && waiting.isEmpty() && now - loadedAt > KEEP_NANOS) {
            loaded = false;
        }
    }

    /** Whether the primary must emit the partition's rows before it emits changes. */
    boolean needsRows() {
        return telling != 0 && (again || told != telling);
    }

    /** The rows are to be emitted although they have been told. */
    void repeatRows() {
        again = true;
    }

    /** Whether nobody else has emitted since this node did, as far as it knows. */
    boolean isContinued() {
        return continued;
    }

    /** From now on this node is the one that emits. */
    void goesOn() {
        continued = true;
    }

    /**
     * The primary begins to emit the partition's rows: they are as new as all that was kept.
     *
     * @param counter the partition's counter, for a stream that has not begun
     */
    void beginRows(long counter) {
        for (Iterator<CommittedChange> all = waiting.values().iterator(); all.hasNext(); ) {
            CommittedChange change = all.next();
            if (!change.isOwn()) {
                frontier = Math.max(frontier, change.counter());
                all.remove();
            }
        }
        uncounted.removeIf(kept -> !kept.removal().isOwn());
        if (frontier < 0) {
            frontier = waiting.isEmpty() ? counter : Math.min(counter, waiting.firstKey() - 1);
        }
        lastWasOwn = true;
        loaded = false;
        missing = false;
        broken = false;
        continued = true;
        again = false;
        told = 0;
    }

    /** The changes that have been seen and not emitted, in the order of their counters. */
    Collection<CommittedChange> waiting() {
        return waiting.values();
    }

    /** Whether every change up to a counter has been seen, or is no longer waited for. */
    boolean hasSeen(long counter, long sinceNanos, long now) {
        if (now - sinceNanos > MISSING_NANOS) {
            return true;
        }
        long seen = frontier;
        for (long next : waiting.keySet()) {
            if (seen >= counter || next != seen + 1) {
                break;
            }
            seen = next;
        }
        return seen >= counter;
    }

    /** The rows have been emitted, and so has every change that they may have been read with. */
    void rowsEmitted() {
        if (!broken) {
            told = telling;
        }
    }

    /** A change that had left the stream has not been emitted. */
    void breakOff() {
        told = 0;
        broken = true;
    }

    /** Changes have been given up here: the rows must be brought anew. */
    void giveUp() {
        waiting.clear();
        uncounted.clear();
        ownUncounted = 0;
        late.clear();
        breakOff();
    }

    /**
     * The next change to emit, in order; null when there is none now, or when the rows must be emitted first.
     *
     * @param primaryHere whether this node is the partition's primary
     * @param alive whether another node is in the grid; false for this one, which may have been primary already when a change of
     *     the former primary came
     * @param decide finds out whether a removal without a counter is one
     */
    @Nullable CommittedChange next(boolean primaryHere, Predicate<UUID> alive, Consumer<CommittedChange> decide, long now) {
        CommittedChange known = late.poll();
        if (known != null) {
            return known;
        }
        CommittedChange removal = removal(primaryHere, alive, decide, now);
        if (removal != null) {
            return removal;
        }
        while (true) {
            Map.Entry<Long, CommittedChange> first = waiting.firstEntry();
            if (first == null) {
                return null;
            }
            CommittedChange change = first.getValue();
            boolean takenOver = !change.isOwn();
            if (takenOver && (!primaryHere || isAlive(change.primary(), alive))) {
                // Its primary emits it, or whoever is primary now.
                return null;
            }
            if (takenOver && loaded && telling != 0) {
                breakOff();
                return null;
            }
            if (first.getKey() != frontier + 1 && !passesOver(takenOver, now)) {
                return null;
            }
            if (!takenOver && !change.isConfirmed()) {
                return null;
            }
            waiting.pollFirstEntry();
            missing = false;
            lastWasOwn = change.isOwn();
            frontier = first.getKey();
            if (!change.isEmpty()) {
                return change;
            }
        }
    }

    private static boolean isAlive(@Nullable UUID node, Predicate<UUID> alive) {
        return node != null && alive.test(node);
    }

    /** Whether to go on although the counter behind the frontier is missing. */
    private boolean passesOver(boolean takenOver, long now) {
        if (!missing) {
            missing = true;
            missingSince = now;
            return false;
        }
        if (now - missingSince < MISSING_NANOS) {
            return false;
        }
        missing = false;
        if (telling != 0 && (takenOver || !lastWasOwn)) {
            breakOff();
            return false;
        }
        return true;
    }

    private @Nullable CommittedChange removal(
            boolean primaryHere, Predicate<UUID> alive, Consumer<CommittedChange> decide, long now) {
        for (Iterator<Uncounted> all = uncounted.iterator(); all.hasNext(); ) {
            Uncounted kept = all.next();
            CommittedChange removal = kept.removal();
            decide.accept(removal);
            if (removal.isCountedElsewhere()) {
                all.remove();
                ownUncounted -= removal.isOwn() ? 1 : 0;
                continue;
            }
            boolean here = removal.isOwn() || (primaryHere && !isAlive(removal.primary(), alive));
            if (!here) {
                if (now - kept.arrivedAt() > KEEP_NANOS) {
                    all.remove();
                }
                continue;
            }
            if (!waiting.isEmpty() && waiting.firstKey() <= removal.counter()) {
                return null;
            }
            all.remove();
            ownUncounted -= removal.isOwn() ? 1 : 0;
            return removal;
        }
        return null;
    }

    /** A change that was emitted has gone to somebody who has yet to deal with it. */
    void unfinished(long counter, int calls) {
        unfinished.merge(counter, calls, Integer::sum);
    }

    /** One of those has dealt with it. */
    void finished(long counter) {
        unfinished.computeIfPresent(counter, (key, calls) -> calls == 1 ? null : calls - 1);
    }
}
