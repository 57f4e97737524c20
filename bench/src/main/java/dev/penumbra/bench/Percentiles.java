package dev.penumbra.bench;

import java.util.Arrays;

/** Percentiles of what was measured, each one of the figures themselves. */
final class Percentiles {
    private Percentiles() {}

    /** The smallest figure that so many of a hundred do not exceed; the largest where there are too few figures to tell. */
    static double of(double[] figures, int percent) {
        double[] sorted = figures.clone();
        Arrays.sort(sorted);
        return sorted[Math.min(sorted.length - 1, sorted.length * percent / 100)];
    }
}
