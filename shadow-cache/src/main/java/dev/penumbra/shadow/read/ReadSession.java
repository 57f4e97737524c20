package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * What one reader has seen, so that no row that it reads goes back to a former state.
 *
 * <p>One copy never goes back. Another copy may lag behind it, so it may answer only when it is proven to have everything that was
 * committed before the last answer of any other copy of the table had ended.
 *
 * <p>Safe for use by several threads; an answer that begins while another is open is as if it came after it.
 */
@Internal
public final class ReadSession {
    private final LongSupplier nanos;
    private final Map<String, Map<String, Answers>> tables = new HashMap<>();

    private static final class Answers {
        private int open;
        private long lastEnd;
    }

    /** @param nanos the monotonic clock of this node, in nanoseconds */
    public ReadSession(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** The moment since which a copy must be proven to be complete before it may answer; empty when it need not be. */
    public synchronized OptionalLong floor(String table, String copy) {
        long now = nanos.getAsLong();
        OptionalLong floor = OptionalLong.empty();
        for (Map.Entry<String, Answers> other :
                tables.getOrDefault(table, Map.of()).entrySet()) {
            if (!other.getKey().equals(copy)) {
                long end = other.getValue().open > 0 ? now : other.getValue().lastEnd;
                if (floor.isEmpty() || end - floor.getAsLong() > 0) {
                    floor = OptionalLong.of(end);
                }
            }
        }
        return floor;
    }

    /** A copy begins to answer, which it may. */
    public synchronized void begun(String table, String copy) {
        Map<String, Answers> answers = tables.computeIfAbsent(table, key -> new HashMap<>());
        // This copy has all that the others had shown, and from now on it is this one that counts.
        answers.entrySet().removeIf(other -> !other.getKey().equals(copy) && other.getValue().open == 0);
        Answers own = answers.computeIfAbsent(copy, key -> new Answers());
        own.open++;
    }

    /** An answer of a copy, begun before, is complete or given up. */
    public synchronized void ended(String table, String copy) {
        Answers own = tables.getOrDefault(table, Map.of()).get(copy);
        if (own != null) {
            own.open--;
            own.lastEnd = nanos.getAsLong();
        }
    }
}
