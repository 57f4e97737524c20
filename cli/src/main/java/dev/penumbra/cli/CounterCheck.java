package dev.penumbra.cli;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.penumbra.model.SessionToken;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.Consistency.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Holds answers to reads against what was asked for.
 *
 * <p>What is read are counters: rows of a source, all 0 at first, that one writer counts up by one, each time in a transaction. So a
 * value says which of its counter's commits an answer has. One clock, that of this process, tells which it had to have: those that the
 * writer had been told of when the read was asked for. What the writer has not yet been told of may be in an answer, and may be missing. What
 * it has taken back may be in an answer at OPTIMISTIC only, until that is confirmed.
 *
 * <p>Safe for use by several threads, one of which writes.
 */
@Internal
public final class CounterCheck {
    /** The value of a counter whose row an answer does not have. */
    public static final long ABSENT = -1;

    private static final int VIOLATIONS_KEPT = 20;

    private final LongSupplier nanoTime;

    @GuardedBy("this") private final long[] begun;

    /** The most of that there ever was. */
    @GuardedBy("this") private final long[] mostBegun;

    /** By counter, the moments at which the writer was told that it had counted. */
    @GuardedBy("this") private final List<List<Long>> told = new ArrayList<>();

    @GuardedBy("this") private Mark mark;

    @GuardedBy("this") private final List<String> violations = new ArrayList<>();

    @GuardedBy("this") private long violationCount;

    /** A token of the writer's, and how far the counters were when it asked for it. */
    private record Mark(SessionToken token, List<Integer> counts) {}

    /**
     * @param counters how many there are; they are named by the numbers from 0 on
     * @param nanoTime the clock, which never goes back
     */
    public CounterCheck(int counters, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.begun = new long[counters];
        this.mostBegun = new long[counters];
        for (int i = 0; i < counters; i++) {
            told.add(new ArrayList<>());
        }
        this.mark = new Mark(SessionToken.EMPTY, List.of());
    }

    /** The writer is about to count. */
    public synchronized void begin(int counter) {
        begun[counter]++;
        mostBegun[counter] = Math.max(mostBegun[counter], begun[counter]);
    }

    /** The writer is about to take back what it has begun. */
    public synchronized void takingBack(int counter) {
        begun[counter]--;
    }

    /** The writer has been told that what it has begun is committed. */
    public synchronized void committed(int counter) {
        told.get(counter).add(nanoTime.getAsLong());
    }

    /** The writer has asked for a token since it counted last, and has got this one. */
    public synchronized void mark(SessionToken token) {
        mark = new Mark(token, told.stream().map(List::size).toList());
    }

    /** How often the counters were counted up, as far as the writer has been told. */
    public synchronized long commits() {
        return told.stream().mapToLong(List::size).sum();
    }

    /** How many answers were wrong. */
    public synchronized long violationCount() {
        return violationCount;
    }

    /** The first of the wrong answers, in words. */
    public synchronized List<String> violations() {
        return List.copyOf(violations);
    }

    private synchronized void violated(String text) {
        violationCount++;
        if (violations.size() < VIOLATIONS_KEPT) {
            violations.add(text);
        }
    }

    private synchronized Mark latestMark() {
        return mark;
    }

    private synchronized long begun(int counter) {
        return begun[counter];
    }

    private synchronized long mostBegun(int counter) {
        return mostBegun[counter];
    }

    private synchronized long toldBefore(int counter, long moment) {
        List<Long> moments = told.get(counter);
        int count = moments.size();
        while (count > 0 && moments.get(count - 1) - moment >= 0) {
            count--;
        }
        return count;
    }

    /**
     * Begins a session, in which no counter goes back.
     *
     * @param name says which session it is when an answer is wrong
     */
    public Session session(String name) {
        return new Session(name);
    }

    /** One reader's session. For one thread. */
    @Internal
    public final class Session {
        private final String name;
        private final long[] seen;

        private Session(String name) {
            this.name = name;
            synchronized (CounterCheck.this) {
                this.seen = new long[begun.length];
            }
        }

        /**
         * Notes that a counter is about to be read; a read that brings no answer needs no further word.
         *
         * @param bound at BOUNDED, for how long before the read a commit may be missing; of no concern at other levels
         */
        public Question ask(int counter, Level level, Duration bound) {
            Mark known = latestMark();
            Consistency asked = switch (level) {
                case EVENTUAL -> Consistency.eventual();
                case BOUNDED -> Consistency.bounded(bound);
                case OPTIMISTIC -> Consistency.optimistic(bound);
                case SESSION -> Consistency.session(known.token());
                case VALIDATED -> Consistency.validated();
                case PRIMARY -> Consistency.primary();
            };
            return new Question(this, counter, asked, known, nanoTime.getAsLong());
        }
    }

    /** A read that has been asked for. */
    @Internal
    public final class Question {
        private final Session session;
        private final int counter;
        private final Consistency asked;
        private final Mark known;
        private final long moment;

        private Question(Session session, int counter, Consistency asked, Mark known, long moment) {
            this.session = session;
            this.counter = counter;
            this.asked = asked;
            this.known = known;
            this.moment = moment;
        }

        /** What the read is to ask for. */
        public Consistency consistency() {
            return asked;
        }

        /**
         * Checks the answer.
         *
         * @param value the counter's value, {@link CounterCheck#ABSENT} when its row is not there
         */
        public void answered(long value) {
            if (asked.level() == Level.OPTIMISTIC) {
                // A session does not remember what may be taken back.
                check(value, 0, mostBegun(counter), "");
            } else {
                long before = session.seen[counter];
                check(value, before, begun(counter), "");
                session.seen[counter] = Math.max(value, before);
            }
        }

        /** Checks what an answer at OPTIMISTIC was confirmed or corrected by. By any thread. */
        public void confirmed(long value) {
            check(value, 0, begun(counter), ", confirmed or corrected,");
        }

        private void check(long value, long before, long most, String how) {
            long required = required();
            if (value < required || value < before || value > most) {
                violated("counter " + counter + " in " + session.name + " at " + asked + how + " is "
                        + (value == ABSENT ? "absent" : value) + ": at least " + required + " was required, " + before
                        + " had been read, " + most + " had been begun");
            }
        }

        private long required() {
            @Nullable Duration bound = asked.staleness();
            return switch (asked.level()) {
                case EVENTUAL -> 0;
                case BOUNDED, OPTIMISTIC -> toldBefore(counter, moment - (bound == null ? 0 : bound.toNanos()));
                case SESSION -> known.counts().isEmpty() ? 0 : known.counts().get(counter);
                case VALIDATED, PRIMARY -> toldBefore(counter, moment);
            };
        }
    }
}
