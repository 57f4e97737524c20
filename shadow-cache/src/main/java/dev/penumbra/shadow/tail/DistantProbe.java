package dev.penumbra.shadow.tail;

import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.read.ProbeDesk;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The way to a journal's writer from a node that reads the journal over a tail: questions and answers may be lost, come late or twice.
 *
 * <p>Questions are asked by one thread; answers may be brought by any.
 */
@Internal
public final class DistantProbe implements ProbeDesk.Source {
    private final LongConsumer questions;
    private long asked;
    private volatile ProbeDesk.@Nullable Said said;

    /** @param questions sends a question's number to {@link ProbeRelay#asked}; must not wait */
    public DistantProbe(LongConsumer questions) {
        this.questions = questions;
    }

    @Override
    public long ask() {
        questions.accept(++asked);
        return asked;
    }

    /** Asks again what has not been answered; question or answer may have been lost. */
    public void repeat() {
        ProbeDesk.Said known = said;
        if (asked > 0 && (known == null || known.question() < asked)) {
            questions.accept(asked);
        }
    }

    /** An answer has come. */
    public synchronized void answered(ProbeDesk.Said answer) {
        ProbeDesk.Said known = said;
        if (known == null || known.question() < answer.question()) {
            said = answer;
        }
    }

    @Override
    public Optional<ProbeDesk.Said> said() {
        return Optional.ofNullable(said);
    }
}
