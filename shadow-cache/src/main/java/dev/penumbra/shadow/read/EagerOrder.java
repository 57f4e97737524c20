package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Decides which pending changes of one copy are written ahead of their turn: those of rows that are likely to be read before.
 *
 * <p>Each row that is written ahead is a prediction. It was right when the row is read within the time in which it could have been pending.
 * Of further writes in that time as many were right as there were reads, and the others wrong: fewer would have done. A row that is not read
 * and does not change has cost nothing, since it had to be written once. After each {@value #OUTCOMES} outcomes, when most were right, more rows
 * are written ahead, less likely ones among them, and twice as many at once; otherwise fewer, and half as many.
 *
 * <p>Reads are told of late, by nodes that collect them. So nothing that is told sooner than that after a write counts for it, and nothing is
 * called unread before as much time has passed twice.
 *
 * <p>Used by one thread.
 *
 * @param <K> a row's key
 */
@Internal
public final class EagerOrder<K> {
    private static final int OUTCOMES = 32;
    private static final int FEWEST = 8;
    /** One row in twenty, and nineteen in twenty, are read. */
    private static final double MOST_LIKELY = 19;

    private static final double STEP = 1.25;
    private static final int MAX_PREDICTIONS = 20_000;

    private final ReadForecast<K> forecast;
    private final LongSupplier nanos;
    private final long late;
    private final long horizon;
    private final int largest;
    private final Told told;

    /** Rows that wait and are likely to be read. */
    private final Set<K> eager = new LinkedHashSet<>();
    /** Of rows that were written ahead and have not been read since, the oldest first. */
    private final Map<K, Prediction> predicted = new LinkedHashMap<>();

    /** A row is likely to be read from these odds on. */
    private double odds = 1;

    private int atOnce = 64;
    private int right;
    private int outcomes;

    /** When a row was written ahead, and how often it has changed since. */
    private static final class Prediction {
        private final long at;
        private int changes;

        private Prediction(long at) {
            this.at = at;
        }
    }

    /** Counts what became of predictions. Must not wait. */
    public interface Told {
        /** Rows have been written ahead. */
        void ahead(int rows);

        /** So many of them were read before their turn. */
        void right(int rows);

        /** So many of them changed again before they were read. */
        void wrong(int rows);
    }

    /**
     * @param horizon for how long a change may be pending
     * @param late how long it takes until a read is told of
     * @param largest so many rows at most are written ahead at once
     */
    public EagerOrder(
            ReadForecast<K> forecast, LongSupplier nanos, Duration horizon, Duration late, int largest, Told told) {
        this.forecast = forecast;
        this.nanos = nanos;
        this.late = late.toNanos();
        this.horizon = horizon.toNanos() + 2 * this.late;
        this.largest = largest;
        this.told = told;
    }

    /** A change of a row has come and waits for its turn. */
    public void waits(K key) {
        Prediction open = predicted.get(key);
        if (open != null) {
            open.changes++;
        }
        consider(key);
    }

    private void consider(K key) {
        if (isLikely(key)) {
            eager.add(key);
        }
    }

    /**
     * Readers have read a row, as they tell late.
     *
     * @param times about how often
     * @param isWaiting whether a change of it waits
     */
    public void read(K key, double times, boolean isWaiting) {
        forecast.read(key, times);
        Prediction open = predicted.get(key);
        if (open != null && nanos.getAsLong() - open.at >= late) {
            predicted.remove(key);
            ended(open, times);
        }
        if (isWaiting) {
            consider(key);
        }
    }

    /** A reader has asked for the copy as a whole, just now. */
    public void readAll() {
        forecast.readAll();
        List<Prediction> all = List.copyOf(predicted.values());
        predicted.clear();
        all.forEach(open -> ended(open, 1));
    }

    /** Whether a row is likely to be read before its turn. */
    public boolean isLikely(K key) {
        double chance = forecast.chance(key);
        return chance > 0 && chance >= odds * (1 - chance);
    }

    /** Whether anything waits that is to be written ahead. */
    public boolean isEager() {
        return !eager.isEmpty();
    }

    /** Takes the rows that are to be written ahead now: of more than there may be, the likeliest. */
    public List<K> take() {
        List<K> taken = new ArrayList<>(eager);
        if (taken.size() > atOnce) {
            Map<K, Double> chances = new LinkedHashMap<>();
            taken.forEach(key -> chances.put(key, forecast.chance(key)));
            taken = chances.entrySet().stream()
                    .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                    .limit(atOnce)
                    .map(Map.Entry::getKey)
                    .toList();
        }
        taken.forEach(eager::remove);
        return taken;
    }

    /** Rows are being written ahead. */
    public void ahead(Iterable<K> rows) {
        long now = nanos.getAsLong();
        int count = 0;
        for (K key : rows) {
            predicted.putIfAbsent(key, new Prediction(now));
            count++;
        }
        told.ahead(count);
        Iterator<Prediction> oldest = predicted.values().iterator();
        while (oldest.hasNext()) {
            Prediction open = oldest.next();
            if (predicted.size() <= MAX_PREDICTIONS && now - open.at <= horizon) {
                return;
            }
            oldest.remove();
            ended(open, 0);
        }
    }

    /** All that waits is being written. */
    public void turn() {
        eager.clear();
    }

    private void ended(Prediction prediction, double reads) {
        boolean isRead = reads > 0 && nanos.getAsLong() - prediction.at <= horizon;
        int writes = 1 + prediction.changes;
        int read = isRead ? (int) Math.min(writes, Math.max(1, Math.round(reads))) : 0;
        // One write had to be.
        ended(read, Math.min(prediction.changes, writes - read));
    }

    private void ended(int rightOnes, int wrongOnes) {
        if (rightOnes > 0) {
            told.right(rightOnes);
        }
        if (wrongOnes > 0) {
            told.wrong(wrongOnes);
        }
        right += rightOnes;
        outcomes += rightOnes + wrongOnes;
        if (outcomes < OUTCOMES) {
            return;
        }
        if (2 * right >= outcomes) {
            odds = Math.max(1 / MOST_LIKELY, odds / STEP);
            atOnce = Math.min(largest, 2 * atOnce);
        } else {
            odds = Math.min(MOST_LIKELY, odds * STEP);
            atOnce = Math.max(FEWEST, atOnce / 2);
        }
        outcomes = 0;
        right = 0;
    }
}
