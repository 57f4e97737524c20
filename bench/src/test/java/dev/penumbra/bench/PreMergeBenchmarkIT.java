package dev.penumbra.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.api.Test;

class PreMergeBenchmarkIT {
    @Test
    void run_reportsEveryCase_andMergesWhereSomethingIsPending() throws Exception {
        BenchmarkReport report = ReportShape.run(new PreMergeBenchmark());

        assertThat(report.rows())
                .extracting(BenchmarkCase::name)
                .containsExactly(
                        "pending-0/key",
                        "pending-0/statement",
                        "pending-10000/key",
                        "pending-10000/statement",
                        "expected-10000/statement");
        for (BenchmarkCase row : report.rows()) {
            double merged = Objects.requireNonNull(row.beside().get("preMerged"));
            assertThat(merged > 0)
                    .as("%s: %s pre-merged", row.name(), merged)
                    .isEqualTo(row.name().contains("10000"));
        }
    }
}
