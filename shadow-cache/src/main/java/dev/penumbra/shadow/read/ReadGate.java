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
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
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
     * @param applied the position up to which it has that journal's changes, START when it is not known here
     */
    public record Candidate(
            String copy,
            @Nullable FeedName feed,
            boolean home,
            @Nullable UUID journal,
            Position applied) {}

    /**
     * What was chosen.
     *
     * @param candidate the copy
     * @param stalenessNanos what could be proven of the copy when it was chosen; empty when nothing could
     * @param waited whether no copy had what was asked for at first
     */
    public record Choice(Candidate candidate, OptionalLong stalenessNanos, boolean waited) {}

    /** A copy that was no staler than this just now can be expected to have what is needed in about as long. */
    static final Duration HEAD_START = Duration.ofMillis(400);

    private final Freshness freshness;
    private final Timer timer;

    public ReadGate(Freshness freshness, Timer timer) {
        this.freshness = freshness;
        this.timer = timer;
    }

    /**
     * Chooses a copy of one table.
     *
     * @param candidates the copies that could answer, the preferred first
     * @param begun the moment of this node's clock at which the read began
     * @param patience for how long a proof is waited for
     * @return the choice, of which the session has been told that it begins to answer; or fails with
     *     {@link ErrorCode#STALENESS}
     */
    public CompletableFuture<Choice> choose(
            String table,
            Consistency asked,
            List<Candidate> candidates,
            ReadSession session,
            long begun,
            Duration patience) {
        List<Candidate> eligible = candidates.stream()
                .filter(candidate -> asked.level() != Level.PRIMARY || candidate.home())
                .toList();
        Search search = new Search(table, asked, eligible, session, begun);
        int now = search.first(eligible.size());
        if (now == 0 || (now > 0 && !keepsUp(eligible.get(0)))) {
            return CompletableFuture.completedFuture(chosen(table, eligible.get(now), session, false));
        }
        search.ask();
        if (search.proofs.isEmpty()) {
            return CompletableFuture.failedFuture(refusal(table, asked, eligible));
        }
        if (!search.choice.isDone() && keepsUp(eligible.get(0))) {
            timer.after(HEAD_START.toNanos(), search::considerAll);
        } else {
            search.considerAll();
        }
        timer.after(patience.toNanos(), () -> search.choice.completeExceptionally(refusal(table, asked, eligible)));
        return search.choice;
    }

    private boolean keepsUp(Candidate candidate) {
        FeedName feed = candidate.feed();
        OptionalLong staleness = feed == null ? OptionalLong.empty() : freshness.staleness(feed);
        return staleness.isPresent() && staleness.getAsLong() <= HEAD_START.toNanos();
    }

    /** One search for a copy that has what was asked for. */
    private final class Search {
        private final String table;
        private final ReadSession session;
        private final List<Candidate> candidates;
        private final List<OptionalLong> needs = new ArrayList<>();
        private final List<CompletableFuture<Void>> proofs = new ArrayList<>();
        private final CompletableFuture<Choice> choice = new CompletableFuture<>();
        /** How many of the candidates are considered. */
        private volatile int considered = 1;

        Search(String table, Consistency asked, List<Candidate> candidates, ReadSession session, long begun) {
            this.table = table;
            this.session = session;
            this.candidates = candidates;
            for (Candidate candidate : candidates) {
                needs.add(need(table, asked, candidate, session, begun));
            }
        }

        /** The first of so many candidates that has what is needed now; -1 when none has. */
        private int first(int count) {
            for (int i = 0; i < count; i++) {
                if (has(candidates.get(i), needs.get(i))) {
                    return i;
                }
            }
            return -1;
        }

        private void ask() {
            for (int i = 0; i < candidates.size(); i++) {
                FeedName feed = candidates.get(i).feed();
                OptionalLong need = needs.get(i);
                if (feed != null && need.isPresent()) {
                    CompletableFuture<Void> proof = freshness.provenSince(feed, need.getAsLong());
                    proofs.add(proof);
                    var unused = proof.thenRun(this::look);
                }
            }
            var unused = choice.whenComplete((done, failure) -> proofs.forEach(proof -> proof.complete(null)));
        }

        private void considerAll() {
            considered = candidates.size();
            look();
        }

        // A proof is also completed when nobody wants it any more.
        private void look() {
            int found = choice.isDone() ? -1 : first(considered);
            if (found >= 0) {
                Candidate candidate = candidates.get(found);
                if (!choice.complete(chosen(table, candidate, session, true))) {
                    session.ended(table, candidate.copy());
                }
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
        if (now.stream().noneMatch(candidate -> candidate.copy().equals(chosen))) {
            throw new PenumbraException(ErrorCode.COPY_REPLACED).with("copy", chosen);
        }
    }

    /** Since which moment a candidate must be proven to lack nothing; empty when any state of it will do. */
    private static OptionalLong need(
            String table, Consistency asked, Candidate candidate, ReadSession session, long begun) {
        OptionalLong floor = session.floor(table, candidate.copy());
        OptionalLong own = switch (asked.level()) {
            case EVENTUAL -> OptionalLong.empty();
            case BOUNDED -> OptionalLong.of(begun - nanosOf(asked.staleness()));
            case SESSION -> hasToken(candidate, asked.token()) ? OptionalLong.empty() : OptionalLong.of(begun);
            case PRIMARY -> OptionalLong.of(begun);
        };
        if (floor.isEmpty() || own.isEmpty()) {
            return floor.isEmpty() ? own : floor;
        }
        return floor.getAsLong() - own.getAsLong() > 0 ? floor : own;
    }

    private static long nanosOf(@Nullable Duration staleness) {
        return staleness == null ? 0 : staleness.toNanos();
    }

    private static boolean hasToken(Candidate candidate, @Nullable SessionToken token) {
        FeedName feed = candidate.feed();
        UUID journal = candidate.journal();
        if (feed == null || token == null || !token.concerns(feed.source())) {
            return true;
        }
        return journal != null && token.isWithin(feed.source(), journal, candidate.applied());
    }

    private boolean has(Candidate candidate, OptionalLong need) {
        FeedName feed = candidate.feed();
        return feed == null || need.isEmpty() || freshness.isProvenSince(feed, need.getAsLong());
    }

    private Choice chosen(String table, Candidate candidate, ReadSession session, boolean waited) {
        session.begun(table, candidate.copy());
        FeedName feed = candidate.feed();
        OptionalLong staleness = feed == null ? OptionalLong.of(0) : freshness.staleness(feed);
        return new Choice(candidate, staleness, waited);
    }

    private PenumbraException refusal(String table, Consistency asked, List<Candidate> eligible) {
        PenumbraException refusal =
                new PenumbraException(ErrorCode.STALENESS).with("table", table).with("asked", asked);
        for (Candidate candidate : eligible) {
            FeedName feed = candidate.feed();
            if (feed != null) {
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
