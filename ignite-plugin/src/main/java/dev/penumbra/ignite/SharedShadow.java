package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.ignite.internal.PartitionPosition;
import dev.penumbra.ignite.internal.TableRows;
import dev.penumbra.ignite.internal.TableTap;
import dev.penumbra.ignite.trigger.StreamPlace;
import dev.penumbra.model.Change;
import dev.penumbra.model.Origin;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.PartitionShares;
import dev.penumbra.shadow.Progress;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
 * partition is not whole, and the shadow answers nobody; after that each of its rows is always as it was at some time.
 *
 * <p>The journal says where this node went on with a partition that another had journalled in between; from there the partition is
 * taken anew.
 *
 * <p>Owned by the feed's thread.
 */
final class SharedShadow {
    private static final Logger LOG = LoggerFactory.getLogger(SharedShadow.class);
    private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

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
        /** Where the rows begin, as the journal numbers the partition. */
        private long rowsFrom;
        /** Whether the shadow can hold nothing older than the rows that come. */
        private boolean clean;
        /** The journal's position that the rows come behind, once it is known. */
        private CompletableFuture<Position> behind = new CompletableFuture<>();
    }

    private final Ignite ignite;
    private final Progress progress;
    private final Follower follower;
    private final CapturedTables tables;
    private final TableTap tap;
    private final UUID local;
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
    private @Nullable TableRows layout;

    SharedShadow(Ignite ignite, Progress progress, Follower follower, CapturedTables tables, TableTap tap) {
        this.ignite = ignite;
        this.progress = progress;
        this.follower = follower;
        this.tables = tables;
        this.tap = tap;
        this.local = tap.localNode();
        this.parts = new Part[tap.partitions()];
        for (int partition = 0; partition < parts.length; partition++) {
            parts[partition] = new Part();
        }
    }

    Copy copy() {
        return follower.copy();
    }

    TableTap tap() {
        return tap;
    }

    /** Whether a change has come in another layout than the shadow's. */
    boolean isOutdated() {
        return outdated;
    }

    boolean lostRows() {
        return follower.cache().lostRows();
    }

    /** Whether the table still has the layout of its shadow. */
    boolean hasLayoutOfTable() {
        TableRows present = tap.rows(copy().name().table(), layout);
        layout = present;
        return present.schema().equals(copy().requiredLayout());
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
            heardAt = System.nanoTime();
        }
        switch (change.operation()) {
            case TRUNCATE -> begin(part, place, change.position());
            case SNAPSHOT_END -> {
                if (part.phase == Phase.FILLING) {
                    part.phase = Phase.FOLLOWING;
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
                if (!change.schema()
                        .fingerprint()
                        .equals(copy().requiredLayout().fingerprint())) {
                    outdated = true;
                } else if (part.phase != Phase.TAKEN) {
                    follower.gather(change, PartitionPosition.of(part.taking, place.partition(), place.number()));
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
        part.phase = Phase.FILLING;
        part.rowsFrom = place.number();
        ending.clear(place.partition());
        underWay.clear(place.partition());
        written.clear(place.partition());
    }

    /** Writes what was gathered; completes when it is in the shadow on all nodes. */
    CompletableFuture<Void> flush() {
        underWay.or(ending);
        ending.clear();
        return follower.flush();
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
        if (!limits.isEmpty() && !sweep(limits)) {
            return;
        }
        complete.forEach(partition -> parts[partition].clean = false);
        while (true) {
            PartitionShares shares = progress.shares(copy()).orElse(null);
            if (shares == null) {
                return;
            }
            List<Integer> own = complete.stream()
                    .filter(partition -> local.equals(shares.writer(partition)))
                    .toList();
            if (progress.replace(copy(), shares, shares.completed(own))) {
                written.clear();
                return;
            }
        }
    }

    /** Whether it is done; if not, it is to be done again. */
    private boolean sweep(Map<Integer, Position> limits) {
        try {
            GridInternals.sweep(ignite, copy(), limits);
            return true;
        } catch (IgniteException | PenumbraException e) {
            LOG.debug("Rows of the shadow are moving between nodes: copy={}", copy().id(), e);
            return false;
        }
    }

    /** Lets go of partitions whose primary is another node now, and takes those whose primary this one is. Nothing is under way. */
    void share(BooleanSupplier giveUp) {
        Object present = tap.topology();
        long now = System.nanoTime();
        if (!present.equals(topology) || takesMore) {
            takesMore = false;
            release();
            takesMore |= !take(giveUp);
            topology = present;
        }
        List<Integer> silent = new ArrayList<>();
        for (int partition = 0; partition < parts.length; partition++) {
            Phase phase = parts[partition].phase;
            if (phase == Phase.TAKEN || phase == Phase.FILLING) {
                silent.add(partition);
            }
        }
        if (!silent.isEmpty() && now - heardAt > SILENCE_NANOS) {
            // The table's capture has begun anew, or gave them up when it failed.
            silent.forEach(partition -> parts[partition].phase = Phase.TAKEN);
            request(silent);
        }
    }

    private void release() {
        List<Integer> lost = new ArrayList<>();
        for (int partition = 0; partition < parts.length; partition++) {
            if (parts[partition].phase != Phase.NONE && !local.equals(tap.primary(partition))) {
                lost.add(partition);
            }
        }
        while (!lost.isEmpty()) {
            PartitionShares shares = progress.shares(copy()).orElse(null);
            if (shares == null || progress.replace(copy(), shares, shares.released(local, lost))) {
                break;
            }
        }
        for (int partition : lost) {
            parts[partition].phase = Phase.NONE;
            ending.clear(partition);
            written.clear(partition);
        }
    }

    /** Whether there is none that another node has yet to let go of. */
    private boolean take(BooleanSupplier giveUp) {
        List<Integer> wanted = new ArrayList<>();
        boolean all = true;
        for (int partition = 0; partition < parts.length; partition++) {
            if (parts[partition].phase == Phase.NONE && local.equals(tap.primary(partition))) {
                if (tap.owns(partition)) {
                    wanted.add(partition);
                } else {
                    all = false;
                }
            }
        }
        if (wanted.isEmpty()) {
            return all;
        }
        PartitionShares shares = progress.shares(copy()).orElse(null);
        if (shares == null) {
            return false;
        }
        List<Integer> free = new ArrayList<>();
        boolean left = false;
        for (int partition : wanted) {
            UUID writer = shares.writer(partition);
            boolean gone = writer != null && ignite.cluster().node(writer) == null;
            if (writer == null || gone || writer.equals(local)) {
                free.add(partition);
                left |= gone;
            }
        }
        if (free.isEmpty() || (left && !GridInternals.awaitExchange(ignite, giveUp))) {
            return false;
        }
        PartitionShares taken = shares.taken(local, free);
        if (!progress.replace(copy(), shares, taken)) {
            return false;
        }
        for (int partition : free) {
            Part part = parts[partition];
            part.phase = Phase.TAKEN;
            part.taking = taken.taking();
            part.clean = !shares.isTouched(partition);
        }
        request(free);
        return all && free.size() == wanted.size();
    }

    private void request(Collection<Integer> partitions) {
        CompletableFuture<Position> behind = tables.repeatRows(tap, partitions);
        heardAt = System.nanoTime();
        for (int partition : partitions) {
            parts[partition].behind = behind == null ? new CompletableFuture<>() : behind;
        }
    }
}
