package dev.penumbra.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ShipBenchmarkIT {
    @Test
    void run_reportsEveryCase() throws Exception {
        BenchmarkReport report = ReportShape.run(new ShipBenchmark());

        assertThat(report.rows())
                .extracting(BenchmarkCase::name)
                .containsExactly("two-shadows/updates", "commit-to-visible/p50", "commit-to-visible/p99");
    }
}
