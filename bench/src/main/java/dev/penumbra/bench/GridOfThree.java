package dev.penumbra.bench;

import dev.penumbra.ignite.PenumbraConfiguration;
import dev.penumbra.ignite.PenumbraPlugin;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.Progress;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.ShadowStatus;
import dev.penumbra.shadow.Shadows;
import dev.penumbra.shadow.Storage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.ignite.Ignite;
import org.apache.ignite.Ignition;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.calcite.CalciteQueryEngineConfiguration;
import org.apache.ignite.configuration.CacheConfiguration;
import org.apache.ignite.configuration.DataRegionConfiguration;
import org.apache.ignite.configuration.DataStorageConfiguration;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.configuration.SqlConfiguration;
import org.apache.ignite.logger.slf4j.Slf4jLogger;
import org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi;
import org.apache.ignite.spi.discovery.tcp.TcpDiscoverySpi;
import org.apache.ignite.spi.discovery.tcp.ipfinder.vm.TcpDiscoveryVmIpFinder;

/** Three nodes in this process, one a datacenter: the home, which ships a journal, and two for shadows. Owned by one thread. */
final class GridOfThree implements AutoCloseable {
    static final String HOME = "home";
    static final String EU = "eu";
    static final String US = "us";

    private static final List<String> DATACENTERS = List.of(HOME, EU, US);
    private static final String COPIES_REGION = "copies";
    private static final long MEGABYTE = 1L << 20;
    private static final int NODES_MAX = 20;
    private static final int PORT_MAX = 64_000;
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final long LOOK_NANOS = 1_000_000;

    private static final Map<String, String> SETTINGS = Map.of(
            "IGNITE_QUIET", "false",
            "IGNITE_NO_ASCII", "true",
            "IGNITE_UPDATE_NOTIFIER", "false",
            "IGNITE_NO_SHUTDOWN_HOOK", "true",
            "IGNITE_PERFORMANCE_SUGGESTIONS_DISABLED", "true");

    private final Map<String, Ignite> nodes = new LinkedHashMap<>();
    private final Map<String, Progress> progress = new LinkedHashMap<>();
    private final List<DistanceCommunicationSpi> ways = new ArrayList<>();
    private final Storage storage;

    /**
     * @param work where Ignite keeps its own files
     * @param journal the journal that the home node ships
     */
    GridOfThree(Path work, Path journal) throws IOException {
        this(work, journal, plugin -> {});
    }

