package dev.penumbra.ignite;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Key;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.Progress.FeedState;
import dev.penumbra.shadow.read.FeedName;
import dev.penumbra.shadow.read.FeedRun;
import dev.penumbra.shadow.read.Pending;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import dev.penumbra.shadow.read.ReadSamples;
import dev.penumbra.shadow.read.Uncommitted.Ended;
import dev.penumbra.shadow.read.Uncommitted.Intent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.ignite.IgniteException;
import org.apache.ignite.binary.BinaryObject;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the node that feeds this datacenter for what is pending and for what is not committed, and answers other nodes. Messages of Ignite's,
 * each an array, the question's number first:
 *
 * <pre>
 * number | source | datacenter | run | copy | array of keys' values     which of these rows have pending changes?
 * number | source | datacenter | run | copy | null                      have what is pending put into the copy
 * number | source | datacenter | null | copy | array of keys' values    which of these rows have changes that are not committed?
 * number | source | datacenter | run | copy | ids                       tell when none of these changes stands any more
 * number | source | datacenter | null | copy | array of keys' values | times   these rows have been read, each so often
 * number | true or false                                                it is there, or the run is over
 * number | array of keys' values | rows as stored | epochs | sequences  the pending changes; null for a removed row
 * number | array of keys' values | rows as stored | ids | run           those that are not committed
 * number | epoch | sequence | true or false                             up to where the journal has those that were committed; as seen?
 * </pre>
 *
 * <p>Safe for use by several threads. Messages are taken without waiting.
 */
