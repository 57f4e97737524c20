package dev.penumbra.shadow.read;

import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import java.util.ArrayDeque;
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
    /** So often may the source be asked before it answers: it may be far away, and the time until it has answered adds to the staleness. */
    private static final int MAX_PASSED_ON = 8;

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

    /** Questions that were passed on together, in the order in which they were. */
    private final Deque<Passed<Q>> passedOn = new ArrayDeque<>();

    private static final class Passed<Q> {
        private final List<Q> questions;
        private final long number;
        private @Nullable Position upTo;

        Passed(List<Q> questions, long number) {
            this.questions = questions;
            this.number = number;
        }
    }

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
        if (passedOn.size() < MAX_PASSED_ON) {
            passOn();
        }
        Said said = passedOn.isEmpty() ? null : source.said().orElse(null);
        if (said != null) {
            for (Passed<Q> passed : passedOn) {
                if (passed.upTo == null && said.question() >= passed.number) {
                    passed.upTo = said.upTo();
                }
            }
        }
        Passed<Q> first = passedOn.peek();
        while (first != null && first.upTo != null && applied.compareTo(first.upTo) >= 0) {
            proven.accept(first.questions);
            passedOn.remove();
            first = passedOn.peek();
        }
    }

    private void passOn() {
        List<Q> questions;
        synchronized (asked) {
            questions = List.copyOf(asked);
            asked.clear();
        }
        if (!questions.isEmpty()) {
            passedOn.add(new Passed<>(questions, source.ask()));
        }
    }

    /** Forgets what has been passed on: the way to the source is closed. Those who asked ask again. */
    public void forget() {
        passedOn.clear();
    }
}
