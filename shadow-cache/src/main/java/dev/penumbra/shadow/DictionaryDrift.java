package dev.penumbra.shadow;

import com.github.luben.zstd.ZstdCompressCtx;
import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds out whether a table's values have come to be so unlike those on which its dictionary was trained that another would serve better.
 *
 * <p>One value in many is kept. When there are enough, a dictionary is trained on every second of them, and the others tell whether it is
 * worth it: it must compress them to {@link #WORTH} of what the present one does. Then values are kept half as often, so that a table whose
 * values change all the time does not get a dictionary for each of their fashions.
 *
 * <p>Owned by one thread, except that {@link #better} may run on another while nothing else is called.
 */
@Internal
public final class DictionaryDrift {
    /** One value in so many is kept at first. */
    public static final int STRIDE_FIRST = 16;

    private static final int STRIDE_MAX = 4_096;
    private static final int SAMPLES = 2 * DictionaryTraining.SAMPLES;
    private static final int SAMPLE_BYTES = 1 << 20;
    private static final double WORTH = 0.85;

    private final int dictionaryBytes;
    private final List<byte[]> samples = new ArrayList<>();
    private long bytes;
    private int stride = STRIDE_FIRST;
    private int passed;

    /** @param dictionaryBytes the size that a dictionary may have */
    public DictionaryDrift(int dictionaryBytes) {
        this.dictionaryBytes = dictionaryBytes;
    }

    /** A value has come; tells whether it is one to be kept. */
    public boolean wants() {
        passed++;
        if (passed < stride) {
            return false;
        }
        passed = 0;
        return true;
    }

    /**
     * Keeps a raw value; the array must not change any more.
     *
     * @return whether there are enough to look for a {@link #better} dictionary
     */
    public boolean add(byte[] value) {
        samples.add(value);
        bytes += value.length;
        return samples.size() >= SAMPLES || bytes >= SAMPLE_BYTES;
    }

    /** A dictionary that is worth being used instead of the present one; empty when there is none. Forgets the values. */
    public Optional<byte[]> better(Dictionary present) {
        DictionaryTraining training = new DictionaryTraining(dictionaryBytes);
        List<byte[]> others = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            if (i % 2 == 0) {
                training.add(samples.get(i));
            } else {
                others.add(samples.get(i));
            }
        }
        samples.clear();
        bytes = 0;
        stride = Math.min(STRIDE_MAX, 2 * stride);
        return training.train()
                .filter(content -> compressed(new Dictionary(present.number(), content), others)
                        < WORTH * compressed(present, others));
    }

    private static long compressed(Dictionary dictionary, List<byte[]> values) {
        try (ZstdCompressCtx context = new ZstdCompressCtx()) {
            context.loadDict(dictionary.compress());
            long sum = 0;
            for (byte[] value : values) {
                sum += context.compress(value).length;
            }
            return sum;
        }
    }
}
