package dev.penumbra.ignite;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * For how long, at most, a datacenter may have been lacking a committed change of one source, as far as one of its nodes can prove it.
 *
 * <p>The node asks at a moment of its own clock. A question is answered once the datacenter's copies have everything that had been
 * committed when it was asked; then nothing committed before that moment is missing. Moments are of one monotonic clock of this node
 * alone, so no setting of any wall clock matters. An answer that is lost costs precision and nothing else; answers may come in any
 * order, late, or twice.
 *
 * <p>Safe for use by several threads.
 */
final class ProvenStaleness {
    /** How many questions may be without an answer; older ones are not waited for any more. */
    static final int MAX_PENDING = 256;

    private final LongSupplier nanos;
    private final Map<Long, Long> pending = new LinkedHashMap<>();
    private long lastQuestion;
    private boolean proven;
    private long provenAt;

    /** @param nanos a monotonic clock, in nanoseconds */
    ProvenStaleness(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** Asks: the number of a question that is to be sent now. */
    synchronized long ask() {
        lastQuestion++;
        pending.put(lastQuestion, nanos.getAsLong());
        if (pending.size() > MAX_PENDING) {
            pending.remove(pending.keySet().iterator().next());
        }
        return lastQuestion;
    }

    /** The copies have what had been committed when the question was asked. Unknown numbers are passed over. */
    synchronized void answered(long question) {
        Long askedAt = pending.remove(question);
        if (askedAt == null) {
            return;
        }
        // Their answers would prove less.
        pending.keySet().removeIf(number -> number < question);
        if (!proven || askedAt - provenAt > 0) {
            proven = true;
            provenAt = askedAt;
        }
    }

    /** The proven staleness in nanoseconds; empty while nothing has been proven. */
    synchronized OptionalLong nanos() {
        return proven ? OptionalLong.of(nanos.getAsLong() - provenAt) : OptionalLong.empty();
    }
}
