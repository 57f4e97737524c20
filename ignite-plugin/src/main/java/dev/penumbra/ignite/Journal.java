package dev.penumbra.ignite;

import dev.penumbra.journal.SourceRows;
import dev.penumbra.journal.TransactionFrames;
import dev.penumbra.journal.UncommittedChanges;
import dev.penumbra.model.Change;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.read.ProbeDesk;
import dev.penumbra.shadow.read.UncommittedWatch;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One source's committed changes, as the shipper reads them. Safe for use by several threads. */
interface Journal {
    /** The source's name. */
    String source();

    /** What tells the journal from every other, also from one of the same source that was begun anew. */
    UUID id();

    /** Whether somebody could read it now; cheap, and no promise. */
    default boolean isThere() {
        return true;
    }

    /** The names under which tails have asked retention to keep something. */
    default Set<String> retained() {
        return Set.of();
    }

    /** Lets retention go of what a tail had asked it to keep under a name. */
    default void release(String name) {}

    /**
     * The way to ask for rows of the source itself, to be closed by the caller; null when nobody can be asked.
     *
     * @throws dev.penumbra.model.PenumbraException when the way cannot be opened
     */
    default @Nullable SourceRows sourceRows() {
        return null;
    }

    /** The position behind which the journal has everything: START unless retention has removed its beginning. */
    Position oldest();

    /**
     * Opens a reader of its own for the calling thread.
     *
     * @param after the last position that is not wanted
     * @throws dev.penumbra.model.PenumbraException with {@link dev.penumbra.model.ErrorCode#POSITION_GONE} when what
     *     follows has been removed by retention, {@link dev.penumbra.model.ErrorCode#JOURNAL_GAP} when the journal ends
     *     before the position
     */
    Tail open(Position after);

    /** A place in the journal that moves forward. Owned by one thread at a time. */
    interface Tail extends AutoCloseable {
        /**
         * The next whole transaction, null when there is none yet.
         *
         * <p>Until it has returned what was in the journal when the tail was opened it waits for that rather than return null. Later null
         * may also mean that a transaction is on its way.
         */
        @Nullable Transaction poll();

        /**
         * Asks retention to keep, under a name, what follows a position, and no longer what lies before it. Cheap.
         *
         * @param after where this tail began, or where a transaction ends that it has returned
         */
        default void retain(String name, Position after) {}

        /**
         * The way to ask the journal's writer how far it has come, to be closed by the caller; null when it cannot be asked.
         *
         * @throws dev.penumbra.model.PenumbraException when the way cannot be opened
         */
        default @Nullable Probe probe() {
            return null;
        }

        /**
         * The way to ask what stands in the source that is not committed, to be closed by the caller; null when nobody can be asked.
         *
         * @throws dev.penumbra.model.PenumbraException when the way cannot be opened
         */
        default @Nullable Listings listings() {
            return null;
        }

        @Override
        void close();
    }

    /** The way to learn what is not committed. Owned by one thread. */
    interface Listings extends UncommittedWatch.Listings<UncommittedChanges.Listing> {}

    /** The way to a journal's writer. */
    interface Probe extends ProbeDesk.Source, AutoCloseable {
        @Override
        void close();
    }

    /** A committed transaction; its changes have consecutive positions and are iterated once. */
    interface Transaction extends TransactionFrames.Head, Iterable<Change> {}
}
