package dev.penumbra.shadow.read;

import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Where nodes ask a feed whether its copies are as far as the source: collects their questions, passes them on to the source
 * together, and answers when what the source has said is applied.
 *
 * <p>{@link #asked} may be called by any thread; all else belongs to the feed's thread.
 *
 * @param <Q> a question of a node
 */
@Internal
public final class ProbeDesk<Q> {
    private static final int MAX_ASKED = 4_096;

    /** The way to the source. Nothing of it waits. */
    public interface Source {
        /** Asks the source up to where its journal has everything committed; returns the question's number, which grows. */
        long ask();

        /** The answer that the source has given last. */
        Optional<Said> said();
    }

    /**
     * What the source has said.
     *
     * @param question the question's number; earlier ones are answered by this, too
     * @param upTo everything that had been committed when the question was asked is at or before this position
     */
    public record Said(long question, Position upTo) {}

    private final Source source;
    private final Consumer<Collection<Q>> proven;

    /** Guarded by itself. */
    private final Deque<Q> asked = new ArrayDeque<>();

    private final List<Q> passedOn = new ArrayList<>();
    private long number;
    private @Nullable Position upTo;

    /** @param proven told of questions when all that had been committed when they were asked has been applied; must not wait */
    public ProbeDesk(Source source, Consumer<Collection<Q>> proven) {
        this.source = source;
        this.proven = proven;
    }

    /** A node asks. Returns at once. */
    public void asked(Q question) {
        synchronized (asked) {
            if (asked.size() == MAX_ASKED) {
                // The source does not answer; whoever asked asks again.
                asked.removeFirst();
            }
            asked.addLast(question);
        }
    }

    /**
     * Does what can be done now.
     *
     * @param applied everything up to here is in all copies that may answer
     */
    public void look(Position applied) {
        if (passedOn.isEmpty()) {
            synchronized (asked) {
                passedOn.addAll(asked);
                asked.clear();
            }
            if (passedOn.isEmpty()) {
                return;
            }
            number = source.ask();
            upTo = null;
        }
        if (upTo == null) {
            upTo = source.said()
                    .filter(said -> said.question() >= number)
                    .map(Said::upTo)
                    .orElse(null);
        }
        if (upTo != null && applied.compareTo(upTo) >= 0) {
            proven.accept(List.copyOf(passedOn));
            passedOn.clear();
        }
    }

    /** Forgets what has been passed on: the way to the source is closed. Those who asked ask again. */
    public void forget() {
        passedOn.clear();
    }
}
