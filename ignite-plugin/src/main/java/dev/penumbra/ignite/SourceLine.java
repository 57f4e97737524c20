package dev.penumbra.ignite;

import com.esotericsoftware.kryo.io.Input;
import dev.penumbra.journal.KeyFormat;
import dev.penumbra.journal.RowFormat;
import dev.penumbra.journal.SourceRows.Found;
import dev.penumbra.journal.SourceRows.Wanted;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.Progress.FeedState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.ignite.IgniteException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the node that keeps a source's home images up for rows of the source itself, and answers other nodes. Messages of Ignite's, each an
 * array, the question's number first:
 *
 * <pre>
 * number | source | fingerprint of the layout | array of keys   which rows are there?
 * number | false                                                this node does not keep that source's home images up
 * number | array                                                of each an image, false where there is no row, null where it cannot be told
 * </pre>
 *
 * <p>Safe for use by several threads. Messages are taken without waiting.
 */
final class SourceLine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SourceLine.class);
    private static final String TOPIC = "penumbra.sources";

    /** More are not asked for in one read: the relay has other work. */
    static final int MAX_ROWS = 500;

    /** Longer than the source is waited for, and there and back. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private final ShippingContext context;
    private final Map<String, Journal> journals;
    private final Map<String, SourceReader> readers;
    private final Executor background;
    private final AtomicLong numbers = new AtomicLong();
    private final Map<Long, CompletableFuture<Object[]>> open = new ConcurrentHashMap<>();
    /** Who answered last. */
    private final Map<String, UUID> owners = new ConcurrentHashMap<>();

    private volatile boolean closed;

    /**
     * @param journals those that this node has
     * @param background does what waits
     */
    SourceLine(ShippingContext context, List<Journal> journals, Executor background) {
        this.context = context;
        this.background = background;
        this.journals = journals.stream().collect(Collectors.toMap(Journal::source, journal -> journal));
        this.readers = journals.stream()
                .collect(Collectors.toMap(
                        Journal::source,
                        journal -> new SourceReader(journal::sourceRows, background, System::nanoTime)));
    }

    /** The reader of a source, if this node keeps its home images up, from that very journal: of two of one name only that one counts. */
    private @Nullable SourceReader keeper(String source) {
        SourceReader reader = readers.get(source);
        Journal journal = journals.get(source);
        if (reader == null || journal == null) {
            return null;
        }
        FeedState state = state(source).orElse(null);
        boolean keeps = state != null
                && state.owner().equals(context.ignite().cluster().localNode().id())
                && state.journal().equals(journal.id());
        return keeps ? reader : null;
    }

    /** Begins to take messages. */
    void listen() {
        context.ignite().message().localListen(TOPIC, (from, message) -> {
            try {
                received(from, (Object[]) message);
            } catch (RuntimeException e) {
                // Whoever asks does without.
                LOG.warn("A message of another node could not be dealt with: node={}", from, e);
            }
            return !closed;
        });
    }

    private void received(UUID from, Object[] parts) {
        Long number = (Long) parts[0];
        if (!(parts[1] instanceof String source)) {
            CompletableFuture<Object[]> waiting = open.get(number);
            if (waiting != null) {
                waiting.complete(parts);
            }
            return;
        }
        // Who keeps a source is looked up.
        background.execute(() -> answer(from, number, source, parts));
    }

    private void answer(UUID from, Long number, String source, Object[] parts) {
        SourceReader reader;
        try {
            reader = keeper(source);
        } catch (RuntimeException e) {
            LOG.debug("Who keeps a source cannot be told: source={}", source, e);
            reader = null;
        }
        if (reader == null) {
            send(from, new Object[] {number, false});
            return;
        }
        Fingerprint layout = new Fingerprint((Long) parts[2]);
        List<Wanted> wanted = new ArrayList<>();
        for (Object key : (Object[]) parts[3]) {
            wanted.add(new Wanted(layout, Bytes.wrap((byte[]) key)));
        }
        var unused = reader.read(wanted)
                .thenAccept(found -> send(from, new Object[] {
                    number, found.stream().map(SourceLine::part).toArray()
                }));
    }

    private static @Nullable Object part(Found found) {
        Bytes image = found.image();
        return !found.known() ? null : image == null ? (Object) false : image.array();
    }

    private static Found found(@Nullable Object part) {
        return part == null ? Found.UNKNOWN : new Found(true, part instanceof byte[] image ? Bytes.wrap(image) : null);
    }

    private void send(UUID node, Object[] message) {
        NodeMessages.send(context.ignite(), node, TOPIC, message);
    }

    /**
     * Rows of a source as they are at a moment after the call. Waits.
     *
     * @param home the table's home image
     * @return the rows that are there; empty when one of them cannot be told
     */
    Optional<Map<Key, Row>> read(Copy home, Collection<Key> keys) {
        TableSchema layout = home.requiredLayout();
        List<Key> order = List.copyOf(keys);
        List<Bytes> encoded =
                order.stream().map(key -> KeyFormat.write(layout, key)).toList();
        List<Found> found = found(home.name().source(), layout.fingerprint(), encoded);
        Map<Key, Row> rows = new HashMap<>();
        for (int i = 0; i < order.size(); i++) {
            if (found.size() != order.size() || !found.get(i).known()) {
                return Optional.empty();
            }
            Bytes image = found.get(i).image();
            if (image != null) {
                rows.put(order.get(i), RowFormat.read(new Input(image.array()), layout));
            }
        }
        return Optional.of(rows);
    }

    private List<Found> found(String source, Fingerprint layout, List<Bytes> keys) {
        try {
            SourceReader here = keeper(source);
            if (here != null) {
                return here.read(keys.stream()
                                .map(key -> new Wanted(layout, key))
                                .toList())
                        .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            }
            Object[] asked = keys.stream().map(Bytes::array).toArray();
            UUID known = owners.get(source);
            Object[] answer = known == null ? null : ask(known, source, layout, asked);
            if (answer == null || !(answer[1] instanceof Object[])) {
                UUID owner = state(source).map(FeedState::owner).orElse(null);
                answer = owner == null || owner.equals(known) ? null : ask(owner, source, layout, asked);
            }
            if (answer == null || !(answer[1] instanceof Object[] parts)) {
                owners.remove(source);
                return List.of();
            }
            List<Found> found = new ArrayList<>();
            for (@Nullable Object part : parts) {
                found.add(found(part));
            }
            return found;
        } catch (ExecutionException | TimeoutException e) {
            owners.remove(source);
            return List.of();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }

    private Object @Nullable [] ask(UUID owner, String source, Fingerprint layout, Object[] keys)
            throws ExecutionException, InterruptedException, TimeoutException {
        if (context.ignite().cluster().node(owner) == null) {
            return null;
        }
        long number = numbers.incrementAndGet();
        CompletableFuture<Object[]> answer = new CompletableFuture<>();
        open.put(number, answer);
        try {
            send(owner, new Object[] {number, source, layout.value(), keys});
            Object[] parts = answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            owners.put(source, owner);
            return parts;
        } finally {
            open.remove(number);
        }
    }

    private Optional<FeedState> state(String source) {
        try {
            return context.progress(context.home()).feed(source);
        } catch (IgniteException | javax.cache.CacheException e) {
            LOG.debug("Nobody can be asked for rows of a source: source={}", source, e);
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        closed = true;
        readers.values().forEach(SourceReader::close);
    }
}
