package dev.penumbra.it;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Sessions that write to the source until they are told to stop. */
final class Load implements AutoCloseable {
    private static final int SESSIONS = 2;
    private static final int IDS = 2_500;
    private static final long STOP_SECONDS = 60;
    // For all sessions together: steady work that leaves the machine to the nodes under test.
    private static final long TRANSACTIONS_PER_SECOND = 150;

    private final ExecutorService threads = Executors.newFixedThreadPool(SESSIONS);
    private final List<Future<?>> sessions = new ArrayList<>();
    private final AtomicBoolean done = new AtomicBoolean();
    private final AtomicLong committed = new AtomicLong();
    private final AtomicLong rolledBack = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();

    Load(Source source, long seed) {
        for (int i = 0; i < SESSIONS; i++) {
            Random random = new Random(seed * 1_000 + i);
            Callable<Void> session = () -> {
                write(source, random);
                return null;
            };
            sessions.add(threads.submit(session));
        }
    }

    private void write(Source source, Random random) throws SQLException {
        long begun = System.nanoTime();
        long transactions = 0;
        try (Connection connection = source.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            while (!done.get()) {
                long due = begun + ++transactions * SESSIONS * TimeUnit.SECONDS.toNanos(1) / TRANSACTIONS_PER_SECOND;
                java.util.concurrent.locks.LockSupport.parkNanos(due - System.nanoTime());
                try {
                    transaction(connection, statement, random);
                } catch (SQLException e) {
                    // A key that was there already, a deadlock with the other session: nothing of it is to be seen.
                    connection.rollback();
                    refused.incrementAndGet();
                }
            }
        }
    }

    private void transaction(Connection connection, Statement statement, Random random) throws SQLException {
        boolean rollback = random.nextInt(8) == 0;
        int steps = 1 + random.nextInt(5);
        for (int i = 0; i < steps; i++) {
            statement.executeUpdate(statement(random, rollback ? Source.ROLLED_BACK : "kept"));
        }
        if (rollback) {
            connection.rollback();
            rolledBack.incrementAndGet();
        } else {
            connection.commit();
            committed.incrementAndGet();
        }
    }

    private static String statement(Random random, String note) {
        int id = 1 + random.nextInt(IDS);
        // It commits what the transaction has done so far, so it has no place in one that is to be rolled back.
        if (random.nextInt(2_000) == 0 && !note.equals(Source.ROLLED_BACK)) {
            return "TRUNCATE TABLE ITEMS";
        }
        return switch (random.nextInt(20)) {
            case 0, 1, 2 -> "DELETE FROM ORDERS WHERE ID = " + id;
            case 3, 4 -> "DELETE FROM ITEMS WHERE ID BETWEEN " + id + " AND " + (id + 3);
            case 5 ->
                "UPDATE ORDERS SET ID = " + (1 + random.nextInt(IDS)) + ", NOTE = '" + note + "' WHERE ID = " + id;
            case 6, 7, 8 ->
                "UPDATE ITEMS SET QUANTITY = QUANTITY + 1, NOTE = '" + note + "' WHERE ID BETWEEN " + id + " AND "
                        + (id + 9);
            case 9, 10, 11, 12 ->
                "MERGE INTO ITEMS VALUES(" + id + ", " + random.nextInt() + ", '" + note + random.nextInt() + "')";
            default ->
                "MERGE INTO ORDERS VALUES(" + id + ", 'customer " + random.nextInt(17) + "', "
                        + random.nextInt(1_000_000) / 100.0 + ", TIMESTAMP '2026-03-01 00:00:00."
                        + random.nextInt(1_000)
                        + "', '" + note + "')";
        };
    }

    long committed() {
        return committed.get();
    }

    @Override
    public String toString() {
        return committed + " transactions committed, " + rolledBack + " rolled back, " + refused + " refused";
    }

    /** Lets every session end its transaction; fails if one of them failed. */
    @Override
    public void close() {
        done.set(true);
        threads.shutdown();
        for (Future<?> session : sessions) {
            try {
                session.get(STOP_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted", e);
            } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
                throw new AssertionError("a session failed", e);
            }
        }
    }
}
