package dev.penumbra.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class JournalBenchmarkTest {
    @Test
    void run_comparesTheSameRecords() throws Exception {
        BenchmarkReport report = ReportShape.run(new JournalBenchmark());

        assertThat(report.rows())
                .extracting(BenchmarkCase::name)
                .containsExactly("images/commit-each", "images/commit-100", "rows/commit-100");
        assertThat(report.rows().get(0).beside().get("recordsPerChange")).isBetween(2.0, 2.1);
        assertThat(report.rows().get(1).beside().get("recordsPerChange")).isBetween(1.0, 1.1);
    }
}
