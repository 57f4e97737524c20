package dev.penumbra.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CaptureBenchmarkIT {
    @Test
    void run_reportsEveryCaseOfTheContract() throws Exception {
        BenchmarkReport report = ReportShape.run(new CaptureBenchmark());

        assertThat(report.rows())
                .extracting(BenchmarkCase::name)
                .containsExactly(
                        "h2-file/insert/commit-each",
                        "h2-file/insert/commit-100",
                        "h2-file/update/commit-each",
                        "h2-file/update/commit-100",
                        "h2-mem/insert/commit-each",
                        "h2-mem/insert/commit-100",
                        "h2-mem/update/commit-each",
                        "h2-mem/update/commit-100",
                        "derby-file/insert/commit-each",
                        "derby-file/insert/commit-100",
                        "derby-file/update/commit-each",
                        "derby-file/update/commit-100",
                        "ignite/insert/commit-each",
                        "ignite/insert/commit-100",
                        "ignite/update/commit-each",
                        "ignite/update/commit-100",
                        "ignite/put/commit-each");
        assertThat(report.rows())
                .allSatisfy(row ->
                        assertThat(row.beside().get("relayMicrosPerChange")).isPositive());
    }
}
