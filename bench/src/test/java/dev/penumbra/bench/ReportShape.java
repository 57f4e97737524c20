package dev.penumbra.bench;

import static org.assertj.core.api.Assertions.assertThat;

/** What every report must have, whatever its figures. */
final class ReportShape {
    private ReportShape() {}

    static BenchmarkReport run(Benchmark benchmark) throws Exception {
        BenchmarkReport report = benchmark.run(Effort.TINY, wanted -> true, progress -> {});
        assertThat(report.name()).isEqualTo(benchmark.name());
        assertThat(report.machine()).contains("load average");
        assertThat(report.rows()).isNotEmpty().allSatisfy(row -> {
            assertThat(row.baseline()).as(row.name()).isPositive().isFinite();
            assertThat(row.measured()).as(row.name()).isPositive().isFinite();
            assertThat(row.ratio()).as(row.name()).isPositive().isFinite();
            assertThat(row.unit()).isNotEmpty();
            assertThat(row.beside())
                    .allSatisfy((name, figure) -> assertThat(figure)
                            .as(row.name() + " " + name)
                            .isNotNaN()
                            .isFinite());
        });
        return report;
    }
}
