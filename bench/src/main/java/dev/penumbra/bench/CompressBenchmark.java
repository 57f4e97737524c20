package dev.penumbra.bench;

import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.ShadowStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * How much smaller compressed shadows are: the bytes of their values, and the whole memory of their data region beside that
 * of an uncompressed shadow of the same rows.
 */
final class CompressBenchmark implements Benchmark {
    @Override
    public String name() {
        return "compress";
    }

    @Override
    public String ratio() {
        return "bytes without compression / bytes with ZSTD";
    }

    @Override
    public BenchmarkReport run(Effort effort, Predicate<String> wanted, Consumer<String> progress) throws Exception {
        int rows = effort.of(2_000, 60_000, 300_000);
        List<BenchmarkCase> cases = new ArrayList<>();
        if (wanted.test("tpch-orders/value") || wanted.test("tpch-orders/memory")) {
            measure("tpch-orders", TpchRows.ORDERS, TpchRows.orders(rows), cases, progress);
        }
        if (wanted.test("tpch-lineitem/value") || wanted.test("tpch-lineitem/memory")) {
            measure("tpch-lineitem", TpchRows.LINEITEM, TpchRows.lineItems(rows), cases, progress);
        }
        cases.removeIf(found -> !wanted.test(found.name()));
        return new BenchmarkReport(name(), Machine.describe(), cases);
    }

    private static void measure(
            String name, TableSchema table, List<Row> rows, List<BenchmarkCase> cases, Consumer<String> progress)
            throws Exception {
        progress.accept(name);
        try (ScratchDirectory directory = ScratchDirectory.create();
                SourceJournal journal = new SourceJournal(directory.path().resolve("journal"), table)) {
            journal.fill(rows);
            try (GridOfThree grid =
                    new GridOfThree(directory.path(), directory.path().resolve("journal"))) {
                grid.homeImage(SourceJournal.SOURCE, table.name());
                Copy compressed =
                        grid.createShadow(SourceJournal.SOURCE, table.name(), GridOfThree.EU, Compression.ZSTD);
                grid.createShadow(SourceJournal.SOURCE, table.name(), GridOfThree.US, Compression.NONE);
                ShadowStatus status = grid.settledStatus(compressed);
                if (status.rows() != rows.size()) {
                    throw new IllegalStateException("the shadow has " + status.rows() + " of " + rows.size() + " rows");
                }
                cases.add(bytes(name + "/value", status.rawBytes(), status.storedBytes(), rows.size()));
                cases.add(bytes(
                        name + "/memory",
                        grid.copiesBytes(GridOfThree.US),
                        grid.copiesBytes(GridOfThree.EU),
                        rows.size()));
            }
        }
    }

    private static BenchmarkCase bytes(String name, long plainBytes, long compressedBytes, int rows) {
        double plain = (double) plainBytes;
        double compressed = (double) compressedBytes;
        return new BenchmarkCase(
                name, plain / rows, compressed / rows, plain / compressed, "bytes/row", Map.of("rows", (double) rows));
    }
}
