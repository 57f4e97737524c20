package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.CacheWatch;
import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.ignite.internal.SqlEngine;
import dev.penumbra.ignite.internal.TableTaps;
import dev.penumbra.ignite.sql.NameRouter;
import dev.penumbra.ignite.sql.Reader;
import dev.penumbra.ignite.trigger.TriggerRelay;
import dev.penumbra.ignite.trigger.Triggers;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Incubating;
import dev.penumbra.shadow.Catalogue;
import dev.penumbra.shadow.Dictionaries;
import dev.penumbra.shadow.Progress;
import dev.penumbra.shadow.Shadows;
import dev.penumbra.shadow.ValueCodec;
import dev.penumbra.shadow.read.ReadGate;
import dev.penumbra.shadow.read.ReadSession;
import dev.penumbra.shadow.read.Validations;
import dev.penumbra.shadow.read.Validator;
import java.nio.file.Path;
import java.time.Clock;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.ignite.Ignite;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.events.EventType;
import org.apache.ignite.plugin.IgnitePlugin;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Penumbra on one node: {@code ignite.plugin(PenumbraPlugin.NAME)}.
 *
 * <p>It is ready when {@code Ignition.start} has returned, on a grid with persistence when the grid is active. Safe for use
 * by several threads.
 */
@Incubating
public final class PenumbraPlugin implements IgnitePlugin {
    /** The plugin's name in Ignite. */
    public static final String NAME = "Penumbra";

    private static final Logger LOG = LoggerFactory.getLogger(PenumbraPlugin.class);
    private static final long ACTIVATION_LOOK_MILLIS = 100;
    private static final int MAX_WRITERS = 8;
    private static final int WRITER_IDLE_SECONDS = 10;

    private final Ignite ignite;
    private final String name;
    private final PenumbraConfiguration configuration;
    private final NodeDictionaries nodeDictionaries;
    private final ValueCodec codec;
    private final SqlEngine sql = new SqlEngine();
    private final ReadFigures reads = new ReadFigures();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final TableTaps taps = new TableTaps();
    private final TriggerRelay triggerRelay;
    private final Triggers triggers;

    private final MemoryBudget memory;

    private volatile List<Journal> journals = List.of();
    private volatile @Nullable Running running;

    private record Running(
            ShippingContext context,
            ExecutorService writers,
            GridShadows shadows,
            Shipper shipper,
            NodeFigures figures,
            Heartbeat heartbeat,
            CopyBoard board,
            KeyReads keyReads,
            FormerReads formerReads,
            JournalHost host,
            DistantJournals distant,
            JournalLine line,
            ValidationLine validationLine,
            PendingLine pending,
            SourceLine source,
            ShadowAudit audit,
            Upkeep upkeep,
            @Nullable CacheWatch watch,
            AutoCloseable listening) {}

    /** @param ignite the node, not yet started */
    PenumbraPlugin(Ignite ignite, IgniteConfiguration node, PenumbraConfiguration configuration) {
        this.ignite = ignite;
        this.configuration = configuration;
        this.nodeDictionaries = new NodeDictionaries(ignite, () -> stopping.getCount() == 0);
        this.codec = new ValueCodec(nodeDictionaries::find);
        this.name = node.getIgniteInstanceName() == null ? "ignite" : node.getIgniteInstanceName();
        this.memory = new MemoryBudget(ignite, node, configuration, this::gatheredBytes);
        this.triggerRelay = new TriggerRelay(
                ignite,
                name,
                PenumbraPluginProvider.SETTINGS,
                new TriggerRelay.Settings(
                        captureDirectory(node, name, configuration),
                        configuration.captureSource(),
                        configuration.triggerClasses(),
                        configuration.triggerAttempts(),
                        configuration.triggerPause().toMillis(),
                        configuration.triggerThreads()),
                Clock.systemUTC());
        this.triggers = new Triggers(taps, triggerRelay, InstantSource.system());
    }

    private static Path captureDirectory(IgniteConfiguration node, String name, PenumbraConfiguration configuration) {
        Path configured = configuration.captureDirectory();
        if (configured != null) {
            return configured;
        }
        Object id = node.getConsistentId() == null ? name : node.getConsistentId();
        String file = id.toString().replaceAll("[^A-Za-z0-9_.-]", "_");
        return GridInternals.workDirectory(node).resolve("penumbra").resolve("journal-" + file);
    }

