package dev.penumbra.ignite;

import dev.penumbra.journal.JournalProbe;
import dev.penumbra.model.Change;
import dev.penumbra.model.Position;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One source's committed changes, as the shipper reads them. Safe for use by several threads. */
interface Journal {
    /** The source's name. */
    String source();

    /** What tells the journal from every other, also from one of the same source that was begun anew. */
    UUID id();

    /** The way to ask its writer how far it has come; null when it cannot be asked. */
    default @Nullable JournalProbe probe() {
        return null;
    }

    /** Lets retention go of what a tail had asked it to keep under a name. */
    default void release(String name) {}

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
        /** The next whole transaction, null when there is none yet. */
        @Nullable Transaction poll();

        /** Asks retention to keep, under a name, what this tail has not acknowledged. */
        default void retainFrom(String name) {}

        /** Tells retention that everything polled so far is dealt with. */
        default void acknowledge() {}

        @Override
        void close();
    }

    /** A committed transaction; its changes have consecutive positions. */
    interface Transaction extends Iterable<Change> {
        Position first();

        Position last();

        long committedAtMillis();
    }
}
