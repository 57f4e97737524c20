package dev.penumbra.cli;

import dev.penumbra.model.TableName;
import dev.penumbra.shadow.read.Consistency.Level;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.ToLongFunction;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * What is done to one source of the demo: its writers, the readers of its shadows, and the probe of their freshness. Owned by one thread,
 * apart from the tasks, each of which is for a thread of its own.
 */
final class DemoWorkload implements AutoCloseable {
    private static final int WRITERS = 2;
    private static final int READS_PER_SECOND = 100;
    private static final int SAMPLES_PER_SECOND = 25;

    private final DemoSource source;
    private final List<DemoWriter> writers = new ArrayList<>();
    private final List<DemoReader> readers = new ArrayList<>();
    private final List<Connection> probeSessions = new ArrayList<>();
    private final FreshnessProbe probe;
    private final @Nullable ConsistencyWorkload consistency;

    /**
     * @param sqlNames the names of the tables' copies in SQL
     * @param levels what readers of counters ask for; where there are none, there are no such readers
     */
    DemoWorkload(DemoSource source, DemoGrid grid, Map<String, String> sqlNames, Set<Level> levels, long seed)
            throws SQLException {
        this.source = source;
        String orders = TableName.quote(Objects.requireNonNull(sqlNames.get("ORDERS")));
        String lines = TableName.quote(Objects.requireNonNull(sqlNames.get("LINEITEM")));
        long[] keys = orderKeys();
        List<PreparedStatement> probed = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            writers.add(new DemoWriter(source.connect(), source.isTransactional(), seed, i, WRITERS));
        }
        for (String datacenter : DemoGrid.SHADOW_DATACENTERS) {
            String url = grid.node(datacenter).jdbcUrl();
            readers.add(new DemoReader(DriverManager.getConnection(url), orders, lines, seed + readers.size(), keys));
            // A session of Ignite's serves one thread at a time.
            Connection session = DriverManager.getConnection(url);
            probeSessions.add(session);
            probed.add(session.prepareStatement("SELECT O_SHIPPRIORITY FROM " + DemoGrid.sqlSchema(datacenter) + "."
                    + orders + " WHERE O_ORDERKEY = ?"));
        }
        this.probe = new FreshnessProbe(source.connect(), source.isTransactional(), probed);
        this.consistency = levels.isEmpty()
                ? null
                : new ConsistencyWorkload(
                        source, grid, Objects.requireNonNull(sqlNames.get(CounterTable.NAME)), levels, seed);
    }

    private long[] orderKeys() throws SQLException {
        LongStream.Builder keys = LongStream.builder();
        try (Statement statement = source.connection().createStatement();
                ResultSet rows = statement.executeQuery("SELECT O_ORDERKEY FROM ORDERS ORDER BY O_ORDERKEY")) {
            while (rows.next()) {
                keys.add(rows.getLong(1));
            }
        }
        return keys.build().toArray();
    }

    /** The clients' work until it is done. */
    List<Callable<@Nullable Void>> tasks(int changesPerSecond, AtomicBoolean done) {
        List<Callable<@Nullable Void>> tasks = new ArrayList<>();
        for (DemoWriter writer : writers) {
            Pace pace = new Pace((double) changesPerSecond / writers.size());
            tasks.add(until(done, () -> {
                pace.await(writer.written() + writer.rolledBack());
                writer.transaction();
            }));
        }
        for (DemoReader reader : readers) {
            Pace pace = new Pace(READS_PER_SECOND);
            tasks.add(until(done, () -> {
                pace.await(reader.reads());
                reader.read();
            }));
        }
        Pace pace = new Pace(SAMPLES_PER_SECOND);
        tasks.add(until(done, () -> {
            pace.await(probe.samples());
            probe.sample();
        }));
        if (consistency != null) {
            tasks.addAll(consistency.tasks(done));
        }
        return tasks;
    }

    /** A part of a client's work. */
    interface Step {
        void run() throws SQLException;
    }

    /** A client's work, step after step until it is done. */
    static Callable<@Nullable Void> until(AtomicBoolean done, Step step) {
        return () -> {
            while (!done.get()) {
                step.run();
            }
            return null;
        };
    }

    DemoSource source() {
        return source;
    }

    FreshnessProbe probe() {
        return probe;
    }

    /**
     * What came of the reads of counters, null where there are none.
     *
     * @param roundTrip between two datacenters
     */
    @Nullable ConsistencyReport consistency(Duration roundTrip) {
        return consistency == null ? null : consistency.report(roundTrip);
    }

    long transactions() {
        return sum(writers, DemoWriter::transactions);
    }

    /** Row changes that the writers have committed. */
    long writtenByWriters() {
        return sum(writers, DemoWriter::written);
    }

    /** Row changes that were committed. */
    long written() {
        return writtenByWriters() + probe.written() + (consistency == null ? 0 : consistency.written());
    }

    /** Row changes that were rolled back. */
    long rolledBack() {
        return sum(writers, DemoWriter::rolledBack) + (consistency == null ? 0 : consistency.rolledBack());
    }

    /** Statements on the shadows of the tables of {@link TpchTables}. */
    long reads() {
        return sum(readers, DemoReader::reads) + probe.reads();
    }

    private static <T> long sum(List<T> clients, ToLongFunction<T> figure) {
        return clients.stream().mapToLong(figure).sum();
    }

    @Override
    public void close() throws SQLException {
        for (DemoWriter writer : writers) {
            writer.close();
        }
        for (DemoReader reader : readers) {
            reader.close();
        }
        for (Connection session : probeSessions) {
            session.close();
        }
        probe.close();
        if (consistency != null) {
            consistency.close();
        }
    }
}
