package dev.penumbra.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CompressBenchmarkIT {
    @Test
    void run_reportsEveryCase() throws Exception {
        BenchmarkReport report = ReportShape.run(new CompressBenchmark());

        assertThat(report.rows())
                .extracting(BenchmarkCase::name)
                .containsExactly(
                        "tpch-orders/value", "tpch-orders/memory", "tpch-lineitem/value", "tpch-lineitem/memory");
    }
}