    TableTaps taps() {
        return taps;
    }

    /** The triggers of the grid's tables. */
    Triggers triggers() {
        return triggers;
    }

    TriggerRelay triggerRelay() {
        return triggerRelay;
    }

    /**
     * The grid's shadows.
     *
     * @throws PenumbraException with {@link ErrorCode#GRID_UNAVAILABLE} while the grid is not active
     */
    public Shadows shadows() {
        return required().shadows();
    }

    /** The datacenter that holds the home images. */
    public Datacenter homeDatacenter() {
        return configuration.homeDatacenter();
    }

    /**
     * The grid's list of copies.
     *
     * @throws PenumbraException with {@link ErrorCode#GRID_UNAVAILABLE} while the grid is not active
     */
    public Catalogue catalogue() {
        return required().context().catalogue();
    }

    SqlEngine sql() {
        return sql;
    }

    /** Counts which copies answer this node's reads. */
    ReadFigures reads() {
        return reads;
    }

    GridShadows gridShadows() {
        return required().shadows();
    }

    /** The copies as this node's reads see them. */
    CopyBoard board() {
        return required().board();
    }

    KeyReads keyReads() {
        return required().keyReads();
    }

    FormerReads formerReads() {
        return required().formerReads();
    }

    Shipper shipper() {
        return required().shipper();
    }

    ShadowAudit audit() {
        return required().audit();
    }

    PenumbraConfiguration configuration() {
        return configuration;
    }

    ValueCodec codec() {
        return codec;
    }

    /** What copies use and may use on this node, also while it starts. */
    MemoryBudget memory() {
        return memory;
    }

    private long gatheredBytes() {
        Running present = running;
        return present == null ? 0 : present.shipper().gatheredBytes();
    }

