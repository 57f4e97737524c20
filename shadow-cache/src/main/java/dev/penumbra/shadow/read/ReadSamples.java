package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Which rows were read of late: how many reads there were, and the last of them.
 *
 * <p>Safe for use by several threads; noting a read costs as much as counting it. A read that is noted while others are taken may be lost, or be
 * counted with the next.
 *
 * @param <K> a row's key
 */
@Internal
public final class ReadSamples<K> {
    /** A power of two. */
    private static final int KEPT = 64;

    private final AtomicReferenceArray<@Nullable K> last = new AtomicReferenceArray<>(KEPT);
    private final AtomicLong reads = new AtomicLong();
    /** Changed by who takes. */
    private long taken;

    /**
     * Reads of rows.
     *
     * @param keys one for each read that was kept
     * @param times how many reads each stands for
     */
    public record Sample<K>(List<K> keys, double times) {}

    /** A row is read. */
    public void read(K key) {
        last.lazySet((int) (reads.getAndIncrement() & (KEPT - 1)), key);
    }

    /** Takes what has been read since the last call. By one thread at a time. */
    public Sample<K> take() {
        long now = reads.get();
        List<K> keys = new ArrayList<>();
        if (now != taken) {
            for (int i = 0; i < KEPT; i++) {
                K key = last.getAndSet(i, null);
                if (key != null) {
                    keys.add(key);
                }
            }
        }
        double times = keys.isEmpty() ? 0 : (double) (now - taken) / keys.size();
        taken = now;
        return new Sample<>(keys, times);
    }
}
