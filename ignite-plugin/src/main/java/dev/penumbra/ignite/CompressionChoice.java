package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.VersionedCache;
import dev.penumbra.ignite.internal.VersionedCache.Write;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.Dictionaries;
import dev.penumbra.shadow.Dictionary;
import dev.penumbra.shadow.DictionaryDrift;
import dev.penumbra.shadow.DictionaryTraining;
import dev.penumbra.shadow.ValueCodec;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.ignite.Ignite;
import org.apache.ignite.binary.BinaryObject;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that this node stores the values of a copy as the copy asks, training a dictionary on its first rows, and others when rows have
 * come to be unlike those.
 *
 * <p>Only one node trains for a table: the one whose feed writes the home image or, where the table is its own, the one that is told
 * to. What writes the other copies uses the dictionary that this published. Rows that came before there was one stay as they are.
 *
 * <p>Owned by one feed's thread.
 */
final class CompressionChoice {
    private static final Logger LOG = LoggerFactory.getLogger(CompressionChoice.class);

    /** After so many batches it is looked whether there is another dictionary. */
    private static final int LOOK_BATCHES = 64;

    private final Ignite ignite;
    private final ValueCodec codec;
    private final Dictionaries dictionaries;
    private final int dictionaryBytes;
    private final @Nullable Executor background;
    private final Map<String, Settled> settled = new HashMap<>();
    private final Map<String, DictionaryTraining> trainings = new HashMap<>();
    private final Set<String> trainedHere = new HashSet<>();

    /** What is known of how the values of a type are stored. */
    private static final class Settled {
        private @Nullable Dictionary dictionary;
        private int batches;
        private final DictionaryDrift drift;
        private final AtomicBoolean isSearching = new AtomicBoolean();

        Settled(@Nullable Dictionary dictionary, int dictionaryBytes) {
            this.dictionary = dictionary;
            this.drift = new DictionaryDrift(dictionaryBytes);
        }
    }

    /** @param background trains further dictionaries; null not to */
    CompressionChoice(
            Ignite ignite,
            ValueCodec codec,
            Dictionaries dictionaries,
            int dictionaryBytes,
            @Nullable Executor background) {
        this.ignite = ignite;
        this.codec = codec;
        this.dictionaries = dictionaries;
        this.dictionaryBytes = dictionaryBytes;
        this.background = background;
    }

    /** Trains on the rows of a copy that is no home image, too. */
    void trainOn(Copy copy) {
        trainedHere.add(copy.id());
    }

    /** Settles how the values of a batch are stored, before it is written. */
    void prepare(Copy copy, VersionedCache cache, List<Write> writes) {
        String type = copy.valueType();
        Settled known = settled.get(type);
        if (known != null) {
            follow(known, copy, cache, writes);
            return;
        }
        int typeId = ignite.binary().typeId(type);
        if (copy.compression() != Compression.ZSTD) {
            codec.assign(typeId, copy.compression(), null);
            settled.put(type, new Settled(null, dictionaryBytes));
            return;
        }
        Optional<Dictionary> dictionary = dictionaries.latest(copy.dictionaryName());
        if (dictionary.isEmpty() && isTrainedHere(copy)) {
            dictionary = train(copy, cache, writes);
        }
        codec.assign(typeId, Compression.ZSTD, dictionary.orElse(null));
        if (dictionary.isPresent()) {
            settled.put(type, new Settled(dictionary.get(), dictionaryBytes));
            trainings.remove(type);
        }
    }

    private boolean isTrainedHere(Copy copy) {
        return copy.role() == Copy.Role.HOME_IMAGE || trainedHere.contains(copy.id());
    }

    /** Takes up another dictionary when there is one, and looks for a better one where that is to be done here. */
    private void follow(Settled known, Copy copy, VersionedCache cache, List<Write> writes) {
        Dictionary present = known.dictionary;
        if (present == null) {
            return;
        }
        if (++known.batches % LOOK_BATCHES == 0 && takesUpLatest(known, copy, present)) {
            return;
        }
        Executor searching = background;
        if (searching == null || !isTrainedHere(copy) || known.isSearching.get()) {
            return;
        }
        for (Write write : writes) {
            @Nullable BinaryObject value = write.value();
            if (value != null && known.drift.wants() && known.drift.add(cache.rawBytes(value))) {
                if (!takesUpLatest(known, copy, present)) {
                    search(searching, known, copy, present);
                }
                return;
            }
        }
    }

    private boolean takesUpLatest(Settled known, Copy copy, Dictionary present) {
        Dictionary latest = dictionaries.latest(copy.dictionaryName()).orElse(present);
        if (latest.number() == present.number()) {
            return false;
        }
        codec.assign(ignite.binary().typeId(copy.valueType()), Compression.ZSTD, latest);
        known.dictionary = latest;
        return true;
    }

    private void search(Executor searching, Settled known, Copy copy, Dictionary present) {
        known.isSearching.set(true);
        try {
            searching.execute(() -> search(known, copy, present));
        } catch (RejectedExecutionException e) {
            // The node stops.
            known.isSearching.set(false);
        }
    }

    private void search(Settled known, Copy copy, Dictionary present) {
        try {
            known.drift.better(present).ifPresent(content -> {
                Dictionary better = dictionaries.publish(copy.dictionaryName(), content);
                LOG.info(
                        "Rows have changed and are compressed by another dictionary: copy={}, former={}, now={}",
                        copy.id(),
                        present.number(),
                        better.number());
            });
        } catch (RuntimeException e) {
            LOG.debug("No better dictionary could be looked for: copy={}", copy.id(), e);
        } finally {
            known.isSearching.set(false);
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
