package dev.penumbra.shadow.read;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.SessionToken;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.read.Consistency.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the copy that answers a read: the first that can prove to have what was asked for.
 *
 * <p>The preferred copy is chosen at once when it has it now. One that keeps up is waited for a moment before others are considered:
 * reading at home takes as long, and a session that has just read there would never come back. After that the first that has it or
 * comes to have it is chosen; when none does in time, the read fails. A copy is never chosen because nothing is known against it.
 *
 * <p>Safe for use by several threads. Nothing waits here.
 */
@Internal
public final class ReadGate {
    /** Runs tasks later. */
    @FunctionalInterface
    public interface Timer {
        /** Runs a task once, after so many nanoseconds; the task does not wait. */
        void after(long nanos, Runnable task);
    }

    /**
     * A copy that is whole and could answer.
     *
     * @param copy tells it from every other copy of the table, also from a former filling of its own
     * @param feed what carries changes to it; null for the table itself, which lacks nothing
     * @param home whether it is in the table's home datacenter
     * @param journal the identity of the journal that its feed reads; null when it is not known here
     * @param upTo the position up to which it has that journal's changes, START when it is not known here
     * @param run the run of the feed whose pending changes are laid over the copy; null when the copy is read alone
     */
    public record Candidate(
            String copy,
            @Nullable FeedName feed,
            boolean home,
            @Nullable UUID journal,
            Position upTo,
            @Nullable UUID run)
            implements ReadSession.Seen {
        /** A copy that is read alone. */
        public Candidate(String copy, @Nullable FeedName feed, boolean home, @Nullable UUID journal, Position upTo) {
            this(copy, feed, home, journal, upTo, null);
        }

        Candidate with(ProvenStaleness.Captured pending) {
            return new Candidate(copy, feed, home, journal, pending.upTo(), pending.run());
        }

        /** Whether its pending changes have to be laid over the copy. */
        public boolean isPreMerged() {
            return run != null;
        }

        @Override
        public String seenAs() {
            return run == null ? copy : copy + " and " + run;
        }

        @Override
        public @Nullable String within() {
            return run == null ? null : copy;
        }
    }

    /**
     * What was chosen.
     *
     * @param candidate the copy
     * @param stalenessNanos what could be proven of the copy when it was chosen; empty when nothing could
     * @param unproven whether nothing is proven of what will be read, and no session knows of it: it must be validated before it is given out
     */
    public record Choice(Candidate candidate, OptionalLong stalenessNanos, boolean unproven) {}

    /** A copy that was no staler than this just now can be expected to have what is needed in about as long. */
    static final Duration HEAD_START = Duration.ofMillis(400);

    private final Freshness freshness;
    private final Timer timer;
    private final Executor executor;

    /** @param executor looks for copies far away, which may wait */
    public ReadGate(Freshness freshness, Timer timer, Executor executor) {
        this.freshness = freshness;
        this.timer = timer;
        this.executor = executor;
    }

    /**
     * A read for which a copy is sought.
     *
     * @param begun the moment of this node's clock at which the read began
     * @param patience for how long a proof is waited for
     */
    public record Asking(String table, Consistency asked, ReadSession session, long begun, Duration patience) {}

    /**
     * Chooses a copy of one table; each near one also stands for itself with what is pending of it.
     *
     * @param near the copies that could answer from here, the preferred first
     * @param far the others, called at most once, and only when none of the near ones will do
     * @return the choice, of which the session has been told that it begins to answer unless it is unproven; or fails with
     *     {@link ErrorCode#STALENESS}
     */
    public CompletableFuture<Choice> choose(Asking asking, List<Candidate> near, Supplier<List<Candidate>> far) {
        return choose(asking, near, far, true);
    }

    /** The same without what is pending. */
    public CompletableFuture<Choice> chooseAlone(Asking asking, List<Candidate> near, Supplier<List<Candidate>> far) {
        return choose(asking, near, far, false);
    }

