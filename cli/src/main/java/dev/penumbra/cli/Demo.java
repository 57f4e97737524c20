package dev.penumbra.cli;

import dev.penumbra.h2.Capture;
import dev.penumbra.ignite.PenumbraConfiguration;
import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.model.Change;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Origin;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.Compression;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The whole way of a change in one process: an H2 database with capture, a grid of three datacenters, shadows, writers and
 * readers, and the comparison of every row at the end.
 *
 * <p>Only the grid's nodes and the database share a process with the clients; all reading goes through JDBC. Owned by one
 * thread.
 */
final class Demo implements AutoCloseable {
    static final int ROWS_DEFAULT = 100_000;
    static final int ROWS_MIN = 1_000;
    static final int SECONDS_DEFAULT = 20;
    static final int CHANGES_PER_SECOND_DEFAULT = 1_000;

    private static final String HOME = "home";
    private static final List<String> SHADOW_DATACENTERS = List.of("eu", "us");
    private static final String PLAIN = "plain";
    private static final int WRITERS = 2;
    private static final int READS_PER_SECOND = 100;
    private static final int SAMPLES_PER_SECOND = 25;
    private static final String SCHEMA = "PUBLIC";
    private static final Duration LOOK_INTERVAL = Duration.ofMillis(100);
    private static final Duration VIEW_INTERVAL = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final String ORDER_KEYS = "SELECT O_ORDERKEY FROM ORDERS ORDER BY O_ORDERKEY";

    private final Path directory;
    private final PrintWriter view;
    private final StopSignal stop;
    private final long startNanos = System.nanoTime();
    private final Map<String, GridNode> nodes = new LinkedHashMap<>();
    private final Map<String, Connection> clients = new LinkedHashMap<>();
    private final String sourceUrl;
    private final Connection source;
    private final int gridPort;

    /**
     * @param directory where the database, the journal and Ignite's files go
     * @param shared whether other processes may open the database meanwhile
     * @param view where progress is told
     */
    Demo(Path directory, boolean shared, PrintWriter view, StopSignal stop) throws SQLException, IOException {
        this.directory = directory.toAbsolutePath();
        this.view = view;
        this.stop = stop;
        this.sourceUrl = "jdbc:h2:file:" + this.directory.resolve("orders") + (shared ? ";AUTO_SERVER=TRUE" : "");
        this.gridPort = freePort();
        this.source = connect();
    }

    private Path journal() {
        return directory.resolve("journal");
    }

    private void say(String text) {
        view.println(String.format("%5.1f s  %s", elapsedSeconds(), text));
        view.flush();
    }

    private double elapsedSeconds() {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    /** Fills the database, begins capture, starts the grid and creates the shadows; returns when all are complete. */
    void prepare(int rows) throws SQLException {
        TpchTables.create(source);
        say("filling " + sourceUrl);
        long filled = TpchTables.fill(source, rows, count -> {});
        say(filled + " rows of customers, orders and line items are in");
        for (String table : TpchTables.NAMES) {
            Capture.install(source, SCHEMA + "." + table, journal().toString());
        }
        say("capture is on; journal in " + journal());
        // The home node opens the journal when it starts, so the relay must have made it.
        settleSource();
        startGrid();
        createShadows();
        await("the shadows to be complete", () -> caughtUp(journalled()));
        say("home image and shadows are complete");
    }

    private void startGrid() throws SQLException {
        List<String> datacenters = new ArrayList<>(List.of(HOME));
        datacenters.addAll(SHADOW_DATACENTERS);
        for (String datacenter : datacenters) {
            PenumbraConfiguration plugin =
                    new PenumbraConfiguration().setDatacenter(datacenter).setDataRegion(GridNode.COPIES_REGION);
            if (datacenter.equals(HOME)) {
                plugin.setJournalDirectories(List.of(journal().toString()));
            }
            GridNode node = start(datacenter, plugin);
            nodes.put(datacenter, node);
            clients.put(datacenter, DriverManager.getConnection(node.jdbcUrl()));
            say("datacenter " + datacenter + " is up: " + node.jdbcUrl());
        }
    }

    private GridNode start(String datacenter, PenumbraConfiguration plugin) {
        return GridNode.start(
                GridNode.local(
                        "demo-" + gridPort + "-" + datacenter, gridPort, directory.resolve("ignite-" + datacenter)),
                plugin);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            // Discovery, communication and their neighbours need some ports above it.
            return Math.min(socket.getLocalPort(), 65_000);
        }
    }

