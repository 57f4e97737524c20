package dev.penumbra.cli;

import dev.penumbra.shadow.read.Consistency.Level;
import dev.penumbra.simulator.SimulationReport;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the runs of consecutive seeds have shown together. */
final class SimulationSummary {
    private final long seed;
    private final int seconds;
    private final Map<String, Long> fromShadow = noneOfAnyLevel();
    private final Map<String, Long> preMerged = noneOfAnyLevel();
    private final Map<String, Long> fromHome = noneOfAnyLevel();
    private final Map<String, Long> refused = noneOfAnyLevel();
    private final List<Map<String, Object>> violations = new ArrayList<>();
    private long seeds;
    private long faults;
    private long violated;
    private long uncommitted;
    private long confirmed;
    private long corrected;

    /**
     * Of no run yet.
     *
     * @param seed the first seed
     * @param seconds simulated time in which faults are injected, for each seed
     */
    SimulationSummary(long seed, int seconds) {
        this.seed = seed;
        this.seconds = seconds;
    }

    private static Map<String, Long> noneOfAnyLevel() {
        Map<String, Long> counts = new LinkedHashMap<>();
        for (Level level : Level.values()) {
            counts.put(level.name(), 0L);
        }
        return counts;
    }

    /** The command that runs a seed again. */
    static String replay(long seed, int seconds) {
        return "penumbra simulate --seed " + seed + " --seconds " + seconds;
    }

    void add(SimulationReport report) {
        seeds++;
        faults += report.faults();
        violated += report.violated();
        uncommitted += report.optimistic();
        confirmed += report.confirmed();
        corrected += report.corrected();
        report.fromShadow().forEach((level, count) -> fromShadow.merge(level, count, Long::sum));
        report.preMerged().forEach((level, count) -> preMerged.merge(level, count, Long::sum));
        report.fromHome().forEach((level, count) -> fromHome.merge(level, count, Long::sum));
        report.refused().forEach((level, count) -> refused.merge(level, count, Long::sum));
        for (String what : report.violations()) {
            Map<String, Object> violation = new LinkedHashMap<>();
            violation.put("seed", report.seed());
            violation.put("what", what);
            violations.add(violation);
        }
    }

    /** Whether every answer of every run holds what its level promises. */
    boolean ok() {
        return violated == 0;
    }

    Map<String, Object> document() {
        Map<String, Object> answered = new LinkedHashMap<>();
        answered.put("shadow", fromShadow);
        answered.put("preMerged", preMerged);
        answered.put("home", fromHome);
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("seed", seed);
        document.put("seeds", seeds);
        document.put("seconds", seconds);
        document.put("faults", faults);
        document.put("answered", answered);
        document.put("refused", refused);
        document.put("uncommitted", uncommitted);
        document.put("confirmed", confirmed);
        document.put("corrected", corrected);
        document.put("violated", violated);
        document.put("violations", violations);
        document.put("ok", ok());
        return document;
    }

    /** Prints the violations of one run and how to see them again, or nothing if there are none. */
    void printViolations(SimulationReport report, PrintWriter out) {
        if (report.violated() == 0) {
            return;
        }
        report.violations().forEach(what -> out.println("seed " + report.seed() + ": " + what));
        long more = report.violated() - report.violations().size();
        out.println((more > 0 ? "  and " + more + " more; again: " : "  again: ") + replay(report.seed(), seconds));
        out.flush();
    }

    /** Prints the figures of all runs. */
    void print(PrintWriter out) {
        out.println("seeds         " + (seeds == 1 ? "" + seed : seed + " to " + (seed + seeds - 1)));
        out.println("seconds       " + seconds + " simulated for each seed");
        out.println("faults        " + faults);
        out.println("reads         " + row(fromShadow.keySet()));
        out.println("from shadows  " + row(fromShadow.values()));
        out.println("pre-merged    " + row(preMerged.values()));
        out.println("from home     " + row(fromHome.values()));
        out.println("refused       " + row(refused.values()));
        out.println("uncommitted   shown in " + uncommitted + ", of which " + confirmed + " were confirmed and "
                + corrected + " corrected");
        out.println("violations    " + violated);
        out.println(
                ok()
                        ? "Every answer holds what its level promises."
                        : "The answers do NOT hold what their levels promise.");
        out.flush();
    }

    private static String row(Iterable<?> cells) {
        StringBuilder row = new StringBuilder();
        for (Object cell : cells) {
            row.append(row.isEmpty() ? "" : "  ").append(String.format(Locale.ROOT, "%10s", cell));
        }
        return row.toString();
    }
}
