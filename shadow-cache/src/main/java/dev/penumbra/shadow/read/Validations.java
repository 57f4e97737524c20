package dev.penumbra.shadow.read;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What reads of one node have found and ask the home datacenter about.
 *
 * <p>A question that gets no answer is asked again, and at last fails: what is not known to be the primary's answer is not given as if it
 * were.
 *
 * <p>Safe for use by several threads. Futures are completed on the thread that brings the answer.
 */
@Internal
public final class Validations {
    /** Sends questions home. Must not wait; a question that cannot be sent is lost. */
    @FunctionalInterface
    public interface Line {
        /**
         * Sends a question to some node of the home datacenter, whose answer is to be given to {@link #answered}.
         *
         * @param number the question's number, another one each time that it is asked
         */
        void send(long number, List<Finding> findings);
    }

    private static final Duration ASKED_AGAIN = Duration.ofMillis(300);

    private final Line line;
    private final ReadGate.Timer timer;
    private final AtomicLong numbers = new AtomicLong();
    private final Map<Long, CompletableFuture<Boolean>> open = new ConcurrentHashMap<>();

    public Validations(Line line, ReadGate.Timer timer) {
        this.line = line;
        this.timer = timer;
    }

    /**
     * Asks whether what a read has found is as at home.
     *
     * @param findings all of what the read has found
     * @param patience for how long an answer is waited for
     * @return whether it is; fails with {@link ErrorCode#STALENESS} when nobody could tell in time
     */
    public CompletableFuture<Boolean> validate(List<Finding> findings, Duration patience) {
        CompletableFuture<Boolean> same = new CompletableFuture<>();
        ask(findings, same);
        timer.after(patience.toNanos(), () -> same.completeExceptionally(refusal(findings)));
        return same;
    }

    private void ask(List<Finding> findings, CompletableFuture<Boolean> same) {
        long number = numbers.incrementAndGet();
        open.put(number, same);
        var unused = same.whenComplete((done, failure) -> open.remove(number));
        line.send(number, findings);
        timer.after(ASKED_AGAIN.toNanos(), () -> {
            if (!same.isDone()) {
                ask(findings, same);
            }
        });
    }

    /** A question has been answered. */
    public void answered(long number, boolean same) {
        CompletableFuture<Boolean> waiting = open.get(number);
        if (waiting != null) {
            waiting.complete(same);
        }
    }

    private static PenumbraException refusal(List<Finding> findings) {
        return new PenumbraException(ErrorCode.STALENESS)
                .with("table", findings.get(0).table())
                .with("asked", Consistency.validated())
                .with("home", "no answer");
    }
}
