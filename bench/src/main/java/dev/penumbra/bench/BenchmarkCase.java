package dev.penumbra.bench;

import dev.penumbra.model.api.Internal;
import java.util.Map;

/**
 * One line of a report.
 *
 * @param name what was done, as the contract of the command line names it
 * @param baseline what Penumbra is compared with, in the unit
 * @param measured Penumbra, in the unit
 * @param ratio the comparison; whether it is of costs or of rates is the benchmark's to say
 * @param unit the unit of both figures
 * @param beside further figures by names that carry their units
 */
@Internal
public record BenchmarkCase(
        String name, double baseline, double measured, double ratio, String unit, Map<String, Double> beside) {
    public BenchmarkCase {
        beside = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(beside));
    }
}
