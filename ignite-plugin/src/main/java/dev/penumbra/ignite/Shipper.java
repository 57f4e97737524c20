package dev.penumbra.ignite;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.read.FeedRun;
import dev.penumbra.shadow.read.ProvenStaleness.Captured;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.ignite.binary.BinaryObject;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries changes to copies: those of this node's journals to the home datacenter, those of every source to this node's datacenter when
 * it is this node that feeds it, those of the grid's own tables from the nodes that have their rows.
 *
 * <p>Safe for use by several threads.
 */
final class Shipper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Shipper.class);
    private static final long STOP_SECONDS = 20;
    private static final long LOOK_MILLIS = 2_000;

    private final ShippingContext context;
    private final List<Journal> journals;
    private final Function<String, Journal> distant;
    private final ExecutorService feedThreads;
    private final ExecutorService fillThreads;
    private final ScheduledExecutorService watch;
    private Consumer<FeedFigures> onFeed = figures -> {};
    private Consumer<FeedFigures> onFeedEnd = figures -> {};
    private Runnable onCatalogue = () -> {};
    /** Volatile: set after the shipper is made, and read by feeds. */
    private volatile Proven onProven = (source, datacenter, questions, captured, applied) -> {};

    /** Changed under this shipper's lock, asked by anybody: a probe must not wait for what is done under it. */
    private final Map<String, Map<Datacenter, ShippingFeed>> feeds = new ConcurrentHashMap<>();

    private final CapturedTables tables;
    private volatile boolean closed;

    /** Told that the copies of a source in a datacenter have come as far as the source had when questions were asked. */
    interface Proven {
        /** The same as {@link Feed.Told}, of one feed. */
        void proven(
                String source,
                Datacenter datacenter,
                Collection<Heartbeat.Question> questions,
                @Nullable Captured captured,
                boolean applied);
    }

    /** Makes the feed of one source for a datacenter; the last is to be called when it has ended. */
    private interface Maker {
        ShippingFeed make(Datacenter datacenter, FeedFigures figures, Runnable ended);
    }

    /**
     * @param journals those that this node has
     * @param distant makes a reader of a source's journal that another node has
     */
    Shipper(ShippingContext context, List<Journal> journals, Function<String, Journal> distant, CapturedTables tables) {
        this.context = context;
        this.journals = List.copyOf(journals);
        this.distant = distant;
        this.tables = tables;
        String node =
                context.ignite().name() == null ? "ignite" : context.ignite().name();
        this.feedThreads = Executors.newCachedThreadPool(threads("penumbra-feed-" + node));
        this.watch = Executors.newSingleThreadScheduledExecutor(threads("penumbra-watch-" + node));
        this.fillThreads = Executors.newCachedThreadPool(threads("penumbra-fill-" + node));
    }

    /** Makes threads that do not keep a process alive, with numbers behind their name. */
    static ThreadFactory threads(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** Says who is told of each new feed, of its end and of each change of the catalogue; before {@link #start()}. */
    synchronized void observe(
            Consumer<FeedFigures> feedListener, Consumer<FeedFigures> feedEndListener, Runnable catalogueListener) {
        onFeed = feedListener;
        onFeedEnd = feedEndListener;
        onCatalogue = catalogueListener;
    }

    /** Says who is told of answers to {@link #probed}; by the feeds' threads, so it must not wait. */
    void onProven(Proven told) {
        onProven = told;
    }

    /** A node asks whether the copies of a source in a datacenter are as far as the source. Without effect when they are not fed here. */
    void probed(String source, Datacenter datacenter, Heartbeat.Question question) {
        if (feeds.getOrDefault(source, Map.of()).get(datacenter) instanceof Feed feed) {
            feed.probed(question);
        }
    }

    /** What a run of this node's feed has taken and not applied; empty when it is over or another node's. */
    Optional<FeedRun<Key, BinaryObject>> run(String source, Datacenter datacenter, UUID id) {
        return run(source, datacenter).filter(run -> run.id().equals(id));
    }

    /** The present run of this node's feed; empty when there is none. */
    Optional<FeedRun<Key, BinaryObject>> run(String source, Datacenter datacenter) {
        return feeds.getOrDefault(source, Map.of()).get(datacenter) instanceof Feed feed
                ? Optional.ofNullable(feed.present())
                : Optional.empty();
    }

    /**
     * Where the last change of a table stands in its source's journal, as far as home images have it.
     *
     * @throws PenumbraException with {@link ErrorCode#GRID_UNAVAILABLE} when another node keeps them up
     */
    Position lastChange(String source, TableName table) {
        if (feeds.getOrDefault(source, Map.of()).get(context.home()) instanceof Feed feed) {
            return feed.lastChange(table);
        }
        throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE).with("source", source);
    }

    /** Begins to ship, and from then on looks for datacenters that have come to hold copies. */
    synchronized void start() {
        for (Journal journal : journals) {
            context.catalogue().addSource(journal.source());
        }
        reconcile();
        // Nodes come and go, and what has failed is tried again.
        var unused = watch.scheduleWithFixedDelay(
                () -> safely(this::reconcileFeeds), LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Runs what no caller waits for. */
    Executor background() {
        return fillThreads;
    }

    /** The catalogue has changed. Returns at once. */
    void catalogueChanged() {
        try {
            watch.execute(this::reconcileSafely);
        } catch (RejectedExecutionException e) {
            LOG.debug("The catalogue changed while the node stops", e);
        }
    }

    private void reconcileSafely() {
        safely(this::reconcile);
    }

    private void safely(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            // The next look makes up for this one.
            if (!closed) {
                LOG.warn("The feeds could not be brought in line with the catalogue", e);
            }
        }
    }

    /** Starts feeds for datacenters that have come to hold copies, ends those of datacenters that hold none any more. */
    synchronized void reconcile() {
        onCatalogue.run();
        reconcileFeeds();
    }

    private synchronized void reconcileFeeds() {
        Map<String, Set<Datacenter>> wanted = new HashMap<>();
        // Those that run already, too: they end where nothing is wanted any more.
        feeds.keySet().forEach(source -> wanted.put(source, new HashSet<>()));
        wanted.remove(tables.source());
        for (Journal journal : journals) {
            wanted.computeIfAbsent(journal.source(), key -> new HashSet<>()).add(context.home());
            releaseFormer(journal);
        }
        Datacenter fed = fedFromHere();
        if (fed != null) {
            for (String source : sourcesOfShadowsIn(fed)) {
                wanted.computeIfAbsent(source, key -> new HashSet<>()).add(fed);
            }
        }
        wanted.forEach((source, datacenters) -> reconcile(
                source,
                datacenters,
                (datacenter, figures, ended) -> new Feed(
                        context,
                        journal(source, datacenter),
                        datacenter,
                        fillThreads,
                        figures,
                        (questions, captured, applied) ->
                                onProven.proven(source, datacenter, questions, captured, applied),
                        ended)));
        if (context.ignite().cluster().localNode().isClient()) {
            // It holds no rows of tables, and so has none to ship.
            return;
        }
        reconcile(
                tables.source(),
                datacentersOf(tables.source()),
                (datacenter, figures, ended) ->
                        new TableFeed(context, tables, datacenter, fillThreads, figures, ended));
    }

    private Journal journal(String source, Datacenter datacenter) {
        return journals.stream()
                // Beside one that keeps the home image up, a journal of this node's of the same name does not count.
                .filter(journal ->
                        datacenter.equals(context.home()) && journal.source().equals(source))
                .findFirst()
                .orElseGet(() -> distant.apply(source));
    }

    /**
     * The datacenter whose shadows this node feeds: its own, when it is there the oldest of the nodes that ship. Home images, and shadows
     * beside them, are fed where their journal is.
     */
    private @Nullable Datacenter fedFromHere() {
        return context.isHome() || !context.isOldest() ? null : context.local();
    }

    /** Has retention wait no longer for datacenters that have no shadows any more, and perhaps no node that could say so. */
    private void releaseFormer(Journal journal) {
        Set<String> present = new HashSet<>();
        present.add(ShippingFeed.reader(context.home()));
        datacentersOf(journal.source()).forEach(datacenter -> present.add(ShippingFeed.reader(datacenter)));
        for (String name : journal.retained()) {
            if (name.startsWith(ShippingFeed.READER) && !present.contains(name)) {
                journal.release(name);
            }
        }
    }

    private Set<String> sourcesOfShadowsIn(Datacenter datacenter) {
        return context.catalogue().all().stream()
                .filter(copy -> copy.name().datacenter().equals(datacenter) && copy.released() == null)
                .map(copy -> copy.name().source())
                .filter(source -> !source.equals(tables.source()))
                .collect(Collectors.toSet());
    }

    private Set<Datacenter> datacentersOf(String source) {
        Set<Datacenter> datacenters = new HashSet<>();
        for (Copy copy : context.catalogue().of(source)) {
            if (copy.released() == null) {
                datacenters.add(copy.name().datacenter());
            }
        }
        return datacenters;
    }

    private void reconcile(String source, Set<Datacenter> datacenters, Maker maker) {
        Map<Datacenter, ShippingFeed> running = feeds.computeIfAbsent(source, key -> new ConcurrentHashMap<>());
        for (Datacenter datacenter : datacenters) {
            ShippingFeed present = running.get(datacenter);
            if (present == null) {
                FeedFigures figures = new FeedFigures(source, datacenter, context.clock());
                ShippingFeed feed = maker.make(datacenter, figures, () -> ended(source, datacenter));
                onFeed.accept(figures);
                running.put(datacenter, feed);
                feedThreads.execute(feed);
            } else {
                present.catalogueChanged();
            }
        }
        running.forEach((datacenter, feed) -> {
            if (!datacenters.contains(datacenter)) {
                feed.retire();
            }
        });
    }

    /** A feed's thread has come to its end; copies that its datacenter was given meanwhile need another. */
    private void ended(String source, Datacenter datacenter) {
        synchronized (this) {
            Map<Datacenter, ShippingFeed> running = feeds.getOrDefault(source, Map.of());
            ShippingFeed feed = running.get(datacenter);
            if (feed == null || !feed.isRetired()) {
                return;
            }
            running.remove(datacenter);
            onFeedEnd.accept(feed.figures());
        }
        catalogueChanged();
    }

    /** What the feeds of this node have gathered and not written, in bytes. */
    long gatheredBytes() {
        return feeds.values().stream()
                .flatMap(running -> running.values().stream())
                .mapToLong(feed -> feed.figures().gatheredBytes())
                .sum();
    }

    /** The figures of all feeds of this node. */
    synchronized Collection<FeedFigures> figures() {
        List<FeedFigures> figures = new ArrayList<>();
        for (Map<Datacenter, ShippingFeed> running : feeds.values()) {
            for (ShippingFeed feed : running.values()) {
                figures.add(feed.figures());
            }
        }
        return figures;
    }

    /** Stops all feeds; what is under way is completed. */
    @Override
    public void close() {
        closed = true;
        synchronized (this) {
            for (Map<Datacenter, ShippingFeed> running : feeds.values()) {
                running.values().forEach(ShippingFeed::stop);
            }
        }
        watch.shutdownNow();
        feedThreads.shutdown();
        fillThreads.shutdown();
        try {
            if (!feedThreads.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("A feed did not stop in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
