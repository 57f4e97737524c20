package dev.penumbra.cli;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.penumbra.ignite.Answer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** Counts what came of the reads at one level. Safe for use by several threads. */
final class LevelFigures {
    private static final int DIGITS = 3;

    @GuardedBy("this") private final Histogram latencyNanos = new Histogram(DIGITS);

    @GuardedBy("this") private final Histogram stalenessNanos = new Histogram(DIGITS);

    @GuardedBy("this") private long refused;

    @GuardedBy("this") private long fromShadow;

    @GuardedBy("this") private long preMerged;

    @GuardedBy("this") private long fromHome;

    @GuardedBy("this") private long fromSource;

    @GuardedBy("this") private long uncommitted;

    @GuardedBy("this") private long confirmed;

    @GuardedBy("this") private long corrected;

    /**
     * What came of the reads at one level.
     *
     * @param reads how many were answered
     * @param refused how many were not
     * @param fromShadow how many reads by key a shadow alone answered
     * @param preMerged how many reads by key a shadow answered with what was pending of it
     * @param fromHome how many reads by key the home image answered
     * @param fromSource how many reads by key the database itself answered
     * @param uncommitted how many showed something that was not committed
     * @param confirmed how many of these were what was committed in the end
     * @param corrected how many were not
     * @param provenStaleness of reads by key for which something could be proven; null when there were none
     * @param latency of those that were answered; null when there were none
     */
    record Summary(
            long reads,
            long refused,
            long fromShadow,
            long preMerged,
            long fromHome,
            long fromSource,
            long uncommitted,
            long confirmed,
            long corrected,
            @Nullable Percentiles provenStaleness,
            @Nullable Percentiles latency) {
        Map<String, Object> document() {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("reads", reads);
            document.put("refused", refused);
            if (hasKeyReads()) {
                Map<String, Object> sources = new LinkedHashMap<>();
                sources.put("shadow", fromShadow);
                sources.put("preMerged", preMerged);
                sources.put("home", fromHome);
                sources.put("source", fromSource);
                document.put("sources", sources);
            }
            if (uncommitted > 0) {
                document.put("uncommitted", uncommitted);
                document.put("confirmed", confirmed);
                document.put("corrected", corrected);
            }
            if (provenStaleness != null) {
                document.put("provenStalenessMillis", provenStaleness.document());
            }
            if (latency != null) {
                document.put("latencyMillis", latency.document());
            }
            return document;
        }

        boolean hasKeyReads() {
            return fromShadow + preMerged + fromHome + fromSource > 0;
        }
    }

    /** The times, in milliseconds, within which half of the samples and 99 of 100 were. */
    record Percentiles(double p50, double p99) {
        private static final double NANOS_PER_MILLI = 1e6;

        static @Nullable Percentiles of(Histogram nanos) {
            return nanos.getTotalCount() == 0
                    ? null
                    : new Percentiles(
                            nanos.getValueAtPercentile(50) / NANOS_PER_MILLI,
                            nanos.getValueAtPercentile(99) / NANOS_PER_MILLI);
        }

        Map<String, Object> document() {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("p50", DemoReport.rounded(p50));
            document.put("p99", DemoReport.rounded(p99));
            return document;
        }
    }

    synchronized void refused() {
        refused++;
    }

    synchronized void answered(long nanos) {
        latencyNanos.recordValue(nanos);
    }

    /**
     * Notes what an answer by key says of itself.
     *
     * @param staleness what could be proven, null for nothing
     */
    synchronized void told(Answer.Source source, @Nullable Duration staleness) {
        switch (source) {
            case SHADOW -> fromShadow++;
            case PRE_MERGED -> preMerged++;
            case ARCHIVE -> throw new IllegalStateException("nothing was read as it was");
            case HOME -> fromHome++;
            case SOURCE -> fromSource++;
        }
        if (staleness != null) {
            stalenessNanos.recordValue(staleness.toNanos());
        }
    }

    /** An answer shows something that is not committed. */
    synchronized void uncommitted() {
        uncommitted++;
    }

    /** Such an answer has been confirmed, or corrected. */
    synchronized void confirmed(boolean asShown) {
        if (asShown) {
            confirmed++;
        } else {
            corrected++;
        }
    }

    synchronized Summary summary() {
        return new Summary(
                latencyNanos.getTotalCount(),
                refused,
                fromShadow,
                preMerged,
                fromHome,
                fromSource,
                uncommitted,
                confirmed,
                corrected,
                Percentiles.of(stalenessNanos),
                Percentiles.of(latencyNanos));
    }
}