    private void createShadows() throws SQLException {
        await(
                "the home images",
                () -> count("SELECT COUNT(*) FROM SYS.PENUMBRA_SHADOWS WHERE ROLE = 'HOME_IMAGE' AND PHASE = 'READY'")
                        == TpchTables.NAMES.size());
        for (String datacenter : SHADOW_DATACENTERS) {
            createShadows(datacenter, Compression.ZSTD);
        }
    }

    private void createShadows(String datacenter, Compression compression) throws SQLException {
        String name;
        try (JournalReader reader = JournalReader.openOldest(journal())) {
            name = reader.source();
        }
        try (Statement statement = client(HOME).createStatement()) {
            for (String table : TpchTables.NAMES) {
                String sql = "CREATE SHADOW OF " + TableName.quote(name) + "." + SCHEMA + "." + table
                        + " IN DATACENTER '" + datacenter + "' WITH (COMPRESSION = '" + compression + "')";
                say(sql);
                statement.execute(sql);
            }
        }
    }

    /**
     * The memory that the same copies take without compression, in bytes: on a node of a datacenter of its own, which is gone
     * afterwards.
     */
    private long plainBytes(Position end) throws SQLException {
        PenumbraConfiguration plugin =
                new PenumbraConfiguration().setDatacenter(PLAIN).setDataRegion(GridNode.COPIES_REGION);
        try (GridNode node = start(PLAIN, plugin)) {
            createShadows(PLAIN, Compression.NONE);
            await("the uncompressed copies", () -> caughtUp(end, 2 + SHADOW_DATACENTERS.size()));
            long bytes = node.copiesBytes();
            try (Statement statement = client(HOME).createStatement();
                    JournalReader reader = JournalReader.openOldest(journal())) {
                for (String table : TpchTables.NAMES) {
                    statement.execute("DROP SHADOW OF " + TableName.quote(reader.source()) + "." + SCHEMA + "." + table
                            + " IN DATACENTER '" + PLAIN + "'");
                }
            }
            return bytes;
        }
    }

    private Connection client(String datacenter) {
        Connection client = clients.get(datacenter);
        if (client == null) {
            throw new IllegalStateException("no node in " + datacenter);
        }
        return client;
    }

    private GridNode node(String datacenter) {
        GridNode node = nodes.get(datacenter);
        if (node == null) {
            throw new IllegalStateException("no node in " + datacenter);
        }
        return node;
    }

    private long count(String sql) throws SQLException {
        return count(client(HOME), sql);
    }

