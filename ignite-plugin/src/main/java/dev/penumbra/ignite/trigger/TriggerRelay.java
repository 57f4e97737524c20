package dev.penumbra.ignite.trigger;

import dev.penumbra.ignite.internal.TableTap;
import dev.penumbra.ignite.trigger.TableStreams.Standing;
import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cluster.ClusterGroup;
import org.apache.ignite.cluster.ClusterNode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Emits the changes of a node's tables that have triggers, on one thread, and tells the other nodes how far it has come.
 *
 * <p>Tables come and go by any thread. Messages between nodes are bytes of a form of their own:
 *
 * <pre>
 * kind (1) | length of the table's id (2) | id | { partition (4) | frontier (8) | told (8) | epoch (8) } ...
 * </pre>
 */
@Internal
public final class TriggerRelay implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TriggerRelay.class);
    private static final String TOPIC = "penumbra.triggers";
    private static final byte STANDING = 1;
    private static final byte ASK = 2;
    private static final byte ANSWER = 3;
    private static final int STANDING_BYTES = 28;

    private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** How long writers are left alone between two looks while changes keep coming: to be woken would cost them more. */
    private static final long BUSY_NANOS = TimeUnit.MICROSECONDS.toNanos(500);

    /** How long without a change until writers are to wake the thread again. */
    private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private static final long TELL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long TELL_ALL_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long ASK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long FAILED_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long STOP_MILLIS = 10_000;

    private final Ignite ignite;
    private final String marker;
    private final AllowedClasses allowed;
    private final RowCalls calls;
    private final DeadLetters deadLetters;
    private final CaptureJournal journal;
    private final ScheduledExecutorService executor;
    private final ExecutorService background;
    private final Thread thread;
    private final Map<String, TableStreams> tables = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<Message> messages = new ConcurrentLinkedQueue<>();

    private final ConcurrentLinkedQueue<CompletableFuture<Void>> settling = new ConcurrentLinkedQueue<>();

    private volatile boolean started;
    private volatile boolean stopped;

    /** Volatile: whether the thread waits, so that writers wake it only then. */
    private volatile boolean idle;

    private long lastBusy = System.nanoTime();
    private long nextTelling;
    private long nextTellingAll;
    private long nextAsking;

    private record Message(UUID from, ByteBuffer bytes) {}

    /**
     * How a node's triggers are run.
     *
     * @param journalDirectory the journal of captured tables
     * @param source the name of the source in that journal
     * @param classes the classes that may be called
     * @param attempts how often a change is tried
     * @param pauseMillis the pause before the second attempt
     * @param threads how many calls run at the same time
     */
    public record Settings(
            Path journalDirectory, String source, List<String> classes, int attempts, long pauseMillis, int threads) {
        public Settings {
            classes = List.copyOf(classes);
        }
    }

    /** @param marker the attribute of nodes that run this plugin */
    public TriggerRelay(Ignite ignite, String node, String marker, Settings settings, Clock clock) {
        this.ignite = ignite;
        this.marker = marker;
        this.allowed = new AllowedClasses(settings.classes(), TriggerRelay.class.getClassLoader());
        this.deadLetters = new DeadLetters(ignite, clock);
        this.executor = Executors.newScheduledThreadPool(settings.threads(), threads("penumbra-trigger-" + node));
        this.background = Executors.newSingleThreadExecutor(threads("penumbra-trigger-drop-" + node));
        this.calls = new RowCalls(ignite, allowed, deadLetters, executor, settings.attempts(), settings.pauseMillis());
        this.journal = new CaptureJournal(settings.journalDirectory(), settings.source(), clock);
        this.thread = new Thread(this::run, "penumbra-triggers-" + node);
        this.thread.setDaemon(true);
    }

    private static ThreadFactory threads(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    AllowedClasses allowed() {
        return allowed;
    }

    /** The changes that triggers could not deal with. */
    public DeadLetters deadLetters() {
        return deadLetters;
    }

    /** Begins to emit, once the node has started. */
    public void start() {
        ignite.message().localListen(TOPIC, (from, message) -> {
            if (message instanceof byte[] bytes) {
                messages.add(new Message(from, ByteBuffer.wrap(bytes)));
                wake();
            }
            return !stopped;
        });
        started = true;
        thread.start();
    }

    /** Runs what may wait for the grid. */
    void background(Runnable task) {
        try {
            background.execute(() -> {
                try {
                    task.run();
                } catch (RuntimeException e) {
                    LOG.debug("Left to another node", e);
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("Left to another node, this one stops", e);
        }
    }

    /** A trigger begins on a table of this node. Taps the table before it returns. */
    void add(TableTap tap, Trigger trigger) {
        if (!tap.holdsRows()) {
            return;
        }
        tables.compute(tap.cacheName(), (cache, present) -> {
            if (present != null && present.tap() == tap) {
                present.add(trigger);
                return present;
            }
            return new TableStreams(tap, trigger, journal, calls, others(), this::wake);
        });
        wake();
    }

    private Collection<UUID> others() {
        Set<UUID> others = new HashSet<>();
        for (ClusterNode node : ignite.cluster().forServers().forRemotes().nodes()) {
            if (node.attribute(marker) != null) {
                others.add(node.id());
            }
        }
        return others;
    }

    /** A trigger of this name has ended. */
    void remove(String name) {
        for (TableStreams table : tables.values()) {
            table.removeNamed(name);
        }
        wake();
    }

    /** A cache has stopped. */
    void stopped(TableTap tap, boolean destroyed) {
        TableStreams table = tables.get(tap.cacheName());
        if (table != null && table.tap() == tap) {
            table.close();
            table.cacheStopped(destroyed);
        }
        wake();
    }

    private void wake() {
        if (idle) {
            LockSupport.unpark(thread);
        }
    }

    private void run() {
        while (!stopped) {
            boolean more = false;
            try {
                more = round();
            } catch (RuntimeException | Error e) {
                // Errors too: a thread that ends here would leave all tables as they are for ever, unseen.
                if (!stopped) {
                    LOG.warn("Emitting changes was interrupted and begins again", e);
                    LockSupport.parkNanos(FAILED_NANOS);
                }
            }
            if (!more && !stopped) {
                await();
            }
        }
    }

    private void await() {
        if (System.nanoTime() - lastBusy < QUIET_NANOS) {
            LockSupport.parkNanos(BUSY_NANOS);
            return;
        }
        idle = true;
        // Whatever arrived before the flag could be seen has woken nobody.
        if (!waits()) {
            LockSupport.parkNanos(IDLE_NANOS);
        }
        idle = false;
    }

    private boolean waits() {
        for (TableStreams table : tables.values()) {
            if (table.waiting() > 0) {
                return true;
            }
        }
        return !messages.isEmpty() || !settling.isEmpty();
    }

    private boolean round() {
        long now = System.nanoTime();
        Message message = messages.poll();
        while (message != null) {
            receive(message, now);
            message = messages.poll();
        }
        settle();
        boolean more = false;
        for (TableStreams table : tables.values()) {
            if (table.waiting() > 0) {
                lastBusy = now;
            }
            more |= step(table, now);
        }
        if (now - nextTelling >= 0) {
            nextTelling = now + TELL_NANOS;
            tell(false);
        }
        if (now - nextTellingAll >= 0) {
            // A message may have been lost.
            nextTellingAll = now + TELL_ALL_NANOS;
            tell(true);
        }
        if (now - nextAsking >= 0) {
            nextAsking = now + ASK_NANOS;
            ask();
        }
        return more;
    }

    private void settle() {
        CompletableFuture<Void> asked = settling.poll();
        while (asked != null) {
            CompletableFuture<Void> settled = asked;
            var unused = CompletableFuture.allOf(
                            tables.values().stream().map(TableStreams::settled).toArray(CompletableFuture[]::new))
                    .thenRun(() -> settled.complete(null));
            asked = settling.poll();
        }
    }

    private boolean step(TableStreams table, long now) {
        if (table.isOver()) {
            // Together, since a trigger may be added at the same time.
            TableStreams kept = tables.computeIfPresent(table.tap().cacheName(), (cache, present) -> {
                if (present != table || !table.isOver()) {
                    return present;
                }
                table.close();
                return null;
            });
            if (kept != table) {
                table.finish();
            }
            return false;
        }
        table.guardMemory();
        if (now - table.notBefore() < 0) {
            return false;
        }
        try {
            boolean more = table.step(this::isAlive, now);
            table.succeeded();
            return more;
        } catch (RuntimeException e) {
            table.failed(e, now);
            LOG.warn("A table's changes wait: table={}", table.table(), e);
            return false;
        }
    }

    private boolean isAlive(UUID node) {
        return !node.equals(ignite.cluster().localNode().id())
                && ignite.cluster().node(node) != null;
    }

    private void tell(boolean everything) {
        for (TableStreams table : tables.values()) {
            List<Standing> advanced = everything ? table.standingsHere() : table.advanced();
            if (!advanced.isEmpty()) {
                send(servers(), STANDING, table, advanced);
            }
        }
    }

    private void ask() {
        for (TableStreams table : tables.values()) {
            table.unanswered().removeIf(node -> ignite.cluster().node(node) == null);
            if (!table.unanswered().isEmpty() && table.hasAskedForLong(System.nanoTime())) {
                // Without their answers more rows are brought anew than need be, and none too few.
                LOG.warn(
                        "Nodes do not say how far a table has been emitted: table={}, nodes={}",
                        table.table(),
                        table.unanswered());
                table.unanswered().clear();
            }
            if (!table.unanswered().isEmpty()) {
                send(ignite.cluster().forNodeIds(table.unanswered()), ASK, table, List.of());
            }
        }
    }

    private ClusterGroup servers() {
        return ignite.cluster().forServers().forRemotes().forAttribute(marker, null);
    }

    private void send(ClusterGroup nodes, byte kind, TableStreams table, List<Standing> standings) {
        send(nodes, kind, table.tap().id(), standings);
    }

    private void send(ClusterGroup nodes, byte kind, String table, List<Standing> standings) {
        if (nodes.nodes().isEmpty()) {
            return;
        }
        byte[] id = table.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(1 + 2 + id.length + standings.size() * STANDING_BYTES);
        bytes.put(kind).putShort((short) id.length).put(id);
        for (Standing standing : standings) {
            bytes.putInt(standing.partition())
                    .putLong(standing.frontier())
                    .putLong(standing.told())
                    .putLong(standing.epoch());
        }
        try {
            ignite.message(nodes).send(TOPIC, bytes.array());
        } catch (IgniteException e) {
            // The node is gone, or hears it the next time.
            LOG.debug("Other nodes were not told how far a table has been emitted", e);
        }
    }

    private void receive(Message message, long now) {
        ByteBuffer bytes = message.bytes();
        byte kind;
        String id;
        List<Standing> standings = new ArrayList<>();
        try {
            kind = bytes.get();
            byte[] text = new byte[Short.toUnsignedInt(bytes.getShort())];
            bytes.get(text);
            id = new String(text, StandardCharsets.UTF_8);
            while (bytes.hasRemaining()) {
                standings.add(new Standing(bytes.getInt(), bytes.getLong(), bytes.getLong(), bytes.getLong()));
            }
        } catch (BufferUnderflowException e) {
            LOG.warn("A message of another node makes no sense: node={}", message.from());
            return;
        }
        TableStreams table = tables.values().stream()
                .filter(known -> known.tap().id().equals(id))
                .findFirst()
                .orElse(null);
        if (kind == ASK) {
            @Nullable ClusterNode asking = ignite.cluster().node(message.from());
            if (asking != null) {
                send(ignite.cluster().forNode(asking), ANSWER, id, table == null ? List.of() : table.standings());
            }
            return;
        }
        if (table == null) {
            return;
        }
        for (Standing standing : standings) {
            table.emittedElsewhere(message.from(), standing, now);
        }
        if (kind == ANSWER) {
            table.answered(message.from());
        }
    }

    /**
     * Waits for all changes that this node has seen so far.
     *
     * @return completes when they have been journalled, or all calls for them have returned, and the rows of every captured
     *     table are in the journal; does not complete while something is in the way of that, or once this has been closed
     */
    public CompletableFuture<Void> settled() {
        CompletableFuture<Void> settled = new CompletableFuture<>();
        settling.add(settled);
        wake();
        return settled;
    }

    /** The name of the source of all captured tables. */
    public String source() {
        return journal.source();
    }

    /** The directory of this node's journal of captured tables. */
    public Path journalDirectory() {
        return journal.directory();
    }

    /**
     * Has the rows of partitions journalled once more, of those whose primary this node is.
     *
     * @return a position of this node's journal that they come behind; null when the table has no triggers here
     */
    public @Nullable CompletableFuture<Position> repeatRows(String cache, Collection<Integer> partitions) {
        TableStreams table = tables.get(cache);
        return table == null ? null : table.repeatRows(partitions);
    }

    /** How a table's triggers stand on this node; null when it has none here. */
    public @Nullable TableFigures figures(String cache) {
        TableStreams table = tables.get(cache);
        return table == null
                ? null
                : new TableFigures(
                        table.emitted(), table.waiting(), table.givenUp(), table.isComplete(), table.failure());
    }

    /**
     * How a table's triggers stand on one node.
     *
     * @param emitted changes emitted here
     * @param waiting changes that nobody is known to have emitted
     * @param givenUp changes given up because too many waited; the rows were brought anew
     * @param complete whether all rows that stood have been emitted and nothing waits
     * @param failure why nothing is emitted; null when nothing is wrong
     */
    public record TableFigures(
            long emitted,
            long waiting,
            long givenUp,
            boolean complete,
            @Nullable String failure) {}

    /** Stops; what has not been emitted is left to the nodes that keep it. */
    @Override
    public void close() {
        stopped = true;
        LockSupport.unpark(thread);
        try {
            if (started) {
                thread.join(STOP_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        executor.shutdownNow();
        background.shutdown();
        if (!thread.isAlive()) {
            journal.close();
        } else {
            LOG.warn("The triggers' thread did not stop in time");
        }
    }
}
