package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.shadow.Catalogue;
import dev.penumbra.shadow.Dictionaries;
import dev.penumbra.shadow.Dictionary;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.ignite.Ignite;
import org.jspecify.annotations.Nullable;

/**
 * The dictionaries as a node finds them that may still be starting.
 *
 * <p>A node that joins a datacenter is sent rows before it has started, and now and then before the dictionary, which comes to it by other
 * threads. Refusing the row would end the node, so a young one waits a little.
 *
 * <p>Safe for use by several threads.
 */
final class NodeDictionaries {
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    /** For so long after it has started a node is young. */
    private static final long YOUTH_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final Ignite ignite;
    private final BooleanSupplier stopped;
    private final Map<Integer, Dictionary> early = new ConcurrentHashMap<>();

    private volatile @Nullable Opened opened;

    private record Opened(Dictionaries dictionaries, long atNanos) {}

    NodeDictionaries(Ignite ignite, BooleanSupplier stopped) {
        this.ignite = ignite;
        this.stopped = stopped;
    }

    /** The node has started. */
    Dictionaries open(Catalogue catalogue) {
        Dictionaries dictionaries = new Dictionaries(ignite, catalogue, this::held);
        opened = new Opened(dictionaries, System.nanoTime());
        return dictionaries;
    }

    private byte @Nullable [] held(int number) {
        return GridInternals.held(ignite, Dictionaries.CONTENT, number);
    }

    /** The dictionary of a number, or null when this node does not have it. */
    @Nullable Dictionary find(int number) {
        @Nullable Dictionary found = look(number);
        if (found != null || !isYoung()) {
            return found;
        }
        long end = System.nanoTime() + WAIT_NANOS;
        while (found == null && !stopped.getAsBoolean() && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(LOOK_NANOS);
            found = look(number);
        }
        return found;
    }

    private boolean isYoung() {
        Opened known = opened;
        return known == null || System.nanoTime() - known.atNanos() < YOUTH_NANOS;
    }

    private @Nullable Dictionary look(int number) {
        Opened known = opened;
        if (known != null) {
            return known.dictionaries().find(number);
        }
        @Nullable Dictionary met = early.get(number);
        if (met == null) {
            byte[] content = held(number);
            met = content == null ? null : early.computeIfAbsent(number, key -> new Dictionary(key, content));
        }
        return met;
    }
}
