package dev.penumbra.shadow.read;

import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the copies of one feed informed of what stands in the source and is not committed, while somebody reads it.
 *
 * <p>The source is asked one question at a time. Where it does not answer, what it had said is shown no longer: nobody knows what has become
 * of it.
 *
 * <p>Belongs to the feed's thread.
 *
 * @param <L> what the source answers
 */
@Internal
public final class UncommittedWatch<L> {
    /** For how long after a read another is expected. */
    static final Duration WANTED = Duration.ofSeconds(10);
    /** Question or answer has been lost, or the source is closed. */
    static final Duration LOST = Duration.ofSeconds(1);

    /** The way to the source. Nothing of it waits, and answers may be lost. */
    public interface Listings<L> extends AutoCloseable {
        /** Asks; an earlier question is not waited for any more. */
        void ask();

        /** The answer to the question that was asked last, once; null before. */
        @Nullable L listed();

        @Override
        void close();
    }

    /** A copy that is kept informed; see {@link Uncommitted}. */
    public interface Told<L> {
        /** See {@link Uncommitted#begin}. */
        void listsBegin(Position taken);

        /** See {@link Uncommitted#listed}. */
        void listed(L listing);

        /** See {@link Uncommitted#taken}. */
        void listsTaken(Position upTo);

        /** See {@link Uncommitted#hide}. */
        void listsLate();

        /** See {@link Uncommitted#end}. */
        void listsEnd();

        /** See {@link Uncommitted#isAwaited}. */
        boolean isAwaited();
    }

    private final LongSupplier nanos;
    private final Duration every;
    private final Supplier<@Nullable Listings<L>> opener;
    private @Nullable Listings<L> listings;
    private List<? extends Told<L>> told = List.of();
    private boolean isAnswered;
    private long wantedAt;
    private long askedAt;

    /**
     * @param nanos a monotonic clock, in nanoseconds
     * @param every how often the source is asked
     * @param opener opens the way to the source; null while there is none
     */
    public UncommittedWatch(LongSupplier nanos, Duration every, Supplier<@Nullable Listings<L>> opener) {
        this.nanos = nanos;
        this.every = every;
        this.opener = opener;
    }

    /**
     * Does what can be done now.
     *
     * @param wanted whether anybody has wanted to know since the last look
     * @param taken up to where the copies, and what is pending of them, have the journal
     * @param copies those that may be read
     */
    public void look(boolean wanted, Position taken, Supplier<? extends List<? extends Told<L>>> copies) {
        Listings<L> open = listings;
        if (open == null && !wanted) {
            return;
        }
        long now = nanos.getAsLong();
        if (wanted) {
            wantedAt = now;
        } else if (now - wantedAt > WANTED.toNanos() && told.stream().noneMatch(Told::isAwaited)) {
            end();
            return;
        }
        try {
            if (open == null) {
                open = opener.get();
                listings = open;
                isAnswered = true;
                askedAt = now - every.toNanos();
            }
            if (open != null) {
                look(open, now, taken, copies);
            }
        } catch (RuntimeException e) {
            // Where to ask is not there now, or what it says makes no sense; the next read has it looked for again.
            end();
        }
    }

    private void look(Listings<L> open, long now, Position taken, Supplier<? extends List<? extends Told<L>>> copies) {
        L listing = open.listed();
        if (listing != null) {
            isAnswered = true;
            told.forEach(copy -> copy.listed(listing));
        }
        told.forEach(copy -> copy.listsTaken(taken));
        boolean isLate = !isAnswered && now - askedAt >= LOST.toNanos();
        if (isLate) {
            told.forEach(Told::listsLate);
        }
        if (isLate || (isAnswered && now - askedAt >= every.toNanos())) {
            List<? extends Told<L>> present = copies.get();
            told.stream().filter(copy -> !present.contains(copy)).forEach(Told::listsEnd);
            told = present;
            told.forEach(copy -> copy.listsBegin(taken));
            isAnswered = false;
            askedAt = now;
            open.ask();
        }
    }

    /** Nobody wants to know any more, or nobody tells; what somebody wants to know later is asked for anew. */
    public void end() {
        told.forEach(Told::listsEnd);
        told = List.of();
        Listings<L> opened = listings;
        listings = null;
        if (opened != null) {
            opened.close();
        }
    }
}
