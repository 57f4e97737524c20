package dev.penumbra.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a demo found in one source.
 *
 * @param homeRows rows in the home images, or in the tables that are their own
 * @param shadowRows rows in the shadows, by datacenter
 * @param mismatches rows in any copy that are not as in the source, by copy
 * @param written row changes that the workload committed
 * @param rolledBack row changes that it rolled back
 * @param journalled row changes that the workload made and the journal holds
 * @param copied rows that stood in the tables before capture and that the journal holds
 * @param freshnessP50 milliseconds from commit to visible in a shadow, median
 * @param freshnessP99 the same, for 99 of 100 changes
 * @param samples how many changes were timed
 * @param reads statements on shadows
 * @param fromShadow how often a shadow alone answered
 * @param preMerged how often a shadow answered with what was pending of it
 * @param fromHome how often the home image answered
 * @param valueRatio size of the shadows' values before compression divided by that after
 * @param memoryRatio memory of the same copies without compression divided by that with it
 * @param consistency what came of the reads of counters; null when there were none
 * @param seconds how long the demo took
 */
record DemoReport(
        long homeRows,
        Map<String, Long> shadowRows,
        Map<String, Long> mismatches,
        long written,
        long rolledBack,
        long journalled,
        long copied,
        double freshnessP50,
        double freshnessP99,
        long samples,
        long reads,
        long fromShadow,
        long preMerged,
        long fromHome,
        double valueRatio,
        double memoryRatio,
        @Nullable ConsistencyReport consistency,
        double seconds) {
    private static final double THOUSAND = 1_000;

    long mismatched() {
        return mismatches.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Whether every copy equals the source and the journal holds what was committed, no more and no less. */
    boolean isEqual() {
        return mismatched() == 0 && journalled == written;
    }

    /** Whether the copies are equal and every answer was what its level promises. */
    boolean ok() {
        return isEqual() && violations().isEmpty();
    }

    /** The first of the answers that were not what their level promises, in words. */
    List<String> violations() {
        return consistency == null ? List.of() : consistency.violations();
    }

    Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("rows", map("home", homeRows, "shadow", shadowRows));
        document.put("mismatches", mismatched());
        document.put(
                "changes",
                map("written", written, "rolledBack", rolledBack, "journalled", journalled, "copied", copied));
        document.put("freshnessMillis", freshness());
        document.put(
                "reads", map("total", reads, "fromShadow", fromShadow, "preMerged", preMerged, "fromHome", fromHome));
        document.put("compression", map("valueRatio", rounded(valueRatio), "memoryRatio", rounded(memoryRatio)));
        if (consistency != null) {
            document.put("consistency", consistency.document());
        }
        document.put("seconds", rounded(seconds));
        document.put("ok", ok());
        return document;
    }

    Map<String, Object> freshness() {
        return map("p50", rounded(freshnessP50), "p99", rounded(freshnessP99), "samples", samples);
    }

    private static Map<String, Object> map(Object... keysAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }

    static double rounded(double value) {
        return Math.round(value * THOUSAND) / THOUSAND;
    }

    void print(PrintWriter out) {
        printFigures(out, "");
        out.println(String.format(Locale.ROOT, "took         %.1f s", seconds));
        out.println(isEqual() ? "Every copy equals the source." : "The copies do NOT equal the source.");
        if (consistency != null) {
            out.println(
                    consistency.ok()
                            ? "Every answer holds what its level promises."
                            : "There are answers that do NOT hold what their level promises.");
        }
        out.flush();
    }

    /** Prints what was counted, line by line behind an indent. */
    void printFigures(PrintWriter out, String indent) {
        out.println(indent + "rows         home " + homeRows + ", shadows " + shadowRows);
        out.println(indent + "differences  " + mismatched() + " " + mismatches);
        out.println(indent + "changes      " + written + " committed, " + rolledBack + " rolled back, " + journalled
                + " in the journal beside " + copied + " rows that were there before");
        out.println(String.format(
                Locale.ROOT,
                "%sfreshness    half of the changes visible in a shadow within %.1f ms, 99 of 100 within %.1f ms (%d timed)",
                indent,
                freshnessP50,
                freshnessP99,
                samples));
        out.println(indent + "reads        " + reads + ", answered by a shadow " + fromShadow + ", pre-merged "
                + preMerged + ", by the home image " + fromHome);
        out.println(String.format(
                Locale.ROOT,
                "%scompression  values %.2f to 1, memory with indexes %.2f to 1",
                indent,
                valueRatio,
                memoryRatio));
        if (consistency != null) {
            consistency.print(out, indent);
        }
    }
}
