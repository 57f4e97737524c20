package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What one node can prove of how fresh copies are, and those who wait for such a proof.
 *
 * <p>Nothing here waits, and no message is sent twice: whoever beats the heart asks again what {@link #awaited()} names.
 *
 * <p>Safe for use by several threads. Futures are completed on the thread that brings the answer.
 */
@Internal
public final class Freshness {
    /** Sends a question to whoever carries a feed. Must not wait; a question that cannot be sent is lost. */
    @FunctionalInterface
    public interface Questions {
        /** Sends a question, whose answer is to be given to {@link #answered}. */
        void send(FeedName feed, long question);
    }

    private record Waiting(@Nullable UUID run, long moment, CompletableFuture<Void> proven) {}

    private static final class Known {
        private final ProvenStaleness staleness;
        /** Guarded by itself. */
        private final List<Waiting> waiting = new ArrayList<>();

        Known(ProvenStaleness staleness) {
            this.staleness = staleness;
        }
    }

    private final LongSupplier nanos;
    private final Questions questions;
    private final AtomicLong numbers = new AtomicLong();
    private final Map<FeedName, Known> feeds = new ConcurrentHashMap<>();

    /** @param nanos the monotonic clock of this node, in nanoseconds */
    public Freshness(LongSupplier nanos, Questions questions) {
        this.nanos = nanos;
        this.questions = questions;
    }

    private Known known(FeedName feed) {
        return feeds.computeIfAbsent(feed, key -> fresh());
    }

    private Known fresh() {
        return new Known(new ProvenStaleness(nanos, numbers::incrementAndGet));
    }

    /** Sends one question about a feed. */
    public void ask(FeedName feed) {
        questions.send(feed, known(feed).staleness.ask());
    }

    /** A question has been answered: the feed's copies have everything that had been committed when it was asked. */
    public void answered(FeedName feed, long question) {
        answered(feed, question, null);
    }

    /**
     * The same.
     *
     * @param by the run of the feed that has answered; null when there is none
     */
    public void answered(FeedName feed, long question, ProvenStaleness.@Nullable Captured by) {
        Known known = feeds.get(feed);
        if (known == null) {
            return;
        }
        if (by != null) {
            known.staleness.captured(question, by);
        }
        known.staleness.answered(question);
        tell(known);
    }

    /** The same of the copies together with what is pending in a run of their feed. */
    public void captured(FeedName feed, long question, ProvenStaleness.Captured by) {
        Known known = feeds.get(feed);
        if (known != null) {
            known.staleness.captured(question, by);
            tell(known);
        }
    }

    /** The run of a feed that was heard of last. */
    public Optional<ProvenStaleness.Captured> captured(FeedName feed) {
        Known known = feeds.get(feed);
        return known == null ? Optional.empty() : known.staleness.captured();
    }

    private static void tell(Known known) {
        List<Waiting> satisfied = new ArrayList<>();
        synchronized (known.waiting) {
            known.waiting.removeIf(waiting -> {
                boolean proven =
                        waiting.proven().isDone() || known.staleness.isProvenSince(waiting.run(), waiting.moment());
                if (proven) {
                    satisfied.add(waiting);
                }
                return proven;
            });
        }
        for (Waiting waiting : satisfied) {
            waiting.proven().complete(null);
        }
    }

    /**
     * Whether a feed's copies are proven to have everything that was committed before a moment of this node's clock.
     *
     * @param run whose pending changes are read together with the copies; null when the copies are read alone
     */
    public boolean isProvenSince(FeedName feed, @Nullable UUID run, long moment) {
        Known known = feeds.get(feed);
        return known != null && known.staleness.isProvenSince(run, moment);
    }

    /**
     * Asks for a proof of a feed's copies and waits for it.
     *
     * @param moment a moment of this node's clock that has passed
     * @return completes once the feed's copies are proven to have everything that was committed before the moment; whoever does not
     *     want it any more completes it
     */
    public CompletableFuture<Void> provenSince(FeedName feed, long moment) {
        CompletableFuture<Void> proven = awaited(feed, null, moment);
        ask(feed);
        return proven;
    }

    /** Waits for a proof, as {@link #provenSince} does, of whoever is asked. */
    CompletableFuture<Void> awaited(FeedName feed, @Nullable UUID run, long moment) {
        CompletableFuture<Void> proven = new CompletableFuture<>();
        // Not beside a removal: nobody would find who waits there.
        feeds.compute(feed, (key, present) -> {
            Known known = present == null ? fresh() : present;
            synchronized (known.waiting) {
                known.waiting.add(new Waiting(run, moment, proven));
            }
            return known;
        });
        return proven;
    }

    /** The feeds of which somebody waits for a proof. */
    public Set<FeedName> awaited() {
        return feeds.entrySet().stream()
                .filter(entry -> isAwaited(entry.getValue()))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    private static boolean isAwaited(Known known) {
        synchronized (known.waiting) {
            known.waiting.removeIf(one -> one.proven().isDone());
            return !known.waiting.isEmpty();
        }
    }

    /** Forgets feeds that are not among these and that nobody waits for. */
    public void retain(Collection<FeedName> present) {
        for (FeedName feed : feeds.keySet()) {
            if (!present.contains(feed)) {
                feeds.computeIfPresent(feed, (key, known) -> isAwaited(known) ? known : null);
            }
        }
    }

    /** The proven staleness of a feed's copies, in nanoseconds; empty while nothing has been proven. */
    public OptionalLong staleness(FeedName feed) {
        return staleness(feed, null);
    }

    /** The same of the copies together with what is pending in a run of their feed. */
    OptionalLong staleness(FeedName feed, @Nullable UUID run) {
        Known known = feeds.get(feed);
        return known == null ? OptionalLong.empty() : known.staleness.nanos(run);
    }
}