    private static long count(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    private void settleSource() throws SQLException {
        if (!Capture.settle(source, PATIENCE.toMillis())) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE)
                    .with("waitedFor", "the journal to have everything that is committed");
        }
    }

    private Position journalled() throws SQLException {
        try (ResultSet status = Capture.status(source)) {
            return status.next() ? Position.parse(status.getString("JOURNALLED")) : Position.START;
        }
    }

    private boolean caughtUp(Position end) throws SQLException {
        return caughtUp(end, 1 + SHADOW_DATACENTERS.size());
    }

    private boolean caughtUp(Position end, int datacenters) throws SQLException {
        int copies = 0;
        try (Statement statement = client(HOME).createStatement();
                ResultSet rows = statement.executeQuery("SELECT PHASE, APPLIED FROM SYS.PENUMBRA_SHADOWS")) {
            while (rows.next()) {
                if (!rows.getString(1).equals("READY")
                        || Position.parse(rows.getString(2)).compareTo(end) < 0) {
                    return false;
                }
                copies++;
            }
        }
        return copies == TpchTables.NAMES.size() * datacenters;
    }

    private interface Condition {
        boolean holds() throws SQLException;
    }

    private void await(String what, Condition condition) throws SQLException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() - end > 0) {
                throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE).with("waitedFor", what);
            }
            if (stop.await(LOOK_INTERVAL)) {
                throw new CancellationException("stopped");
            }
        }
    }

    /** Writes and reads for a while, lets everything arrive, and compares. */
    DemoReport run(Duration duration, int changesPerSecond, long seed) throws SQLException, InterruptedException {
        long[] keys = orderKeys();
        List<DemoWriter> writers = new ArrayList<>();
        List<DemoReader> readers = new ArrayList<>();
        List<PreparedStatement> probed = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            writers.add(new DemoWriter(connect(), seed, i, WRITERS));
        }
        for (String datacenter : SHADOW_DATACENTERS) {
            readers.add(new DemoReader(
                    DriverManager.getConnection(node(datacenter).jdbcUrl()), seed + readers.size(), keys));
            probed.add(client(datacenter)
                    .prepareStatement("SELECT O_SHIPPRIORITY FROM SHADOW_"
                            + datacenter.toUpperCase(java.util.Locale.ROOT) + ".ORDERS WHERE O_ORDERKEY = ?"));
        }
        long[] readsBefore = answered();
        try (FreshnessProbe probe = new FreshnessProbe(connect(), probed)) {
            say("workload of " + duration.toSeconds() + " s at " + changesPerSecond + " changes a second, seed "
                    + seed);
            work(duration, changesPerSecond, writers, readers, probe);
            settleSource();
            Position end = journalled();
            await("every copy to reach " + end, () -> caughtUp(end));
            say("every copy has reached " + end + "; comparing row by row");
            long[] readsAfter = answered();
            DemoReport report =
                    compare(writers, readers, probe, readsAfter[0] - readsBefore[0], readsAfter[1] - readsBefore[1]);
            for (DemoWriter writer : writers) {
                writer.close();
            }
            for (DemoReader reader : readers) {
                reader.close();
            }
            return report;
        }
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(sourceUrl, "sa", "");
    }

    private long[] orderKeys() throws SQLException {
        LongStream.Builder keys = LongStream.builder();
        try (Statement statement = source.createStatement();
                ResultSet rows = statement.executeQuery(ORDER_KEYS)) {
            while (rows.next()) {
                keys.add(rows.getLong(1));
            }
        }
        return keys.build().toArray();
    }

    private void work(
            Duration duration,
            int changesPerSecond,
            List<DemoWriter> writers,
            List<DemoReader> readers,
            FreshnessProbe probe)
            throws InterruptedException, SQLException {
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService threads = Executors.newCachedThreadPool();
        List<Future<?>> tasks = new ArrayList<>();
        try {
            for (DemoWriter writer : writers) {
                Pace pace = new Pace((double) changesPerSecond / writers.size());
                tasks.add(threads.submit(until(done, () -> {
                    pace.await(writer.written() + writer.rolledBack());
                    writer.transaction();
                })));
            }
            for (DemoReader reader : readers) {
                Pace pace = new Pace(READS_PER_SECOND);
                tasks.add(threads.submit(until(done, () -> {
                    pace.await(reader.reads());
                    reader.read();
                })));
            }
            Pace pace = new Pace(SAMPLES_PER_SECOND);
            tasks.add(threads.submit(until(done, () -> {
                pace.await(probe.samples());
                probe.sample();
            })));
            watch(duration, writers, readers, probe, tasks);
        } finally {
            done.set(true);
            threads.shutdown();
            if (!threads.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                threads.shutdownNow();
            }
        }
        for (Future<?> task : tasks) {
            result(task);
        }
    }

    private interface Step {
        void run() throws SQLException;
    }

    private static Callable<@Nullable Void> until(AtomicBoolean done, Step step) {
        return () -> {
            while (!done.get()) {
                step.run();
            }
            return null;
        };
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

    private void watch(
            Duration duration,
            List<DemoWriter> writers,
            List<DemoReader> readers,
            FreshnessProbe probe,
            List<Future<?>> tasks)
            throws SQLException {
        long end = System.nanoTime() + duration.toNanos();
        while (System.nanoTime() - end < 0) {
            long left = Math.min(VIEW_INTERVAL.toNanos(), end - System.nanoTime());
            if (stop.await(Duration.ofNanos(Math.max(0, left)))) {
                throw new CancellationException("stopped");
            }
            if (tasks.stream().anyMatch(Future::isDone)) {
                return;
            }
            say(sum(writers, DemoWriter::transactions) + " transactions, "
                    + sum(writers, DemoWriter::written) + " changes, "
                    + sum(writers, DemoWriter::rolledBack) + " rolled back; journal at " + journalled() + frontiers()
                    + "; " + (sum(readers, DemoReader::reads) + probe.reads()) + " reads");
        }
    }

    private static <T> long sum(List<T> clients, java.util.function.ToLongFunction<T> figure) {
        return clients.stream().mapToLong(figure).sum();
    }

    private String frontiers() throws SQLException {
        StringBuilder text = new StringBuilder();
        try (Statement statement = client(HOME).createStatement();
                ResultSet rows = statement.executeQuery("SELECT DATACENTER, APPLIED_EPOCH, APPLIED_SEQUENCE"
                        + " FROM SYS.PENUMBRA_FRONTIERS ORDER BY DATACENTER")) {
            while (rows.next()) {
                text.append(", ")
                        .append(rows.getString(1))
                        .append(" at ")
                        .append(rows.getLong(2))
                        .append(':')
                        .append(rows.getLong(3));
            }
        }
        return text.toString();
    }

    /** How many reads shadows and home images have answered so far, in all datacenters. */
    private long[] answered() throws SQLException {
        long[] counts = new long[2];
        for (Connection client : clients.values()) {
            try (Statement statement = client.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT FROM_SHADOW, FROM_HOME FROM SYS.PENUMBRA_READS")) {
                while (rows.next()) {
                    counts[0] += rows.getLong(1);
                    counts[1] += rows.getLong(2);
                }
            }
        }
        return counts;
    }

    private DemoReport compare(
            List<DemoWriter> writers, List<DemoReader> readers, FreshnessProbe probe, long fromShadow, long fromHome)
            throws SQLException {
        Map<String, Long> rows = new LinkedHashMap<>();
        Map<String, Long> mismatches = new LinkedHashMap<>();
        for (String table : TpchTables.NAMES) {
            CopyComparison expected = CopyComparison.of(
                    source, SCHEMA + "." + table, columns(table, "COLUMNS"), columns(table, "KEY_COLUMN_USAGE"));
            for (String datacenter : nodes.keySet()) {
                String schema =
                        datacenter.equals(HOME) ? "HOME" : "SHADOW_" + datacenter.toUpperCase(java.util.Locale.ROOT);
                CopyComparison.Result found = expected.compare(client(datacenter), schema + "." + table);
                rows.merge(datacenter, found.rows(), Long::sum);
                mismatches.merge(datacenter, found.mismatches(), Long::sum);
            }
        }
        long[] journalled = journalledChanges();
        double valueRatio = valueRatio();
        long homeRows = rows.getOrDefault(HOME, 0L);
        rows.remove(HOME);
        return new DemoReport(
                homeRows,
                rows,
                mismatches,
                sum(writers, DemoWriter::written) + probe.written(),
                sum(writers, DemoWriter::rolledBack),
                journalled[0],
                journalled[1],
                probe.millis(50),
                probe.millis(99),
                probe.samples(),
                sum(readers, DemoReader::reads) + probe.reads(),
                fromShadow,
                fromHome,
                valueRatio,
                memoryRatio(),
                elapsedSeconds());
    }

    private List<String> columns(String table, String view) throws SQLException {
        List<String> columns = new ArrayList<>();
        try (PreparedStatement query = source.prepareStatement("SELECT COLUMN_NAME FROM INFORMATION_SCHEMA." + view
                + " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION")) {
            query.setString(1, SCHEMA);
            query.setString(2, table);
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    columns.add(rows.getString(1));
                }
            }
        }
        return columns;
    }

    /** Row changes in the journal: those that transactions made, and the rows that stood there before. */
    private long[] journalledChanges() {
        long[] counts = new long[2];
        try (JournalReader reader = JournalReader.openOldest(journal())) {
            for (CommittedTransaction next = reader.poll(); next != null; next = reader.poll()) {
                for (Change change : next) {
                    if (change.operation().isRowOperation()) {
                        counts[change.origin() == Origin.SNAPSHOT ? 1 : 0]++;
                    }
                }
            }
        }
        return counts;
    }

    private double valueRatio() throws SQLException {
        double[] ratio = new double[1];
        await("the shadows' sizes", () -> {
            try (Statement statement = client(HOME).createStatement();
                    ResultSet sizes =
                            statement.executeQuery("SELECT SUM(RAW_BYTES), SUM(STORED_BYTES), MIN(STORED_BYTES)"
                                    + " FROM SYS.PENUMBRA_SHADOWS WHERE ROLE = 'SHADOW'")) {
                sizes.next();
                ratio[0] = sizes.getDouble(1) / sizes.getDouble(2);
                return sizes.getLong(3) > 0;
            }
        });
        return ratio[0];
    }

    private double memoryRatio() throws SQLException {
        long compressed = node(SHADOW_DATACENTERS.get(0)).copiesBytes();
        say("filling uncompressed copies to compare their memory");
        return (double) plainBytes(journalled()) / compressed;
    }

    /** Where clients can connect while the demo is kept. */
    List<String> addresses() {
        List<String> addresses = new ArrayList<>();
        addresses.add("source  " + sourceUrl + " (user sa, no password)");
        nodes.forEach((datacenter, node) -> addresses.add(datacenter + "  " + node.jdbcUrl()));
        addresses.add("JMX     process " + ProcessHandle.current().pid());
        return addresses;
    }

    @Override
    public void close() throws SQLException {
        @Nullable SQLException failure = null;
        for (Connection client : clients.values()) {
            failure = closed(client, failure);
        }
        // Home first: its shipper would miss the others.
        for (GridNode node : nodes.values()) {
            node.close();
        }
        failure = closed(source, failure);
        if (failure != null) {
            throw failure;
        }
    }

    private static @Nullable SQLException closed(Connection connection, @Nullable SQLException former) {
        try {
            connection.close();
            return former;
        } catch (SQLException e) {
            if (former == null) {
                return e;
            }
            former.addSuppressed(e);
            return former;
        }
    }
}
