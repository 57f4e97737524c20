package dev.penumbra.bench;

import dev.penumbra.ignite.CopiedTable;
import dev.penumbra.ignite.FormerTable;
import dev.penumbra.ignite.Penumbra;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Key;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.coverage.Coverage;
import dev.penumbra.shadow.read.Consistency;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.jspecify.annotations.Nullable;

/** What keeping an archive costs a shadow's feed, and what reading from it costs beside reading what is. */
final class ArchiveBenchmark implements Benchmark {
    private static final Duration ARCHIVE = Duration.ofHours(1);

    private static final String GROUPED =
            "SELECT O_ORDERSTATUS, COUNT(*), SUM(O_TOTALPRICE) FROM SHADOW.%s%s GROUP BY O_ORDERSTATUS";

    @Override
    public String name() {
        return "archive";
    }

    @Override
    public String ratio() {
        return "the cost with an archive, or of reading from it / without";
    }

    @Override
    @SuppressWarnings("try") // the probe is answered for as long as it is open
    public BenchmarkReport run(Effort effort, Predicate<String> wanted, Consumer<String> progress) throws Exception {
        List<Row> rows = TpchRows.orders(effort.of(500, 5_000, 20_000));
        List<BenchmarkCase> cases = new ArrayList<>();
        try (ScratchDirectory directory = ScratchDirectory.create();
                SourceJournal journal = new SourceJournal(directory.path().resolve("journal"), TpchRows.ORDERS)) {
            journal.fill(rows);
            try (GridOfThree grid =
                            new GridOfThree(directory.path(), directory.path().resolve("journal"));
                    ProbeAnswers answers = journal.answerProbes()) {
                grid.homeImage(SourceJournal.SOURCE, TpchRows.ORDERS.name());
                Archived archived = new Archived(grid, journal, rows);
                if (wanted.test("feed")) {
                    progress.accept("feed");
                    cases.add(archived.feed(effort));
                }
                if (wanted.test("key") || wanted.test("statement")) {
                    Copy shadow = archived.shadow(ARCHIVE);
                    Position before = archived.changeAll(shadow);
                    if (wanted.test("key")) {
                        progress.accept("key");
                        cases.add(archived.keys(shadow, effort, before));
                    }
                    if (wanted.test("statement")) {
                        progress.accept("statement");
                        cases.add(archived.statements(shadow, effort, before));
                    }
                }
            }
        }
        return new BenchmarkReport(name(), Machine.describe(), cases);
    }

    /** A table of which every row is changed again and again. */
    private static final class Archived {
        private final GridOfThree grid;
        private final SourceJournal journal;
        private final List<Row> rows;
        private final Ignite node;
        private final List<byte[]> there;
        private final List<byte[]> back;
        private boolean isThere;

        Archived(GridOfThree grid, SourceJournal journal, List<Row> rows) {
            this.grid = grid;
            this.journal = journal;
            this.rows = rows;
            this.node = grid.node(GridOfThree.EU);
            int changed = TpchRows.ORDERS.ordinal("O_SHIPPRIORITY");
            List<Row> others = rows.stream()
                    .map(row -> {
                        @Nullable Object[] values = row.toArray();
                        values[changed] = 1;
                        return Row.of(values);
                    })
                    .toList();
            this.there = journal.updates(rows, others);
            this.back = journal.updates(others, rows);
        }

        private Copy shadow(Duration archive) {
            ShadowName name =
                    new ShadowName(SourceJournal.SOURCE, TpchRows.ORDERS.name(), Datacenter.of(GridOfThree.EU));
            return grid.createShadow(new ShadowDefinition(
                    name,
                    Compression.ZSTD,
                    ShadowDefinition.NEAR_ROWS_DEFAULT,
                    Consistency.eventual(),
                    Coverage.whole(),
                    Duration.ZERO,
                    ShadowDefinition.COMMIT_PERCENT_DEFAULT,
                    archive));
        }

        private Position append() {
            isThere = !isThere;
            return journal.append(isThere ? there : back, Origin.CAPTURED);
        }

        BenchmarkCase feed(Effort effort) throws Exception {
            return compared("feed", effort, () -> fed(Duration.ZERO), () -> fed(ARCHIVE));
        }

        /** Microseconds a change, from the first that is appended until all are applied. */
        private double[] fed(Duration archive) {
            Copy shadow = shadow(archive);
            long begin = System.nanoTime();
            Position end = append();
            grid.awaitApplied(shadow, end);
            return new double[] {(System.nanoTime() - begin) / 1e3 / rows.size()};
        }

        /** Changes all rows of a shadow twice; returns the position between. */
        Position changeAll(Copy shadow) {
            Position before = append();
            grid.awaitApplied(shadow, before);
            grid.awaitApplied(shadow, append());
            return before;
        }

        BenchmarkCase keys(Copy shadow, Effort effort, Position before) throws Exception {
            CopiedTable table = Penumbra.of(node).table(shadow.sqlTable());
            FormerTable former = table.asOf(before);
            int reads = effort.of(100, 300, 1_000);
            Key[] keys = rows.stream().map(TpchRows.ORDERS::keyOf).toArray(Key[]::new);
            return compared(
                    "key",
                    effort,
                    () -> TimedReads.rows(
                            keys,
                            reads,
                            key -> table.get(key, Consistency.eventual())
                                    .value()
                                    .orElseThrow()),
                    () -> TimedReads.rows(
                            keys, reads, key -> former.get(key).value().orElseThrow()));
        }

        BenchmarkCase statements(Copy shadow, Effort effort, Position before) throws Exception {
            IgniteCache<?, ?> cache = node.cache(shadow.cacheName());
            String now = GROUPED.formatted(shadow.sqlTable(), "");
            String then = GROUPED.formatted(shadow.sqlTable(), " FOR SYSTEM_TIME AS OF '" + before + "'");
            return compared(
                    "statement",
                    effort,
                    () -> TimedReads.statement(cache, now),
                    () -> TimedReads.statement(cache, then));
        }

        private static BenchmarkCase compared(String name, Effort effort, Rounds.Side baseline, Rounds.Side measured)
                throws Exception {
            return Rounds.compare(effort.of(0, 2, 3), effort.of(1, 7, 15), baseline, measured)
                    .ofCosts(name, Map.of());
        }
    }
}
