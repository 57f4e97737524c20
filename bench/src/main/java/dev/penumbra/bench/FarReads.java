package dev.penumbra.bench;

import dev.penumbra.ignite.CopiedTable;
import dev.penumbra.ignite.Penumbra;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
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

/** Reads of rows by key from a shadow beside the same reads of the database itself, which is a long way off. */
final class FarReads {
    private static final Duration ROUND_TRIP = Duration.ofMillis(80);
    private static final int MEDIAN = 50;
    private static final int SLOW = 99;

    private final CopiedTable table;
    private int refused;

    private FarReads(CopiedTable table) {
        this.table = table;
    }

    /** How a level is compared: which of a hundred reads, and of how many reads in a round. */
    private record Case(Consistency level, int percent, int reads) {}

    static List<BenchmarkCase> measure(Effort effort, Predicate<String> wanted, Consumer<String> progress)
            throws Exception {
        int few = effort.of(5, 50, 100);
        int many = effort.of(200, 20_000, 50_000);
        Map<String, Case> cases = new LinkedHashMap<>();
        cases.put("wan-80ms/eventual/p99", new Case(Consistency.eventual(), SLOW, many));
        cases.put("wan-80ms/bounded/p99", new Case(Consistency.bounded(Duration.ofSeconds(10)), SLOW, many));
        cases.put("wan-80ms/validated/p50", new Case(Consistency.validated(), MEDIAN, few));
        cases.keySet().removeIf(wanted.negate());
        List<BenchmarkCase> measured = new ArrayList<>();
        if (cases.isEmpty()) {
            return measured;
        }
        try (ScratchDirectory directory = ScratchDirectory.create();
                CapturedOrders orders = CapturedOrders.create(directory.path());
                GridOfThree grid = new GridOfThree(directory.path(), orders.journal())) {
            grid.homeImage(orders.source(), CapturedOrders.NAME);
            Copy shadow = grid.createShadow(orders.source(), CapturedOrders.NAME, GridOfThree.EU, Compression.ZSTD);
            FarReads reads = new FarReads(Penumbra.of(grid.node(GridOfThree.EU)).table(shadow.sqlTable()));
            grid.setRoundTrip(ROUND_TRIP);
            GridOfThree.await("an answer from far", () -> reads.isAnswered(key(0), Consistency.primary()));
            for (Map.Entry<String, Case> one : cases.entrySet()) {
                progress.accept(one.getKey());
                measured.add(reads.compared(one.getKey(), effort, one.getValue(), few));
            }
        }
        return measured;
    }

    private BenchmarkCase compared(String name, Effort effort, Case one, int few) throws Exception {
        refused = 0;
        Rounds.Comparison comparison = Rounds.compare(
                effort.of(0, 1, 2),
                effort.of(1, 5, 9),
                () -> micros(Consistency.primary(), one.percent(), few),
                () -> micros(one.level(), one.percent(), one.reads()));
        return comparison.ofCosts(
                name,
                Map.of("timesFaster", comparison.baselineMedian(0) / comparison.measuredMedian(0), "refused", (double)
                        refused));
    }

    private static Key key(int row) {
        return Key.of((long) row);
    }

    /** Microseconds that so many of a hundred reads of a row take at most; one that is refused takes as long as that takes. */
    private double[] micros(Consistency asked, int percent, int reads) {
        SplittableRandom random = new SplittableRandom(reads);
        double[] micros = new double[reads];
        for (int i = 0; i < reads; i++) {
            Key key = key(random.nextInt(CapturedOrders.ROWS));
            long begin = System.nanoTime();
            if (!isAnswered(key, asked)) {
                refused++;
            }
            micros[i] = (System.nanoTime() - begin) / 1e3;
        }
        return new double[] {Percentiles.of(micros, percent)};
    }

    private boolean isAnswered(Key key, Consistency asked) {
        try {
            if (table.get(key, asked).value().isEmpty()) {
                throw new IllegalStateException("no row " + key);
            }
            return true;
        } catch (PenumbraException e) {
            if (e.code() != ErrorCode.STALENESS) {
                throw e;
            }
            return false;
        }
    }
}
