package dev.penumbra.bench;

import dev.penumbra.journal.JournalProbe;
import dev.penumbra.model.Position;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Answers a journal's probe with the journal's end, on a thread of its own. */
final class ProbeAnswers implements AutoCloseable {
    private static final long PAUSE_MILLIS = 5;

    private final CountDownLatch stop = new CountDownLatch(1);

    ProbeAnswers(Path journal, Supplier<Position> end) {
        Thread answering = new Thread(() -> answer(journal, end), "bench-probe");
        answering.setDaemon(true);
        answering.start();
    }

    private void answer(Path journal, Supplier<Position> end) {
        try (JournalProbe probe = JournalProbe.open(journal)) {
            while (!stop.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
                probe.asked().ifPresent(question -> probe.answer(question, end.get()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        stop.countDown();
    }
}
