package dev.penumbra.ignite.sql;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.ReadGate;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import dev.penumbra.shadow.read.ReadGate.Choice;
import dev.penumbra.shadow.read.ReadSession;
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
    private final ReadSession session;
    private final long begun;
    private final Duration patience;

    /**
     * @param begun the moment of this node's monotonic clock at which the statement began
     * @param patience for how long a proof is waited for
     */
    public Reader(ReadGate gate, ReadSession session, long begun, Duration patience) {
        this.gate = gate;
        this.session = session;
        this.begun = begun;
        this.patience = patience;
    }

    @Override
    public Choice choose(String table, Consistency asked, Candidate near, Supplier<List<Candidate>> far) {
        CompletableFuture<Choice> choice = gate.choose(table, asked, List.of(near), far, session, begun, patience);
        try {
            return choice.isDone()
                    ? choice.get()
                    : choice.get(patience.plus(GRACE).toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof PenumbraException refusal) {
                throw refusal;
            }
            throw new PenumbraException(ErrorCode.STALENESS, e.getCause()).with("table", table);
        } catch (TimeoutException | CancellationException e) {
            giveUp(table, choice);
            throw new PenumbraException(ErrorCode.STALENESS, e).with("table", table);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            giveUp(table, choice);
            throw new PenumbraException(ErrorCode.STALENESS, e).with("table", table);
        }
    }

    private void giveUp(String table, CompletableFuture<Choice> choice) {
        if (!choice.cancel(false) && !choice.isCompletedExceptionally()) {
            session.ended(table, choice.join().candidate().copy());
        }
    }

    @Override
    public void ended(List<Routing.Answer> answers) {
        for (Routing.Answer answer : answers) {
            ended(answer);
        }
    }

    /** What was chosen has been read, or will not be. */
    public void ended(Routing.Answer answer) {
        Choice choice = answer.choice();
        if (choice != null) {
            session.ended(answer.key(), choice.candidate().copy());
        }
    }
}
