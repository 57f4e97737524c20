package dev.penumbra.shadow.read;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.penumbra.model.api.Internal;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Expects rows to be read as often as they have been read of late.
 *
 * <p>A row's reads are counted so that one counts half after {@link #HALF_LIFE}: the count times the decay is the rate at which the row
 * is read, and with reads that do not depend on each other the chance of at least one in a time is {@code 1 - exp(-rate * time)}. Decayed
 * counts: Cormode, Shkapenyuk, Srivastava and Xu, <em>Forward Decay</em>, ICDE 2009. Rows that are read often are kept of those that fit,
 * by Caffeine's policy.
 *
 * <p>Used by one thread.
 */
@Internal
public final class ReadFrequency<K> implements ReadForecast<K> {
    /** After this time a read counts half. */
    public static final Duration HALF_LIFE = Duration.ofSeconds(10);

    private static final double DECAY = Math.log(2) / HALF_LIFE.toNanos();
    private static final int MAX_ROWS = 10_000;

    private final LongSupplier nanos;
    private final long horizon;
    private final Cache<K, Heat> rows =
            Caffeine.newBuilder().maximumSize(MAX_ROWS).executor(Runnable::run).build();
    private final Heat all = new Heat();

    private static final class Heat {
        private double count;
        private long at;

        private void add(double times, long now) {
            count = at(now) + times;
            at = now;
        }

        private double at(long now) {
            return count == 0 ? 0 : count * Math.exp(-DECAY * (now - at));
        }
    }

    /** @param horizon for how long a change is pending */
    public ReadFrequency(LongSupplier nanos, Duration horizon) {
        this.nanos = nanos;
        this.horizon = horizon.toNanos();
    }

    @Override
    public double chance(K key) {
        long now = nanos.getAsLong();
        // Whoever asks for a chance has not read the row.
        @Nullable Heat row = rows.policy().getIfPresentQuietly(key);
        double count = all.at(now) + (row == null ? 0 : row.at(now));
        return -Math.expm1(-count * DECAY * horizon);
    }

    @Override
    public void read(K key, double times) {
        rows.get(key, unknown -> new Heat()).add(times, nanos.getAsLong());
    }

    @Override
    public void readAll() {
        all.add(1, nanos.getAsLong());
    }
}
