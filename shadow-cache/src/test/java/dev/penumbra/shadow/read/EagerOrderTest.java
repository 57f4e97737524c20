package dev.penumbra.shadow.read;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EagerOrderTest {
    private static final Duration HORIZON = Duration.ofSeconds(1);
    private static final Duration LATE = Duration.ofMillis(100);
    private static final int LARGEST = 1_000;

    private long now;
    private final Given forecast = new Given();
    private final Counts counts = new Counts();
    private final EagerOrder<String> order = new EagerOrder<>(forecast, () -> now, HORIZON, LATE, LARGEST, counts);

    /** Chances as the test gives them. */
    private static final class Given implements ReadForecast<String> {
        private final Map<String, Double> chances = new HashMap<>();
        private final Map<String, Double> reads = new HashMap<>();
        private int all;

        @Override
        public double chance(String key) {
            return chances.getOrDefault(key, 0.0);
        }

        @Override
        public void read(String key, double times) {
            reads.merge(key, times, Double::sum);
        }

        @Override
        public void readAll() {
            all++;
        }
    }

    private static final class Counts implements EagerOrder.Told {
        private int ahead;
        private int right;
        private int wrong;

        @Override
        public void ahead(int rows) {
            ahead += rows;
        }

        @Override
        public void right(int rows) {
            right += rows;
        }

        @Override
        public void wrong(int rows) {
            wrong += rows;
        }
    }

    private void ahead(String... rows) {
        order.ahead(List.of(rows));
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }

    private void expire() {
        pass(HORIZON.plus(LATE).plus(LATE).plusNanos(1));
        order.ahead(List.of());
    }

    @Test
    void onlyRowsThatAreLikelyToBeRead_areWrittenAhead() {
        forecast.chances.putAll(Map.of("likely", 0.6, "unlikely", 0.4));
        order.waits("unlikely");
        order.waits("unknown");
        assertThat(order.isEager()).isFalse();
        order.waits("likely");
        assertThat(order.isEager()).isTrue();
        assertThat(order.take()).containsExactly("likely");
        assertThat(order.isEager()).isFalse();
    }

    @Test
    void aRowThatIsReadWhileItWaits_isConsideredAgain() {
        order.waits("row");
        forecast.chances.put("row", 0.9);
        order.read("row", 3, true);
        assertThat(order.take()).containsExactly("row");
        order.read("row", 3, false);
        assertThat(order.isEager()).isFalse();
        assertThat(forecast.reads).containsEntry("row", 6.0);
    }

    @Test
    void atItsTurn_nothingWaitsAnyMore() {
        forecast.chances.put("row", 1.0);
        order.waits("row");
        order.turn();
        assertThat(order.take()).isEmpty();
    }

    @Test
    void aRowThatIsReadBeforeItsTurn_wasPredictedRight_once() {
        ahead("row", "other");
        pass(LATE);
        order.read("row", 1, false);
        order.read("row", 1, false);
        assertThat(counts.ahead).isEqualTo(2);
        assertThat(counts.right).isEqualTo(1);
        order.waits("row");
        expire();
        assertThat(counts.right).isEqualTo(1);
        assertThat(counts.wrong).isZero();
    }

    @Test
    void aReadThatIsToldOfBeforeItCanHaveBeenOfTheNewRow_doesNotCount() {
        ahead("row");
        pass(LATE.minusNanos(1));
        order.read("row", 5, false);
        assertThat(counts.right).isZero();
        pass(Duration.ofNanos(1));
        order.read("row", 5, false);
        assertThat(counts.right).isEqualTo(1);
    }

    @Test
    void aRowThatHasChangedWhenItsReadIsToldOf_wasPredictedRight_asOftenAsItWasRead() {
        ahead("row", "hot");
        for (int i = 0; i < 9; i++) {
            order.waits("row");
            order.waits("hot");
        }
        pass(LATE);
        order.read("row", 3, false);
        assertThat(counts.right).isEqualTo(3);
        assertThat(counts.wrong).isEqualTo(7);
        order.read("hot", 100, false);
        assertThat(counts.right).isEqualTo(13);
        assertThat(counts.wrong).isEqualTo(7);
    }

    @Test
    void ofMoreThanFit_theOldestPredictionsAreForgotten() {
        ahead("changed");
        order.waits("changed");
        for (int i = 0; i < 20_000; i++) {
            ahead("row" + i);
        }
        assertThat(counts.wrong).isEqualTo(1);
        pass(LATE);
        order.read("changed", 1, false);
        assertThat(counts.right).isZero();
        order.read("row0", 1, false);
        assertThat(counts.right).isEqualTo(1);
    }

    @Test
    void ofMoreThanMayBeWrittenAtOnce_theLikeliestAreFirst() {
        for (int i = 0; i < 100; i++) {
            forecast.chances.put("row" + i, 0.5 + i / 1_000.0);
            order.waits("row" + i);
        }
        List<String> first = order.take();
        assertThat(first).hasSize(64).doesNotContain("row0", "row35").contains("row36", "row99");
        assertThat(order.take()).hasSize(36);
    }

    @Test
    void aRowThatChangesBeforeItIsRead_wasPredictedWrong() {
        ahead("row");
        order.waits("row");
        expire();
        assertThat(counts.wrong).isEqualTo(1);
        order.read("row", 1, false);
        assertThat(counts.right).isZero();
    }

    @Test
    void aRowThatIsNeitherReadNorChangedInTime_wasNeither() {
        ahead("read", "changed");
        expire();
        order.read("read", 1, false);
        order.waits("changed");
        assertThat(counts.right + counts.wrong).isZero();
    }

    @Test
    void aReadOfAll_isOneOfEachRow() {
        ahead("one", "two");
        order.readAll();
        assertThat(counts.right).isEqualTo(2);
        assertThat(forecast.all).isEqualTo(1);
    }

    @Test
    void whilePredictionsAreRight_lessLikelyRowsAreWrittenAhead_andMoreAtOnce() {
        Set<Integer> sizes = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            ahead("row" + i);
            pass(LATE);
            order.read("row" + i, 1, false);
            sizes.add(atOnce());
        }
        assertThat(sizes).contains(64, 128, LARGEST);
        forecast.chances.putAll(Map.of("seldom", 0.06, "hardly ever", 0.04));
        assertThat(order.isLikely("seldom")).isTrue();
        assertThat(order.isLikely("hardly ever")).isFalse();
    }

    @Test
    void whilePredictionsAreWrong_onlyTheLikeliestRowsAreWrittenAhead_andFewAtOnce() {
        for (int i = 0; i < 1_000; i++) {
            ahead("row" + i);
            order.waits("row" + i);
        }
        expire();
        assertThat(atOnce()).isEqualTo(8);
        forecast.chances.putAll(Map.of("nearly always", 0.94, "always", 0.96));
        assertThat(order.isLikely("nearly always")).isFalse();
        assertThat(order.isLikely("always")).isTrue();
    }

    /** How many rows are taken of more that wait than fit. */
    private int atOnce() {
        for (int i = 0; i <= LARGEST; i++) {
            forecast.chances.put("sure" + i, 1.0);
            order.waits("sure" + i);
        }
        int taken = order.take().size();
        order.turn();
        return taken;
    }
}
