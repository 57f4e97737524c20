package dev.penumbra.bench;

import dev.penumbra.h2.Capture;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What capture takes from the thread that writes to H2: processor time a row without capture and with it.
 *
 * <p>Processor time and not elapsed time, because the relay works beside the writer on purpose; its own time stands beside.
 */
final class CaptureBenchmark implements Benchmark {
    private static final long SETTLE_MILLIS = 120_000;
    private static final String RELAY_THREADS = "penumbra-relay-";
    private static final String DISK_THREADS = "penumbra-disk-";

    private static final String TABLE =
            "CREATE TABLE ORDERS (O_ID BIGINT PRIMARY KEY, O_CUSTOMER INTEGER, O_STATE VARCHAR(16),"
                    + " O_TOTAL DECIMAL(12, 2), O_NOTE VARCHAR(120), O_CHANGED TIMESTAMP)";
    private static final String INSERT = "INSERT INTO ORDERS VALUES (?, 1, 'OPEN', 10.5,"
            + " 'customer note please deliver carefully and ring twice', CURRENT_TIMESTAMP)";
    private static final String UPDATE =
            "UPDATE ORDERS SET O_TOTAL = O_TOTAL + 1, O_CHANGED = CURRENT_TIMESTAMP WHERE O_ID = ?";

    private enum Place {
        FILE,
        MEM;

        String url(Path directory) {
            // A database in memory is gone with its last connection, so one name serves every round.
            return this == FILE ? "jdbc:h2:file:" + directory.resolve("database") : "jdbc:h2:mem:penumbra-bench";
        }
    }

    private enum Statements {
        INSERT,
        UPDATE
    }

    private record Workload(Place place, Statements statements, int rows, int rowsPerCommit) {
        String caseName() {
            return "h2-" + place.name().toLowerCase(Locale.ROOT) + "/"
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
        return "the writer's processor time without capture / with capture: 1 is free";
    }

    @Override
    public BenchmarkReport run(Effort effort, Consumer<String> progress) throws Exception {
        int rows = effort.of(200, 10_000, 60_000);
        List<BenchmarkCase> cases = new ArrayList<>();
        for (Place place : Place.values()) {
            for (Statements statements : Statements.values()) {
                for (int rowsPerCommit : new int[] {1, 100}) {
                    Workload workload = new Workload(place, statements, rows, rowsPerCommit);
                    progress.accept(workload.caseName());
                    cases.add(compare(workload, effort));
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

    /** Microseconds a row: the writer's processor time, the relay's, and elapsed time. */
    private static double[] measure(Workload workload, boolean captured) throws Exception {
        try (ScratchDirectory directory = ScratchDirectory.create();
                Connection connection =
                        DriverManager.getConnection(workload.place().url(directory.path()), "sa", "")) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(TABLE);
            }
            connection.setAutoCommit(false);
            if (workload.statements() == Statements.UPDATE) {
                write(connection, INSERT, workload.rows(), 1_000);
            }
            if (captured) {
                connection.setAutoCommit(true);
                Capture.install(
                        connection,
                        "PUBLIC.ORDERS",
                        directory.path().resolve("journal").toString());
                settle(connection);
                connection.setAutoCommit(false);
            }
            String sql = workload.statements() == Statements.INSERT ? INSERT : UPDATE;
            long relayBefore = relayNanos();
            long elapsedBefore = System.nanoTime();
            long before = ThreadTime.own();
            write(connection, sql, workload.rows(), workload.rowsPerCommit());
            double writer = ThreadTime.own() - before;
            double elapsed = System.nanoTime() - elapsedBefore;
            if (captured) {
                settle(connection);
            }
            double relay = relayNanos() - relayBefore;
            double rowsTimesThousand = workload.rows() * 1e3;
            return new double[] {writer / rowsTimesThousand, relay / rowsTimesThousand, elapsed / rowsTimesThousand};
        }
    }

    private static void write(Connection connection, String sql, int rows, int rowsPerCommit) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < rows; i++) {
                statement.setLong(1, i);
                statement.executeUpdate();
                if (i % rowsPerCommit == rowsPerCommit - 1) {
                    connection.commit();
                }
            }
            connection.commit();
        }
    }

    private static long relayNanos() {
        return ThreadTime.ofThreadsNamed(RELAY_THREADS) + ThreadTime.ofThreadsNamed(DISK_THREADS);
    }

    private static void settle(Connection connection) throws SQLException {
        if (!Capture.settle(connection, SETTLE_MILLIS)) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE)
                    .with("waitedFor", "the journal to have everything that is committed");
        }
    }
}
