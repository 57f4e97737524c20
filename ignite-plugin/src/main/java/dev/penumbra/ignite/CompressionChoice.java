package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.VersionedCache;
import dev.penumbra.ignite.internal.VersionedCache.Write;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.Dictionaries;
import dev.penumbra.shadow.Dictionary;
import dev.penumbra.shadow.DictionaryTraining;
import dev.penumbra.shadow.ValueCodec;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.ignite.Ignite;
import org.apache.ignite.binary.BinaryObject;
import org.jspecify.annotations.Nullable;

/**
 * Sees to it that this node stores the values of a copy as the copy asks, training a dictionary on its first rows.
 *
 * <p>Only one node trains for a table: the one whose feed writes the home image or, where the table is its own, the one that is told
 * to. What writes the other copies uses the dictionary that this published. Rows that came before there was one stay as they are.
 *
 * <p>Owned by one feed's thread.
 */
final class CompressionChoice {
    private final Ignite ignite;
    private final ValueCodec codec;
    private final Dictionaries dictionaries;
    private final int dictionaryBytes;
    private final Set<String> settled = new HashSet<>();
    private final Map<String, DictionaryTraining> trainings = new HashMap<>();
    private final Set<String> trainedHere = new HashSet<>();

    CompressionChoice(Ignite ignite, ValueCodec codec, Dictionaries dictionaries, int dictionaryBytes) {
        this.ignite = ignite;
        this.codec = codec;
        this.dictionaries = dictionaries;
        this.dictionaryBytes = dictionaryBytes;
    }

    /** Trains on the rows of a copy that is no home image, too. */
    void trainOn(Copy copy) {
        trainedHere.add(copy.id());
    }

    /** Settles how the values of a batch are stored, before it is written. */
    void prepare(Copy copy, VersionedCache cache, List<Write> writes) {
        String type = copy.valueType();
        if (settled.contains(type)) {
            return;
        }
        int typeId = ignite.binary().typeId(type);
        if (copy.compression() != Compression.ZSTD) {
            codec.assign(typeId, copy.compression(), null);
            settled.add(type);
            return;
        }
        Optional<Dictionary> dictionary = dictionaries.latest(copy.dictionaryName());
        if (dictionary.isEmpty() && (copy.role() == Copy.Role.HOME_IMAGE || trainedHere.contains(copy.id()))) {
            dictionary = train(copy, cache, writes);
        }
        codec.assign(typeId, Compression.ZSTD, dictionary.orElse(null));
        if (dictionary.isPresent()) {
            settled.add(type);
            trainings.remove(type);
        }
    }

    private Optional<Dictionary> train(Copy copy, VersionedCache cache, List<Write> writes) {
        DictionaryTraining training =
                trainings.computeIfAbsent(copy.valueType(), type -> new DictionaryTraining(dictionaryBytes));
        for (Write write : writes) {
            @Nullable BinaryObject value = write.value();
            if (value != null) {
                training.add(cache.rawBytes(value));
            }
        }
        return training.ready()
                ? training.train().map(content -> dictionaries.publish(copy.dictionaryName(), content))
                : Optional.empty();
    }
}
