package dev.penumbra.ignite;

import dev.penumbra.journal.JournalProbe;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullMarked;

/** Answers what a journal in memory is asked, on a thread of its own, as the relay of a source does, until it is closed. */
@NullMarked
final class MemoryRelay implements AutoCloseable {
    private static final long PASS_MILLIS = 2;

    private final CountDownLatch closed = new CountDownLatch(1);

    /** @param directory where the probe is, which nothing else uses */
    MemoryRelay(MemoryJournal journal, Path directory) {
        journal.probedIn(directory);
        Thread relay = new Thread(() -> answer(journal, directory), "relay");
        relay.setDaemon(true);
        relay.start();
    }

    private void answer(MemoryJournal journal, Path directory) {
        try (JournalProbe probe = JournalProbe.open(directory)) {
            while (!closed.await(PASS_MILLIS, TimeUnit.MILLISECONDS)) {
                journal.answerProbes(probe);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
