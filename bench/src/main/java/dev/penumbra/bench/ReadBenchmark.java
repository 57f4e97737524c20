package dev.penumbra.bench;

import dev.penumbra.ignite.CopiedTable;
import dev.penumbra.ignite.Penumbra;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.read.Consistency;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.apache.ignite.configuration.CacheConfiguration;
import org.apache.ignite.configuration.NearCacheConfiguration;

/** Reading a row by key from a shadow on this node beside a hit in Ignite's own near cache. */
final class ReadBenchmark implements Benchmark {
    private static final String COLUMN = "O_CLERK";

    @Override
    public String name() {
        return "read";
    }

    @Override
    public String ratio() {
        return "the cost of a read from a local shadow / of a near cache hit";
    }

    @Override
    @SuppressWarnings("try") // the probe is answered for as long as it is open
    public BenchmarkReport run(Effort effort, Predicate<String> wanted, Consumer<String> progress) throws Exception {
        List<Row> rows = TpchRows.orders(effort.of(500, 10_000, 10_000));
        List<BenchmarkCase> cases = new ArrayList<>();
        try (ScratchDirectory directory = ScratchDirectory.create();
                SourceJournal journal = new SourceJournal(directory.path().resolve("journal"), TpchRows.ORDERS)) {
            journal.fill(rows);
            try (GridOfThree grid =
                            new GridOfThree(directory.path(), directory.path().resolve("journal"));
                    ProbeAnswers answers = journal.answerProbes()) {
                cases.addAll(measure(grid, rows, effort, wanted, progress));
            }
        }
        cases.addAll(FarReads.measure(effort, wanted, progress));
        return new BenchmarkReport(name(), Machine.describe(), cases);
    }

    private static List<BenchmarkCase> measure(
            GridOfThree grid, List<Row> rows, Effort effort, Predicate<String> wanted, Consumer<String> progress)
            throws Exception {
        Copy home = grid.homeImage(SourceJournal.SOURCE, TpchRows.ORDERS.name());
        Copy compressed =
                grid.createShadow(SourceJournal.SOURCE, TpchRows.ORDERS.name(), GridOfThree.EU, Compression.ZSTD);
        Copy plain = grid.createShadow(SourceJournal.SOURCE, TpchRows.ORDERS.name(), GridOfThree.US, Compression.NONE);
        Object[] keys = rows.stream().map(row -> row.get(0)).toArray();
        int reads = effort.of(2_000, 200_000, 1_000_000);
        List<BenchmarkCase> cases = new ArrayList<>();
        for (Copy shadow : List.of(compressed, plain)) {
            String name = "local-hit/" + (shadow.equals(compressed) ? "compressed" : "plain");
            if (!wanted.test(name)) {
                continue;
            }
            progress.accept(name);
            String datacenter = shadow.name().datacenter().name();
            IgniteCache<Object, BinaryObject> near = near(grid, home, plain, datacenter, rows);
            IgniteCache<Object, BinaryObject> local = grid.node(datacenter)
                    .<Object, BinaryObject>cache(shadow.cacheName())
                    .withKeepBinary();
            cases.add(compared(name, effort, () -> read(near, keys, reads), () -> read(local, keys, reads)));
        }
        cases.addAll(keys(grid, compressed, rows, reads / 10, effort, wanted, progress));
        cases.addAll(statements(grid, compressed, rows, effort.of(50, 2_000, 10_000), effort, wanted, progress));
        return cases;
    }

    /** A statement and how often it is run in a round. */
    private record Sql(String text, int runs) {}

    /**
     * Statements of a shadow's rows beside the same of an Ignite table with the same rows on the same node, which the engine gets without
     * a look at what Penumbra knows of them.
     */
    private static List<BenchmarkCase> statements(
            GridOfThree grid,
            Copy shadow,
            List<Row> rows,
            int runs,
            Effort effort,
            Predicate<String> wanted,
            Consumer<String> progress)
            throws Exception {
        Map<String, Sql> statements = new LinkedHashMap<>();
        statements.put("sql/key", new Sql("SELECT O_CLERK, O_TOTALPRICE FROM %s WHERE O_ORDERKEY = ?", runs));
        statements.put(
                "sql/group",
                new Sql(
                        "SELECT O_ORDERSTATUS, COUNT(*), SUM(O_TOTALPRICE) FROM %s WHERE O_ORDERKEY > ?"
                                + " GROUP BY O_ORDERSTATUS",
                        Math.max(1, runs / 200)));
        List<BenchmarkCase> cases = new ArrayList<>();
        if (statements.keySet().stream().noneMatch(wanted)) {
            return cases;
        }
        Ignite node = grid.node(shadow.name().datacenter().name());
        IgniteCache<?, ?> plain = ownTable(grid, node, shadow, rows);
        Object[] keys = rows.stream().map(row -> row.get(0)).toArray();
        for (Map.Entry<String, Sql> statement : statements.entrySet()) {
            String name = statement.getKey();
            if (!wanted.test(name)) {
                continue;
            }
            progress.accept(name);
            Sql sql = statement.getValue();
            String ofPlain = sql.text().formatted("PUBLIC.BENCH_" + shadow.sqlTable());
            String ofShadow = sql.text().formatted("SHADOW." + shadow.sqlTable());
            cases.add(compared(
                    name,
                    effort,
                    () -> timed(plain, ofPlain, keys, sql.runs()),
                    () -> timed(plain, ofShadow, keys, sql.runs())));
        }
        return cases;
    }

