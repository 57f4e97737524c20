package dev.penumbra.bench;

import dev.penumbra.model.Row;
import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.binary.BinaryObject;
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
    public BenchmarkReport run(Effort effort, Predicate<String> wanted, Consumer<String> progress) throws Exception {
        List<Row> rows = TpchRows.orders(effort.of(500, 10_000, 10_000));
        try (ScratchDirectory directory = ScratchDirectory.create();
                SourceJournal journal = new SourceJournal(directory.path().resolve("journal"), TpchRows.ORDERS)) {
            journal.fill(rows);
            try (GridOfThree grid =
                    new GridOfThree(directory.path(), directory.path().resolve("journal"))) {
                List<BenchmarkCase> cases = measure(grid, rows, effort, wanted, progress);
                return new BenchmarkReport(name(), Machine.describe(), cases);
            }
        }
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
            Rounds.Comparison comparison = Rounds.compare(
                    effort.of(0, 3, 5),
                    effort.of(1, 7, 15),
                    () -> read(near, keys, reads),
                    () -> read(local, keys, reads));
            double baseline = comparison.baselineMedian(0);
            double measured = comparison.measuredMedian(0);
            cases.add(new BenchmarkCase(
                    name,
                    baseline,
                    measured,
                    measured / baseline,
                    "us/op",
                    Map.of("ratioMax", 1 / comparison.smallestRatio(), "ratioMin", 1 / comparison.largestRatio())));
        }
        return cases;
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
