package dev.penumbra.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ReadBenchmarkIT {
    @Test
    void run_reportsEveryCase() throws Exception {
        BenchmarkReport report = ReportShape.run(new ReadBenchmark());

        assertThat(report.rows())
                .extracting(BenchmarkCase::name)
                .containsExactly(
                        "local-hit/compressed",
                        "local-hit/plain",
                        "key/eventual",
                        "key/bounded",
                        "key/validated",
                        "sql/key",
                        "sql/group",
                        "wan-80ms/eventual/p99",
                        "wan-80ms/bounded/p99",
                        "wan-80ms/validated/p50");
    }
}
