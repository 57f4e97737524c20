package dev.penumbra.shadow.tail;

import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.read.ProbeDesk;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Passes the questions of a {@link DistantProbe} on to the journal's writer, beside whom it stands, and the answers back.
 *
 * <p>{@link #asked} may be called by any thread; all else belongs to the tail's thread.
 */
@Internal
public final class ProbeRelay {
    private final Consumer<ProbeDesk.Said> answers;
    private long asked;
    private long passedOn;
    private long passedOnAs;
    private ProbeDesk.@Nullable Said last;

    /** @param answers sends an answer to {@link DistantProbe#answered}; must not wait */
    public ProbeRelay(Consumer<ProbeDesk.Said> answers) {
        this.answers = answers;
    }

    /** A question has come; of several the latest counts. */
    public synchronized void asked(long question) {
        asked = Math.max(asked, question);
        ProbeDesk.Said known = last;
        if (known != null && known.question() == question) {
            // The answer was lost, or will come twice.
            answers.accept(known);
        }
    }

    private synchronized long latest() {
        return asked;
    }

    /**
     * Does what can be done now.
     *
     * @param writer the way to the journal's writer
     */
    public void look(ProbeDesk.Source writer) {
        if (passedOn == 0) {
            long question = latest();
            ProbeDesk.Said known = last;
            if (question == 0 || (known != null && known.question() >= question)) {
                return;
            }
            passedOn = question;
            passedOnAs = writer.ask();
        }
        ProbeDesk.Said said = writer.said().orElse(null);
        if (said != null && said.question() >= passedOnAs) {
            ProbeDesk.Said answer = new ProbeDesk.Said(passedOn, said.upTo());
            synchronized (this) {
                last = answer;
            }
            passedOn = 0;
            answers.accept(answer);
        }
    }
}
