package dev.penumbra.capture;

import dev.penumbra.journal.UncommittedChanges;
import dev.penumbra.journal.UncommittedChanges.Listing;
import dev.penumbra.journal.UncommittedChanges.Uncommitted;
import dev.penumbra.model.Position;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * Tells readers of a journal, when they ask, what stands in the source that is not committed.
 *
 * <p>A list is read behind a pass of the relay. A change that one list has and a later one has not was either in a pass between them, so that
 * the journal has it at or before the position that the later list names, or it was taken back: only the relay removes what is committed.
 *
 * <p>Belongs to the relay's thread. Nobody's capture fails for it.
 */
final class UncommittedDesk implements AutoCloseable {
    /** What is asked for is what few have in hand; the rest of a large load is left out, and its oldest changes are in the list. */
    private static final int MAX_CHANGES = 1_000;

    private static final long MAX_BYTES = 256L << 10;

    private final Asked<UncommittedChanges> asked;

    UncommittedDesk(Path directory) {
        this.asked = new Asked<>(directory, UncommittedChanges::open, UncommittedChanges::asked);
    }

    /** Opens the way to those who ask, where that can be done. */
    void open() {
        asked.open();
    }

    /** The latest question; one that has been answered when there is none. */
    long question() {
        return asked.question();
    }

    boolean isAsked() {
        return asked.isOpen(question());
    }

    /**
     * Answers a question that had been asked before a pass began.
     *
     * @param session has ended the pass's transaction
     * @param upTo where the journal ends behind the pass
     * @param isKnown tells which changes the journal has
     */
    void answer(long question, SourceSession session, Position upTo, LongPredicate isKnown) {
        UncommittedChanges changes = asked.carrier();
        if (changes == null || !asked.isOpen(question)) {
            return;
        }
        try {
            List<Uncommitted> found = session.uncommitted(isKnown, MAX_CHANGES, MAX_BYTES).stream()
                    .map(row -> new Uncommitted(row.id(), row.transactionId(), row.images()))
                    .toList();
            changes.list(new Listing(question, upTo, found));
            asked.answered(question);
        } catch (SQLException | RuntimeException e) {
            asked.leave(e);
        }
    }

    @Override
    public void close() {
        asked.close();
    }
}
