package dev.penumbra.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.EventImages;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.journal.UncommittedChanges;
import dev.penumbra.journal.UncommittedChanges.Listing;
import dev.penumbra.journal.UncommittedChanges.Uncommitted;
import dev.penumbra.model.Change;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Sessions that leave their transactions open for a while, and somebody who asks at any moment what is not committed.
 *
 * <p>What stood all the time from a question to its answer must be listed; what had been committed or taken back before the question must
 * not; and what one list has and the next has not must be in the journal up to where the next one says, if it was committed. They write a
 * captured table {@code ACKED(ID BIGINT PRIMARY KEY, SESSION INT)}, each row once.
 */
public final class UncommittedSessions {
    private static final int SESSIONS = 6;
    private static final long IDS = 1_000_000_000L;
    private static final long NEVER = Long.MAX_VALUE;

    private final ProbedCommits.Connector connector;
    private final Path journal;
    private final long seed;
    private final Map<Long, Written> rows = new ConcurrentHashMap<>();
    private final List<Seen> seen = new ArrayList<>();
    private final List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    private volatile boolean enough;

    /** A row, and when it came and went, by one clock. */
    private static final class Written {
        private volatile long written = NEVER;
        private volatile long endBegun = NEVER;
        private volatile long ended = NEVER;
        private volatile boolean committed;
    }

    /** A list, and between which moments it was asked for and had. */
    private record Seen(long asked, long answered, Listing listing) {}

    private UncommittedSessions(ProbedCommits.Connector connector, Path journal, long seed) {
        this.connector = connector;
        this.journal = journal;
        this.seed = seed;
    }

    /** Runs sessions, asks so many questions, and checks every list; returns a summary. */
    public static String run(ProbedCommits.Connector connector, Path journal, int questions, long seed)
            throws Exception {
        return new UncommittedSessions(connector, journal, seed).run(questions);
    }

    private String run(int questions) throws Exception {
        try (Connection connection = connector.connect();
                PreparedStatement insert = connection.prepareStatement(ProbedCommits.INSERT)) {
            ProbedCommits.insert(insert, -1, 0);
        }
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < SESSIONS; i++) {
            int number = i;
            Thread thread = new Thread(() -> session(number), "session-" + i);
            threads.add(thread);
            thread.start();
        }
        try (UncommittedChanges changes = UncommittedChanges.open(journal)) {
            Random random = new Random(seed);
            for (int i = 0; i < questions && failures.isEmpty(); i++) {
                LockSupport.parkNanos(random.nextInt(5_000_000));
                ask(changes);
            }
            end(threads);
            ask(changes);
        } finally {
            end(threads);
        }
        assertThat(failures).isEmpty();
        return check();
    }

    private void end(List<Thread> threads) throws InterruptedException {
        enough = true;
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private void ask(UncommittedChanges changes) {
        long asked = System.nanoTime();
        long question = changes.ask();
        Listing listing = ProbedCommits.await(question, () -> changes.listed(question));
        seen.add(new Seen(asked, System.nanoTime(), listing));
    }

    private String check() {
        Map<Long, Position> journalled = new HashMap<>();
        Map<Long, TableSchema> layouts = new HashMap<>();
        try (JournalReader reader = JournalReader.open(journal, Position.START)) {
            @Nullable CommittedTransaction next = reader.poll();
            while (next != null) {
                for (Change change : next) {
                    layouts.put(change.schema().fingerprint().value(), change.schema());
                    if (change.operation() == Operation.INSERT) {
                        journalled.put(id(Objects.requireNonNull(change.after())), change.position());
                    }
                }
                next = reader.poll();
            }
        }
        Set<Long> before = Set.of();
        int listed = 0;
        int takenBack = 0;
        int required = 0;
        for (Seen one : seen) {
            Set<Long> now = new HashSet<>();
            for (Uncommitted change : one.listing().changes()) {
                byte[] images = change.images().array();
                TableSchema layout = Objects.requireNonNull(
                        layouts.get(EventImages.schema(images).value()));
                now.add(id(Objects.requireNonNull(EventImages.after(images, layout))));
            }
            listed += now.size();
            for (Map.Entry<Long, Written> row : rows.entrySet()) {
                Written written = row.getValue();
                if (written.written < one.asked() && written.endBegun > one.answered()) {
                    required++;
                    assertThat(now)
                            .as("seed %d: list of what stood from %d to %d", seed, one.asked(), one.answered())
                            .contains(row.getKey());
                }
                if (written.ended < one.asked()) {
                    assertThat(now)
                            .as("seed %d: list asked for at %d, after the end of the transaction", seed, one.asked())
                            .doesNotContain(row.getKey());
                }
            }
            for (long gone : before) {
                if (!now.contains(gone)) {
                    Written written = Objects.requireNonNull(rows.get(gone));
                    if (written.committed) {
                        assertThat(journalled)
                                .as("seed %d: journal, for what a list does not have any more", seed)
                                .containsKey(gone);
                        assertThat(journalled.get(gone))
                                .as("seed %d: position of what a list does not have any more", seed)
                                .isLessThanOrEqualTo(one.listing().upTo());
                    } else {
                        takenBack++;
                        assertThat(journalled).doesNotContainKey(gone);
                    }
                }
            }
            before = now;
        }
        assertThat(before).as("seed %d: what is not committed in the end", seed).isEmpty();
        assertThat(required).as("rows that had to be listed").isPositive();
        assertThat(takenBack).as("listed rows that were taken back").isPositive();
        return String.format(
                "seed %d: %d lists, %d changes in them, %d of which had to be there, %d of which were taken back",
                seed, seen.size(), listed, required, takenBack);
    }

    private static long id(Row row) {
        return (Long) Objects.requireNonNull(row.get(0));
    }

    private void session(int number) {
        Random random = new Random(seed * 1000 + number);
        long id = number * IDS;
        try (Connection connection = connector.connect();
                PreparedStatement insert = connection.prepareStatement(ProbedCommits.INSERT)) {
            connection.setAutoCommit(false);
            while (!enough) {
                List<Written> transaction = new ArrayList<>();
                int count = 1 + random.nextInt(3);
                for (int row = 0; row < count; row++) {
                    transaction.add(insert(insert, ++id, number));
                }
                if (random.nextInt(4) == 0) {
                    Savepoint savepoint = connection.setSavepoint();
                    Written taken = insert(insert, ++id, number);
                    LockSupport.parkNanos(random.nextInt(10_000_000));
                    taken.endBegun = System.nanoTime();
                    connection.rollback(savepoint);
                    taken.ended = System.nanoTime();
                }
                LockSupport.parkNanos(random.nextInt(20_000_000));
                boolean commits = random.nextInt(3) > 0;
                long begun = System.nanoTime();
                transaction.forEach(row -> {
                    row.committed = commits;
                    row.endBegun = begun;
                });
                if (commits) {
                    connection.commit();
                } else {
                    connection.rollback();
                }
                long ended = System.nanoTime();
                transaction.forEach(row -> row.ended = ended);
                LockSupport.parkNanos(random.nextInt(3_000_000));
            }
        } catch (SQLException | RuntimeException e) {
            failures.add(e);
        }
    }

    private Written insert(PreparedStatement insert, long id, int session) throws SQLException {
        Written written = new Written();
        rows.put(id, written);
        ProbedCommits.insert(insert, id, session);
        written.written = System.nanoTime();
        return written;
    }
}
