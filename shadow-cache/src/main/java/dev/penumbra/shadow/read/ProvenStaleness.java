package dev.penumbra.shadow.read;

import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * For how long, at most, a datacenter may have been lacking a committed change of one source, as far as one of its nodes can prove it.
 *
 * <p>The node asks at a moment of its own clock. A question is answered once the datacenter's copies have everything that had been
 * committed when it was asked; then nothing committed before that moment is missing. Moments are of one monotonic clock of this node
 * alone, so no setting of any wall clock matters. An answer that is lost costs precision and nothing else; answers may come in any
 * order, late, or twice.
 *
 * <p>What the datacenter's feed has taken from the journal, and not yet applied to the copies, is ahead of them. So a question is answered
 * before, when that is the case, for whoever reads the copies together with what is {@linkplain Pending pending}; that is proven of one
 * {@linkplain FeedRun run} of the feed.
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
    private final Proof applied = new Proof();
    private Proof captured = new Proof();
    private @Nullable Captured known;

    /**
     * How far a run of the feed was when it was heard of last.
     *
     * @param upTo everything up to here is in the copies or pending
     */
    public record Captured(UUID run, Position upTo) {}

    /** The latest moment before which nothing is missing. */
    private static final class Proof {
        private boolean proven;
        private long provenAt;

        void at(long askedAt) {
            if (!proven || askedAt - provenAt > 0) {
                proven = true;
                provenAt = askedAt;
            }
        }

        boolean isSince(long moment) {
            return proven && provenAt - moment >= 0;
        }
    }

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
        applied.at(askedAt);
    }

    /** The same of the copies together with what is pending in a run of their feed. */
    public synchronized void captured(long question, Captured by) {
        Long askedAt = pending.get(question);
        if (askedAt == null) {
            return;
        }
        if (known == null || !known.run().equals(by.run())) {
            captured = new Proof();
            known = by;
        } else if (by.upTo().compareTo(known.upTo()) > 0) {
            known = by;
        }
        captured.at(askedAt);
    }

    /** The run of the feed that was heard of last. */
    public synchronized Optional<Captured> captured() {
        return Optional.ofNullable(known);
    }

    /**
     * Whether nothing that was committed before a moment of the clock is missing.
     *
     * @param run whose pending changes are read together with the copies; null when the copies are read alone
     */
    public synchronized boolean isProvenSince(@Nullable UUID run, long moment) {
        return applied.isSince(moment) || (isKnown(run) && captured.isSince(moment));
    }

    private boolean isKnown(@Nullable UUID run) {
        return known != null && known.run().equals(run);
    }

    /** The proven staleness in nanoseconds; empty while nothing has been proven. */
    public synchronized OptionalLong nanos(@Nullable UUID run) {
        Proof better = isKnown(run) && captured.proven && (!applied.proven || captured.isSince(applied.provenAt))
                ? captured
                : applied;
        return better.proven ? OptionalLong.of(nanos.getAsLong() - better.provenAt) : OptionalLong.empty();
    }
}
