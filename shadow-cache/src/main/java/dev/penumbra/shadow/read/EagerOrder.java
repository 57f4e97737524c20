package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;
import java.time.Duration;
import java.util.ArrayList;
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
 * <p>Each row that is written ahead is a prediction. It was right when the row is read within the time in which it could have been pending,
 * and wrong when the row changes again before anybody has read it: then one write would have done. A row that neither happens to has cost
 * nothing, since it had to be written once. After each {@value #OUTCOMES} outcomes, when most were right, more rows are written ahead, less likely
 * ones among them, and twice as many at once; otherwise fewer, and half as many.
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
    private final long horizon;
    private final int largest;
    private final Told told;

    /** Rows that wait and are likely to be read. */
    private final Set<K> eager = new LinkedHashSet<>();
    /** When rows were written ahead that have neither been read nor changed since, the oldest first. */
    private final Map<K, Long> predicted = new LinkedHashMap<>();

    /** A row is likely to be read from these odds on. */
    private double odds = 1;

    private int atOnce = 64;
    private int right;
    private int outcomes;

    /** Counts what became of predictions. Must not wait. */
    public interface Told {
        /** Rows have been written ahead. */
        void ahead(int rows);

        /** One of them has been read before its turn. */
        void right();

        /** One of them has changed again before it was read. */
        void wrong();
    }

    /**
     * @param horizon for how long a change may be pending
     * @param largest so many rows at most are written ahead at once
     */
    public EagerOrder(ReadForecast<K> forecast, LongSupplier nanos, Duration horizon, int largest, Told told) {
        this.forecast = forecast;
        this.nanos = nanos;
        this.horizon = horizon.toNanos();
        this.largest = largest;
        this.told = told;
    }

    /** A change of a row has come and waits for its turn. */
    public void waits(K key) {
        if (isOpen(key)) {
            told.wrong();
            ended(false);
        }
        consider(key);
    }

    private void consider(K key) {
        if (isLikely(key)) {
            eager.add(key);
        }
    }

    /**
     * Readers have read a row.
     *
     * @param times about how often
     * @param isWaiting whether a change of it waits
     */
    public void read(K key, double times, boolean isWaiting) {
        forecast.read(key, times);
        if (isOpen(key)) {
            told.right();
            ended(true);
        }
        if (isWaiting) {
            consider(key);
        }
    }

    /** A reader has read the copy as a whole. */
    public void readAll() {
        forecast.readAll();
        for (K key : List.copyOf(predicted.keySet())) {
            if (isOpen(key)) {
                told.right();
                ended(true);
            }
        }
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

    /** Takes the rows that are to be written ahead now. */
    public List<K> take() {
        List<K> taken = new ArrayList<>();
        Iterator<K> waiting = eager.iterator();
        while (taken.size() < atOnce && waiting.hasNext()) {
            taken.add(waiting.next());
            waiting.remove();
        }
        return taken;
    }

    /** Rows are being written ahead. */
    public void ahead(Iterable<K> rows) {
        long now = nanos.getAsLong();
        int count = 0;
        for (K key : rows) {
            predicted.put(key, now);
            count++;
        }
        told.ahead(count);
        Iterator<Long> oldest = predicted.values().iterator();
        while (oldest.hasNext() && (predicted.size() > MAX_PREDICTIONS || now - oldest.next() > horizon)) {
            oldest.remove();
        }
    }

    /** All that waits is being written. */
    public void turn() {
        eager.clear();
    }

    /** Ends a prediction; false when there is none, or none any more. */
    private boolean isOpen(K key) {
        Long at = predicted.remove(key);
        return at != null && nanos.getAsLong() - at <= horizon;
    }

    private void ended(boolean isRight) {
        outcomes++;
        right += isRight ? 1 : 0;
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
