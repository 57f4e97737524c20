package dev.penumbra.ignite;

import dev.penumbra.affinity.DatacenterNodes;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.Progress.FeedState;
import dev.penumbra.shadow.read.FeedName;
import dev.penumbra.shadow.read.Freshness;
import dev.penumbra.shadow.read.ProvenStaleness.Captured;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.ignite.cluster.ClusterNode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a node informed of how stale the copies in its datacenter may be, by probes that it sends again and again.
 *
 * <p>A probe goes to the node that feeds the datacenter from a source's journal. Its feed asks the source, and answers when the
 * datacenter's copies have come as far as the source had committed; see {@link dev.penumbra.shadow.read.ProvenStaleness}. Messages between nodes are bytes:
 *
 * <pre>
 * kind (1) | number of the question (8) | life of the feed (16) | its run (16) | position (4 + 8)
 *          | length of the datacenter's name (2) | it | the source's name
 * </pre>
 *
 * <p>Run and position are those of the feed that answers, and zero where nobody may read what is pending, and for other datacenters.
 *
 * <p>Safe for use by several threads. All work is done on one thread of its own.
 */
final class Heartbeat implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);
    private static final String TOPIC = "penumbra.probes";
    private static final byte QUESTION = 1;
    private static final byte ANSWER = 2;
    private static final byte CAPTURED = 3;
    /** The catalogue is looked at as often, in case that nobody has told of a change. */
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final Captured NOTHING = new Captured(new UUID(0, 0), Position.START);

    private final ShippingContext context;
    private final Shipper shipper;
    private final String tablesSource;
    private final @Nullable Datacenter local;
    private final ScheduledExecutorService thread;
    private final Freshness freshness;
    /** Volatile: set after the heartbeat is made. */
    private volatile Runnable onBeat = () -> {};

    private volatile boolean stopped;
    private volatile boolean hasCatalogueChanged;

    // Owned by the heartbeat's thread.
    private long lookedAt = System.nanoTime() - LOOK_NANOS;
    private Set<String> sources = Set.of();

    /** @param tablesSource the source of the grid's own tables, whose changes do not come from one journal */
    Heartbeat(ShippingContext context, Shipper shipper, String tablesSource) {
        this.context = context;
        this.shipper = shipper;
        this.tablesSource = tablesSource;
        this.local = context.local();
        this.freshness = new Freshness(System::nanoTime, (feed, question) -> execute(() -> ask(feed, question)));
        this.thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread beating =
                    new Thread(task, "penumbra-heartbeat-" + context.ignite().name());
            beating.setDaemon(true);
            return beating;
        });
    }

    void start() {
        shipper.onProven(this::proven);
        context.ignite().message().localListen(TOPIC, (from, message) -> {
            if (message instanceof byte[] bytes) {
                execute(() -> receive(from, ByteBuffer.wrap(bytes)));
            }
            return !stopped;
        });
        long millis = context.configuration().heartbeat().toMillis();
        var unused = thread.scheduleWithFixedDelay(() -> safely(this::beat), 0, millis, TimeUnit.MILLISECONDS);
    }

    /** Says what is done with each beat, on the heartbeat's thread; must not wait. */
    void onBeat(Runnable task) {
        onBeat = task;
    }

    /** What this node can prove of copies. */
    Freshness freshness() {
        return freshness;
    }

    /**
     * The proven staleness of a source's copies in this node's datacenter, in nanoseconds; empty while nothing has been proven, and for
     * sources of other datacenters.
     */
    OptionalLong staleness(String source, Datacenter datacenter) {
        return datacenter.equals(local)
                ? feed(source, datacenter).map(freshness::staleness).orElse(OptionalLong.empty())
                : OptionalLong.empty();
    }

    private Optional<FeedName> feed(String source, Datacenter datacenter) {
        return context.progress(datacenter).feed(source).map(state -> new FeedName(source, datacenter, state.life()));
    }

    /** The catalogue has changed. By any thread. */
    void catalogueChanged() {
        hasCatalogueChanged = true;
    }

    private Set<String> sourcesIn(Datacenter datacenter) {
        return context.catalogue().all().stream()
                .filter(copy -> copy.name().datacenter().equals(datacenter))
                .map(copy -> copy.name().source())
                .filter(source -> !source.equals(tablesSource))
                .collect(Collectors.toSet());
    }

    private void beat() {
        Set<FeedName> present = new HashSet<>();
        Datacenter datacenter = local;
        if (datacenter != null) {
            long now = System.nanoTime();
            if (hasCatalogueChanged || now - lookedAt > LOOK_NANOS) {
                hasCatalogueChanged = false;
                lookedAt = now - LOOK_NANOS;
                sources = sourcesIn(datacenter);
                lookedAt = now;
            }
            sources.forEach(source -> feed(source, datacenter).ifPresent(present::add));
        }
        freshness.retain(present);
        // A question or an answer of those may have been lost.
        present.addAll(freshness.awaited());
        present.forEach(freshness::ask);
        onBeat.run();
    }

    private void ask(FeedName feed, long question) {
        if (!feed.datacenter().equals(local)) {
            // Who carries it is written over there; whoever does not passes the question over.
            for (ClusterNode node : context.ignite().cluster().forServers().nodes()) {
                pose(node.id(), feed, question);
            }
            return;
        }
        Optional<FeedState> state = context.progress(feed.datacenter()).feed(feed.source());
        if (state.isPresent()) {
            pose(state.get().owner(), feed, question);
        }
    }

    private void pose(UUID node, FeedName feed, long question) {
        if (node.equals(localNode())) {
            shipper.probed(feed.source(), feed.datacenter(), new Question(node, feed.life(), question));
        } else {
            send(node, QUESTION, question, feed, NOTHING);
        }
    }

    private UUID localNode() {
        return context.ignite().cluster().localNode().id();
    }

    /** A node's question to one life of a feed, which it knows by a number. */
    record Question(UUID node, UUID life, long number) {}

    /** The copies of a source in a datacenter have come as far as the source had when these questions were asked. By any thread. */
    private void proven(
            String source,
            Datacenter datacenter,
            Collection<Question> questions,
            @Nullable Captured captured,
            boolean applied) {
        execute(() -> {
            for (Question question : questions) {
                FeedName feed = new FeedName(source, datacenter, question.life());
                if (question.node().equals(localNode())) {
                    told(feed, question.number(), captured, applied);
                } else {
                    Captured known = captured != null && isIn(datacenter, question.node()) ? captured : NOTHING;
                    if (applied || !known.equals(NOTHING)) {
                        send(question.node(), applied ? ANSWER : CAPTURED, question.number(), feed, known);
                    }
                }
            }
        });
    }

    private void told(FeedName feed, long question, @Nullable Captured captured, boolean applied) {
        if (applied) {
            freshness.answered(feed, question, captured);
        } else if (captured != null) {
            freshness.captured(feed, question, captured);
        }
    }

    private boolean isIn(Datacenter datacenter, UUID node) {
        @Nullable ClusterNode known = context.ignite().cluster().node(node);
        return known != null
                && DatacenterNodes.datacenterOf(known)
                        .filter(datacenter::equals)
                        .isPresent();
    }

    private void send(UUID node, byte kind, long question, FeedName feed, Captured captured) {
        byte[] place = feed.datacenter().name().getBytes(StandardCharsets.UTF_8);
        byte[] name = feed.source().getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes =
                ByteBuffer.allocate(1 + 6 * Long.BYTES + Integer.BYTES + Short.BYTES + place.length + name.length);
        bytes.put(kind)
                .putLong(question)
                .putLong(feed.life().getMostSignificantBits())
                .putLong(feed.life().getLeastSignificantBits())
                .putLong(captured.run().getMostSignificantBits())
                .putLong(captured.run().getLeastSignificantBits())
                .putInt(captured.upTo().epoch())
                .putLong(captured.upTo().sequence())
                .putShort((short) place.length)
                .put(place)
                .put(name);
        NodeMessages.send(context.ignite(), node, TOPIC, bytes.array());
    }

    private void receive(UUID from, ByteBuffer bytes) {
        byte kind;
        long question;
        FeedName feed;
        Captured captured;
        try {
            kind = bytes.get();
            question = bytes.getLong();
            UUID life = new UUID(bytes.getLong(), bytes.getLong());
            captured = new Captured(
                    new UUID(bytes.getLong(), bytes.getLong()), new Position(bytes.getInt(), bytes.getLong()));
            byte[] place = new byte[Short.toUnsignedInt(bytes.getShort())];
            bytes.get(place);
            byte[] name = new byte[bytes.remaining()];
            bytes.get(name);
            feed = new FeedName(
                    new String(name, StandardCharsets.UTF_8),
                    Datacenter.of(new String(place, StandardCharsets.UTF_8)),
                    life);
        } catch (BufferUnderflowException | PenumbraException e) {
            LOG.warn("A message of another node makes no sense: node={}", from);
            return;
        }
        if (kind == QUESTION) {
            shipper.probed(feed.source(), feed.datacenter(), new Question(from, feed.life(), question));
        } else if (kind == ANSWER || kind == CAPTURED) {
            told(feed, question, captured.equals(NOTHING) ? null : captured, kind == ANSWER);
        }
    }

    /** Runs a task once, later, on the heartbeat's thread; the task does not wait. */
    void after(long nanos, Runnable task) {
        try {
            var unused = thread.schedule(() -> safely(task), nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("A task was set up while the node stops", e);
        }
    }

    private void execute(Runnable task) {
        try {
            thread.execute(() -> safely(task));
        } catch (RejectedExecutionException e) {
            LOG.debug("A probe came while the node stops", e);
        }
    }

    private void safely(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            // The next beat makes up for this one; until then the staleness grows.
            LOG.debug("A probe was lost", e);
        }
    }

    @Override
    public void close() {
        stopped = true;
        thread.shutdownNow();
    }
}
