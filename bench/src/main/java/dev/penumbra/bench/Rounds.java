package dev.penumbra.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The figures of several rounds, in each of which baseline and measured ran one after the other.
 *
 * <p>Owned by one thread.
 */
final class Rounds {
    private final List<double[]> rounds = new ArrayList<>();

    /** One run of one side. */
    interface Side {
        /** Runs once and returns its figures; the first one is compared. */
        double[] run() throws Exception;
    }

    /**
     * Alternates the two sides, the one that begins changing from round to round; the first rounds only warm up.
     */
    static Comparison compare(int warmups, int rounds, Side baseline, Side measured) throws Exception {
        Rounds baselines = new Rounds();
        Rounds measurements = new Rounds();
        for (int i = 0; i < warmups + rounds; i++) {
            boolean baselineFirst = i % 2 == 0;
            double[] first = (baselineFirst ? baseline : measured).run();
            double[] second = (baselineFirst ? measured : baseline).run();
            if (i >= warmups) {
                baselines.rounds.add(baselineFirst ? first : second);
                measurements.rounds.add(baselineFirst ? second : first);
            }
        }
        return new Comparison(baselines, measurements);
    }

    double median(int figure) {
        return median(rounds.stream().mapToDouble(round -> round[figure]).toArray());
    }

    private static double median(double[] figures) {
        double[] sorted = figures.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** Both sides of a comparison. */
    record Comparison(Rounds baseline, Rounds measured) {
        double baselineMedian(int figure) {
            return baseline.median(figure);
        }

        double measuredMedian(int figure) {
            return measured.median(figure);
        }

        /** The case of a report that compares costs, in microseconds each. */
        BenchmarkCase ofCosts(String name, Map<String, Double> further) {
            double theirs = baselineMedian(0);
            double ours = measuredMedian(0);
            Map<String, Double> beside = new LinkedHashMap<>();
            beside.put("ratioMin", 1 / largestRatio());
            beside.put("ratioMax", 1 / smallestRatio());
            beside.putAll(further);
            return new BenchmarkCase(name, theirs, ours, ours / theirs, "us/op", beside);
        }

        /** The smallest ratio, baseline to measured, that any one round had. */
        double smallestRatio() {
            return ratios()[0];
        }

        /** The largest ratio, baseline to measured, that any one round had. */
        double largestRatio() {
            double[] ratios = ratios();
            return ratios[ratios.length - 1];
        }

        private double[] ratios() {
            double[] ratios = new double[baseline.rounds.size()];
            for (int i = 0; i < ratios.length; i++) {
                ratios[i] = baseline.rounds.get(i)[0] / measured.rounds.get(i)[0];
            }
            Arrays.sort(ratios);
            return ratios;
        }
    }
}
