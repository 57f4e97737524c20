package dev.penumbra.bench;

import dev.penumbra.model.Row;
import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.binary.BinaryObject;

/**
 * The time from the end of a commit in H2 until a reader in another datacenter sees the change, at a steady rate of commits.
 */
final class Freshness {
    private static final int CHANGES_PER_SECOND = 1_000;
    private static final int CHANGES_PER_SAMPLE = 20;
    private static final long LOOK_NANOS = 100_000;
    private static final long NOT_COMMITTED = Long.MIN_VALUE;

    private final Connection source;
    private final IgniteCache<Object, BinaryObject> shadow;
    private final IgniteCache<Object, BinaryObject> plain;
    private final BinaryRows form;
    private final Row row;
    private final BlockingQueue<Sample> samples = new LinkedBlockingQueue<>();

    /** A change whose arrival is watched. */
    private record Sample(long key, int version, AtomicLong committedNanos, boolean counts) {}

    private Freshness(
            Connection source,
            IgniteCache<Object, BinaryObject> shadow,
            IgniteCache<Object, BinaryObject> plain,
            BinaryRows form,
            Row row) {
        this.source = source;
        this.shadow = shadow;
        this.plain = plain;
        this.form = form;
        this.row = row;
    }

    static List<BenchmarkCase> measure(Effort effort) throws Exception {
        try (ScratchDirectory directory = ScratchDirectory.create();
                CapturedOrders orders = CapturedOrders.create(directory.path());
                GridOfThree grid = new GridOfThree(directory.path(), orders.journal())) {
            Copy home = grid.homeImage(orders.source(), CapturedOrders.NAME);
            Copy shadow = grid.createShadow(orders.source(), CapturedOrders.NAME, GridOfThree.US, Compression.ZSTD);
            grid.createShadow(orders.source(), CapturedOrders.NAME, GridOfThree.EU, Compression.ZSTD);
            IgniteCache<Object, BinaryObject> plain = grid.node(GridOfThree.HOME)
                    .createCache(grid.like(shadow, "bench-put"))
                    .withKeepBinary();
            Freshness freshness = new Freshness(
                    orders.connection(),
                    grid.node(GridOfThree.US)
                            .<Object, BinaryObject>cache(shadow.cacheName())
                            .withKeepBinary(),
                    plain,
                    new BinaryRows(grid.node(GridOfThree.HOME).binary(), home),
                    CapturedOrders.ROW);
            return freshness.run(effort.of(200, 5_000, 15_000), effort.of(400, 8_000, 30_000));
        }
    }

    /** Commits some changes that only warm up and then some that count. */
    private List<BenchmarkCase> run(int warmups, int changes) throws Exception {
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try {
            int expected = (warmups + changes) / CHANGES_PER_SAMPLE;
            Future<double[][]> watching = threads.submit(() -> watch(expected));
            write(warmups, changes);
            double[][] millis = watching.get();
            Map<String, Double> beside =
                    Map.of("samples", (double) millis[0].length, "changesPerSecond", (double) CHANGES_PER_SECOND);
            List<BenchmarkCase> cases = new ArrayList<>();
            for (int percent : new int[] {50, 99}) {
                double visible = Percentiles.of(millis[0], percent);
                double put = Percentiles.of(millis[1], percent);
                cases.add(
                        new BenchmarkCase("commit-to-visible/p" + percent, put, visible, put / visible, "ms", beside));
            }
            return cases;
        } finally {
            threads.shutdownNow();
        }
    }

    private void write(int warmups, int changes) throws SQLException {
        long begin = System.nanoTime();
        try (PreparedStatement update =
                source.prepareStatement("UPDATE ORDERS SET " + CapturedOrders.VERSION + " = ? WHERE O_ORDERKEY = ?")) {
            for (int i = 0; i < warmups + changes; i++) {
                long due = begin + i * (1_000_000_000L / CHANGES_PER_SECOND);
                for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
                int version = i + 1;
                long key = i % CapturedOrders.ROWS;
                AtomicLong committed = new AtomicLong(NOT_COMMITTED);
                if (i % CHANGES_PER_SAMPLE == 0) {
                    samples.add(new Sample(key, version, committed, i >= warmups));
                }
                update.setInt(1, version);
                update.setLong(2, key);
                // The connection commits by itself.
                update.executeUpdate();
                committed.set(System.nanoTime());
            }
        }
    }

    /** Milliseconds until visible, and those of a put into a like cache from the home node. */
    private double[][] watch(int expected) throws InterruptedException {
        List<double[]> seen = new ArrayList<>();
        for (int i = 0; i < expected; i++) {
            Sample sample = samples.take();
            while (version(sample.key()) < sample.version()) {
                LockSupport.parkNanos(LOOK_NANOS);
            }
            long visible = System.nanoTime();
            while (sample.committedNanos().get() == NOT_COMMITTED) {
                Thread.onSpinWait();
            }
            double waited = Math.max(0, visible - sample.committedNanos().get());
            long begin = System.nanoTime();
            plain.put(sample.key(), form.value(row));
            double put = System.nanoTime() - begin;
            if (sample.counts()) {
                seen.add(new double[] {waited / 1e6, put / 1e6});
            }
        }
        return new double[][] {
            seen.stream().mapToDouble(sample -> sample[0]).toArray(),
            seen.stream().mapToDouble(sample -> sample[1]).toArray(),
        };
    }

    private int version(long key) {
        BinaryObject value = shadow.get(key);
        return value == null ? -1 : value.<Integer>field(CapturedOrders.VERSION);
    }
}
