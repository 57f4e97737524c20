package dev.penumbra.bench;

import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.ignite.IgniteDataStreamer;
import org.apache.ignite.binary.BinaryObject;

/**
 * Updates on their way from a journal into two shadows beside Ignite's data streamer writing the same rows into caches that
 * are set up like the shadows' and stand on the same nodes; and how long after its commit a change can be read.
 *
 * <p>Shipping writes the home image too, which the ratio charges to Penumbra; what it is against streamers that write three
 * caches stands beside.
 */
final class ShipBenchmark implements Benchmark {
    @Override
    public String name() {
        return "ship";
    }

    @Override
    public String ratio() {
        return "rows a second from the journal / from data streamers; for commit-to-visible a plain put's time / ours";
    }

    @Override
    public BenchmarkReport run(Effort effort, Predicate<String> wanted, Consumer<String> progress) throws Exception {
        List<BenchmarkCase> cases = new ArrayList<>();
        if (wanted.test("two-shadows/updates")) {
            progress.accept("two-shadows/updates");
            cases.add(throughput(effort));
        }
        if (wanted.test("commit-to-visible/p50") || wanted.test("commit-to-visible/p99")) {
            progress.accept("commit-to-visible");
            cases.addAll(Freshness.measure(effort));
        }
        cases.removeIf(found -> !wanted.test(found.name()));
        return new BenchmarkReport(name(), Machine.describe(), cases);
    }

    private static BenchmarkCase throughput(Effort effort) throws Exception {
        List<Row> rows = TpchRows.orders(effort.of(500, 20_000, 100_000));
        ExecutorService threads = Executors.newCachedThreadPool();
        try (ScratchDirectory directory = ScratchDirectory.create();
                SourceJournal journal = new SourceJournal(directory.path().resolve("journal"), TpchRows.ORDERS)) {
            journal.fill(rows);
            List<byte[]> updates = journal.updates(rows, rows);
            try (GridOfThree grid =
                    new GridOfThree(directory.path(), directory.path().resolve("journal"))) {
                Copy home = grid.homeImage(SourceJournal.SOURCE, TpchRows.ORDERS.name());
                List<Copy> shadows = new ArrayList<>();
                for (String datacenter : List.of(GridOfThree.EU, GridOfThree.US)) {
                    shadows.add(grid.createShadow(
                            SourceJournal.SOURCE, TpchRows.ORDERS.name(), datacenter, Compression.ZSTD));
                }
                List<Copy> all = new ArrayList<>(shadows);
                all.add(home);
                all.forEach(copy -> grid.node(GridOfThree.HOME).createCache(grid.like(copy, streamed(copy))));
                Rounds.Comparison comparison = Rounds.compare(
                        effort.of(0, 2, 3),
                        effort.of(1, 5, 9),
                        () -> new double[] {
                            stream(grid, threads, shadows, rows), stream(grid, threads, all, rows),
                        },
                        () -> new double[] {ship(grid, journal, shadows, updates)});
                double baseline = 1e6 / comparison.baselineMedian(0);
                double measured = 1e6 / comparison.measuredMedian(0);
                Map<String, Double> beside = new LinkedHashMap<>();
                beside.put("ratioMin", comparison.smallestRatio());
                beside.put("ratioMax", comparison.largestRatio());
                beside.put("ratioWithHome", comparison.baselineMedian(1) / comparison.measuredMedian(0));
                return new BenchmarkCase(
                        "two-shadows/updates", baseline, measured, measured / baseline, "rows/s", beside);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static String streamed(Copy copy) {
        return "bench-streamed-" + copy.name().datacenter().name();
    }

    /** Microseconds a row until all caches have it. */
    private static double stream(GridOfThree grid, ExecutorService threads, List<Copy> copies, List<Row> rows)
            throws InterruptedException, ExecutionException {
        long begin = System.nanoTime();
        List<Future<?>> streams = new ArrayList<>();
        for (Copy copy : copies) {
            streams.add(threads.submit(() -> stream(grid, copy, rows)));
        }
        for (Future<?> stream : streams) {
            stream.get();
        }
        return (System.nanoTime() - begin) / 1e3 / rows.size();
    }

    private static void stream(GridOfThree grid, Copy copy, List<Row> rows) {
        BinaryRows form = new BinaryRows(grid.node(GridOfThree.HOME).binary(), copy);
        try (IgniteDataStreamer<Object, BinaryObject> streamer =
                grid.node(GridOfThree.HOME).dataStreamer(streamed(copy))) {
            streamer.allowOverwrite(true);
            streamer.keepBinary(true);
            for (Row row : rows) {
                streamer.addData(form.key(TpchRows.ORDERS.keyOf(row)), form.value(row));
            }
        }
    }

    /** Microseconds a row from the first append to the journal until both shadows have the last row. */
    private static double ship(GridOfThree grid, SourceJournal journal, List<Copy> shadows, List<byte[]> updates) {
        long begin = System.nanoTime();
        Position end = journal.append(updates, Origin.CAPTURED);
        shadows.forEach(shadow -> grid.awaitApplied(shadow, end));
        return (System.nanoTime() - begin) / 1e3 / updates.size();
    }
}
