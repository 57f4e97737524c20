package dev.penumbra.simulator;

import dev.penumbra.model.api.Internal;
import java.util.List;
import java.util.Map;

/**
 * What one run has shown.
 *
 * @param seed replays it
 * @param faults how many faults were injected
 * @param fromShadow reads answered from shadows, by level
 * @param preMerged reads answered from shadows or the home image with what was pending laid over them, by level
 * @param fromHome reads answered at home, by level
 * @param refused reads that were refused or could not reach home, by level
 * @param optimistic answers that showed something that was not committed
 * @param confirmed those of them that were committed as they were shown
 * @param corrected those that were read again
 * @param violated how many rows were not what their level promises
 * @param violations the first of them
 */
@Internal
public record SimulationReport(
        long seed,
        long faults,
        Map<String, Long> fromShadow,
        Map<String, Long> preMerged,
        Map<String, Long> fromHome,
        Map<String, Long> refused,
        long optimistic,
        long confirmed,
        long corrected,
        long violated,
        List<String> violations) {
    public SimulationReport {
        fromShadow = Map.copyOf(fromShadow);
        preMerged = Map.copyOf(preMerged);
        fromHome = Map.copyOf(fromHome);
        refused = Map.copyOf(refused);
        violations = List.copyOf(violations);
    }

    /** How many reads were answered. */
    public long answered() {
        return sum(fromShadow) + sum(preMerged) + sum(fromHome);
    }

    private static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }
}
