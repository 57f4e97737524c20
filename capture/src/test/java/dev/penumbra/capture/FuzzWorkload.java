package dev.penumbra.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Eight sessions that do what applications do, and worse, with tables ACCOUNT, PARENT and CHILD of any source. Whatever they do, the
 * sum of all accounts is the same after each transaction.
 *
 * <p>{@code -Dpenumbra.fuzz.seeds=7,8} chooses seeds and {@code -Dpenumbra.fuzz.statements=2000000} the statements of all seeds
 * together.
 */
public final class FuzzWorkload {
    private static final int SESSIONS = 8;
    private static final int ACCOUNTS = 60;
    private static final long BALANCE = 1000;
    private static final long LOOK_MILLIS = 500;
    private static final long STANDSTILL_NANOS = TimeUnit.SECONDS.toNanos(20);

    /** What differs between sources. */
    public interface Dialect {
        Connection connect() throws SQLException;

        /** Inserts a parent, or gives the one that is there another name. */
        void merge(Connection connection, int id, String name) throws SQLException;

        boolean isDuplicate(SQLException failure);

        /** Leaves a transaction in its middle; the connection is closed after that. */
        default void abandon(Connection connection) throws SQLException {
            // Closing is enough.
        }

        /** Whether it is the source's own doing that none of these threads of sessions has come further for a long time. */
        default boolean isLivelocked(List<StackTraceElement[]> threads) {
            return false;
        }

        /** Ends the database of a livelock, and with it all sessions. */
        default void breakUp() throws SQLException {
            throw new UnsupportedOperationException();
        }
    }

    /** The source has stopped for ever, by a fault of its own: nothing can be said of the capture. */
    public static final class Livelock extends Exception {
        private static final long serialVersionUID = 1;

        private Livelock(long seed) {
            super("seed " + seed + ": the source stood still by itself");
        }
    }

    private final Dialect dialect;
    private final long seed;
    private final AtomicLong executed = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final AtomicLong rolledBack = new AtomicLong();
    private final AtomicLong abandoned = new AtomicLong();
    private final List<Session> sessions = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();

    public FuzzWorkload(Dialect dialect, long seed) {
        this.dialect = dialect;
        this.seed = seed;
    }

    /** The seeds that are asked for, or four. */
    public static List<Long> seeds() {
        List<Long> seeds = new ArrayList<>();
        for (String seed : System.getProperty("penumbra.fuzz.seeds", "1,2,3,4").split(",")) {
            seeds.add(Long.parseLong(seed.strip()));
        }
        return seeds;
    }

