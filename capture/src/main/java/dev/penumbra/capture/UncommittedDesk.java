package dev.penumbra.capture;

import dev.penumbra.journal.UncommittedChanges;
import dev.penumbra.journal.UncommittedChanges.Listing;
import dev.penumbra.journal.UncommittedChanges.Uncommitted;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells readers of a journal, when they ask, what stands in the source that is not committed.
 *
 * <p>A list is read behind a pass of the relay. A change that one list has and a later one has not was either in a pass between them, so that
 * the journal has it at or before the position that the later list names, or it was taken back: only the relay removes what is committed.
 *
 * <p>Belongs to the relay's thread. Nobody's capture fails for it.
 */
final class UncommittedDesk implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(UncommittedDesk.class);

    /** What is asked for is what few have in hand; the rest of a large load is left out, and its oldest changes are in the list. */
    private static final int MAX_CHANGES = 1_000;

    private static final long MAX_BYTES = 256L << 10;
    private static final long RETRY_NANOS = 5_000_000_000L;

    private final Path directory;
    private @Nullable UncommittedChanges opened;
    private long notBeforeNanos = System.nanoTime();
    private long answered;

    UncommittedDesk(Path directory) {
        this.directory = directory;
    }

    /** Opens the way to those who ask, where that can be done. */
    void open() {
        if (opened == null && System.nanoTime() - notBeforeNanos >= 0) {
            try {
                opened = UncommittedChanges.open(directory);
            } catch (PenumbraException e) {
                leave(e);
            }
        }
    }

    /** The latest question; one that has been answered when there is none. */
    long question() {
        UncommittedChanges changes = opened;
        try {
            return changes == null ? answered : changes.asked().orElse(answered);
        } catch (PenumbraException e) {
            leave(e);
            return answered;
        }
    }

    boolean isAsked() {
        return question() != answered;
    }

    /**
     * Answers a question that had been asked before a pass began.
     *
     * @param session has ended the pass's transaction
     * @param upTo where the journal ends behind the pass
     * @param isKnown tells which changes the journal has
     */
    void answer(long question, SourceSession session, Position upTo, LongPredicate isKnown) {
        UncommittedChanges changes = opened;
        if (changes == null || question == answered) {
            return;
        }
        try {
            List<Uncommitted> found = session.uncommitted(isKnown, MAX_CHANGES, MAX_BYTES).stream()
                    .map(row -> new Uncommitted(row.id(), row.transactionId(), row.images()))
                    .toList();
            changes.list(new Listing(question, upTo, found));
            answered = question;
        } catch (SQLException | RuntimeException e) {
            leave(e);
        }
    }

    private void leave(Exception reason) {
        LOG.debug("what is not committed cannot be told: directory={}", directory, reason);
        notBeforeNanos = System.nanoTime() + RETRY_NANOS;
        close();
    }

    @Override
    public void close() {
        UncommittedChanges changes = opened;
        opened = null;
        if (changes != null) {
            try {
                changes.close();
            } catch (PenumbraException e) {
                LOG.debug("what was asked could not be let go of: directory={}", directory, e);
            }
        }
    }
}
