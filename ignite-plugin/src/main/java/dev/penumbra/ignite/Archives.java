package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.ArchiveMarks;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.Progress;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Removes from the archives of this datacenter's shadows what is not kept any more, on each node where it is. Owned by the thread of the
 * upkeep, which it does not keep for long.
 */
final class Archives {
    private static final Duration TURN = Duration.ofMillis(50);

    private final ShippingContext context;

    /** How far each is, by the numbers of their fillings. */
    private final Map<Long, Purging> purging = new HashMap<>();

    /** What is removed, and the partition that comes next. */
    private record Purging(Position begin, int partition) {}

    Archives(ShippingContext context) {
        this.context = context;
    }

    /** Goes on with one of them. */
    void purge(Copy copy) {
        if (!copy.definition().isArchived()) {
            return;
        }
        Progress progress = context.progress(copy.name().datacenter());
        ArchiveMarks marks = progress.archive(copy).orElse(null);
        if (marks == null) {
            return;
        }
        Position begin = marks.begin().position();
        Purging known = purging.getOrDefault(copy.generation(), new Purging(Position.START, 0));
        int partitions = context.storage().partitions();
        if (known.partition() == 0 && known.begin().equals(begin)) {
            return;
        }
        // Once this is done every node has these marks, also one that the write of another has not reached yet.
        if (known.partition() == 0 && !progress.replace(copy, marks, marks)) {
            return;
        }
        Position removed = known.partition() == 0 ? begin : known.begin();
        int partition = known.partition();
        long end = System.nanoTime() + TURN.toNanos();
        while (partition < partitions && System.nanoTime() - end < 0) {
            GridInternals.forget(context.ignite(), copy, partition, removed);
            partition++;
        }
        purging.put(copy.generation(), new Purging(removed, partition == partitions ? 0 : partition));
    }

    /** Forgets all others. */
    void retain(Collection<Copy> copies) {
        Set<Long> present = copies.stream().map(Copy::generation).collect(Collectors.toSet());
        purging.keySet().retainAll(present);
    }
}