    /** A table on the shadow's nodes with the rows that the shadow has, stored as there. */
    private static IgniteCache<?, ?> ownTable(GridOfThree grid, Ignite node, Copy shadow, List<Row> rows) {
        CacheConfiguration<Object, BinaryObject> configuration = grid.like(shadow, "bench-table");
        configuration.setSqlSchema("PUBLIC");
        IgniteCache<Object, BinaryObject> cache =
                node.<Object, BinaryObject>createCache(configuration).withKeepBinary();
        BinaryRows form = new BinaryRows(node.binary(), shadow);
        for (Row row : rows) {
            cache.put(form.key(TpchRows.ORDERS.keyOf(row)), form.value(row));
        }
        return cache;
    }

    /** Microseconds a statement, with its answer read to its end. */
    private static double[] timed(IgniteCache<?, ?> cache, String sql, Object[] keys, int runs) {
        SplittableRandom random = new SplittableRandom(runs);
        long rows = 0;
        long begin = System.nanoTime();
        for (int i = 0; i < runs; i++) {
            rows += cache.query(new SqlFieldsQuery(sql).setArgs(keys[random.nextInt(keys.length)]))
                    .getAll()
                    .size();
        }
        double elapsed = System.nanoTime() - begin;
        if (rows == 0) {
            throw new IllegalStateException("nothing was read");
        }
        return new double[] {elapsed / 1e3 / runs};
    }

    /** Whole rows read by their keys at a level, beside a plain get of the same entry that makes the same row. */
    private static List<BenchmarkCase> keys(
            GridOfThree grid,
            Copy shadow,
            List<Row> rows,
            int reads,
            Effort effort,
            Predicate<String> wanted,
            Consumer<String> progress)
            throws Exception {
        Ignite node = grid.node(shadow.name().datacenter().name());
        IgniteCache<Object, BinaryObject> local =
                node.<Object, BinaryObject>cache(shadow.cacheName()).withKeepBinary();
        BinaryRows form = new BinaryRows(node.binary(), shadow);
        CopiedTable table = Penumbra.of(node).table(shadow.sqlTable());
        Key[] keys = rows.stream().map(TpchRows.ORDERS::keyOf).toArray(Key[]::new);
        List<BenchmarkCase> cases = new ArrayList<>();
        Map<String, Consistency> levels = new LinkedHashMap<>();
        levels.put("key/eventual", Consistency.eventual());
        levels.put("key/bounded", Consistency.bounded(Duration.ofSeconds(10)));
        for (Map.Entry<String, Consistency> level : levels.entrySet()) {
            if (!wanted.test(level.getKey())) {
                continue;
            }
            progress.accept(level.getKey());
            cases.add(compared(
                    level.getKey(),
                    effort,
                    () -> TimedReads.rows(keys, reads, key -> {
                        Object stored = form.key(key);
                        return form.row(stored, local.get(stored));
                    }),
                    () -> TimedReads.rows(keys, reads, key -> row(table, key, level.getValue()))));
        }
        String validated = "key/validated";
        if (wanted.test(validated)) {
            progress.accept(validated);
            int few = Math.max(1, reads / 200);
            cases.add(compared(
                    validated,
                    effort,
                    () -> TimedReads.rows(keys, few, key -> row(table, key, Consistency.primary())),
                    () -> TimedReads.rows(keys, few, key -> row(table, key, Consistency.validated()))));
        }
        return cases;
    }

    private static Row row(CopiedTable table, Key key, Consistency asked) {
        return table.get(key, asked).value().orElseThrow();
    }

    private static BenchmarkCase compared(String name, Effort effort, Rounds.Side baseline, Rounds.Side measured)
            throws Exception {
        Rounds.Comparison comparison = Rounds.compare(effort.of(0, 3, 5), effort.of(1, 7, 15), baseline, measured);
        return comparison.ofCosts(
                name, Map.of("addedMicros", comparison.measuredMedian(0) - comparison.baselineMedian(0)));
    }

    /** A cache on the home node with all rows, and the reading node's near cache of it, which holds them all. */
    private static IgniteCache<Object, BinaryObject> near(
            GridOfThree grid, Copy home, Copy plain, String datacenter, List<Row> rows) {
        CacheConfiguration<Object, BinaryObject> configuration = grid.like(home, "bench-near-" + datacenter);
        configuration.clearQueryEntities();
        configuration.setNearConfiguration(new NearCacheConfiguration<>());
        grid.node(GridOfThree.HOME).createCache(configuration);
        IgniteCache<Object, BinaryObject> cache = grid.node(datacenter)
                .<Object, BinaryObject>getOrCreateNearCache(configuration.getName(), new NearCacheConfiguration<>())
                .withKeepBinary();
        BinaryRows form = new BinaryRows(grid.node(datacenter).binary(), plain);
        for (Row row : rows) {
            Object key = form.key(TpchRows.ORDERS.keyOf(row));
            cache.put(key, form.value(row));
            cache.get(key);
        }
        return cache;
    }

    /** Microseconds a read of one column of a row that the node has. */
    private static double[] read(IgniteCache<Object, BinaryObject> cache, Object[] keys, int reads) {
        SplittableRandom random = new SplittableRandom(reads);
        long characters = 0;
        long begin = System.nanoTime();
        for (int i = 0; i < reads; i++) {
            BinaryObject value = cache.get(keys[random.nextInt(keys.length)]);
            characters += value.<String>field(COLUMN).length();
        }
        double elapsed = System.nanoTime() - begin;
        if (characters == 0) {
            throw new IllegalStateException("nothing was read");
        }
        return new double[] {elapsed / 1e3 / reads};
    }
}
