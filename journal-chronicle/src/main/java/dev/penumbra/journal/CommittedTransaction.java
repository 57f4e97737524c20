package dev.penumbra.journal;

import dev.penumbra.model.Change;
import dev.penumbra.model.Position;
import dev.penumbra.model.TransactionId;
import dev.penumbra.model.api.Incubating;

/**
 * A whole transaction that its source committed.
 *
 * <p>Iterating yields its changes in the order in which they were made. Small transactions are held in memory; the changes
 * of a large one are read from the journal while it is iterated, which must then happen before the reader's next poll; later it is an {@link IllegalStateException}.
 */
@Incubating
public interface CommittedTransaction extends Iterable<Change> {
    /** The source's transaction; transactions that a snapshot or a correction makes have ids of their own. */
    TransactionId id();

    /** The position of its first change. */
    Position first();

    /** The position of its last change. */
    Position last();

    /** How many changes it has. */
    default long size() {
        return last().sequence() - first().sequence() + 1;
    }

    /** When it was committed to the journal, in milliseconds since 1970, by the clock of the journal's writer. */
    long committedAtMillis();
}
