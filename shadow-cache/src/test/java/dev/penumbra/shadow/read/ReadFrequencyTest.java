package dev.penumbra.shadow.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ReadFrequencyTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private long now;
    private final ReadFrequency<String> frequency = new ReadFrequency<>(() -> now, SECOND);

    private void pass(Duration time) {
        now += time.toNanos();
    }

    @Test
    void aRowThatNobodyHasRead_isNotExpectedToBeRead() {
        frequency.read("other", 100);
        assertThat(frequency.chance("row")).isZero();
    }

    @Test
    void aRowThatIsReadAtARate_hasTheChanceOfThatRate() {
        for (int i = 0; i < 600; i++) {
            pass(Duration.ofMillis(500));
            frequency.read("row", 1);
        }
        // Twice a second: none in a second once in e².
        assertThat(frequency.chance("row")).isCloseTo(1 - Math.exp(-2), within(0.02));
    }

    @Test
    void aSampleThatStandsForManyReads_countsAsThose() {
        frequency.read("sampled", 20);
        for (int i = 0; i < 20; i++) {
            frequency.read("each", 1);
        }
        assertThat(frequency.chance("sampled")).isCloseTo(frequency.chance("each"), within(1e-9));
    }

    @Test
    void whatIsNotReadAnyMore_isForgottenByHalvesOfItsRate() {
        frequency.read("row", 10);
        double rate = -Math.log1p(-frequency.chance("row"));
        pass(ReadFrequency.HALF_LIFE);
        assertThat(-Math.log1p(-frequency.chance("row"))).isCloseTo(rate / 2, within(1e-9));
    }

    @Test
    void aReadOfAll_countsForEachRow() {
        frequency.readAll();
        double unknown = frequency.chance("row");
        assertThat(unknown).isPositive();
        frequency.read("row", 1);
        assertThat(frequency.chance("row")).isGreaterThan(unknown);
    }

    @Test
    void ofMoreRowsThanFit_thoseThatAreReadOftenStay() {
        for (int round = 0; round < 5; round++) {
            for (int hot = 0; hot < 100; hot++) {
                frequency.read("hot" + hot, 1);
            }
            for (int cold = 0; cold < 20_000; cold++) {
                frequency.read("cold" + round + "/" + cold, 1);
            }
        }
        int known = 0;
        for (int hot = 0; hot < 100; hot++) {
            known += frequency.chance("hot" + hot) > 0 ? 1 : 0;
        }
        assertThat(known).isGreaterThan(90);
    }
}
