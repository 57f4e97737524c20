package dev.penumbra.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * What a demo found in all of its sources.
 *
 * @param sources what it found in each, by the source's label; at least one
 * @param seconds how long the demo took
 */
record DemoSummary(Map<String, DemoReport> sources, double seconds) {
    DemoSummary {
        sources = new LinkedHashMap<>(sources);
    }

    /** Whether every copy equals its source, every journal holds what was committed, and every answer was what its level promises. */
    boolean ok() {
        return sources.values().stream().allMatch(DemoReport::ok);
    }

    /** The first of the answers that were not what their level promises, in words. */
    List<String> violations() {
        return sources.entrySet().stream()
                .flatMap(source -> source.getValue().violations().stream()
                        .map(violation -> isOfOne() ? violation : source.getKey() + ": " + violation))
                .toList();
    }

    private long sum(ToLongFunction<DemoReport> figure) {
        return sources.values().stream().mapToLong(figure).sum();
    }

    private boolean isOfOne() {
        return sources.size() == 1;
    }

    Map<String, Object> document() {
        if (isOfOne()) {
            return sources.values().iterator().next().document();
        }
        Map<String, Object> each = new LinkedHashMap<>();
        Map<String, Object> freshness = new LinkedHashMap<>();
        sources.forEach((label, report) -> {
            each.put(label, report.document());
            freshness.put(label, report.freshness());
        });
        Map<String, Object> reads = new LinkedHashMap<>();
        reads.put("total", sum(DemoReport::reads));
        reads.put("fromShadow", sum(DemoReport::fromShadow));
        reads.put("preMerged", sum(DemoReport::preMerged));
        reads.put("fromHome", sum(DemoReport::fromHome));
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("sources", each);
        document.put("mismatches", sum(DemoReport::mismatched));
        document.put("reads", reads);
        document.put("freshnessMillis", freshness);
        document.put("seconds", DemoReport.rounded(seconds));
        document.put("ok", ok());
        return document;
    }

    void print(PrintWriter out) {
        if (isOfOne()) {
            sources.values().iterator().next().print(out);
            return;
        }
        sources.forEach((label, report) -> {
            out.println(label);
            report.printFigures(out, "  ");
        });
        List<String> unequal = sources.entrySet().stream()
                .filter(source -> !source.getValue().isEqual())
                .map(Map.Entry::getKey)
                .toList();
        out.println(
                unequal.isEmpty()
                        ? String.format(Locale.ROOT, "Every copy equals its source; took %.1f s.", seconds)
                        : "The copies do NOT equal their sources: " + String.join(", ", unequal) + ".");
        if (!violations().isEmpty()) {
            out.println("There are answers that do NOT hold what their level promises.");
        }
        out.flush();
    }
}
