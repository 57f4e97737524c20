package dev.penumbra.cli;

import dev.penumbra.shadow.read.Consistency.Level;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What came of the reads of one source's counters.
 *
 * @param roundTrip between two datacenters; zero when nothing was delayed
 * @param levels the figures of each level that was read at
 * @param violationCount how many answers were not what their level promises
 * @param violations the first of them, in words
 */
record ConsistencyReport(
        Duration roundTrip, Map<Level, LevelFigures.Summary> levels, long violationCount, List<String> violations) {
    ConsistencyReport {
        levels = new LinkedHashMap<>(levels);
        violations = List.copyOf(violations);
    }

    boolean ok() {
        return violationCount == 0;
    }

    Map<String, Object> document() {
        Map<String, Object> each = new LinkedHashMap<>();
        levels.forEach((level, figures) -> each.put(level.name(), figures.document()));
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("wanMillis", roundTrip.toMillis());
        document.put("levels", each);
        document.put("violations", violationCount);
        return document;
    }

    /** Prints a table of the levels behind an indent. */
    void print(PrintWriter out, String indent) {
        out.println(indent + "consistency  round trip between datacenters " + roundTrip.toMillis() + " ms, "
                + violationCount + " wrong answers");
        out.println(indent
                + String.format(
                        Locale.ROOT,
                        "  %-10s %8s %8s %8s %10s %8s %8s %18s %18s",
                        "level",
                        "reads",
                        "refused",
                        "shadow",
                        "pre-merged",
                        "home",
                        "source",
                        "staleness ms",
                        "latency ms"));
        levels.forEach((level, figures) -> out.println(indent
                + String.format(
                        Locale.ROOT,
                        "  %-10s %8d %8d %8s %10s %8s %8s %18s %18s",
                        level,
                        figures.reads(),
                        figures.refused(),
                        figures.hasKeyReads() ? figures.fromShadow() : "-",
                        figures.hasKeyReads() ? figures.preMerged() : "-",
                        figures.hasKeyReads() ? figures.fromHome() : "-",
                        figures.hasKeyReads() ? figures.fromSource() : "-",
                        text(figures.provenStaleness()),
                        text(figures.latency()))));
        levels.forEach((level, figures) -> {
            if (figures.uncommitted() > 0) {
                out.println(indent + "  " + figures.uncommitted() + " answers at " + level
                        + " showed what was not committed: " + figures.confirmed() + " were confirmed, "
                        + figures.corrected() + " corrected");
            }
        });
    }

    private static String text(LevelFigures.@Nullable Percentiles percentiles) {
        return percentiles == null
                ? "-"
                : String.format(Locale.ROOT, "%.1f / %.1f", percentiles.p50(), percentiles.p99());
    }
}