    private Running required() {
        Running present = running;
        if (present == null) {
            throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE);
        }
        return present;
    }

    /** Starts once the grid is active: at once, or on a thread of its own that waits for it. */
    void start() {
        if (ignite.cluster().state().active()) {
            open();
            return;
        }
        Thread waiting = new Thread(() -> awaitActivation(), "penumbra-start-" + ignite.name());
        waiting.setDaemon(true);
        waiting.start();
    }

    private void awaitActivation() {
        try {
            while (!stopping.await(ACTIVATION_LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                if (ignite.cluster().state().active()) {
                    open();
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.error("Penumbra could not start on this node", e);
        }
    }

    /** As many threads as write at once what a copy is given by many rows; none while nothing is. */
    private ExecutorService writers() {
        int threads = Math.min(Runtime.getRuntime().availableProcessors(), MAX_WRITERS);
        ThreadPoolExecutor writers = new ThreadPoolExecutor(
                threads,
                threads,
                WRITER_IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Shipper.threads("penumbra-write-" + name));
        writers.allowCoreThreadTimeOut(true);
        return writers;
    }

    private synchronized void open() {
        if (stopping.getCount() == 0) {
            return;
        }
        Catalogue catalogue = new Catalogue(ignite);
        Dictionaries dictionaries = nodeDictionaries.open(catalogue);
        ExecutorService writers = writers();
        ShippingContext context = new ShippingContext(
                ignite, configuration, catalogue, dictionaries, codec, memory, InstantSource.system(), writers);
        CapturedTables tables = new CapturedTables(triggers, triggerRelay, taps);
        JournalLine line = new JournalLine(ignite);
        DistantJournals distant = new DistantJournals(
                line, source -> context.progress(context.home()).feed(source), System::nanoTime);
        Shipper shipper = new Shipper(context, journals, distant::of, tables);
        JournalHost host = new JournalHost(journals, line, shipper.background(), System::nanoTime);
        line.listen((from, message) -> {
            if (message.kind().isForHost()) {
                host.received(from, message);
            } else {
                distant.received(message);
            }
        });
        Ages ages = new Ages(System::nanoTime, context::notedAge);
        GridShadows shadows = new GridShadows(context, tables, ages, shipper.background());
        Upkeep upkeep = new Upkeep(context, shadows, ages);
        Heartbeat heartbeat = new Heartbeat(context, shipper, tables.source());
        ShadowAudit audit = new ShadowAudit(context, shadows, heartbeat.freshness());
        NodeFigures figures = new NodeFigures(
                context, shadows, ages, upkeep, shipper, reads, triggers, triggerRelay, heartbeat, audit);
        @Nullable Datacenter local = context.local();
        @Nullable CacheWatch watch = local == null ? null : new CacheWatch(ignite, Progress.cacheName(local));
        CopyBoard board = new CopyBoard(context, shadows, ages, tables, local, watch);
        ReadGate gate = new ReadGate(heartbeat.freshness(), heartbeat::after, shipper.background());
        ValidationLine validationLine = new ValidationLine(context, heartbeat);
        Validations validations = new Validations(validationLine, heartbeat::after);
        validationLine.listen(
                new Validator(
                        new HomeFindings(context, board, shipper),
                        heartbeat.freshness(),
                        System::nanoTime,
                        shipper.background()),
                validations::answered);
        PendingLine pending = new PendingLine(context, shipper, heartbeat);
        pending.listen();
        ReadReports reports = new ReadReports(context.isHome() ? null : local, pending::read);
        heartbeat.onBeat(reports::send);
        SourceLine source = new SourceLine(context, journals, shipper.background());
        source.listen();
        Function<ReadSession, Reader> readers = session -> new Reader(
                gate, validations, pending::merged, session, System.nanoTime(), configuration.readPatience());
        shipper.observe(figures::show, figures::hide, () -> {
            heartbeat.catalogueChanged();
            board.refresh();
            figures.refresh();
        });
        NameRouter byKey = new NameRouter(board, (schema, table) -> true, local);
        running = new Running(
                context,
                writers,
                shadows,
                shipper,
                figures,
                heartbeat,
                board,
                new KeyReads(
                        ignite,
                        byKey,
                        board,
                        readers,
                        pending,
                        source,
                        reads,
                        reports,
                        local,
                        context.isHome(),
                        shipper.background()),
                new FormerReads(ignite, byKey, board, readers, reads),
                host,
                distant,
                line,
                validationLine,
                pending,
                source,
                audit,
                upkeep,
                watch,
                catalogue.listen(shipper::catalogueChanged));
        figures.start();
        board.refresh();
        triggerRelay.start();
        sql.open(shadows, triggers, board, local, readers, reads);
        shipper.start();
        heartbeat.start();
        audit.start();
        upkeep.start();
        triggers.onChange(shipper::catalogueChanged);
        // One that has left may have fed this datacenter.
        ignite.events()
                .localListen(
                        event -> {
                            shipper.catalogueChanged();
                            return stopping.getCount() > 0;
                        },
                        EventType.EVT_NODE_LEFT,
                        EventType.EVT_NODE_FAILED);
        // One may have come before anybody listened.
        shipper.catalogueChanged();
    }

    /**
     * Opens this node's journals, before the node joins the grid: one that cannot ship must not take rows and go again.
     *
     * @throws PenumbraException when a directory holds no journal that this version reads
     */
    void openJournals() {
        List<Journal> opened = new ArrayList<>(configuration.journals());
        for (Path directory : configuration.journalDirectories()) {
            ChronicleJournal journal = new ChronicleJournal(directory);
            if (journal.source().equals(configuration.captureSource())
                    || opened.stream().anyMatch(other -> other.source().equals(journal.source()))) {
                throw new PenumbraException(ErrorCode.SOURCE_NAME_TAKEN)
                        .with("source", journal.source())
                        .with("directory", directory);
            }
            opened.add(journal);
        }
        journals = List.copyOf(opened);
    }

    /** Stops shipping; what is under way is completed. */
    synchronized void stop() {
        stopping.countDown();
        triggerRelay.close();
        Running present = running;
        if (present == null) {
            return;
        }
        triggers.onChange(() -> {});
        present.audit().close();
        present.upkeep().close();
        present.heartbeat().close();
        present.host().close();
        present.distant().close();
        present.shipper().close();
        present.writers().shutdown();
        present.line().close();
        present.validationLine().close();
        present.pending().close();
        present.source().close();
        present.figures().close();
        present.upkeep().awaitQuiet();
        CacheWatch watch = present.watch();
        if (watch != null) {
            watch.close();
        }
        try {
            present.listening().close();
        } catch (Exception e) {
            LOG.debug("The catalogue's listener went with the node", e);
        }
    }
}
