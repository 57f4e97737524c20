package dev.penumbra.bench;

import dev.penumbra.model.api.Internal;
import java.util.List;

/**
 * What a benchmark saw.
 *
 * @param name the benchmark
 * @param machine the machine and how busy it was
 * @param rows one line a case
 */
@Internal
public record BenchmarkReport(String name, String machine, List<BenchmarkCase> rows) {
    public BenchmarkReport {
        rows = List.copyOf(rows);
    }
}
