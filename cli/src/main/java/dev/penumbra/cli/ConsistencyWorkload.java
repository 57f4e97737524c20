package dev.penumbra.cli;

import dev.penumbra.ignite.Answer;
import dev.penumbra.ignite.CopiedTable;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.model.SessionToken;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.Consistency.Level;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A writer that counts in a source's {@link CounterTable}, and sessions in every datacenter that read it at several levels, by SQL and by
 * key; each answer is checked. Owned by one thread, apart from the clients, each of which is for a thread of its own.
 */
final class ConsistencyWorkload implements AutoCloseable {
    static final int WRITES_PER_SECOND = 100;
    /** Of each reader, few enough for one that waits for a round trip each time, so that all count alike. */
    static final int READS_PER_SECOND = 10;

    /** Bounds are chosen below this. */
    private static final int BOUND_LIMIT_MILLIS = 1_500;

    private static final int WRITES_PER_TOKEN = 10;
    private static final int WRITES_PER_OPEN = 20;
    private static final int OPEN_LIMIT_MILLIS = 300;
    private static final int OPEN_PER_TAKEN_BACK = 25;
    private static final int CONFIRMATION_SECONDS = 30;

    private static final List<ErrorCode> REFUSALS = List.of(ErrorCode.STALENESS, ErrorCode.COPY_REPLACED);

    private final CounterCheck check = new CounterCheck(CounterTable.COUNTERS, System::nanoTime);
    private final Map<Level, LevelFigures> figures = new EnumMap<>(Level.class);
    private final List<Level> levels;
    private final Writer writer;
    private final List<Client> readers = new ArrayList<>();
    private final List<Connection> connections = new ArrayList<>();
    private final AtomicLong takenBack = new AtomicLong();
    private final Queue<CompletableFuture<Long>> confirmations = new ConcurrentLinkedQueue<>();

    /**
     * @param copies the name of the table's copies in SQL
     * @param levels what is asked for, at least one
     */
    ConsistencyWorkload(DemoSource source, DemoGrid grid, String copies, Set<Level> levels, long seed)
            throws SQLException {
        this.levels = levels.stream().sorted().toList();
        this.levels.forEach(level -> figures.put(level, new LevelFigures()));
        this.writer = new Writer(
                opened(source.connect()), source.tokenQuery(), source.isReadByKey(), new SplittableRandom(seed));
        for (String datacenter : grid.datacenters()) {
            for (Level level : this.levels) {
                addReaders(source, grid.node(datacenter), datacenter, copies, level, seed);
            }
        }
    }

    /** Each has a session for its level alone: one that has read at home may have to go on reading there. */
    private void addReaders(DemoSource source, GridNode node, String datacenter, String copies, Level level, long seed)
            throws SQLException {
        if (level != Level.OPTIMISTIC) {
            Connection connection = opened(DriverManager.getConnection(node.jdbcUrl()));
            readers.add(new Client(
                    datacenter + " by SQL",
                    level,
                    (counter, asked) -> new Found(bySql(connection, TableName.quote(copies), counter, asked), null),
                    seed + readers.size()));
        }
        if (source.isReadByKey()) {
            CopiedTable table =
                    dev.penumbra.ignite.Penumbra.of(node.ignite()).session().table(copies);
            readers.add(new Client(
                    datacenter + " by key",
                    level,
                    (counter, asked) -> byKey(table, counter, asked),
                    seed + readers.size()));
        }
    }

    private Connection opened(Connection connection) {
        connections.add(connection);
        return connection;
    }

    /** The clients' work until it is done. */
    List<Callable<@Nullable Void>> tasks(AtomicBoolean done) {
        List<Callable<@Nullable Void>> tasks = new ArrayList<>();
        Pace writes = new Pace(WRITES_PER_SECOND);
        tasks.add(DemoWorkload.until(done, () -> {
            writes.await(check.commits());
            writer.count();
        }));
        for (Client reader : readers) {
            Pace reads = new Pace(READS_PER_SECOND);
            tasks.add(DemoWorkload.until(done, () -> {
                reads.await(reader.asked);
                reader.read();
            }));
        }
        return tasks;
    }

    /** Row changes that were committed. */
    long written() {
        return check.commits();
    }

    /** Row changes that were rolled back. */
    long rolledBack() {
        return takenBack.get();
    }

    /** @param roundTrip between two datacenters */
    ConsistencyReport report(Duration roundTrip) {
        awaitConfirmations();
        Map<Level, LevelFigures.Summary> summaries = new EnumMap<>(Level.class);
        figures.forEach((level, one) -> summaries.put(level, one.summary()));
        return new ConsistencyReport(roundTrip, summaries, check.violationCount(), check.violations());
    }

