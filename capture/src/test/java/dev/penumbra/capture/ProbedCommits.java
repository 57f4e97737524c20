package dev.penumbra.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.JournalProbe;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.model.Change;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Position;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Sessions that note which of their commits have been acknowledged, and a prober that asks at any moment: the journal up to an answer
 * must hold every commit that had been acknowledged when its question was asked.
 *
 * <p>They write a captured table {@code ACKED(ID BIGINT PRIMARY KEY, SESSION INT)}. {@code -Dpenumbra.probe.questions=20000} has more
 * asked.
 */
public final class ProbedCommits {
    private static final int SESSIONS = 6;
    private static final long IDS = 1_000_000_000L;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** Where the sessions get their connections. */
    public interface Connector {
        Connection connect() throws SQLException;
    }

    private record Proof(List<Long> acknowledged, Position upTo) {}

    private final Connector connector;
    private final long seed;
    private final AtomicLongArray acknowledged = new AtomicLongArray(SESSIONS);
    private final long[] committed = new long[SESSIONS];
    private final List<Throwable> failures = new ArrayList<>();
    private volatile boolean enough;

    private ProbedCommits(Connector connector, long seed) {
        this.connector = connector;
        this.seed = seed;
    }

    /** Runs sessions and prober, and checks every answer; returns a summary. */
    public static String run(Connector connector, Path journal, long seed) throws Exception {
        return new ProbedCommits(connector, seed).probe(journal);
    }

    private String probe(Path journal) throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < SESSIONS; i++) {
            int number = i;
            Thread thread = new Thread(() -> session(number), "session-" + i);
            threads.add(thread);
            thread.start();
        }
        List<Proof> proofs = new ArrayList<>();
        try (JournalProbe probe = JournalProbe.open(journal)) {
            Random random = new Random(seed);
            for (int i = 0; i < Integer.getInteger("penumbra.probe.questions", 400); i++) {
                LockSupport.parkNanos(random.nextInt(3_000_000));
                List<Long> known = new ArrayList<>();
                for (int session = 0; session < SESSIONS; session++) {
                    known.add(acknowledged.get(session));
                }
                proofs.add(new Proof(known, answer(probe, probe.ask())));
            }
        } finally {
            enough = true;
            for (Thread thread : threads) {
                thread.join();
            }
        }
        synchronized (failures) {
            assertThat(failures).isEmpty();
        }
        check(proofs, journal);
        return String.format(
                "seed %d: %d questions, %d commits",
                seed, proofs.size(), java.util.Arrays.stream(committed).sum());
    }

    private static Position answer(JournalProbe probe, long question) {
        long since = System.nanoTime();
        while (true) {
            JournalProbe.@Nullable Answer answer = probe.answer().orElse(null);
            if (answer != null && answer.question() >= question) {
                return answer.upTo();
            }
            assertThat(System.nanoTime() - since)
                    .as("time without an answer to question %d", question)
                    .isLessThan(PATIENCE_NANOS);
            LockSupport.parkNanos(50_000);
        }
    }

    private void check(List<Proof> proofs, Path journal) {
        long[] journalled = new long[SESSIONS];
        int checked = 0;
        try (JournalReader reader = JournalReader.open(journal, Position.START)) {
            @Nullable CommittedTransaction next = reader.poll();
            while (checked < proofs.size()) {
                Proof proof = proofs.get(checked);
                if (next != null && next.last().compareTo(proof.upTo()) <= 0) {
                    note(next, journalled);
                    next = reader.poll();
                    continue;
                }
                for (int session = 0; session < SESSIONS; session++) {
                    assertThat(journalled[session])
                            .as(
                                    "seed %d: last row of session %d in the journal up to %s, answer %d",
                                    seed, session, proof.upTo(), checked)
                            .isGreaterThanOrEqualTo(proof.acknowledged().get(session));
                }
                checked++;
            }
        }
    }

    private static void note(CommittedTransaction transaction, long[] journalled) {
        for (Change change : transaction) {
            if (change.operation() == Operation.INSERT) {
                long id = (Long) Objects.requireNonNull(
                        Objects.requireNonNull(change.after()).get(0));
                int session = (int) (id / IDS);
                journalled[session] = Math.max(journalled[session], id);
            }
        }
    }

    private void session(int number) {
        Random random = new Random(seed * 1000 + number);
        long id = number * IDS;
        try (Connection connection = connector.connect();
                PreparedStatement insert = connection.prepareStatement("INSERT INTO ACKED VALUES(?, ?)")) {
            connection.setAutoCommit(false);
            while (!enough) {
                int rows = random.nextInt(400) == 0 ? 300 : 1 + random.nextInt(3);
                for (int row = 0; row < rows; row++) {
                    insert(insert, ++id, number);
                }
                long last = id;
                if (random.nextInt(6) == 0) {
                    Savepoint savepoint = connection.setSavepoint();
                    insert(insert, ++id, number);
                    connection.rollback(savepoint);
                }
                if (random.nextInt(6) == 0) {
                    connection.rollback();
                } else {
                    connection.commit();
                    acknowledged.set(number, last);
                    committed[number]++;
                }
                // Slower than the relay: it is about moments, not about load.
                LockSupport.parkNanos(random.nextInt(3_000_000));
            }
        } catch (SQLException | RuntimeException e) {
            synchronized (failures) {
                failures.add(e);
            }
        }
    }

    private static void insert(PreparedStatement insert, long id, int session) throws SQLException {
        insert.setLong(1, id);
        insert.setInt(2, session);
        insert.executeUpdate();
    }
}