    /** Fills ACCOUNT. */
    public static void fill(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO ACCOUNT VALUES(?, ?)")) {
            for (int id = 0; id < ACCOUNTS; id++) {
                statement.setInt(1, id);
                statement.setLong(2, BALANCE);
                statement.executeUpdate();
            }
        }
    }

    /**
     * Starts the sessions.
     *
     * @param standard how many statements all seeds execute together where nothing else is asked for
     */
    public void start(long standard) {
        long statements = Long.getLong("penumbra.fuzz.statements", standard) / seeds().size() / SESSIONS;
        for (int i = 0; i < SESSIONS; i++) {
            Session session = new Session(seed * 1000 + i, statements);
            sessions.add(session);
            threads.add(new Thread(session, "session-" + i));
        }
        threads.forEach(Thread::start);
    }

    /** Waits for the sessions' ends. */
    public void join() throws InterruptedException, SQLException, Livelock {
        long progress = -1;
        long progressAt = System.nanoTime();
        for (Thread thread : threads) {
            thread.join(LOOK_MILLIS);
            for (; thread.isAlive(); thread.join(LOOK_MILLIS)) {
                long now = executed.get() + failed.get();
                if (now != progress) {
                    progress = now;
                    progressAt = System.nanoTime();
                } else if (System.nanoTime() - progressAt > STANDSTILL_NANOS
                        && dialect.isLivelocked(
                                threads.stream().map(Thread::getStackTrace).toList())) {
                    dialect.breakUp();
                    for (Thread left : threads) {
                        left.join();
                    }
                    throw new Livelock(seed);
                }
            }
        }
        for (Session session : sessions) {
            if (session.failure != null) {
                throw new AssertionError("seed " + seed, session.failure);
            }
        }
        assertThat(failed.get()).isPositive();
        assertThat(rolledBack.get()).isPositive();
    }

    /** Applies a journal and asserts that each prefix of it keeps the sum of all accounts. */
    public JournalledTables assertSumThroughout(JournalledTables tables) {
        List<String> broken = new ArrayList<>();
        tables.follow(transaction -> {
            Map<Key, Row> accounts = tables.rows("ACCOUNT");
            if (accounts.size() == ACCOUNTS && tables.isComplete("ACCOUNT")) {
                long sum = accounts.values().stream()
                        .mapToLong(row -> (Long) row.get(1))
                        .sum();
                if (sum != ACCOUNTS * BALANCE && broken.size() < 10) {
                    broken.add(transaction.last() + ": " + sum);
                }
            }
        });
        tables.close();
        assertThat(broken)
                .as("seed %d: sum of all accounts after each transaction", seed)
                .isEmpty();
        return tables;
    }

    /** What was done, for people. */
    public String summary(JournalledTables tables) {
        return String.format(
                "seed %d: %d statements, %d failed, %d transactions rolled back, %d connections abandoned; journal: %d"
                        + " transactions, %d changes",
                seed,
                executed.get(),
                failed.get(),
                rolledBack.get(),
                abandoned.get(),
                tables.transactions(),
                tables.changes());
    }

    private final class Session implements Runnable {
        private final Random random;
        private final long statements;
        private @Nullable Throwable failure;

        Session(long seed, long statements) {
            this.random = new Random(seed);
            this.statements = statements;
        }

        @Override
        public void run() {
            try {
                long done = 0;
                while (done < statements) {
                    try (Connection connection = dialect.connect()) {
                        connection.setAutoCommit(false);
                        boolean open = true;
                        while (open && done < statements && !connection.isClosed()) {
                            done += transaction(connection);
                            if (random.nextInt(200) == 0 && !connection.isClosed()) {
                                // Closed in the middle of a transaction.
                                try {
                                    transfer(connection);
                                } catch (SQLException e) {
                                    failed.incrementAndGet();
                                }
                                dialect.abandon(connection);
                                abandoned.incrementAndGet();
                                open = false;
                            }
                        }
                    }
                }
            } catch (Throwable e) {
                failure = e;
            }
        }

        private int transaction(Connection connection) throws SQLException {
            int count = 0;
            int steps = 1 + random.nextInt(5);
            boolean broken = false;
            for (int i = 0; i < steps && !broken; i++) {
                Savepoint savepoint = random.nextInt(4) == 0 ? connection.setSavepoint() : null;
                try {
                    count += step(connection);
                    if (savepoint != null && random.nextBoolean()) {
                        connection.rollback(savepoint);
                    }
                } catch (SQLException e) {
                    failed.incrementAndGet();
                    count++;
                    // Whether the transaction goes on after a failed statement is a coin's choice; a transfer is all or
                    // nothing.
                    broken = true;
                }
            }
            if (connection.isClosed()) {
                // By the source itself, which rolls back then.
                rolledBack.incrementAndGet();
            } else if (broken || random.nextInt(8) == 0) {
                connection.rollback();
                rolledBack.incrementAndGet();
            } else {
                connection.commit();
            }
            executed.addAndGet(count);
            return count;
        }

        private int step(Connection connection) throws SQLException {
            switch (random.nextInt(9)) {
                case 0, 1, 2 -> {
                    return transfer(connection);
                }
                case 3 -> {
                    int id = random.nextInt(300);
                    dialect.merge(connection, id, "merged " + random.nextInt(1000));
                    try (PreparedStatement statement =
                            connection.prepareStatement("INSERT INTO CHILD(PARENT_ID, NOTE) VALUES(?, ?)")) {
                        statement.setInt(1, id);
                        statement.setString(2, "child of " + id);
                        statement.executeUpdate();
                    }
                    return 2;
                }
                case 4 -> {
                    return update(connection, "DELETE FROM PARENT WHERE ID = " + random.nextInt(300));
                }
                case 5 -> {
                    // Moves a key, often onto one that is taken.
                    return update(
                            connection,
                            "UPDATE PARENT SET ID = " + random.nextInt(300) + " WHERE ID = " + random.nextInt(300));
                }
                case 6 -> {
                    // The last row of three is a duplicate half of the time: the first two are undone.
                    int base = 1000 + random.nextInt(500);
                    int last = random.nextBoolean() ? base : base + 2;
                    try {
                        return update(
                                connection,
                                "INSERT INTO PARENT VALUES(" + base + ",'m'),(" + (base + 1) + ",'m'),(" + last
                                        + ",'m')");
                    } catch (SQLException e) {
                        if (dialect.isDuplicate(e)) {
                            failed.incrementAndGet();
                            return 1;
                        }
                        throw e;
                    }
                }
                case 7 -> {
                    return update(
                            connection,
                            "UPDATE CHILD SET NOTE = NOTE || '.' WHERE PARENT_ID BETWEEN " + random.nextInt(300)
                                    + " AND " + random.nextInt(300) + " AND LENGTH(NOTE) < 40");
                }
                default -> {
                    int from = random.nextInt(500) + 1000;
                    return update(connection, "DELETE FROM PARENT WHERE ID BETWEEN " + from + " AND " + (from + 20));
                }
            }
        }

        private int transfer(Connection connection) throws SQLException {
            int from = random.nextInt(ACCOUNTS);
            int to = random.nextInt(ACCOUNTS);
            int amount = random.nextInt(50);
            update(connection, "UPDATE ACCOUNT SET BALANCE = BALANCE - " + amount + " WHERE ID = " + from);
            update(connection, "UPDATE ACCOUNT SET BALANCE = BALANCE + " + amount + " WHERE ID = " + to);
            return 2;
        }

        private static int update(Connection connection, String sql) throws SQLException {
            try (Statement statement = connection.createStatement()) {
                statement.executeUpdate(sql);
                return 1;
            }
        }
    }
}
