package dev.penumbra.bench;

import dev.penumbra.bench.CapturedJdbcTable.Database;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * What capture takes from whoever writes: the time of a row without capture and with it.
 *
 * <p>For databases it is the processor time of the writing thread and not elapsed time, because the relay works beside the
 * writer on purpose; its own time stands beside. For Ignite it is elapsed time.
 */
final class CaptureBenchmark implements Benchmark {
    private static final int PAST_SQL_TIMES = 5;

    private enum Place {
        H2_FILE,
        H2_MEM,
        DERBY_FILE,
        IGNITE;

        CapturedTable open(Path directory) throws Exception {
            return switch (this) {
                case H2_FILE -> new CapturedJdbcTable(Database.H2_FILE, directory);
                case H2_MEM -> new CapturedJdbcTable(Database.H2_MEM, directory);
                case DERBY_FILE -> new CapturedJdbcTable(Database.DERBY_FILE, directory);
                case IGNITE -> new CapturedIgniteTable(directory);
            };
        }
    }

    private enum Statements {
        INSERT,
        UPDATE,
        /** New rows past SQL. */
        PUT
    }

    private record Workload(Place place, Statements statements, int rows, int rowsPerCommit) {
        String caseName() {
            return place.name().toLowerCase(Locale.ROOT).replace('_', '-') + "/"
                    + statements.name().toLowerCase(Locale.ROOT) + "/commit-"
                    + (rowsPerCommit == 1 ? "each" : String.valueOf(rowsPerCommit));
        }
    }

    @Override
    public String name() {
        return "capture";
    }

    @Override
    public String ratio() {
        return "the writer's time without capture / with capture: 1 is free";
    }

    @Override
    public BenchmarkReport run(Effort effort, Predicate<String> wanted, Consumer<String> progress) throws Exception {
        int rows = effort.of(200, 10_000, 60_000);
        List<BenchmarkCase> cases = new ArrayList<>();
        for (Place place : Place.values()) {
            for (Statements statements : Statements.values()) {
                if (statements == Statements.PUT && place != Place.IGNITE) {
                    continue;
                }
                for (int rowsPerCommit : statements == Statements.PUT ? new int[] {1} : new int[] {1, 100}) {
                    boolean pastSql = place == Place.IGNITE && (statements == Statements.PUT || rowsPerCommit > 1);
                    // A round of these would be over before it says anything.
                    Workload workload =
                            new Workload(place, statements, pastSql ? rows * PAST_SQL_TIMES : rows, rowsPerCommit);
                    if (wanted.test(workload.caseName())) {
                        progress.accept(workload.caseName());
                        cases.add(compare(workload, effort));
                    }
                }
            }
        }
        return new BenchmarkReport(name(), Machine.describe(), cases);
    }

    private static BenchmarkCase compare(Workload workload, Effort effort) throws Exception {
        Rounds.Comparison comparison = Rounds.compare(
                effort.of(0, 2, 3), effort.of(1, 5, 9), () -> measure(workload, false), () -> measure(workload, true));
        double baseline = comparison.baselineMedian(0);
        double measured = comparison.measuredMedian(0);
        Map<String, Double> beside = new LinkedHashMap<>();
        beside.put("ratioMin", comparison.smallestRatio());
        beside.put("ratioMax", comparison.largestRatio());
        beside.put("relayMicrosPerChange", comparison.measuredMedian(1));
        beside.put("elapsedMicrosBaseline", comparison.baselineMedian(2));
        beside.put("elapsedMicrosMeasured", comparison.measuredMedian(2));
        return new BenchmarkCase(workload.caseName(), baseline, measured, baseline / measured, "us/op", beside);
    }

    /** Microseconds a row: the writer's, the relay's processor time, and elapsed time. */
    private static double[] measure(Workload workload, boolean captured) throws Exception {
        try (ScratchDirectory directory = ScratchDirectory.create();
                CapturedTable table = workload.place().open(directory.path())) {
            int rows = workload.rows();
            if (workload.statements() == Statements.UPDATE) {
                table.insert(rows, 1_000);
            }
            if (captured) {
                table.capture();
            }
            long relayBefore = table.relayNanos();
            long elapsedBefore = System.nanoTime();
            long before = table.costNanos();
            switch (workload.statements()) {
                case INSERT -> table.insert(rows, workload.rowsPerCommit());
                case UPDATE -> table.update(rows, workload.rowsPerCommit());
                case PUT -> table.put(rows);
            }
            double writer = table.costNanos() - before;
            double elapsed = System.nanoTime() - elapsedBefore;
            if (captured) {
                table.settle();
            }
            double relay = table.relayNanos() - relayBefore;
            double rowsTimesThousand = rows * 1e3;
            return new double[] {writer / rowsTimesThousand, relay / rowsTimesThousand, elapsed / rowsTimesThousand};
        }
    }
}