    private CompletableFuture<Choice> choose(
            Asking asking, List<Candidate> near, Supplier<List<Candidate>> far, boolean withPending) {
        for (Candidate candidate : near) {
            if (asking.asked().level() == Level.VALIDATED && !candidate.home()) {
                return CompletableFuture.completedFuture(new Choice(candidate, staleness(candidate), true));
            }
            if (isEligible(candidate, asking) && begins(candidate, asking)) {
                return CompletableFuture.completedFuture(chosen(candidate));
            }
        }
        Search search = new Search(asking);
        search.consider(withPending ? withPending(near) : near);
        if (search.choice.isDone()) {
            return search.choice;
        }
        if (search.candidates.stream().anyMatch(this::keepsUp)) {
            timer.after(HEAD_START.toNanos(), () -> executor.execute(() -> search.considerAlso(far)));
        } else {
            executor.execute(() -> search.considerAlso(far));
        }
        timer.after(asking.patience().toNanos(), search::giveUp);
        return search.choice;
    }

    /** Each copy followed by itself with what is pending of it, where that is known of. */
    private List<Candidate> withPending(List<Candidate> near) {
        List<Candidate> offered = new ArrayList<>();
        for (Candidate candidate : near) {
            offered.add(candidate);
            FeedName feed = candidate.feed();
            if (feed != null) {
                freshness.captured(feed).map(candidate::with).ifPresent(offered::add);
            }
        }
        return offered;
    }

    private boolean keepsUp(Candidate candidate) {
        OptionalLong staleness = staleness(candidate);
        return staleness.isPresent() && staleness.getAsLong() <= HEAD_START.toNanos();
    }

    /** One search for a copy that has what was asked for. */
    private final class Search {
        private final Asking asking;
        private final List<Candidate> candidates = new CopyOnWriteArrayList<>();
        private final CompletableFuture<Choice> choice = new CompletableFuture<>();
        private volatile boolean awaits;

        Search(Asking asking) {
            this.asking = asking;
        }

        private void considerAlso(Supplier<List<Candidate>> far) {
            if (choice.isDone()) {
                return;
            }
            try {
                consider(far.get());
                if (!awaits) {
                    giveUp();
                }
            } catch (RuntimeException | Error e) {
                choice.completeExceptionally(e);
            }
        }

        private void consider(List<Candidate> more) {
            List<Candidate> eligible = more.stream()
                    .filter(candidate -> isEligible(candidate, asking))
                    .toList();
            candidates.addAll(eligible);
            look();
            if (!choice.isDone()) {
                eligible.forEach(this::await);
                eligible.stream()
                        .map(Candidate::feed)
                        .filter(Objects::nonNull)
                        .distinct()
                        .forEach(freshness::ask);
            }
        }

        private void await(Candidate candidate) {
            FeedName feed = candidate.feed();
            OptionalLong need = need(candidate, asking);
            if (feed == null || need.isEmpty()) {
                return;
            }
            awaits = true;
            CompletableFuture<Void> proof = freshness.awaited(feed, candidate.run(), need.getAsLong());
            var unusedLook = proof.thenRun(() -> {
                look();
                if (!choice.isDone()) {
                    // The session has meanwhile seen more.
                    await(candidate);
                    freshness.ask(feed);
                }
            });
            var unusedEnd = choice.whenComplete((done, failure) -> proof.complete(null));
        }

        // A proof is also completed when nobody wants it any more.
        private void look() {
            for (Candidate candidate : candidates) {
                if (!choice.isDone() && begins(candidate, asking) && !choice.complete(chosen(candidate))) {
                    asking.session().endedAsWithin(asking.table(), candidate);
                }
            }
        }

        private void giveUp() {
            if (!choice.isDone()) {
                choice.completeExceptionally(refusal(asking, candidates));
            }
        }
    }

