package dev.penumbra.ignite.trigger;

import dev.penumbra.ignite.internal.CommittedChange;
import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.cache.Cache;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.cache.CacheAtomicityMode;
import org.apache.ignite.cache.CacheMode;
import org.apache.ignite.cache.query.ScanQuery;
import org.apache.ignite.configuration.CacheConfiguration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes that no attempt of a trigger could deal with, kept by the grid until they are removed.
 *
 * <p>A letter tells everybody that there is one. Its rows, and what the trigger said of them, are for those who may read the
 * rows' table.
 *
 * <p>Safe for use by several threads.
 */
@Internal
public final class DeadLetters {
    private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);

    /** The cache that holds them, by trigger, partition and counter. */
    static final String CACHE = "penumbra-dead-letters";

    private static final int MAX_TEXT = 4_096;

    /** How many texts a letter has at least; an earlier version did not add the name of the table's cache. */
    private static final int TEXTS = 11;

    private final Ignite ignite;
    private final InstantSource clock;

    public DeadLetters(Ignite ignite, InstantSource clock) {
        this.ignite = ignite;
        this.clock = clock;
    }

    /**
     * One of them.
     *
     * @param trigger the trigger that could not deal with it
     * @param partition the row's partition
     * @param counter the number of the change in its partition
     * @param before the row before, also null for who may not read its table
     * @param after the row after, in the same way
     * @param reason what the trigger threw; null for who may not read the rows, because it may speak of them
     */
    public record DeadLetter(
            String trigger,
            String schema,
            String table,
            int partition,
            long counter,
            String operation,
            @Nullable String before,
            @Nullable String after,
            long attempts,
            @Nullable String reason,
            long atMillis) {
        private DeadLetter withoutRows() {
            return new DeadLetter(
                    trigger, schema, table, partition, counter, operation, null, null, attempts, null, atMillis);
        }
    }

    private IgniteCache<String, String[]> cache() {
        return ignite.getOrCreateCache(new CacheConfiguration<String, String[]>(CACHE)
                .setCacheMode(CacheMode.REPLICATED)
                .setAtomicityMode(CacheAtomicityMode.ATOMIC));
    }

    void add(
            Trigger trigger,
            CommittedChange change,
            TableSchema schema,
            @Nullable Row before,
            @Nullable Row after,
            int attempts,
            Throwable reason) {
        String[] letter = {
            trigger.name(),
            trigger.table().schema(),
            trigger.table().table(),
            Integer.toString(change.partition()),
            Long.toString(change.counter()),
            TableStreams.operation(before, after).name(),
            text(schema, before),
            text(schema, after),
            Integer.toString(attempts),
            shortened(reason.toString()),
            Long.toString(clock.millis()),
            trigger.cache()
        };
        cache().put(id(trigger, change, schema, before, after), letter);
    }

    /** Removals without a counter of their own share one, so the row's key belongs to it. */
    private static String id(
            Trigger trigger, CommittedChange change, TableSchema schema, @Nullable Row before, @Nullable Row after) {
        return String.join(
                " ",
                trigger.name(),
                Long.toString(trigger.createdAtMillis()),
                Integer.toString(change.partition()),
                Long.toString(change.counter()),
                Boolean.toString(change.isCounted()),
                schema.keyOf(Objects.requireNonNull(after == null ? before : after))
                        .toString());
    }

    private static String text(TableSchema schema, @Nullable Row row) {
        if (row == null) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < row.size() && text.length() < MAX_TEXT; i++) {
            text.append(i == 0 ? "" : ", ")
                    .append(schema.columns().get(i).name())
                    .append('=')
                    .append(row.get(i));
        }
        return shortened(text.toString());
    }

    private static String shortened(String text) {
        return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT);
    }

    /** All of them, in no order, as whoever this thread is working for may see them. */
    public Collection<DeadLetter> all() {
        Map<String, Boolean> readable = new HashMap<>();
        List<DeadLetter> all = new ArrayList<>();
        for (String[] letter : GridInternals.asNode(ignite, this::stored)) {
            DeadLetter read = read(letter);
            if (read != null) {
                String cache = letter.length > TEXTS ? letter[TEXTS] : "";
                boolean mayRead = readable.computeIfAbsent(
                        cache, name -> GridInternals.mayRead(ignite, name.isEmpty() ? null : name));
                all.add(mayRead ? read : read.withoutRows());
            }
        }
        return all;
    }

    private List<String[]> stored() {
        @Nullable IgniteCache<String, String[]> cache = ignite.cache(CACHE);
        if (cache == null) {
            return List.of();
        }
        List<String[]> letters = new ArrayList<>();
        try (var entries = cache.<Object, Object>withKeepBinary().query(new ScanQuery<Object, Object>())) {
            for (Cache.Entry<Object, Object> entry : entries) {
                if (entry.getValue() instanceof String[] letter) {
                    letters.add(letter);
                }
            }
        }
        return letters;
    }

    /** A letter, or null for what is none: others can write to the cache, too. */
    private static @Nullable DeadLetter read(String[] letter) {
        if (letter.length < TEXTS || Arrays.stream(letter).anyMatch(Objects::isNull)) {
            return null;
        }
        try {
            return new DeadLetter(
                    letter[0],
                    letter[1],
                    letter[2],
                    Integer.parseInt(letter[3]),
                    Long.parseLong(letter[4]),
                    letter[5],
                    letter[6].isEmpty() ? null : letter[6],
                    letter[7].isEmpty() ? null : letter[7],
                    Long.parseLong(letter[8]),
                    letter[9],
                    Long.parseLong(letter[10]));
        } catch (NumberFormatException e) {
            LOG.warn("a dead letter cannot be read: trigger={}", letter[0]);
            return null;
        }
    }
}
