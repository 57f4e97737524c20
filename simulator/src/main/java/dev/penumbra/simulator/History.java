package dev.penumbra.simulator;

import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.Consistency.Level;
import dev.penumbra.shadow.read.Uncommitted.Intent;
import dev.penumbra.simulator.SimulatedSource.Written;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * All that has been committed and all that has been answered, held against each other.
 *
 * <p>It knows the true time, which no node does. Of each value that was read it asks whether there is a version of the row that may
 * have been read: committed before the answer ended, not older than the level permits, and not older than what the session had read
 * of the row before.
 */
final class History {
    private static final int SHOWN = 10;

    private final Map<Integer, List<Version>> versions = new HashMap<>();
    private final Map<Integer, Long> acknowledged = new HashMap<>();
    private final Map<String, Map<Integer, List<Seen>>> seen = new HashMap<>();
    private final Map<Level, Long> fromShadow = new EnumMap<>(Level.class);
    private final Map<Level, Long> preMerged = new EnumMap<>(Level.class);
    private final Map<Level, Long> fromHome = new EnumMap<>(Level.class);
    private final Map<Level, Long> refused = new EnumMap<>(Level.class);
    private final Map<Long, Intended> intended = new HashMap<>();
    private final List<String> violations = new ArrayList<>();
    private long violated;
    private long optimistic;
    private long held;
    private long corrected;

    /** @param commit the number of the transaction; 0 before the first */
    private record Version(int commit, @Nullable Integer value, long at) {}

    /** A write of a transaction that stays open for a while; moments that have not come are {@link Long#MAX_VALUE}. */
    private static final class Intended {
        private final int key;
        private final @Nullable Integer value;
        private final long at;
        private long ended = Long.MAX_VALUE;
        /** When its transaction wrote the row again. */
        private long replaced = Long.MAX_VALUE;

        Intended(int key, @Nullable Integer value, long at) {
            this.key = key;
            this.value = value;
            this.at = at;
        }
    }

    /** That a session had read a version of a row when an answer ended. */
    private record Seen(int version, long ended) {}

    /**
     * One answer.
     *
     * @param tokenCommits at SESSION, how many commits the token covers
     * @param home whether the home image has answered
     * @param merged whether what was pending was laid over the copy
     * @param begun the true time at which the read began
     * @param snapshot whether the rows must have been there all at one moment
     * @param rows what was read
     */
    record Answered(
            String session,
            Consistency asked,
            int tokenCommits,
            boolean home,
            boolean merged,
            long begun,
            long ended,
            boolean snapshot,
            Map<Integer, @Nullable Integer> rows) {}

    History(int keys) {
        for (int key = 0; key < keys; key++) {
            versions.put(key, new ArrayList<>(List.of(new Version(0, null, Long.MIN_VALUE))));
        }
    }

    void committed(int commit, List<Written> writes, long now) {
        for (Written one : writes) {
            of(one.key()).add(new Version(commit, one.value(), now));
        }
    }

    void acknowledged(int commit, long now) {
        acknowledged.put(commit, now);
    }

    void intended(long id, int key, @Nullable Integer value, long now) {
        intended.put(id, new Intended(key, value, now));
    }

    void replaced(long id, long now) {
        Objects.requireNonNull(intended.get(id)).replaced = now;
    }

    void ended(long id, long now) {
        Objects.requireNonNull(intended.get(id)).ended = now;
    }

    /** A reader is told that changes are over. */
    void over(String session, Collection<Intent<Integer, Integer>> intents) {
        intents.forEach(intent -> {
            Intended known = intended.get(intent.id());
            if (known != null && known.ended == Long.MAX_VALUE) {
                violation(session + " was told that " + intent + " is over, which stands");
            }
        });
    }

    /**
     * Rows of an answer were shown as somebody had left them who had not committed: each had been written by then, had not ended for longer than
     * nobody may have noticed, and where it was committed the answer may not lack what came after it.
     *
     * @param unnoticed for how long nobody may have noticed
     */
    void shown(Answered answer, Map<Integer, Intent<Integer, Integer>> intents, long unnoticed) {
        optimistic++;
        intents.forEach((key, intent) -> {
            Intended known = intended.get(intent.id());
            // What was committed at once, and was not in the journal yet, is shown as well.
            boolean wasSo = known == null
                    ? of(key).stream()
                            .anyMatch(version ->
                                    Objects.equals(version.value(), intent.row()) && version.at() <= answer.ended())
                    : known.key == key
                            && Objects.equals(known.value, intent.row())
                            && known.at <= answer.ended()
                            && Math.min(known.ended, known.replaced) >= answer.begun() - unnoticed;
            if (!wasSo) {
                violation(answer.session() + " was shown " + intent + " from " + answer.begun() + " to "
                        + answer.ended() + ", which was not so");
            }
            List<Version> all = of(key);
            for (int i = 1; intent.row() != null && i < all.size(); i++) {
                if (Objects.equals(all.get(i).value(), intent.row()) && i < required(answer, all)) {
                    violation(answer.session() + " was shown " + intent + " from " + answer.begun() + " to "
                            + answer.ended() + " and lacked what had been committed after it: "
                            + all.subList(i, Math.min(all.size(), i + 4)));
                }
            }
        });
    }