    /**
     * Confirms, after the rows have been read, that the copy was the same whole one all the time.
     *
     * @param now the copies that could answer now
     * @throws PenumbraException with {@link ErrorCode#COPY_REPLACED} when the chosen one is not among them
     */
    public static void confirm(Choice choice, List<Candidate> now) {
        String chosen = choice.candidate().copy();
        for (Candidate candidate : now) {
            if (candidate.copy().equals(chosen)) {
                return;
            }
        }
        throw new PenumbraException(ErrorCode.COPY_REPLACED).with("copy", chosen);
    }

    /** Since which moment a candidate must be proven to lack nothing; empty when any state of it will do. */
    private OptionalLong need(Candidate candidate, Asking asking) {
        Consistency asked = asking.asked();
        long begun = asking.begun();
        OptionalLong floor = asking.session().floor(asking.table(), candidate, begun);
        OptionalLong own = switch (asked.level()) {
            case EVENTUAL -> OptionalLong.empty();
            case BOUNDED, OPTIMISTIC -> OptionalLong.of(begun - nanosOf(asked.staleness()));
            case SESSION -> hasToken(candidate, asked.token()) ? OptionalLong.empty() : OptionalLong.of(begun);
            // At home there is nothing to hold an answer against.
            case VALIDATED, PRIMARY -> OptionalLong.of(begun);
        };
        if (floor.isEmpty() || own.isEmpty()) {
            return floor.isEmpty() ? own : floor;
        }
        return floor.getAsLong() - own.getAsLong() > 0 ? floor : own;
    }

    private static long nanosOf(@Nullable Duration staleness) {
        return staleness == null ? 0 : staleness.toNanos();
    }

    /** A candidate as it stands now: what is pending has grown since it was offered. */
    private Candidate now(Candidate candidate) {
        FeedName feed = candidate.feed();
        return feed == null || candidate.run() == null
                ? candidate
                : freshness
                        .captured(feed)
                        .filter(known -> known.run().equals(candidate.run()))
                        .map(candidate::with)
                        .orElse(candidate);
    }

    private boolean hasToken(Candidate candidate, @Nullable SessionToken token) {
        FeedName feed = candidate.feed();
        UUID journal = candidate.journal();
        if (feed == null || token == null || !token.concerns(feed.source())) {
            return true;
        }
        return journal != null
                && token.isWithin(feed.source(), journal, now(candidate).upTo());
    }

    private static boolean isEligible(Candidate candidate, Asking asking) {
        return asking.asked().level() != Level.PRIMARY || candidate.home();
    }

    /** Has a copy begin to answer when it has what is needed now; tells whether it does. */
    private boolean begins(Candidate candidate, Asking asking) {
        return has(candidate, need(candidate, asking))
                && asking.session()
                        .begin(asking.table(), candidate, asking.begun(), moment -> isProven(candidate, moment));
    }

    private boolean has(Candidate candidate, OptionalLong need) {
        return need.isEmpty() || isProven(candidate, need.getAsLong());
    }

    private boolean isProven(Candidate candidate, long moment) {
        FeedName feed = candidate.feed();
        return feed == null || freshness.isProvenSince(feed, candidate.run(), moment);
    }

    private OptionalLong staleness(Candidate candidate) {
        FeedName feed = candidate.feed();
        return feed == null ? OptionalLong.of(0) : freshness.staleness(feed, candidate.run());
    }

    private Choice chosen(Candidate candidate) {
        return new Choice(now(candidate), staleness(candidate), false);
    }

    private PenumbraException refusal(Asking asking, List<Candidate> eligible) {
        PenumbraException refusal = new PenumbraException(ErrorCode.STALENESS)
                .with("table", asking.table())
                .with("asked", asking.asked());
        for (Candidate candidate : eligible) {
            FeedName feed = candidate.feed();
            if (feed != null && !candidate.isPreMerged()) {
                OptionalLong staleness = freshness.staleness(feed);
                refusal.with(
                        feed.datacenter().name(),
                        staleness.isPresent()
                                ? Duration.ofNanos(staleness.getAsLong()).toMillis() + "ms"
                                : "nothing proven");
            }
        }
        return refusal;
    }
}
