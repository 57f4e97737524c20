package dev.penumbra.ignite;

import dev.penumbra.shadow.Copy;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How long ago the shadows that have a time to live were filled.
 *
 * <p>One node of a datacenter notes how old each is, again and again. Whoever reads such a note lets the shadow age by its own monotonic
 * clock from there, and of two notes believes the one by which it is older. So nodes need not agree about the time of day, and none of
 * them reads rows for longer because the one that takes the notes is gone.
 *
 * <p>Safe for use by several threads.
 */
final class Ages {
    private final LongSupplier nanos;
    private final Function<Copy, Optional<Duration>> noted;

    /** When they were filled, by the names of their caches. */
    private final Map<String, Long> filledAt = new ConcurrentHashMap<>();

    /** @param noted reads the last note of a shadow's age */
    Ages(LongSupplier nanos, Function<Copy, Optional<Duration>> noted) {
        this.nanos = nanos;
        this.noted = noted;
    }

    /** How old a shadow is; empty where nobody has noted that, and for those that live for ever. */
    Optional<Duration> of(Copy copy) {
        if (!copy.built() || copy.definition().ttl().isZero()) {
            return Optional.empty();
        }
        @Nullable Long known = filledAt.get(copy.cacheName());
        if (known == null) {
            read(copy);
            known = filledAt.get(copy.cacheName());
        }
        return known == null ? Optional.empty() : Optional.of(Duration.ofNanos(nanos.getAsLong() - known));
    }

    /** Reads the last note of a shadow's age. */
    void read(Copy copy) {
        noted.apply(copy).ifPresent(age -> note(copy, age));
    }

    /** A shadow is as old as that at least. */
    void note(Copy copy, Duration age) {
        filledAt.merge(
                copy.cacheName(), nanos.getAsLong() - age.toNanos(), (one, other) -> one - other < 0 ? one : other);
    }

    /** Whether a shadow's time to live is over, so that its rows may not be read. */
    boolean isOver(Copy copy) {
        return isOver(copy, Duration.ZERO);
    }

    /** Whether it has been over for a while. */
    boolean isOver(Copy copy, Duration since) {
        return of(copy).filter(age -> age.compareTo(copy.definition().ttl().plus(since)) >= 0)
                .isPresent();
    }

    /** Forgets all others. */
    void retain(Set<String> caches) {
        filledAt.keySet().retainAll(caches);
    }
}
