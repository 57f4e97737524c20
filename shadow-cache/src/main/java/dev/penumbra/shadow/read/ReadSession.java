package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.LongPredicate;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What one reader has seen, so that no row that it reads goes back to a former state.
 *
 * <p>One copy never goes back. Another copy may lag behind it, so it may answer only when it is proven to have everything that was
 * committed before the last answer of any other copy of the table had ended. A copy together with what is pending of it is another one,
 * which is never behind the copy alone. Of answers that overlap only the beginnings are in order.
 *
 * <p>Safe for use by several threads.
 */
@Internal
public final class ReadSession {
    private static final ReadSession ALONE = new ReadSession(() -> 0, false);

    /** Before a copy's name: the home image, whose answer the copy gave without being as far in all. */
    private static final String BY_WAY_OF = "home by way of ";

    /** No copy is seen as this. */
    private static final String SOURCE = "the database itself";

    private final LongSupplier nanos;
    private final boolean remembers;
    private final Map<String, Map<String, Answers>> tables = new HashMap<>();

    private static final class Answers {
        private int open;
        private boolean hasEnded;
        private long lastEnd;

        void end(long moment) {
            hasEnded = true;
            lastEnd = moment;
        }

        /** Since when another copy must be proven, for a read that began at a moment. */
        long floor(long begun) {
            return open > 0 || lastEnd - begun > 0 ? begun : lastEnd;
        }
    }

    /** @param nanos the monotonic clock of this node, in nanoseconds */
    public ReadSession(LongSupplier nanos) {
        this(nanos, true);
    }

    private ReadSession(LongSupplier nanos, boolean remembers) {
        this.nanos = nanos;
        this.remembers = remembers;
    }

    /** The session of a single answer, which stands for itself: one for all of them, since it remembers nothing. */
    public static ReadSession alone() {
        return ALONE;
    }

    /** What answers, as a session remembers it. */
    public interface Seen {
        /** Tells it from all else of its table. */
        String seenAs();

        /** How that is seen which this is never behind; null when there is nothing. */
        @Nullable String within();
    }

    private static boolean isNeverBehind(Seen copy, String other) {
        return other.equals(copy.seenAs()) || other.equals(copy.within());
    }

    /**
     * The moment since which a copy must be proven to be complete before it may answer; empty when it need not be.
     *
     * @param begun when the read began
     */
    public OptionalLong floor(String table, Seen copy, long begun) {
        return remembers ? ownFloor(table, copy, begun) : OptionalLong.empty();
    }

    private synchronized OptionalLong ownFloor(String table, Seen copy, long begun) {
        OptionalLong floor = OptionalLong.empty();
        Map<String, Answers> answers = tables.getOrDefault(table, Map.of());
        if (isAlone(copy, answers)) {
            return floor;
        }
        for (Map.Entry<String, Answers> other : answers.entrySet()) {
            if (!isNeverBehind(copy, other.getKey())) {
                long moment = other.getValue().floor(begun);
                if (floor.isEmpty() || moment - floor.getAsLong() > 0) {
                    floor = OptionalLong.of(moment);
                }
            }
        }
        return floor;
    }

    /**
     * Has a copy begin to answer, if it may.
     *
     * @param begun when the read began
     * @param proven whether the copy is proven to have everything that was committed before a moment
     * @return whether it may; if so, {@link #ended} is to follow
     */
    public boolean begin(String table, Seen copy, long begun, LongPredicate proven) {
        return !remembers || ownBegin(table, copy, begun, proven);
    }

    private synchronized boolean ownBegin(String table, Seen copy, long begun, LongPredicate proven) {
        OptionalLong floor = ownFloor(table, copy, begun);
        if (floor.isPresent() && !proven.test(floor.getAsLong())) {
            return false;
        }
        Map<String, Answers> answers = tables.computeIfAbsent(table, key -> new HashMap<>());
        if (copy.within() == null && !isAlone(copy, answers)) {
            // What has all that another had shown stands for that one, too; what may end as less does not.
            answers.entrySet()
                    .removeIf(other -> !other.getKey().equals(copy.seenAs())
                            && other.getValue().open == 0
                            && proven.test(other.getValue().lastEnd));
        }
        Answers own = answers.computeIfAbsent(copy.seenAs(), key -> new Answers());
        own.open++;
        return true;
    }

    /** Whether no other copy has answered: so it is with nearly every read. */
    private static boolean isAlone(Seen copy, Map<String, Answers> answers) {
        return answers.isEmpty() || (answers.size() == 1 && answers.containsKey(copy.seenAs()));
    }

    /** An answer of a copy, begun before, is complete or given up. */
    public void ended(String table, Seen copy) {
        if (remembers) {
            ownEnded(table, copy.seenAs(), copy.seenAs());
        }
    }

    /** The same of one that turned out to have nothing that what it is never behind had not. */
    public void endedAsWithin(String table, Seen copy) {
        if (remembers) {
            ownEnded(table, copy.seenAs(), copy.within() == null ? copy.seenAs() : copy.within());
        }
    }

    /**
     * A copy has answered, and its answer, which had not begun for this session, was found to be the primary's: nothing that had been seen
     * before could be missing in it.
     *
     * @param findings what was found to be so
     */
    public void validated(String table, Seen copy, List<Finding> findings) {
        if (remembers) {
            // Where there was no row in either, the copy may have missed one that came and went.
            ownValidated(
                    table, findings.stream().anyMatch(Finding::lacksRows) ? BY_WAY_OF + copy.seenAs() : copy.seenAs());
        }
    }

    /** The table itself has answered, in the database in which it is; nothing can be ahead of that. */
    public void seenInSource(String table) {
        if (remembers) {
            ownValidated(table, SOURCE);
        }
    }

    private synchronized void ownValidated(String table, String witness) {
        Answers answers =
                tables.computeIfAbsent(table, key -> new HashMap<>()).computeIfAbsent(witness, key -> new Answers());
        answers.end(nanos.getAsLong());
    }

    private synchronized void ownEnded(String table, String begun, String witness) {
        Map<String, Answers> answers = tables.getOrDefault(table, Map.of());
        Answers own = answers.get(begun);
        if (own != null) {
            own.open--;
            if (own.open == 0 && !own.hasEnded && !begun.equals(witness)) {
                answers.remove(begun);
            }
            answers.computeIfAbsent(witness, key -> new Answers()).end(nanos.getAsLong());
        }
    }
}
