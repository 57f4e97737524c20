package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;
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
@Internal
public final class ProvenStaleness {
    /** How many questions may be without an answer; older ones are not waited for any more. */
    static final int MAX_PENDING = 256;

    private final LongSupplier nanos;
    private final LongSupplier numbers;
    private final Map<Long, Long> pending = new LinkedHashMap<>();
    private boolean proven;
    private long provenAt;

    /**
     * @param nanos a monotonic clock, in nanoseconds
     * @param numbers gives numbers that grow, and none twice in the life of the node: an answer may outlive what it was for
     */
    public ProvenStaleness(LongSupplier nanos, LongSupplier numbers) {
        this.nanos = nanos;
        this.numbers = numbers;
    }

    /** Asks: the number of a question that is to be sent now. */
    public synchronized long ask() {
        long question = numbers.getAsLong();
        pending.put(question, nanos.getAsLong());
        if (pending.size() > MAX_PENDING) {
            pending.remove(pending.keySet().iterator().next());
        }
        return question;
    }

    /** The copies have what had been committed when the question was asked. Unknown numbers are passed over. */
    public synchronized void answered(long question) {
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

    /** Whether nothing that was committed before a moment of the clock is missing. */
    public synchronized boolean isProvenSince(long moment) {
        return proven && provenAt - moment >= 0;
    }

    /** The proven staleness in nanoseconds; empty while nothing has been proven. */
    public synchronized OptionalLong nanos() {
        return proven ? OptionalLong.of(nanos.getAsLong() - provenAt) : OptionalLong.empty();
    }
}