    private void awaitConfirmations() {
        try {
            CompletableFuture.allOf(confirmations.toArray(CompletableFuture[]::new))
                    .exceptionally(refused -> null)
                    .get(CONFIRMATION_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("answers are neither confirmed nor corrected", e);
        }
    }

    /** Counts, now and then in a transaction that stays open for a while or is taken back, and asks for tokens. */
    private final class Writer {
        private final Connection connection;
        private final boolean hasTransactions;
        private final PreparedStatement update;
        private final @Nullable PreparedStatement token;
        private final SplittableRandom random;

        /** @param tokenQuery empty where there are no tokens */
        Writer(Connection connection, Optional<String> tokenQuery, boolean hasTransactions, SplittableRandom random)
                throws SQLException {
            this.connection = connection;
            this.hasTransactions = hasTransactions;
            this.update = connection.prepareStatement(CounterTable.UPDATE);
            this.token = tokenQuery.isPresent() ? connection.prepareStatement(tokenQuery.get()) : null;
            this.random = random;
        }

        void count() throws SQLException {
            int counter = CounterTable.next(random.nextDouble());
            boolean staysOpen = hasTransactions && random.nextInt(WRITES_PER_OPEN) == 0;
            connection.setAutoCommit(!staysOpen);
            check.begin(counter);
            update.setLong(1, counter);
            while (!counted()) {
                // The database has ended the transaction because of a deadlock.
            }
            if (staysOpen) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(OPEN_LIMIT_MILLIS)));
                if (random.nextInt(OPEN_PER_TAKEN_BACK) == 0) {
                    check.takingBack(counter);
                    connection.rollback();
                    takenBack.incrementAndGet();
                    return;
                }
                connection.commit();
            }
            check.committed(counter);
            if (token != null && random.nextInt(WRITES_PER_TOKEN) == 0) {
                try (ResultSet row = token.executeQuery()) {
                    row.next();
                    check.mark(SessionToken.parse(row.getString(1)));
                }
            }
        }

        private boolean counted() throws SQLException {
            try {
                if (update.executeUpdate() != 1) {
                    throw new IllegalStateException("a counter's row is gone");
                }
                return true;
            } catch (SQLTransactionRollbackException e) {
                return false;
            }
        }
    }

    /**
     * A counter's value.
     *
     * @param confirmed what it is confirmed or corrected by; null where it needs not be
     */
    private record Found(long value, @Nullable CompletionStage<Long> confirmed) {}

    /** Reads a counter. */
    private interface Read {
        Found value(int counter, Consistency asked) throws SQLException;
    }

    /** One session that reads. */
    private final class Client {
        private final CounterCheck.Session session;
        private final Level level;
        private final Read read;
        private final SplittableRandom random;
        private long asked;

        Client(String name, Level level, Read read, long seed) {
            this.level = level;
            this.session = check.session(name);
            this.read = read;
            this.random = new SplittableRandom(seed);
        }

        void read() throws SQLException {
            // What somebody is about to write, where that is to be seen.
            int counter = level == Level.OPTIMISTIC
                    ? CounterTable.next(random.nextDouble())
                    : random.nextInt(CounterTable.COUNTERS);
            Duration bound = Duration.ofMillis(random.nextInt(BOUND_LIMIT_MILLIS));
            asked++;
            CounterCheck.Question question = session.ask(counter, level, bound);
            long start = System.nanoTime();
            Found found;
            try {
                found = read.value(counter, question.consistency());
            } catch (SQLException | PenumbraException e) {
                if (!isRefusal(e)) {
                    throw e;
                }
                of(level).refused();
                return;
            }
            of(level).answered(System.nanoTime() - start);
            question.answered(found.value());
            if (found.confirmed() != null) {
                of(level).uncommitted();
                confirmations.add(found.confirmed()
                        .whenComplete((value, failure) -> {
                            if (failure == null) {
                                question.confirmed(value);
                                of(level).confirmed(value == found.value());
                            }
                        })
                        .toCompletableFuture());
            }
        }
    }

    /** Whether a failure says that what was asked for cannot be had now; over JDBC only its text tells. */
    private static boolean isRefusal(Exception failure) {
        return failure instanceof PenumbraException own
                ? REFUSALS.contains(own.code())
                : REFUSALS.stream()
                        .anyMatch(code -> String.valueOf(failure.getMessage()).contains("PENUMBRA-" + code.number()));
    }

    private static long bySql(Connection connection, String copies, int counter, Consistency asked)
            throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(CounterTable.query(copies, counter, asked.toString()))) {
            return row.next() ? row.getLong(1) : CounterCheck.ABSENT;
        }
    }

    private Found byKey(CopiedTable table, int counter, Consistency asked) {
        Answer<Optional<Row>> answer = table.get(Key.of((long) counter), asked);
        of(asked.level()).told(answer.source(), answer.staleness());
        return new Found(
                value(answer),
                answer.confirmation() == null ? null : answer.confirmed().thenApply(ConsistencyWorkload::value));
    }

    private static long value(Answer<Optional<Row>> answer) {
        return answer.value()
                .map(row -> (Long) Objects.requireNonNull(row.get(CounterTable.COUNT_ORDINAL)))
                .orElse(CounterCheck.ABSENT);
    }

    private LevelFigures of(Level level) {
        return Objects.requireNonNull(figures.get(level));
    }

    @Override
    public void close() throws SQLException {
        for (Connection connection : connections) {
            connection.close();
        }
    }
}
