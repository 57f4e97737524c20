package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.PartitionPosition;
import dev.penumbra.ignite.trigger.StreamPlace;
import dev.penumbra.model.Change;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.PartitionShares;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The part of an Ignite table's shadow that this node writes: the partitions whose primary it is.
 *
 * <p>Design note. A partition of the table is written into the shadow by one node at a time, which notes it in
 * {@link PartitionShares}. It takes a partition that nobody has, or whose writer has left the grid, after all nodes have completed
 * the exchange that follows; a writer that is not the partition's primary any more lets go of it when nothing of it is under way.
 * So no two writes of one row are on their way from different nodes.
 *
 * <p>Who takes a partition has all of its rows journalled anew, writes them and what follows them, and then removes what is older than
 * they are: rows that the table lost while nobody looked. Rows carry the number of the taking and that of their partition's
 * counter, so that of two images of a row the later wins in whatever order they come. Until its first complete taking a
 * partition is not whole, and the shadow answers nobody; after that each of its rows is always as it was at some time. When a
 * partition is brought anew and that takes longer than {@link #STALE_NANOS}, it is not whole any more.
 *
 * <p>The journal says where this node went on with a partition that another had journalled in between; from there the partition is
 * taken anew.
 *
 * <p>Owned by the feed's thread.
 */
final class SharedShadow {
    private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    /** How long a partition that is brought anew may be read as it was before. */
    static final long STALE_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** How far this node is with a partition. */
    private enum Phase {
        /** It does not write it. */
        NONE,
        /** It waits for the partition's rows. */
        TAKEN,
        /** The rows are coming. */
        FILLING,
        /** All rows have come. */
        FOLLOWING
    }

    private static final class Part {
        private Phase phase = Phase.NONE;
        private int taking;
        private long stream;
        /** Where the rows begin, as the journal numbers the partition. */
        private long rowsFrom;
        /** Whether the shadow can hold nothing older than the rows that come. */
        private boolean clean;
        /** Whether rows have come since it was taken. */
        private boolean begun;
        /** The journal's position that the rows come behind, once it is known. */
        private CompletableFuture<Position> behind = new CompletableFuture<>();
        /** Since when it has not been followed; 0 while it is. */
        private long staleSince;
    }

    /** What the shadow stands in. */
    interface Surroundings {
        /** For which {@link #primary} answers; changes whenever owners do. */
        Object topology();

        /** The node that is a partition's primary now. */
        @Nullable UUID primary(int partition);

        /** Whether this node holds a partition completely. */
        boolean owns(int partition);

        boolean isAlive(UUID node);

        /**
         * Waits until no node acts on a request any more of one that has left the grid.
         *
         * @return false when it is not worth waiting
         */
        boolean awaitExchange();

        /** Who writes what; null when the shadow is gone. */
        @Nullable PartitionShares shares();

        /** Replaces the shares if they are still as expected; tells whether they were. */
        boolean replace(PartitionShares expected, PartitionShares next);

        /**
         * Has the rows of partitions journalled once more.
         *
         * @return a position of this node's journal that they come behind; null when it journals nothing
         */
        @Nullable CompletableFuture<Position> repeatRows(Collection<Integer> partitions);

        /** Gathers a change for the next writing; of one row's changes the one with the larger position counts. */
        void gather(Change change, Position position);

        /** Writes what was gathered; completes when it is in the shadow on all nodes. */
        CompletableFuture<Void> flush();

        /** Removes the partitions' rows that are older than a position; tells whether it was done, waiting for it. */
        boolean sweep(Map<Integer, Position> limits);

        /** A clock that never goes back. */
        long nanos();
    }

    private final Surroundings surroundings;
    private final UUID local;
    private final Fingerprint layout;
    private final Part[] parts;
    /** Partitions whose rows have all come, but are not all written. */
    private final BitSet ending = new BitSet();
    /** Partitions whose rows are on their way in a batch. */
    private final BitSet underWay = new BitSet();
    /** Partitions whose rows are all written. */
    private final BitSet written = new BitSet();

    /** When rows were last asked for or came. */
    private long heardAt;

    private @Nullable Object topology;
    private boolean takesMore = true;
    private boolean outdated;

    /** @param layout the shadow's */
    SharedShadow(Surroundings surroundings, UUID local, int partitions, Fingerprint layout) {
        this.surroundings = surroundings;
        this.local = local;
        this.layout = layout;
        this.parts = new Part[partitions];
        for (int partition = 0; partition < parts.length; partition++) {
            parts[partition] = new Part();
        }
    }

    /** Whether a change has come in another layout than the shadow's. */
    boolean isOutdated() {
        return outdated;
    }

    /** Whether no partition's rows are waited for. */
    boolean isAtRest() {
        return !takesMore
                && ending.isEmpty()
                && underWay.isEmpty()
                && written.isEmpty()
                && Arrays.stream(parts).noneMatch(part -> part.phase == Phase.TAKEN || part.phase == Phase.FILLING);
    }

    /** Takes a change or an event of the journal, in its order. */
    void accept(Change change) {
        StreamPlace place = StreamPlace.of(change.transaction());
        if (place.partition() >= parts.length || outdated) {
            return;
        }
        Part part = parts[place.partition()];
        if (part.phase == Phase.NONE) {
            return;
        }
        if (change.origin() == Origin.SNAPSHOT) {
            heardAt = surroundings.nanos();
        }
        if (part.begun && place.stream() != part.stream) {
            // The partition counts anew: to be taken anew, so that what comes is newer than what has come.
            part.phase = Phase.NONE;
            forgetEnd(place.partition());
            takesMore = true;
            return;
        }
        switch (change.operation()) {
            case TRUNCATE -> begin(part, place, change.position());
            case SNAPSHOT_END -> {
                if (part.phase == Phase.FILLING) {
                    part.phase = Phase.FOLLOWING;
                    part.staleSince = 0;
                    ending.set(place.partition());
                }
            }
            case SCHEMA -> {
                if (part.phase != Phase.TAKEN) {
                    // Another node has journalled changes in between.
                    part.phase = Phase.TAKEN;
                    request(List.of(place.partition()));
                }
            }
            case INSERT, UPDATE, DELETE -> {
                if (!change.schema().fingerprint().equals(layout)) {
                    outdated = true;
                } else if (part.phase != Phase.TAKEN) {
                    surroundings.gather(change, PartitionPosition.of(part.taking, place.partition(), place.number()));
                }
            }
            case DROP -> {}
        }
    }

    private void begin(Part part, StreamPlace place, Position position) {
        boolean old =
                part.phase == Phase.TAKEN && !(part.behind.isDone() && position.compareTo(part.behind.join()) > 0);
        if (old) {
            // Journalled before this node took the partition: another may have gone on since.
            return;
        }
        // Rows that came before and were not all there are older than these.
        part.clean &= !part.begun;
        part.begun = true;
        part.phase = Phase.FILLING;
        part.stream = place.stream();
        part.rowsFrom = place.number();
        forgetEnd(place.partition());
    }

    /** Rows that had all come are not to be counted as such: others come. */
    private void forgetEnd(int partition) {
        ending.clear(partition);
        underWay.clear(partition);
        written.clear(partition);
    }

    /** Writes what was gathered; completes when it is in the shadow on all nodes. */
    CompletableFuture<Void> flush() {
        underWay.or(ending);
        ending.clear();
        return surroundings.flush();
    }

    /** What was last flushed has been written. */
    void written() {
        written.or(underWay);
        underWay.clear();
    }

    /** Makes partitions whole whose rows have all been written. Nothing is under way or gathered. */
    void completePartitions() {
        if (written.isEmpty()) {
            return;
        }
        List<Integer> complete = new ArrayList<>();
        Map<Integer, Position> limits = new HashMap<>();
        written.stream().forEach(partition -> {
            Part part = parts[partition];
            complete.add(partition);
            if (!part.clean) {
                limits.put(partition, PartitionPosition.of(part.taking, partition, part.rowsFrom));
            }
        });
        if (!limits.isEmpty() && !surroundings.sweep(limits)) {
            return;
        }
        while (true) {
            PartitionShares shares = surroundings.shares();
            if (shares == null) {
                return;
            }
            List<Integer> own = complete.stream()
                    .filter(partition -> local.equals(shares.writer(partition)))
                    .toList();
            if (surroundings.replace(shares, shares.completed(own))) {
                written.clear();
                return;
            }
        }
    }

    /** Lets go of partitions whose primary is another node now, and takes those whose primary this one is. Nothing is under way. */
    void share() {
        Object present = surroundings.topology();
        long now = surroundings.nanos();
        if (!present.equals(topology) || takesMore) {
            takesMore = false;
            release();
            takesMore |= !take();
            topology = present;
        }
        List<Integer> silent = new ArrayList<>();
        for (int partition = 0; partition < parts.length; partition++) {
            Phase phase = parts[partition].phase;
            if (phase == Phase.TAKEN || phase == Phase.FILLING) {
                silent.add(partition);
            }
        }
        spoil(now, silent);
        if (!silent.isEmpty() && now - heardAt > SILENCE_NANOS) {
            // The table's capture has begun anew, or gave them up when it failed.
            silent.forEach(partition -> parts[partition].phase = Phase.TAKEN);
            request(silent);
        }
    }

    /** Lets the shadow answer nobody when a partition has not come for long: whatever keeps it away, its rows are too old. */
    private void spoil(long now, List<Integer> notFollowed) {
        List<Integer> old = new ArrayList<>();
        for (int partition : notFollowed) {
            Part part = parts[partition];
            if (part.staleSince == 0) {
                part.staleSince = now;
            } else if (now - part.staleSince > STALE_NANOS) {
                old.add(partition);
            }
        }
        PartitionShares shares = old.isEmpty() ? null : surroundings.shares();
        if (shares != null && old.stream().anyMatch(shares::isWhole)) {
            // Looked at again soon, should another have been faster.
            boolean unused = surroundings.replace(shares, shares.spoilt(old));
        }
    }

    private void release() {
        PartitionShares shares = surroundings.shares();
        List<Integer> lost = new ArrayList<>();
        for (int partition = 0; partition < parts.length; partition++) {
            // Those, too, that this node took before its feed began anew.
            boolean writes =
                    parts[partition].phase != Phase.NONE || (shares != null && local.equals(shares.writer(partition)));
            if (writes && !local.equals(surroundings.primary(partition))) {
                lost.add(partition);
            }
        }
        while (!lost.isEmpty() && shares != null && !surroundings.replace(shares, shares.released(local, lost))) {
            shares = surroundings.shares();
        }
        for (int partition : lost) {
            parts[partition].phase = Phase.NONE;
            forgetEnd(partition);
        }
    }

    /** Whether there is none that another node has yet to let go of. */
    private boolean take() {
        List<Integer> wanted = new ArrayList<>();
        boolean all = true;
        for (int partition = 0; partition < parts.length; partition++) {
            if (parts[partition].phase == Phase.NONE && local.equals(surroundings.primary(partition))) {
                if (surroundings.owns(partition)) {
                    wanted.add(partition);
                } else {
                    all = false;
                }
            }
        }
        if (wanted.isEmpty()) {
            return all;
        }
        PartitionShares shares = surroundings.shares();
        if (shares == null) {
            return false;
        }
        List<Integer> free = new ArrayList<>();
        boolean left = false;
        for (int partition : wanted) {
            UUID writer = shares.writer(partition);
            boolean gone = writer != null && !surroundings.isAlive(writer);
            if (writer == null || gone || writer.equals(local)) {
                free.add(partition);
                left |= gone;
            }
        }
        if (free.isEmpty() || (left && !surroundings.awaitExchange())) {
            return false;
        }
        PartitionShares taken = shares.taken(local, free);
        if (!surroundings.replace(shares, taken)) {
            return false;
        }
        for (int partition : free) {
            Part part = parts[partition];
            part.phase = Phase.TAKEN;
            part.taking = taken.taking();
            part.clean = !shares.isTouched(partition);
            part.begun = false;
            part.staleSince = 0;
            forgetEnd(partition);
        }
        request(free);
        return all && free.size() == wanted.size();
    }

    private void request(Collection<Integer> partitions) {
        CompletableFuture<Position> behind = surroundings.repeatRows(partitions);
        heardAt = surroundings.nanos();
        for (int partition : partitions) {
            parts[partition].behind = behind == null ? new CompletableFuture<>() : behind;
        }
    }
}
