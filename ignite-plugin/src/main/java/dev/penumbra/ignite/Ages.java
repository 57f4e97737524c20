package dev.penumbra.ignite;

import dev.penumbra.shadow.Copy;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import javax.cache.CacheException;
import org.apache.ignite.IgniteException;
import org.jspecify.annotations.Nullable;

/**
 * How long ago the shadows that have a time to live, or an archive, were filled.
 *
 * <p>One node of a datacenter notes how old each is, again and again. Whoever reads such a note lets the shadow age by its own monotonic
 * clock from there, and of two notes believes the one by which it is older. So nodes need not agree about the time of day, and none of
 * them reads rows for longer because the one that takes the notes is gone.
 *
 * <p>Safe for use by several threads.
 */
final class Ages {
    /** A note that is older is read again. */
    private static final long NOTE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final LongSupplier nanos;
    private final Function<Copy, Optional<Duration>> noted;

    /** By the numbers of their fillings. */
    private final Map<Long, Known> known = new ConcurrentHashMap<>();

    private record Known(long filledAt, long readAt) {}

    /** @param noted reads the last note of a shadow's age; empty when there is none any more */
    Ages(LongSupplier nanos, Function<Copy, Optional<Duration>> noted) {
        this.nanos = nanos;
        this.noted = noted;
    }

    /** How old a shadow is; empty where nobody has noted that, and for those of which it does not matter. */
    Optional<Duration> of(Copy copy) {
        if (!copy.built() || !copy.definition().isAged()) {
            return Optional.empty();
        }
        @Nullable Known found = known.get(copy.generation());
        if (found == null || nanos.getAsLong() - found.readAt() > NOTE_NANOS) {
            found = read(copy, found);
        }
        return found == null ? Optional.empty() : Optional.of(Duration.ofNanos(nanos.getAsLong() - found.filledAt()));
    }

    private @Nullable Known read(Copy copy, @Nullable Known before) {
        @Nullable Duration age;
        try {
            age = noted.apply(copy).orElse(null);
        } catch (IgniteException | CacheException e) {
            // The datacenter's last node is leaving, or the caller is within a transaction: what was known stays true.
            return before == null
                    ? null
                    : known.merge(copy.generation(), new Known(before.filledAt(), nanos.getAsLong()), Ages::older);
        }
        long now = nanos.getAsLong();
        return age == null
                ? forgotten(copy)
                : known.merge(copy.generation(), new Known(now - age.toNanos(), now), Ages::older);
    }

    private @Nullable Known forgotten(Copy copy) {
        known.remove(copy.generation());
        return null;
    }

    private static Known older(Known before, Known read) {
        return read.filledAt() - before.filledAt() < 0 ? read : new Known(before.filledAt(), read.readAt());
    }

    /** Whether a shadow's time to live is over, so that its rows may not be read. */
    boolean isOver(Copy copy) {
        return isOver(copy, Duration.ZERO);
    }

    /** Whether it has been over for a while. */
    boolean isOver(Copy copy, Duration since) {
        return !copy.definition().ttl().isZero()
                && of(copy).filter(age -> age.compareTo(copy.definition().ttl().plus(since)) >= 0)
                        .isPresent();
    }

    /** Forgets all others. */
    void retain(Set<Long> generations) {
        known.keySet().retainAll(generations);
    }
}
