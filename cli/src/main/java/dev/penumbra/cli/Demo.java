package dev.penumbra.cli;

import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.read.Consistency.Level;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The whole way of a change in one process: captured sources, a grid of three datacenters, shadows, writers and readers, and the
 * comparison of every row at the end.
 *
 * <p>Only the grid's nodes and the databases share a process with the clients; all reading goes through JDBC. Owned by one
 * thread.
 */
final class Demo implements AutoCloseable {
    static final int ROWS_DEFAULT = 100_000;
    static final int ROWS_MIN = 1_000;
    static final int SECONDS_DEFAULT = 20;
    static final int CHANGES_PER_SECOND_DEFAULT = 1_000;

    private static final String PLAIN = "plain";
    private static final Duration VIEW_INTERVAL = Duration.ofSeconds(1);

    private final Path directory;
    private final boolean shared;
    private final Choice choice;
    private final Distance distance;
    private final DemoProgress progress;
    private final DemoGrid grid;
    private final List<DemoSource> sources = new ArrayList<>();
    private final Map<DemoSource, Double> memoryRatios = new HashMap<>();

    /** Which sources a demo has. */
    enum Choice {
        H2,
        DERBY,
        IGNITE,
        ALL;

        boolean has(Choice source) {
            return this == source || this == ALL;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What makes readers of copies care about consistency.
     *
     * @param roundTrip between two datacenters, once all copies are complete; zero to delay nothing
     * @param levels what readers of counters ask for, in each datacenter; where there are none, there are no such readers
     */
    record Distance(Duration roundTrip, Set<Level> levels) {
        Distance {
            levels = Set.copyOf(levels);
        }

        boolean isCounted() {
            return !levels.isEmpty();
        }
    }

    /**
     * @param directory where databases, journals and Ignite's files go
     * @param shared whether other processes may open the databases meanwhile, where that is possible
     * @param distance what the readers have to do with
     */
    Demo(Path directory, Choice choice, boolean shared, Distance distance, DemoProgress progress) throws IOException {
        this.directory = directory.toAbsolutePath();
        this.shared = shared;
        this.choice = choice;
        this.progress = progress;
        this.distance = distance;
        this.grid = new DemoGrid(this.directory, progress);
    }

    /** Fills the sources, begins capture, starts the grid and creates the shadows; returns when all are complete. */
    void prepare(int rows) throws SQLException {
        if (choice.has(Choice.H2)) {
            begin(new H2DemoSource(directory, shared, distance.isCounted()), rows);
        }
        if (choice.has(Choice.DERBY)) {
            begin(new DerbyDemoSource(directory, distance.isCounted()), rows);
        }
        // The home node opens the journals when it starts, so the relays must have made them.
        for (DemoSource source : sources) {
            source.settle(progress);
        }
        Path captures = directory.resolve("journal-ignite");
        grid.start(sources.stream().map(DemoSource::journal).toList(), captures);
        if (choice.has(Choice.IGNITE)) {
            begin(new IgniteDemoSource(grid.node(DemoGrid.HOME), captures, distance.isCounted()), rows);
        }
        Map<DemoSource, Long> bytes = new HashMap<>();
        for (DemoSource source : sources) {
            bytes.put(source, createShadows(source));
        }
        progress.say("home images and shadows are complete");
        compareMemory(bytes);
        // Filling waits for a round trip for each partition of each table, which nobody would want to watch.
        if (!distance.roundTrip().isZero()) {
            grid.setRoundTrip(distance.roundTrip());
            progress.say("from now on a round trip between two datacenters takes "
                    + distance.roundTrip().toMillis() + " ms");
        }
    }

    private void begin(DemoSource source, int rows) throws SQLException {
        sources.add(source);
        progress.say("filling " + source.address());
        long filled = source.fill(rows);
        progress.say(filled + " rows of customers, orders and line items are in");
        source.capture();
        progress.say("capture is on; journal in " + source.journal());
    }

    /** Creates a source's shadows and returns when they are complete, with the memory that they take in one datacenter. */
    private long createShadows(DemoSource source) throws SQLException {
        GridNode node = grid.node(DemoGrid.SHADOW_DATACENTERS.get(0));
        long before = node.copiesBytes();
        source.settle(progress);
        progress.await("the home images", () -> source.isCaughtUp(grid.home(), source.journalled(), List.of()));
        for (String datacenter : DemoGrid.SHADOW_DATACENTERS) {
            grid.createShadows(source, datacenter, Compression.ZSTD);
        }
        progress.await("the shadows to be complete", () -> isCaughtUp(source, source.journalled()));
        return node.copiesBytes() - before;
    }

    /**
     * Finds out what memory the same copies take without compression: on a node of a datacenter of its own, which is gone
     * afterwards.
     *
     * @param compressed the memory that each source's shadows take in one datacenter
     */
    private void compareMemory(Map<DemoSource, Long> compressed) throws SQLException {
        progress.say("filling uncompressed copies to compare their memory");
        List<String> datacenters = new ArrayList<>(DemoGrid.SHADOW_DATACENTERS);
        datacenters.add(PLAIN);
        try (GridNode node = grid.startFurther(PLAIN)) {
            for (DemoSource source : sources) {
                long before = node.copiesBytes();
                grid.createShadows(source, PLAIN, Compression.NONE);
                progress.await(
                        "the uncompressed copies",
                        () -> source.isCaughtUp(grid.home(), source.journalled(), datacenters));
                memoryRatios.put(
                        source,
                        (double) (node.copiesBytes() - before) / Objects.requireNonNull(compressed.get(source)));
            }
            for (DemoSource source : sources) {
                grid.dropShadows(source, PLAIN);
            }
        }
    }

    private boolean isCaughtUp(DemoSource source, Position end) throws SQLException {
        return source.isCaughtUp(grid.home(), end, DemoGrid.SHADOW_DATACENTERS);
    }

    /** Writes and reads for a while, lets everything arrive, and compares. */
    DemoSummary run(Duration duration, int changesPerSecond, long seed) throws SQLException, InterruptedException {
        Map<String, DemoReport> reports = new LinkedHashMap<>();
        List<DemoWorkload> workloads = new ArrayList<>();
        try {
            Map<DemoSource, Map<String, String>> names = new HashMap<>();
            Map<DemoSource, long[]> readsBefore = new HashMap<>();
            for (DemoSource source : sources) {
                Map<String, String> sqlNames = grid.sqlNames(source);
                names.put(source, sqlNames);
                workloads.add(new DemoWorkload(source, grid, sqlNames, distance.levels(), seed));
                readsBefore.put(source, answered(sqlNames));
            }
            progress.say("workload of " + duration.toSeconds() + " s at " + changesPerSecond
                    + " changes a second, seed " + seed);
            work(duration, changesPerSecond, workloads);
            for (DemoWorkload workload : workloads) {
                DemoSource source = workload.source();
                source.settle(progress);
                Position end = source.journalled();
                // Where something never comes the comparison tells what that is.
                boolean caughtUp = progress.comes(() -> isCaughtUp(source, end));
                progress.say("every copy " + of(source) + "has " + (caughtUp ? "" : "NOT ") + "reached " + end
                        + "; comparing row by row");
                Map<String, String> sqlNames = Objects.requireNonNull(names.get(source));
                long[] before = Objects.requireNonNull(readsBefore.get(source));
                long[] after = answered(sqlNames);
                reports.put(
                        source.label(),
                        compare(workload, sqlNames, after[0] - before[0], after[1] - before[1], after[2] - before[2]));
            }
        } finally {
            for (DemoWorkload workload : workloads) {
                workload.close();
            }
        }
        return new DemoSummary(reports, progress.elapsedSeconds());
    }

    private long[] answered(Map<String, String> sqlNames) throws SQLException {
        Map<String, String> names = new HashMap<>(sqlNames);
        names.keySet().retainAll(TpchTables.NAMES);
        return grid.answered(Set.copyOf(names.values()));
    }

    /** What says which source is meant, where there are several. */
    private String of(DemoSource source) {
        return sources.size() == 1 ? "" : "of " + source.label() + " ";
    }

    private void work(Duration duration, int changesPerSecond, List<DemoWorkload> workloads)
            throws InterruptedException, SQLException {
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService threads = Executors.newCachedThreadPool();
        List<Future<?>> tasks = new ArrayList<>();
        try {
            for (DemoWorkload workload : workloads) {
                for (Callable<@Nullable Void> task : workload.tasks(changesPerSecond, done)) {
                    tasks.add(threads.submit(task));
                }
            }
            watch(duration, workloads, tasks);
        } finally {
            done.set(true);
            threads.shutdown();
            if (!threads.awaitTermination(DemoProgress.PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                threads.shutdownNow();
            }
        }
        for (Future<?> task : tasks) {
            result(task);
        }
    }

    private static void result(Future<?> task) throws InterruptedException, SQLException {
        try {
            task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof SQLException failure) {
                throw failure;
            }
            throw new IllegalStateException("a client of the demo failed", e.getCause());
        }
    }

    private void watch(Duration duration, List<DemoWorkload> workloads, List<Future<?>> tasks) throws SQLException {
        long end = System.nanoTime() + duration.toNanos();
        while (System.nanoTime() - end < 0) {
            long left = Math.min(VIEW_INTERVAL.toNanos(), end - System.nanoTime());
            progress.pause(Duration.ofNanos(Math.max(0, left)));
            if (tasks.stream().anyMatch(Future::isDone)) {
                return;
            }
            for (DemoWorkload workload : workloads) {
                tell(workload);
            }
        }
    }

    private void tell(DemoWorkload workload) throws SQLException {
        DemoSource source = workload.source();
        StringBuilder applied = new StringBuilder();
        source.applied(grid.home())
                .forEach((datacenter, position) ->
                        applied.append(", ").append(datacenter).append(" at ").append(position));
        progress.say((sources.size() == 1 ? "" : source.label() + ": ") + workload.transactions() + " transactions, "
                + workload.writtenByWriters() + " changes, " + workload.rolledBack() + " rolled back; journal at "
                + source.journalled() + applied + "; " + workload.reads() + " reads");
    }

    private DemoReport compare(
            DemoWorkload workload, Map<String, String> sqlNames, long fromShadow, long preMerged, long fromHome)
            throws SQLException {
        DemoSource source = workload.source();
        Map<String, Long> rows = new LinkedHashMap<>();
        Map<String, Long> mismatches = new LinkedHashMap<>();
        for (String table : source.tables()) {
            CopyComparison expected = CopyComparison.of(
                    source.connection(), source.schema() + "." + table, columns(source, table), keyColumns(table));
            for (String datacenter : grid.datacenters()) {
                CopyComparison.Result found = expected.compare(
                        grid.client(datacenter),
                        DemoGrid.sqlSchema(datacenter) + "."
                                + TableName.quote(Objects.requireNonNull(sqlNames.get(table))));
                rows.merge(datacenter, found.rows(), Long::sum);
                mismatches.merge(datacenter, found.mismatches(), Long::sum);
            }
        }
        long homeRows = rows.getOrDefault(DemoGrid.HOME, 0L);
        rows.remove(DemoGrid.HOME);
        try (JournalCount journalled = new JournalCount(source.journal())) {
            journalled.advance();
            return new DemoReport(
                    homeRows,
                    rows,
                    mismatches,
                    workload.written(),
                    workload.rolledBack(),
                    journalled.captured(),
                    journalled.copied(),
                    workload.probe().millis(50),
                    workload.probe().millis(99),
                    workload.probe().samples(),
                    workload.reads(),
                    fromShadow,
                    preMerged,
                    fromHome,
                    grid.valueRatio(source),
                    Objects.requireNonNull(memoryRatios.get(source)),
                    workload.consistency(distance.roundTrip()),
                    progress.elapsedSeconds());
        }
    }

    private static List<String> keyColumns(String table) {
        return table.equals(CounterTable.NAME) ? List.of(CounterTable.KEY) : TpchTables.keyColumns(table);
    }

    private static List<String> columns(DemoSource source, String table) throws SQLException {
        List<String> columns = new ArrayList<>();
        DatabaseMetaData data = source.connection().getMetaData();
        try (ResultSet rows = data.getColumns(null, source.schema(), table, null)) {
            while (rows.next()) {
                columns.add(rows.getString("COLUMN_NAME"));
            }
        }
        return columns;
    }

    /** Where clients can connect while the demo is kept. */
    List<String> addresses() {
        List<String> addresses = new ArrayList<>();
        for (DemoSource source : sources) {
            addresses.add(
                    (sources.size() == 1 ? "source  " : String.format("%-8s", source.label())) + source.address());
        }
        grid.addresses().forEach((datacenter, url) -> addresses.add(String.format("%-8s%s", datacenter, url)));
        addresses.add("JMX     process " + ProcessHandle.current().pid());
        return addresses;
    }

    @Override
    public void close() throws SQLException {
        List<AutoCloseable> parts = new ArrayList<>();
        // Sessions of the grid's own tables end before its nodes do; databases stay until their journals have been let
        // go of.
        sources.stream().filter(IgniteDemoSource.class::isInstance).forEach(parts::add);
        parts.add(grid);
        sources.stream().filter(source -> !parts.contains(source)).forEach(parts::add);
        @Nullable SQLException failure = null;
        for (AutoCloseable part : parts) {
            failure = closed(part, failure);
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static @Nullable SQLException closed(AutoCloseable part, @Nullable SQLException former) {
        try {
            part.close();
            return former;
        } catch (Exception e) {
            SQLException failure = e instanceof SQLException own ? own : new SQLException(e);
            if (former == null) {
                return failure;
            }
            former.addSuppressed(failure);
            return former;
        }
    }
}