    /** @param further what else is set of each node's plugin */
    GridOfThree(Path work, Path journal, Consumer<PenumbraConfiguration> further) throws IOException {
        settings();
        storage = plugin(HOME).storage();
        int port = freePort();
        try {
            for (String datacenter : DATACENTERS) {
                PenumbraConfiguration plugin = plugin(datacenter);
                further.accept(plugin);
                if (datacenter.equals(HOME)) {
                    plugin.setJournalDirectories(List.of(journal.toString()));
                }
                DistanceCommunicationSpi way = new DistanceCommunicationSpi();
                ways.add(way);
                nodes.put(datacenter, Ignition.start(node(datacenter, port, work.resolve(datacenter), plugin, way)));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** What Ignite reads from system properties. */
    static void settings() {
        SETTINGS.forEach((key, value) -> {
            if (System.getProperty(key) == null) {
                System.setProperty(key, value);
            }
        });
    }

    private static PenumbraConfiguration plugin(String datacenter) {
        return new PenumbraConfiguration().setDatacenter(datacenter).setDataRegion(COPIES_REGION);
    }

    @SuppressWarnings("deprecation") // Ignite offers no other way to configure a plugin that it finds by itself
    static IgniteConfiguration node(
            String datacenter, int port, Path work, PenumbraConfiguration plugin, TcpCommunicationSpi communication) {
        String name = "bench-" + port + "-" + datacenter;
        return new IgniteConfiguration()
                .setIgniteInstanceName(name)
                .setConsistentId(name)
                .setLocalHost("127.0.0.1")
                .setWorkDirectory(work.toAbsolutePath().toString())
                .setMetricsLogFrequency(0)
                .setGridLogger(new Slf4jLogger())
                .setSqlConfiguration(new SqlConfiguration()
                        .setQueryEnginesConfiguration(new CalciteQueryEngineConfiguration().setDefault(true)))
                .setDataStorageConfiguration(new DataStorageConfiguration()
                        .setDefaultDataRegionConfiguration(region("default"))
                        .setDataRegionConfigurations(region(COPIES_REGION)))
                .setCommunicationSpi(
                        communication.setLocalPort(port + NODES_MAX).setLocalPortRange(5 * NODES_MAX))
                .setDiscoverySpi(new TcpDiscoverySpi()
                        .setLocalPort(port)
                        .setLocalPortRange(NODES_MAX - 1)
                        .setIpFinder(new TcpDiscoveryVmIpFinder()
                                .setAddresses(List.of("127.0.0.1:" + port + ".." + (port + NODES_MAX - 1)))))
                .setPluginConfigurations(plugin);
    }

    /** Puts a distance between the datacenters, for all messages from now on. */
    void setRoundTrip(Duration roundTrip) {
        ways.forEach(way -> way.setRoundTrip(roundTrip));
    }

    private static DataRegionConfiguration region(String name) {
        return new DataRegionConfiguration()
                .setName(name)
                .setInitialSize(64 * MEGABYTE)
                .setMaxSize(1_024 * MEGABYTE)
                .setMetricsEnabled(true);
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return Math.min(socket.getLocalPort(), PORT_MAX);
        }
    }

    Ignite node(String datacenter) {
        Ignite node = nodes.get(datacenter);
        if (node == null) {
            throw new IllegalStateException("no node in " + datacenter);
        }
        return node;
    }

    private PenumbraPlugin plugin() {
        return node(HOME).plugin(PenumbraPlugin.NAME);
    }

    private Shadows shadows() {
        return plugin().shadows();
    }

    /** The home image of a table, as soon as it is complete. */
    Copy homeImage(String source, TableName table) {
        await(
                "the home image",
                () -> plugin().catalogue()
                        .homeImage(source, table)
                        .filter(copy -> copy.built() && ready(copy))
                        .isPresent());
        return plugin().catalogue().homeImage(source, table).orElseThrow();
    }

    /** Creates a shadow and returns it when it is complete. */
    Copy createShadow(String source, TableName table, String datacenter, Compression compression) {
        ShadowName name = new ShadowName(source, table, Datacenter.of(datacenter));
        return createShadow(new ShadowDefinition(name, compression, ShadowDefinition.NEAR_ROWS_DEFAULT));
    }

    /** The same, in place of one of that name. */
    Copy createShadow(ShadowDefinition definition) {
        ShadowName name = definition.name();
        shadows().drop(name, true);
        shadows().create(definition, false);
        await(
                "the shadow " + name,
                () -> shadows()
                        .find(name)
                        .filter(status -> status.phase() == ShadowStatus.Phase.READY)
                        .isPresent());
        return plugin().catalogue().find(name, Copy.Role.SHADOW).orElseThrow();
    }

    /** How a shadow stands, with the sizes it settles at. */
    ShadowStatus settledStatus(Copy shadow) {
        ShadowStatus[] last = {shadows().find(shadow.name()).orElseThrow()};
        await("the size of " + shadow.name(), () -> {
            // Sizes are measured again after two seconds.
            LockSupport.parkNanos(Duration.ofSeconds(3).toNanos());
            ShadowStatus next = shadows().find(shadow.name()).orElseThrow();
            boolean same = next.storedBytes() > 0 && next.storedBytes() == last[0].storedBytes();
            last[0] = next;
            return same;
        });
        return last[0];
    }

    /** Waits until a copy has every change up to a position. */
    void awaitApplied(Copy copy, Position end) {
        await(copy.name() + " to reach " + end, () -> applied(copy).compareTo(end) >= 0);
    }

    private Position applied(Copy copy) {
        Progress feeds = progress(copy);
        Progress.FeedState feed = feeds.feed(copy.name().source()).orElse(null);
        Progress.CopyState state = feeds.copy(copy).orElse(null);
        return feed == null || state == null ? Position.START : state.applied(feed.applied());
    }

    private boolean ready(Copy copy) {
        Progress feeds = progress(copy);
        Progress.FeedState feed = feeds.feed(copy.name().source()).orElse(null);
        Progress.CopyState state = feeds.copy(copy).orElse(null);
        return feed != null && state != null && state.phase(feed.applied()) == ShadowStatus.Phase.READY;
    }

    private Progress progress(Copy copy) {
        Datacenter datacenter = copy.name().datacenter();
        return progress.computeIfAbsent(datacenter.name(), name -> new Progress(node(name), datacenter, storage));
    }

    /** The configuration of a cache that is set up like a copy's and stands where that stands, but has no versions. */
    CacheConfiguration<Object, BinaryObject> like(Copy copy, String name) {
        CacheConfiguration<Object, BinaryObject> configuration = storage.copy(copy);
        configuration.setName(name);
        configuration.getQueryEntities().forEach(entity -> entity.setTableName("BENCH_" + entity.getTableName()));
        configuration.setDataRegionName(null);
        return configuration;
    }

    /** The memory of a node's copies in bytes: every page of their region that is in use. */
    long copiesBytes(String datacenter) {
        var region = node(datacenter).dataRegionMetrics(COPIES_REGION);
        if (region == null) {
            throw new IllegalStateException("no region " + COPIES_REGION);
        }
        return region.getTotalUsedPages() * region.getPageSize();
    }

    static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE).with("waitedFor", what);
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    @Override
    public void close() {
        // Home first: its shipper would miss the others.
        nodes.values().forEach(node -> Ignition.stop(node.name(), true));
    }
}
