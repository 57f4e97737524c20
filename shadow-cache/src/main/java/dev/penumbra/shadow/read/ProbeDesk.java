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
    /** Where more wait for what is to be applied, every other one is left out: its answer would come a little later. */
    private static final int MAX_ANSWERED = 64;

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
    private final Consumer<Collection<Q>> captured;
    private final Consumer<Collection<Q>> proven;

    /** Guarded by itself. */
    private final Deque<Q> asked = new ArrayDeque<>();

    /** Questions that were passed on together and that the source has not answered, in the order in which they were. */
    private final Deque<Passed<Q>> passedOn = new ArrayDeque<>();

    /** Questions that the source has answered and that are not applied, in the same order. */
    private final List<Answered<Q>> answered = new ArrayList<>();

    private record Passed<Q>(List<Q> questions, long number) {}

    private static final class Answered<Q> {
        private final List<Q> questions;
        private final Position upTo;
        private boolean captured;

        Answered(List<Q> questions, Position upTo) {
            this.questions = questions;
            this.upTo = upTo;
        }
    }

    /**
     * @param captured told of questions when all that had been committed when they were asked has been taken from the journal, where it is not
     *     applied yet; must not wait
     * @param proven told of questions when all that had been committed when they were asked has been applied; must not wait
     */
    public ProbeDesk(Source source, Consumer<Collection<Q>> captured, Consumer<Collection<Q>> proven) {
        this.source = source;
        this.captured = captured;
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
     * @param taken everything up to here is pending or in all copies that may answer
     * @param applied everything up to here is in all copies that may answer
     */
    public void look(Position taken, Position applied) {
        if (passedOn.size() < MAX_PASSED_ON) {
            passOn();
        }
        Said said = passedOn.isEmpty() ? null : source.said().orElse(null);
        if (said != null) {
            Passed<Q> first = passedOn.peek();
            while (first != null && said.question() >= first.number()) {
                answered.add(new Answered<>(first.questions(), said.upTo()));
                passedOn.remove();
                first = passedOn.peek();
            }
        }
        answered.removeIf(one -> {
            boolean isApplied = applied.compareTo(one.upTo) >= 0;
            if (isApplied) {
                proven.accept(one.questions);
            } else if (!one.captured && taken.compareTo(one.upTo) >= 0) {
                one.captured = true;
                captured.accept(one.questions);
            }
            return isApplied;
        });
        if (answered.size() > MAX_ANSWERED) {
            for (int i = answered.size() - 2; i > 0; i -= 2) {
                answered.remove(i);
            }
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
        answered.clear();
    }
}
