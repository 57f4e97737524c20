package dev.penumbra.ignite.sql;

import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.ShadowStatus.Phase;
import dev.penumbra.shadow.coverage.CoveredRows;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.FeedName;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How one copy of a table stands at the moment of asking.
 *
 * @param id tells it from every other copy, from another filling of its own, and from what it was before its source brought the
 *     table anew
 * @param phase whether it may answer reads
 * @param applied the position up to which its source's changes are in it
 * @param table the Ignite table that this is a copy of, whose readers alone may read it; null when it is of a database's
 * @param feed what carries its source's changes to it
 * @param journal the journal that the position is of; null when it is not known
 * @param consistency what its reads ask for unless they say
 * @param covered which rows it holds; null for all of its table
 * @param misfit why its coverage does not fit its table, so that it answers nobody; null when it does
 */
@Internal
public record Copy(
        String id,
        Phase phase,
        Position applied,
        @Nullable TableName table,
        FeedName feed,
        @Nullable UUID journal,
        Consistency consistency,
        @Nullable CoveredRows covered,
        @Nullable PenumbraException misfit) {
    /** A copy of a whole table. */
    public Copy(
            String id,
            Phase phase,
            Position applied,
            @Nullable TableName table,
            FeedName feed,
            @Nullable UUID journal,
            Consistency consistency) {
        this(id, phase, applied, table, feed, journal, consistency, null, null);
    }

    /**
     * This copy as one that could answer.
     *
     * @param home whether it is in the table's home datacenter
     */
    public Candidate candidate(boolean home) {
        return new Candidate(id, feed, home, journal, applied);
    }

    /** Whether it may answer reads. */
    public boolean isReady() {
        return phase == Phase.READY;
    }

    /** Whether it has all of its rows, although reads that begin now may not be allowed to see them. */
    public boolean isWhole() {
        return phase == Phase.READY || phase == Phase.EXPIRED;
    }
}
