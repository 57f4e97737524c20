package dev.penumbra.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.JournalProbe;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.model.Change;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Position;
import dev.penumbra.model.SessionToken;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sessions that note which of their commits have been acknowledged, and questions at any moment, by a prober or for tokens by the
 * sessions themselves: the journal up to an answer must hold every commit that had been acknowledged when its question was asked.
 *
 * <p>They write a captured table {@code ACKED(ID BIGINT PRIMARY KEY, SESSION INT)}. {@code -Dpenumbra.probe.questions=20000} has more
 * asked.
 */
public final class ProbedCommits {
    private static final int SESSIONS = 6;
    /** Of the tests' databases, which are files of this name. */
    private static final String JOURNAL_SOURCE = "db";

    private static final String QUESTIONS = "penumbra.probe.questions";
    static final String INSERT = "INSERT INTO ACKED VALUES(?, ?)";
    private static final long IDS = 1_000_000_000L;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** Where the sessions get their connections. */
    public interface Connector {
        Connection connect() throws SQLException;
    }

    /** How a session asks for a token, as an application does. */
    public interface Asker {
        String token(Connection connection) throws SQLException;
    }

    private record Proof(List<Long> acknowledged, Position upTo) {}

    private final Connector connector;
    private final Path journal;
    private final long seed;
    /** Null where a prober asks. */
    private final @Nullable Asker asker;

    private final List<Proof> proofs = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLongArray acknowledged = new AtomicLongArray(SESSIONS);
    private final long[] committed = new long[SESSIONS];
    private final List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    private volatile boolean enough;

    private ProbedCommits(Connector connector, Path journal, long seed, @Nullable Asker asker) {
        this.connector = connector;
        this.journal = journal;
        this.seed = seed;
        this.asker = asker;
    }

    /** Runs sessions and a prober with a number of questions, and checks every answer; returns a summary. */
    public static String probe(Connector connector, Path journal, int questions, long seed) throws Exception {
        ProbedCommits commits = new ProbedCommits(connector, journal, seed, null);
        return commits.run(() -> commits.probe(Integer.getInteger(QUESTIONS, questions)));
    }

    /**
     * Runs sessions that ask for tokens after their commits and in the middle of transactions, and checks every token; returns a
     * summary.
     */
    public static String tokens(Connector connector, Asker asker, Path journal, long seed) throws Exception {
        ProbedCommits commits = new ProbedCommits(connector, journal, seed, asker);
        return commits.run(commits::awaitTokens);
    }

    private String run(Runnable asking) throws Exception {
        try (Connection connection = connector.connect();
                PreparedStatement insert = connection.prepareStatement(INSERT)) {
            // Where two sessions at once are the first to write to a captured table, Derby can take 20 seconds to sort
            // them out.
            insert(insert, -1, 0);
        }
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < SESSIONS; i++) {
            int number = i;
            Thread thread = new Thread(() -> session(number), "session-" + i);
            threads.add(thread);
            thread.start();
        }
        try {
            asking.run();
        } finally {
            enough = true;
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertThat(failures).isEmpty();
        // Tokens come from several sessions at once.
        proofs.sort(Comparator.comparing(Proof::upTo));
        check();
        return String.format(
                "seed %d: %d questions, %d commits",
                seed, proofs.size(), Arrays.stream(committed).sum());
    }

    private List<Long> known() {
        List<Long> known = new ArrayList<>();
        for (int session = 0; session < SESSIONS; session++) {
            known.add(acknowledged.get(session));
        }
        return known;
    }

    private void probe(int questions) {
        try (JournalProbe probe = JournalProbe.open(journal)) {
            Random random = new Random(seed);
            for (int i = 0; i < questions; i++) {
                LockSupport.parkNanos(random.nextInt(3_000_000));
                proofs.add(new Proof(known(), answer(probe, probe.ask())));
            }
        }
    }

    private void awaitTokens() {
        long since = System.nanoTime();
        int questions = Integer.getInteger(QUESTIONS, 150);
        for (int had = 0; had < questions && failures.isEmpty(); ) {
            int has = proofs.size();
            since = has > had ? System.nanoTime() : since;
            had = has;
            assertThat(System.nanoTime() - since)
                    .as("seed %d: time without another token after %d", seed, has)
                    .isLessThan(PATIENCE_NANOS);
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** In some cases; what is known is looked at before. */
    private void askForToken(Random random, Connection connection) throws SQLException {
        Asker asking = asker;
        if (asking == null || random.nextInt(3) > 0) {
            return;
        }
        List<Long> known = known();
        SessionToken token = SessionToken.parse(asking.token(connection));
        Optional<Position> upTo = token.position(JOURNAL_SOURCE, JournalReader.idOf(journal));
        assertThat(upTo)
                .as("seed %d: position in this journal of %s", seed, token)
                .isPresent();
        proofs.add(new Proof(known, upTo.get()));
    }

    /** Waits for the answer to a question. */
    public static Position answer(JournalProbe probe, long question) {
        return await(question, () -> probe.answer().filter(answer -> answer.question() >= question))
                .upTo();
    }

    /** Waits until a question is answered. */
    static <T> T await(long question, Supplier<Optional<T>> answers) {
        long since = System.nanoTime();
        while (true) {
            @Nullable T answer = answers.get().orElse(null);
            if (answer != null) {
                return answer;
            }
            assertThat(System.nanoTime() - since)
                    .as("time without an answer to question %d", question)
                    .isLessThan(PATIENCE_NANOS);
            LockSupport.parkNanos(50_000);
        }
    }

    private void check() {
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
                PreparedStatement insert = connection.prepareStatement(INSERT)) {
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
                askForToken(random, connection);
                if (random.nextInt(6) == 0) {
                    connection.rollback();
                } else {
                    connection.commit();
                    acknowledged.set(number, last);
                    committed[number]++;
                    askForToken(random, connection);
                }
                // Slower than the relay: it is about moments, not about load.
                LockSupport.parkNanos(random.nextInt(3_000_000));
            }
        } catch (SQLException | RuntimeException | AssertionError e) {
            failures.add(e);
        }
    }

    static void insert(PreparedStatement insert, long id, int session) throws SQLException {
        insert.setLong(1, id);
        insert.setInt(2, session);
        insert.executeUpdate();
    }
}
