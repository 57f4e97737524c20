package dev.penumbra.shadow;

import com.github.luben.zstd.ZstdDictTrainer;
import com.github.luben.zstd.ZstdException;
import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Collects a table's values until there are enough of them to train a dictionary.
 *
 * <p>Owned by one thread.
 */
@Internal
public final class DictionaryTraining {
    /** How many values are worth training on. */
    public static final int SAMPLES = 1_000;

    private static final int SAMPLE_BYTES = 8 << 20;
    private static final int MIN_SAMPLES = 64;

    private final int dictionaryBytes;
    private final List<byte[]> samples = new ArrayList<>();
    private long bytes;

    /** @param dictionaryBytes the size that a dictionary may have */
    public DictionaryTraining(int dictionaryBytes) {
        this.dictionaryBytes = dictionaryBytes;
    }

    /** Adds a raw value; the array must not change any more. Values beyond what training needs are passed over. */
    public void add(byte[] value) {
        if (bytes + value.length <= SAMPLE_BYTES) {
            samples.add(value);
            bytes += value.length;
        }
    }

    /** Whether there are enough values for a dictionary that will serve. */
    public boolean ready() {
        return samples.size() >= SAMPLES || bytes > SAMPLE_BYTES / 2;
    }

    /** Trains a dictionary and forgets the values; empty when they have too little in common or are too few. */
    public Optional<byte[]> train() {
        if (samples.size() < MIN_SAMPLES) {
            return Optional.empty();
        }
        // zstd wants samples of about a hundred times the dictionary; fewer give a smaller dictionary.
        int target = (int) Math.max(1 << 10, Math.min(dictionaryBytes, bytes / 8));
        ZstdDictTrainer trainer = new ZstdDictTrainer((int) bytes, target);
        for (byte[] sample : samples) {
            trainer.addSample(sample);
        }
        samples.clear();
        bytes = 0;
        try {
            return Optional.of(trainer.trainSamples());
        } catch (ZstdException e) {
            return Optional.empty();
        }
    }
}
