package dev.penumbra.bench;

import dev.penumbra.ignite.CopiedTable;
import dev.penumbra.ignite.Penumbra;
import dev.penumbra.model.Key;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SessionToken;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.read.Consistency;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.cache.query.SqlFieldsQuery;

/** Reads of a shadow that must have what is pending of it beside the same reads of the shadow alone. */
final class PreMergeBenchmark implements Benchmark {
    /** Longer than a round of reads takes. */
    private static final int PENDING_MILLIS = 5_000;

    /** After so many statements the next one is expected. */
    private static final int EXPECTED_AFTER = 10;

    private static final String GROUPED = "SELECT O_ORDERSTATUS, COUNT(*), SUM(O_TOTALPRICE) FROM SHADOW.%s"
            + " GROUP BY O_ORDERSTATUS WITH CONSISTENCY ";

    @Override
    public String name() {
        return "premerge";
    }

    @Override
    public String ratio() {
        return "the cost of a read with what is pending / of the shadow alone";
    }

    @Override
    @SuppressWarnings("try") // the probe is answered for as long as it is open
    public BenchmarkReport run(Effort effort, Predicate<String> wanted, Consumer<String> progress) throws Exception {
        List<Row> rows = TpchRows.orders(effort.of(500, 50_000, 100_000));
        try (ScratchDirectory directory = ScratchDirectory.create();
                SourceJournal journal = new SourceJournal(directory.path().resolve("journal"), TpchRows.ORDERS)) {
            Position end = journal.fill(rows);
            try (GridOfThree grid = new GridOfThree(
                            directory.path(),
                            directory.path().resolve("journal"),
                            plugin -> plugin.setPendingMillis(effort.of(1_500, PENDING_MILLIS, PENDING_MILLIS)));
                    ProbeAnswers answers = journal.answerProbes()) {
                Copy home = grid.homeImage(SourceJournal.SOURCE, TpchRows.ORDERS.name());
                Copy shadow = grid.createShadow(
                        SourceJournal.SOURCE, TpchRows.ORDERS.name(), GridOfThree.EU, Compression.ZSTD);
                Shadow read = new Shadow(grid, journal, home, shadow, rows, end);
                List<BenchmarkCase> cases = new ArrayList<>();
                for (int pending : List.of(0, effort.of(100, 10_000, 10_000))) {
                    for (String kind : List.of("key", "statement")) {
                        String name = "pending-" + (pending == 0 ? "0" : "10000") + "/" + kind;
                        if (wanted.test(name)) {
                            progress.accept(name);
                            cases.add(
                                    kind.equals("key")
                                            ? read.keys(name, effort, pending)
                                            : read.statements(name, effort, pending, 0));
                        }
                    }
                }
                String expected = "expected-10000/statement";
                if (wanted.test(expected)) {
                    progress.accept(expected);
                    cases.add(read.statements(expected, effort, effort.of(100, 10_000, 10_000), EXPECTED_AFTER));
                }
                return new BenchmarkReport(name(), Machine.describe(), cases);
            }
        }
    }

    /** A shadow that is read and, by its journal, changed. */
    private static final class Shadow {
        private final GridOfThree grid;
        private final SourceJournal journal;
        private final Copy home;
        private final List<Row> rows;
        private final CopiedTable table;
        private final UUID journalId;
        private final List<byte[]> same;
        private Copy shadow;
        private Position end;

        Shadow(GridOfThree grid, SourceJournal journal, Copy home, Copy shadow, List<Row> rows, Position end) {
            this.grid = grid;
            this.journal = journal;
            this.home = home;
            this.shadow = shadow;
            this.rows = rows;
            this.end = end;
            Ignite node = grid.node(GridOfThree.EU);
            this.table = Penumbra.of(node).table(shadow.sqlTable());
            this.journalId = journal.id();
            this.same = journal.updates(rows, rows);
        }

        /** Every so manieth row is updated, so many in all; returns when all of that is pending, or applied where there is nothing. */
        private Consistency pending(int count) {
            if (count == 0) {
                grid.awaitApplied(shadow, end);
            } else {
                List<byte[]> changes = new ArrayList<>(count);
                for (int i = 0; i < count; i++) {
                    changes.add(same.get((int) ((long) i * same.size() / count)));
                }
                end = journal.append(changes, Origin.CAPTURED);
            }
            Consistency written = Consistency.session(SessionToken.of(SourceJournal.SOURCE, journalId, end));
            GridOfThree.await(
                    "what is pending",
                    () -> Objects.requireNonNull(table.get(key(0), written).position())
                                    .compareTo(end)
                            >= 0);
            // Home, which has it written at once, shares the processors.
            grid.awaitApplied(home, end);
            return written;
        }

        private Key key(int row) {
            return TpchRows.ORDERS.keyOf(rows.get(row));
        }

        BenchmarkCase keys(String name, Effort effort, int pending) throws Exception {
            int reads = effort.of(200, 20_000, 50_000);
            Key[] keys = rows.stream().map(TpchRows.ORDERS::keyOf).toArray(Key[]::new);
            return compared(name, effort, () -> timed(keys, reads, Consistency.eventual()), () -> {
                Consistency written = pending(pending);
                double[] micros = timed(keys, reads, written);
                // What is pending is gone before the baseline is read again.
                grid.awaitApplied(shadow, end);
                return micros;
            });
        }

        /** Microseconds a read of a row. */
        private double[] timed(Key[] keys, int reads, Consistency asked) {
            return TimedReads.rows(
                    keys, reads, key -> table.get(key, asked).value().orElseThrow());
        }

        /** @param before how many statements ask for what is pending before the one that is measured; where none does, nobody expects it */
        BenchmarkCase statements(String name, Effort effort, int pending, int before) throws Exception {
            String grouped = GROUPED.formatted(shadow.sqlTable());
            return compared(name, effort, () -> timed(grouped + "EVENTUAL"), () -> {
                if (before == 0 && pending > 0) {
                    // A new one, which nobody has read.
                    shadow = grid.createShadow(shadow.definition());
                }
                for (int i = 0; i < before; i++) {
                    timed(grouped + pending(1));
                }
                Consistency written = pending(pending);
                double[] micros = timed(grouped + written);
                grid.awaitApplied(shadow, end);
                return micros;
            });
        }

        /** Microseconds a statement. */
        private double[] timed(String sql) {
            return TimedReads.statement(cache(), sql);
        }

        private IgniteCache<?, ?> cache() {
            return grid.node(GridOfThree.EU).cache(shadow.cacheName());
        }

        private long sum(String figure) {
            List<List<?>> counts =
                    cache().query(new SqlFieldsQuery("SELECT " + figure)).getAll();
            return counts.stream().mapToLong(row -> (Long) row.get(0)).sum();
        }

        private long preMerged() {
            return sum("PRE_MERGED FROM SYS.PENUMBRA_READS");
        }

        private long ahead() {
            return sum("AHEAD FROM SYS.PENUMBRA_JOURNALS");
        }

        private BenchmarkCase compared(String name, Effort effort, Rounds.Side baseline, Rounds.Side measured)
                throws Exception {
            long mergedBefore = preMerged();
            long aheadBefore = ahead();
            Rounds.Comparison comparison = Rounds.compare(effort.of(0, 2, 3), effort.of(1, 7, 15), baseline, measured);
            return comparison.ofCosts(
                    name,
                    Map.of(
                            "preMerged",
                            (double) (preMerged() - mergedBefore),
                            "ahead", // A shadow that is created anew begins to count anew.
                            (double) Math.max(0, ahead() - aheadBefore)));
        }
    }
}
