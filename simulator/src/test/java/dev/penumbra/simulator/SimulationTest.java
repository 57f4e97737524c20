package dev.penumbra.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * {@code -Dpenumbra.simulation.seeds=N} sets how many seeds, {@code -Dpenumbra.simulation.from=S} from which on; {@code penumbra
 * simulate --seed S} replays one.
 */
class SimulationTest {
    private static final long FROM = Long.getLong("penumbra.simulation.from", 0);
    private static final int SEEDS = Integer.getInteger("penumbra.simulation.seeds", 500);
    private static final int SECONDS = 10;

    @Test
    void whateverFails_everyAnswerHoldsWhatItsLevelPromises() {
        Map<String, Long> fromShadow = new TreeMap<>();
        Map<String, Long> preMerged = new TreeMap<>();
        Map<String, Long> fromHome = new TreeMap<>();
        Map<String, Long> refused = new TreeMap<>();
        long faults = 0;
        long optimistic = 0;
        long confirmed = 0;
        long corrected = 0;
        for (long seed = FROM; seed < FROM + SEEDS; seed++) {
            SimulationReport report = Simulation.run(seed, SECONDS);
            assertThat(report.violations())
                    .as("penumbra simulate --seed %d: %d violations", seed, report.violated())
                    .isEmpty();
            if (Simulation.isCalm(seed)) {
                assertThat(report.refused())
                        .as("refused without a fault, seed %d", seed)
                        .isEmpty();
            }
            report.fromShadow().forEach((level, count) -> fromShadow.merge(level, count, Long::sum));
            report.preMerged().forEach((level, count) -> preMerged.merge(level, count, Long::sum));
            report.fromHome().forEach((level, count) -> fromHome.merge(level, count, Long::sum));
            report.refused().forEach((level, count) -> refused.merge(level, count, Long::sum));
            faults += report.faults();
            optimistic += report.optimistic();
            confirmed += report.confirmed();
            corrected += report.corrected();
        }
        System.out.printf(
                "seeds %d to %d, %d faults: from shadows %s, pre-merged %s, from home %s, refused %s, not committed %d, confirmed %d,"
                        + " corrected %d%n",
                FROM,
                FROM + SEEDS - 1,
                faults,
                fromShadow,
                preMerged,
                fromHome,
                refused,
                optimistic,
                confirmed,
                corrected);
        assertThat(fromShadow).containsOnlyKeys("OPTIMISTIC", "EVENTUAL", "BOUNDED", "SESSION", "VALIDATED");
        assertThat(preMerged).containsOnlyKeys("OPTIMISTIC", "EVENTUAL", "BOUNDED", "SESSION", "VALIDATED", "PRIMARY");
        assertThat(fromHome).containsOnlyKeys("OPTIMISTIC", "EVENTUAL", "BOUNDED", "SESSION", "VALIDATED", "PRIMARY");
        assertThat(optimistic).isPositive();
        assertThat(confirmed).isPositive();
        assertThat(corrected).isPositive();
    }

    @Test
    void aSeed_decidesEverything() {
        assertThat(Simulation.run(7, SECONDS)).isEqualTo(Simulation.run(7, SECONDS));
    }
}
