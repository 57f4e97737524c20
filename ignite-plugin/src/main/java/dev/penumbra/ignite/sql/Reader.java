package dev.penumbra.ignite.sql;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.Finding;
import dev.penumbra.shadow.read.ReadGate;
import dev.penumbra.shadow.read.ReadGate.Asking;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import dev.penumbra.shadow.read.ReadGate.Choice;
import dev.penumbra.shadow.read.ReadSession;
import dev.penumbra.shadow.read.Validations;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Chooses copies for one statement of a session, waiting for proofs on the statement's own thread. */
@Internal
public final class Reader implements NameRouter.Chooser {
    /** What is waited for beyond its own patience, in case that nobody keeps time any more. */
    private static final Duration GRACE = Duration.ofSeconds(1);

    private final ReadGate gate;
    private final Validations validations;
    private Merges merges;
    private final ReadSession session;
    private final long begun;
    private final Duration patience;
    private boolean withPending = true;

    /** Has what is pending of copies laid over them. */
    @FunctionalInterface
    public interface Merges {
        /** Whether the copy can be read now as one that has what is pending. Completes soon, and does not fail. */
        CompletableFuture<Boolean> merged(Candidate chosen);
    }

    /**
     * @param merges has what is pending merged into a copy that was chosen with it
     * @param begun the moment of this node's monotonic clock at which the statement began
     * @param patience for how long a proof is waited for
     */
    public Reader(
            ReadGate gate, Validations validations, Merges merges, ReadSession session, long begun, Duration patience) {
        this.gate = gate;
        this.validations = validations;
        this.merges = merges;
        this.session = session;
        this.begun = begun;
        this.patience = patience;
    }

    @Override
    public Choice choose(String table, Consistency asked, Candidate near, Supplier<List<Candidate>> far) {
        Asking asking = new Asking(table, asked, session, begun, patience);
        List<Candidate> one = List.of(near);
        if (withPending) {
            Choice choice = await(table, gate.choose(asking, one, far));
            if (!choice.candidate().isPreMerged()) {
                return choice;
            }
            boolean merged = false;
            try {
                merged = isMerged(table, choice.candidate());
            } finally {
                if (!merged) {
                    session.endedAsWithin(table, choice.candidate());
                }
            }
            if (merged) {
                return choice;
            }
        }
        return await(table, gate.chooseAlone(asking, one, far));
    }

    @Override
    public Choice chooseAlone(String table, Consistency asked, Candidate only) {
        Asking asking = new Asking(table, asked, session, begun, patience);
        return await(table, gate.chooseAlone(asking, List.of(only), List::of));
    }

    private boolean isMerged(String table, Candidate chosen) {
        return await(table, merges.merged(chosen), () -> {});
    }

    private Choice await(String table, CompletableFuture<Choice> choice) {
        return await(table, choice, () -> giveUp(table, choice));
    }

    /** From now on nothing is merged into copies: whoever asks lays what is pending over them himself, or reads nothing. */
    public Reader onlyChoosing() {
        merges = chosen -> CompletableFuture.completedFuture(true);
        return this;
    }

    /** From now on copies are chosen as they are. */
    public void doWithoutPending() {
        withPending = false;
    }

    private <T> T await(String table, CompletableFuture<T> coming, Runnable givingUp) {
        try {
            return coming.isDone()
                    ? coming.get()
                    : coming.get(patience.plus(GRACE).toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof PenumbraException refusal) {
                throw refusal;
            }
            throw new PenumbraException(ErrorCode.STALENESS, e.getCause()).with("table", table);
        } catch (TimeoutException | CancellationException e) {
            givingUp.run();
            throw new PenumbraException(ErrorCode.STALENESS, e).with("table", table);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            givingUp.run();
            throw new PenumbraException(ErrorCode.STALENESS, e).with("table", table);
        }
    }

    /**
     * Holds what unproven copies gave against the home images.
     *
     * @param findings all of what the read has found in them
     * @return whether it is the primary's answer
     * @throws PenumbraException with {@link ErrorCode#STALENESS} when nobody at home could tell in time
     */
    public boolean validate(List<Finding> findings) {
        CompletableFuture<Boolean> same = validations.validate(findings, patience);
        return await(findings.get(0).table(), same, () -> same.cancel(false));
    }

    /** What an unproven copy gave is the primary's answer by these findings, and is given out. */
    public void validated(Routing.Answer answer, List<Finding> findings) {
        Choice choice = answer.choice();
        if (choice != null) {
            session.validated(answer.key(), choice.candidate(), findings);
        }
    }

    private void giveUp(String table, CompletableFuture<Choice> choice) {
        if (!choice.cancel(false)
                && !choice.isCompletedExceptionally()
                && !choice.join().unproven()) {
            session.endedAsWithin(table, choice.join().candidate());
        }
    }

    @Override
    public void ended(List<Routing.Answer> answers) {
        for (Routing.Answer answer : answers) {
            ended(answer);
        }
    }

    /** What was chosen has been read, or will not be; nothing was seen but what the copy itself has. */
    public void ended(Routing.Answer answer) {
        Choice choice = answer.choice();
        if (choice != null && !choice.unproven()) {
            session.endedAsWithin(answer.key(), choice.candidate());
        }
    }

    /** The same where something of what is pending was seen. */
    public void endedWithPending(Routing.Answer answer) {
        Choice choice = answer.choice();
        if (choice != null) {
            session.ended(answer.key(), choice.candidate());
        }
    }
}
