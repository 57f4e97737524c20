package dev.penumbra.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ArchiveBenchmarkIT {
    @Test
    void run_reportsEveryCase() throws Exception {
        assertThat(ReportShape.run(new ArchiveBenchmark()).rows())
                .extracting(BenchmarkCase::name)
                .containsExactly("feed", "key", "statement");
    }
}