final class PendingLine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PendingLine.class);
    private static final String TOPIC = "penumbra.pending";

    /** A look into another node's memory takes less than a millisecond; who does not answer by then is on its way out. */
    private static final Duration LOOKING = Duration.ofMillis(300);

    private static final Duration WRITING = Duration.ofSeconds(1);
    /** Of so many parts is what tells of reads. */
    private static final int READS = 7;

    private final ShippingContext context;
    private final Shipper shipper;
    private final Heartbeat heartbeat;
    private final AtomicLong numbers = new AtomicLong();
    private final Map<Long, CompletableFuture<Object[]>> open = new ConcurrentHashMap<>();
    private volatile boolean closed;

    PendingLine(ShippingContext context, Shipper shipper, Heartbeat heartbeat) {
        this.context = context;
        this.shipper = shipper;
        this.heartbeat = heartbeat;
    }

    /** Begins to take messages. */
    void listen() {
        context.ignite().message().localListen(TOPIC, (from, message) -> {
            try {
                received(from, (@Nullable Object[]) message);
            } catch (RuntimeException e) {
                // Whoever asks does without.
                LOG.warn("A message of another node could not be dealt with: node={}", from, e);
            }
            return !closed;
        });
    }

    private void received(UUID from, @Nullable Object[] parts) {
        Long number = (Long) Objects.requireNonNull(parts[0]);
        if (!(parts[1] instanceof String)) {
            CompletableFuture<Object[]> waiting = open.get(number);
            if (waiting != null) {
                waiting.complete(parts);
            }
            return;
        }
        UUID id = (UUID) parts[3];
        Optional<FeedRun<Key, BinaryObject>> run = shipper.run(
                        (String) parts[1], Datacenter.of((String) Objects.requireNonNull(parts[2])))
                .filter(present -> id == null || present.id().equals(id));
        String copy = (String) Objects.requireNonNull(parts[4]);
        if (parts.length == READS) {
            Object[] keys = (Object[]) Objects.requireNonNull(parts[5]);
            double times = (Double) Objects.requireNonNull(parts[6]);
            run.ifPresent(present -> present.read(new FeedRun.Reads<>(copy, keys(keys), times)));
        } else if (run.isEmpty()) {
            send(from, new Object[] {number, false});
        } else if (parts[5] instanceof long[] ids) {
            var unused = ended(run.get(), copy, ids)
                    .thenAcceptAsync(
                            over -> send(from, new Object[] {
                                number, over.upTo().epoch(), over.upTo().sequence(), over.asSeen()
                            }),
                            shipper.background());
        } else if (id == null) {
            Object[] keys = (Object[]) Objects.requireNonNull(parts[5]);
            send(from, answer(number, run.get().id(), run.get().uncommitted(copy, keys(keys))));
        } else if (parts[5] == null) {
            // Not on the feed's thread, nor on one of Ignite's that writes.
            var unused = run.get()
                    .merged(copy)
                    .thenAcceptAsync(merged -> send(from, new Object[] {number, merged}), shipper.background());
        } else {
            send(from, answer(number, run.get().newest(copy, keys((Object[]) parts[5]))));
        }
    }

    /**
     * The pending changes of rows. Waits, for a moment.
     *
     * @param chosen the copy that they are laid over
     * @return the newest of each row that has one; empty when they cannot be had, so that the copy must do without
     */
    Optional<Map<Key, Pending.Change<BinaryObject>>> newest(Candidate chosen, Collection<Key> keys) {
        Optional<UUID> owner = owner(chosen);
        if (owner.isEmpty()) {
            return Optional.empty();
        }
        if (isHere(owner.get())) {
            return run(chosen).flatMap(run -> run.newest(chosen.copy(), keys));
        }
        Object[] wanted = keys.stream().map(Key::toArray).toArray();
        return looked(ask(owner.get(), chosen, chosen.run(), wanted, LOOKING)).map(PendingLine::changes);
    }

    /** Tells that rows of a copy in this datacenter have been read. Comes to nothing while nobody feeds it. */
    void read(Candidate copy, ReadSamples.Sample<Key> sample) {
        UUID owner = owner(copy).orElse(null);
        if (owner == null) {
            return;
        }
        FeedName feed = Objects.requireNonNull(copy.feed());
        if (isHere(owner)) {
            shipper.run(feed.source(), feed.datacenter())
                    .ifPresent(run -> run.read(new FeedRun.Reads<>(copy.copy(), sample.keys(), sample.times())));
            return;
        }
        Object[] keys = sample.keys().stream().map(Key::toArray).toArray();
        send(owner, new @Nullable Object[] {
            0L, feed.source(), feed.datacenter().name(), null, copy.copy(), keys, sample.times()
        });
    }

    /** What a look into another node's memory has found; empty when there is nothing to be had. */
    private static Optional<Object[]> looked(CompletableFuture<Object[]> answer) {
        try {
            Object[] parts = answer.get(2 * LOOKING.toMillis(), TimeUnit.MILLISECONDS);
            return parts.length == 2 ? Optional.empty() : Optional.of(parts);
        } catch (ExecutionException | TimeoutException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** Has what is pending put into a copy; whether it is there. */
    CompletableFuture<Boolean> merged(Candidate chosen) {
        Optional<UUID> owner = owner(chosen);
        if (owner.isEmpty()) {
            return CompletableFuture.completedFuture(false);
        }
        if (isHere(owner.get())) {
            CompletableFuture<Boolean> merged = run(chosen)
                    .map(run -> run.merged(chosen.copy()))
                    .orElseGet(() -> CompletableFuture.completedFuture(false));
            heartbeat.after(WRITING.toNanos(), () -> merged.complete(false));
            return merged;
        }
        return ask(owner.get(), chosen, chosen.run(), null, WRITING)
                .thenApply(parts -> Boolean.TRUE.equals(parts[1]))
                .exceptionally(late -> false);
    }

    /**
     * What stands in the source of some rows and is likely to be committed.
     *
     * @param run what told of it, and is to be asked what becomes of it
     * @param rows by their keys; empty for one that would be removed
     * @param ids of the changes
     */
    record Intents(UUID run, Map<Key, Optional<BinaryObject>> rows, Set<Long> ids) {}

    /**
     * What stands in the source of rows of a copy in this datacenter. Waits, for a moment.
     *
     * @return empty when there is nothing, or nothing is known
     */
    Optional<Intents> uncommitted(Candidate chosen, Collection<Key> keys) {
        Optional<UUID> owner = owner(chosen);
        if (owner.isEmpty()) {
            return Optional.empty();
        }
        FeedName feed = Objects.requireNonNull(chosen.feed());
        if (isHere(owner.get())) {
            return shipper.run(feed.source(), feed.datacenter())
                    .flatMap(run -> run.uncommitted(chosen.copy(), keys)
                            .filter(intents -> !intents.isEmpty())
                            .map(intents -> new Intents(
                                    run.id(),
                                    intents.values().stream()
                                            .collect(Collectors.toMap(
                                                    Intent::key, intent -> Optional.ofNullable(intent.row()))),
                                    intents.values().stream().map(Intent::id).collect(Collectors.toSet()))));
        }
        Object[] wanted = keys.stream().map(Key::toArray).toArray();
        return looked(ask(owner.get(), chosen, null, wanted, LOOKING)).flatMap(PendingLine::intents);
    }

    /**
     * Tells when none of some changes stands any more, and what has become of them.
     *
     * @return {@link Ended#UNKNOWN} when that cannot be told in time. Completed on another's thread
     */
    CompletableFuture<Ended> ended(Candidate chosen, Intents intents) {
        Optional<UUID> owner = owner(chosen);
        if (owner.isEmpty()) {
            return CompletableFuture.completedFuture(Ended.UNKNOWN);
        }
        FeedName feed = Objects.requireNonNull(chosen.feed());
        long[] ids = intents.ids().stream().mapToLong(Long::longValue).toArray();
        if (isHere(owner.get())) {
            return shipper.run(feed.source(), feed.datacenter(), intents.run())
                    .map(run -> ended(run, chosen.copy(), ids))
                    .orElseGet(() -> CompletableFuture.completedFuture(Ended.UNKNOWN));
        }
        return ask(
                        owner.get(),
                        chosen,
                        intents.run(),
                        ids,
                        context.configuration().readPatience().plus(LOOKING))
                .thenApply(parts -> parts.length == 2
                        ? Ended.UNKNOWN
                        : new Ended(
                                new Position((Integer) Objects.requireNonNull(parts[1]), (Long)
                                        Objects.requireNonNull(parts[2])),
                                (Boolean) Objects.requireNonNull(parts[3])))
                .exceptionally(late -> Ended.UNKNOWN);
    }

    private CompletableFuture<Ended> ended(FeedRun<Key, BinaryObject> run, String copy, long[] ids) {
        CompletableFuture<Ended> ended =
                run.ended(copy, Arrays.stream(ids).boxed().toList());
        heartbeat.after(context.configuration().readPatience().toNanos(), () -> ended.complete(Ended.UNKNOWN));
        return ended;
    }

    private CompletableFuture<Object[]> ask(
            UUID owner, Candidate chosen, @Nullable UUID run, @Nullable Object wanted, Duration patience) {
        FeedName feed = Objects.requireNonNull(chosen.feed());
        long number = numbers.incrementAndGet();
        CompletableFuture<Object[]> answer = new CompletableFuture<>();
        open.put(number, answer);
        var unused = answer.whenComplete((parts, failure) -> open.remove(number));
        send(
                owner,
                new @Nullable Object[] {number, feed.source(), feed.datacenter().name(), run, chosen.copy(), wanted});
        heartbeat.after(patience.toNanos(), () -> answer.completeExceptionally(new TimeoutException()));
        return answer;
    }

    private Optional<UUID> owner(Candidate chosen) {
        FeedName feed = Objects.requireNonNull(chosen.feed());
        try {
            return context.progress(feed.datacenter())
                    .feed(feed.source())
                    .filter(state -> state.life().equals(feed.life()))
                    .map(FeedState::owner)
                    .filter(node -> context.ignite().cluster().node(node) != null);
        } catch (IgniteException | javax.cache.CacheException e) {
            LOG.debug("What is pending cannot be asked for: feed={}", feed, e);
            return Optional.empty();
        }
    }

    private boolean isHere(UUID node) {
        return node.equals(context.ignite().cluster().localNode().id());
    }

    private Optional<FeedRun<Key, BinaryObject>> run(Candidate chosen) {
        FeedName feed = Objects.requireNonNull(chosen.feed());
        return shipper.run(feed.source(), feed.datacenter(), Objects.requireNonNull(chosen.run()));
    }

    private void send(UUID node, @Nullable Object[] message) {
        NodeMessages.send(context.ignite(), node, TOPIC, message);
    }

    private static Object[] answer(long number, Optional<Map<Key, Pending.Change<BinaryObject>>> found) {
        if (found.isEmpty()) {
            return new Object[] {number, false};
        }
        int count = found.get().size();
        Object[] keys = new Object[count];
        @Nullable Object[] rows = new @Nullable Object[count];
        int[] epochs = new int[count];
        long[] sequences = new long[count];
        int i = 0;
        for (Map.Entry<Key, Pending.Change<BinaryObject>> entry : found.get().entrySet()) {
            keys[i] = entry.getKey().toArray();
            rows[i] = entry.getValue().row();
            epochs[i] = entry.getValue().position().epoch();
            sequences[i++] = entry.getValue().position().sequence();
        }
        return new Object[] {number, keys, rows, epochs, sequences};
    }

    private static Object[] answer(long number, UUID run, Optional<Map<Key, Intent<Key, BinaryObject>>> found) {
        if (found.isEmpty()) {
            return new Object[] {number, false};
        }
        Collection<Intent<Key, BinaryObject>> intents = found.get().values();
        Object[] keys = intents.stream().map(intent -> intent.key().toArray()).toArray();
        @Nullable Object[] rows = intents.stream().map(Intent::row).toArray();
        long[] ids = intents.stream().mapToLong(Intent::id).toArray();
        return new Object[] {number, keys, rows, ids, run};
    }

    private static Optional<Intents> intents(Object[] parts) {
        List<Key> keys = keys((Object[]) parts[1]);
        @Nullable Object[] rows = (@Nullable Object[]) parts[2];
        Map<Key, Optional<BinaryObject>> byKey = new HashMap<>();
        for (int i = 0; i < rows.length; i++) {
            byKey.put(keys.get(i), Optional.ofNullable((BinaryObject) rows[i]));
        }
        Set<Long> ids = Arrays.stream((long[]) parts[3]).boxed().collect(Collectors.toSet());
        return ids.isEmpty() ? Optional.empty() : Optional.of(new Intents((UUID) parts[4], byKey, ids));
    }

    private static List<Key> keys(Object[] values) {
        List<Key> keys = new ArrayList<>(values.length);
        for (Object key : values) {
            keys.add(Key.wrap((Object[]) key));
        }
        return keys;
    }

    private static Map<Key, Pending.Change<BinaryObject>> changes(Object[] parts) {
        List<Key> keys = keys((Object[]) parts[1]);
        @Nullable Object[] rows = (@Nullable Object[]) parts[2];
        int[] epochs = (int[]) parts[3];
        long[] sequences = (long[]) parts[4];
        Map<Key, Pending.Change<BinaryObject>> changes = new HashMap<>();
        for (int i = 0; i < epochs.length; i++) {
            changes.put(
                    keys.get(i),
                    new Pending.Change<>((@Nullable BinaryObject) rows[i], new Position(epochs[i], sequences[i])));
        }
        return changes;
    }

    @Override
    public void close() {
        closed = true;
        open.values().forEach(answer -> answer.completeExceptionally(new TimeoutException()));
    }
}