    /** How many commits there have been of transactions that had written these and ended. */
    int commitsOf(Collection<Intent<Integer, Integer>> intents) {
        int commits = 0;
        for (Intent<Integer, Integer> intent : intents) {
            Intended known = intended.get(intent.id());
            if (known == null || known.ended == Long.MAX_VALUE) {
                continue;
            }
            for (Version version : of(intent.key())) {
                if (version.at() >= known.at && version.at() <= known.ended && version.commit() > commits) {
                    commits = version.commit();
                }
            }
        }
        return commits;
    }

    /** A reader is told that changes were committed as they had been shown. */
    void committedAsShown(String session, Collection<Intent<Integer, Integer>> intents) {
        held++;
        intents.forEach(intent -> {
            Intended known = intended.get(intent.id());
            long from = known == null ? Long.MIN_VALUE : known.at;
            long to = known == null ? Long.MAX_VALUE : known.ended;
            boolean isCommitted = of(intent.key()).stream()
                    .anyMatch(version -> version.commit() > 0
                            && Objects.equals(version.value(), intent.row())
                            && version.at() >= from
                            && version.at() <= to);
            if (!isCommitted) {
                violation(session + " was told that " + intent + " is committed, which it is not");
            }
        });
    }

    /** What was shown was not committed so, or nobody knows, and is read again. */
    void corrected() {
        corrected++;
    }

    private List<Version> of(int key) {
        return Objects.requireNonNull(versions.get(key));
    }

    void refused(Level level) {
        refused.merge(level, 1L, Long::sum);
    }

    void answered(Answered answer) {
        Level level = answer.asked().level();
        (answer.merged() ? preMerged : answer.home() ? fromHome : fromShadow).merge(level, 1L, Long::sum);
        answer.rows().forEach((key, value) -> check(answer, key, value));
        if (answer.snapshot() && !isSnapshot(answer)) {
            violation(answer.session() + " read " + answer.rows() + ", which was so at no moment from " + answer.begun()
                    + " to " + answer.ended());
        }
    }

    private boolean isSnapshot(Answered answer) {
        List<Long> moments = new ArrayList<>(List.of(answer.begun()));
        for (int key : answer.rows().keySet()) {
            of(key).stream()
                    .map(Version::at)
                    .filter(at -> at > answer.begun() && at <= answer.ended())
                    .forEach(moments::add);
        }
        return moments.stream()
                .anyMatch(moment -> answer.rows().entrySet().stream()
                        .allMatch(row -> Objects.equals(valueAt(row.getKey(), moment), row.getValue())));
    }

    private @Nullable Integer valueAt(int key, long moment) {
        List<Version> all = of(key);
        int last = all.size() - 1;
        while (all.get(last).at() > moment) {
            last--;
        }
        return all.get(last).value();
    }

    private void check(Answered answer, int key, @Nullable Integer value) {
        List<Version> all = of(key);
        int required = required(answer, all);
        List<Seen> known = seen.computeIfAbsent(answer.session(), session -> new HashMap<>())
                .computeIfAbsent(key, row -> new ArrayList<>());
        // Answers that overlap are in no order.
        int before = known.stream()
                .filter(one -> one.ended() <= answer.begun())
                .mapToInt(Seen::version)
                .max()
                .orElse(0);
        for (int i = Math.max(required, before); i < all.size(); i++) {
            Version version = all.get(i);
            if (Objects.equals(version.value(), value) && version.at() <= answer.ended()) {
                known.removeIf(one -> one.version() <= before && one.ended() < answer.begun());
                known.add(new Seen(i, answer.ended()));
                return;
            }
        }
        violation(answer.session() + " read " + value + " of row " + key + " at " + answer.asked() + " from "
                + (answer.home() ? "home" : "a shadow") + (answer.merged() ? " and what was pending" : "") + ", begun "
                + answer.begun() + ", ended " + answer.ended()
                + ": at least version " + required + " was required and " + before + " had been read, of "
                + all.subList(Math.max(0, all.size() - 6), all.size()));
    }

    /** The first version of a row that the level permits. */
    private int required(Answered answer, List<Version> all) {
        long bound = switch (answer.asked().level()) {
            case EVENTUAL, SESSION -> Long.MIN_VALUE;
            case BOUNDED, OPTIMISTIC ->
                answer.begun()
                        - Objects.requireNonNull(answer.asked().staleness()).toNanos();
            case VALIDATED, PRIMARY -> answer.begun();
        };
        for (int i = all.size() - 1; i > 0; i--) {
            int commit = all.get(i).commit();
            Long told = acknowledged.get(commit);
            if ((told != null && told < bound) || commit <= answer.tokenCommits()) {
                return i;
            }
        }
        return 0;
    }

    void violation(String what) {
        violated++;
        if (violations.size() < SHOWN) {
            violations.add(what);
        }
    }

    /** What a row is now. */
    @Nullable Integer present(int key) {
        List<Version> all = of(key);
        return all.get(all.size() - 1).value();
    }

    SimulationReport report(long seed, long faults) {
        return new SimulationReport(
                seed,
                faults,
                of(fromShadow),
                of(preMerged),
                of(fromHome),
                of(refused),
                optimistic,
                held,
                corrected,
                violated,
                List.copyOf(violations));
    }

    private static Map<String, Long> of(Map<Level, Long> counts) {
        Map<String, Long> named = new java.util.TreeMap<>();
        counts.forEach((level, count) -> named.put(level.name(), count));
        return named;
    }
}
