package dev.penumbra.shadow.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class ReadSamplesTest {
    private final ReadSamples<Integer> samples = new ReadSamples<>();

    @Test
    void fewReads_areKeptEach() {
        samples.read(1);
        samples.read(2);
        samples.read(1);
        ReadSamples.Sample<Integer> sample = samples.take();
        assertThat(sample.keys()).containsExactlyInAnyOrder(1, 2, 1);
        assertThat(sample.times()).isEqualTo(1);
        assertThat(samples.take().keys()).isEmpty();
    }

    @Test
    void ofManyReads_theLastAreKept_andStandForAll() {
        for (int i = 0; i < 6_400; i++) {
            samples.read(i);
        }
        ReadSamples.Sample<Integer> sample = samples.take();
        assertThat(sample.keys()).hasSize(64).allMatch(key -> key >= 6_400 - 64);
        assertThat(sample.times()).isCloseTo(100, within(1e-9));
        samples.read(7);
        assertThat(samples.take()).isEqualTo(new ReadSamples.Sample<>(List.of(7), 1));
    }

    @Test
    void readsOfSeveralThreads_areNearlyAllCounted() throws InterruptedException {
        int each = 200_000;
        List<Thread> readers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int row = i;
            readers.add(new Thread(() -> {
                for (int read = 0; read < each; read++) {
                    samples.read(row);
                }
            }));
        }
        readers.forEach(Thread::start);
        double counted = 0;
        while (readers.stream().anyMatch(Thread::isAlive)) {
            ReadSamples.Sample<Integer> sample = samples.take();
            counted += sample.keys().size() * sample.times();
            Thread.onSpinWait();
        }
        ReadSamples.Sample<Integer> rest = samples.take();
        counted += rest.keys().size() * rest.times();
        assertThat(counted).isCloseTo(3.0 * each, Percentage.withPercentage(2));
    }
}
