package dev.penumbra.journal;

import static dev.penumbra.journal.Journals.ACCOUNT;

import dev.penumbra.model.Change;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TransactionId;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A process that writes a journal until it is killed. It prints {@code C position transaction size} after each commit and
 * {@code P version} after each promotion. Transactions with odd numbers are given up and must never be seen.
 */
final class CrashingWriter {
    static final long ROWS_PER_TRANSACTION = 10_000;
    private static final int THREADS = 3;
    private static final int LARGEST = 2000;

    private CrashingWriter() {}

    public static void main(String[] args) throws InterruptedException {
        Path directory = Path.of(args[1]);
        long seed = Long.parseLong(args[2]);
        long firstTransaction = Long.parseLong(args[3]);
        DualJournal journal = DualJournal.open(directory, "bank", Journals.SMALL, new FastClock());
        if (args[0].equals("promote")) {
            promoteForEver(journal, directory, firstTransaction);
        }
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            Random random = new Random(seed + t);
            long first = firstTransaction + 2L * t;
            Thread thread = new Thread(() -> writeForEver(journal.current(), random, first));
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void writeForEver(JournalWriter writer, Random random, long first) {
        for (long transaction = first; ; transaction += 2L * THREADS) {
            int size = random.nextInt(20) == 0 ? 1 + random.nextInt(LARGEST) : 1 + random.nextInt(10);
            boolean commit = random.nextInt(8) != 0;
            write(writer, commit ? transaction : transaction + 1, size, commit);
            if (random.nextInt(200) == 0) {
                writer.sync();
                writer.markDurable(writer.last());
            }
        }
    }

    private static void write(JournalWriter writer, long transaction, int size, boolean commit) {
        try (JournalWriter.TransactionAppender appender = writer.begin(new TransactionId(1, transaction))) {
            for (int i = 0; i < size; i++) {
                long id = transaction * ROWS_PER_TRANSACTION + i;
                appender.change(ACCOUNT, Operation.INSERT, Origin.CAPTURED, null, Row.of(id, "of " + size));
            }
            if (commit) {
                Position end = appender.commit();
                System.out.println("C " + end + " " + transaction + " " + size);
            }
        }
    }

    private static void promoteForEver(DualJournal journal, Path directory, long firstTransaction) {
        long transaction = firstTransaction;
        while (true) {
            for (int i = 0; i < 20; i++) {
                write(journal.current(), transaction, 1 + i % 3, true);
                transaction += 2;
            }
            String version = journal.futures().isEmpty()
                    ? "v" + transaction
                    : journal.futures().get(0);
            FutureJournal future = journal.future(version);
            try (JournalReader reader = JournalReader.open(directory, future.last())) {
                for (CommittedTransaction next = reader.poll(); next != null; next = reader.poll()) {
                    List<Change> changes = new ArrayList<>();
                    next.forEach(changes::add);
                    future.append(next.id(), changes);
                }
            }
            journal.promote(version);
            System.out.println("P " + version);
        }
    }

    /** A minute passes every second, so that files roll. */
    private static final class FastClock extends Clock {
        private final long begin = System.currentTimeMillis();

        @Override
        public Instant instant() {
            return Instant.ofEpochMilli(begin + 60 * (System.currentTimeMillis() - begin));
        }

        @Override
        public ZoneId getZone() {
            return ZoneId.of("UTC");
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new IllegalArgumentException("UTC only");
        }
    }
}
