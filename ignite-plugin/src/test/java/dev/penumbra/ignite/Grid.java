package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.ShadowStatus;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.cache.Cache;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.Ignition;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.query.ScanQuery;
import org.apache.ignite.calcite.CalciteQueryEngineConfiguration;
import org.apache.ignite.configuration.DataRegionConfiguration;
import org.apache.ignite.configuration.DataStorageConfiguration;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.configuration.SqlConfiguration;
import org.apache.ignite.plugin.PluginProvider;
import org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi;
import org.apache.ignite.spi.discovery.tcp.TcpDiscoverySpi;
import org.apache.ignite.spi.discovery.tcp.ipfinder.vm.TcpDiscoveryVmIpFinder;
import org.awaitility.Awaitility;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** Nodes with the plugin in this process, on loopback and free ports. */
@NullMarked
final class Grid implements AutoCloseable {
    /** A schema of all nodes beside PUBLIC. */
    static final String HOSTILE_SCHEMA = "odd\"; -- 'schema'";

    static final String NOWHERE = "nowhere";

    private static final Duration PATIENCE = Duration.ofSeconds(Integer.getInteger("penumbra.patience", 40));

    private final int port;
    private final String prefix;
    private final Supplier<PluginProvider<?>[]> plugins;
    private final List<Ignite> nodes = new ArrayList<>();
    private int started;
    private boolean clientMode;
    private Consumer<IgniteConfiguration> further = node -> {};

    Grid() {
        this(() -> new PluginProvider<?>[0]);
    }

    /** @param plugins makes the plugins of a node; none for those on the class path */
    Grid(Supplier<PluginProvider<?>[]> plugins) {
        this.plugins = plugins;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        prefix = "grid" + port + "-";
    }

    /** Says what is done to the configuration of each node that is started from now on. */
    void configure(Consumer<IgniteConfiguration> settings) {
        further = settings;
    }

    /** Starts a node in a datacenter, or in none when the name is {@link #NOWHERE}. */
    Ignite start(String datacenter, Journal... journals) {
        return start(datacenter, new PenumbraConfiguration(), journals);
    }

    Ignite start(String datacenter, PenumbraConfiguration configuration, Journal... journals) {
        if (!datacenter.equals(NOWHERE)) {
            configuration.setDatacenter(datacenter);
        }
        return start(datacenter + "-" + ++started, null, configuration, journals);
    }

    /** Starts a node that holds no rows. */
    Ignite startClient() {
        clientMode = true;
        try {
            return start(NOWHERE, new PenumbraConfiguration());
        } finally {
            clientMode = false;
        }
    }

    /** Starts a node that keeps its tables in a directory, and finds them there again under the same name. */
    @SuppressWarnings("deprecation") // as PenumbraPluginProvider
    Ignite start(String suffix, @Nullable Path storage, PenumbraConfiguration configuration, Journal... journals) {
        String name = prefix + suffix;
        DataStorageConfiguration memory = new DataStorageConfiguration();
        if (storage != null) {
            memory.setStoragePath(storage.resolve("data").toString())
                    .setWalPath(storage.resolve("wal").toString())
                    .setWalArchivePath(storage.resolve("wal").toString());
        }
        IgniteConfiguration node = new IgniteConfiguration()
                .setIgniteInstanceName(name)
                .setConsistentId(name)
                .setClientMode(clientMode)
                .setLocalHost("127.0.0.1")
                .setMetricsLogFrequency(0)
                .setGridLogger(new org.apache.ignite.logger.java.JavaLogger())
                .setSqlConfiguration(new SqlConfiguration()
                        .setSqlSchemas('"' + HOSTILE_SCHEMA + '"')
                        .setQueryEnginesConfiguration(new CalciteQueryEngineConfiguration().setDefault(true)))
                .setDataStorageConfiguration(memory.setDefaultDataRegionConfiguration(new DataRegionConfiguration()
                        .setPersistenceEnabled(storage != null)
                        .setInitialSize(64L << 20)
                        .setMaxSize(512L << 20)
                        .setMetricsEnabled(true)))
                .setCommunicationSpi(new TcpCommunicationSpi()
                        .setLocalPort(port + 1_000 > 65_000 ? 20_000 : port + 1_000)
                        .setLocalPortRange(200))
                .setDiscoverySpi(new TcpDiscoverySpi()
                        .setLocalPort(port)
                        .setLocalPortRange(20)
                        .setIpFinder(new TcpDiscoveryVmIpFinder()
                                .setAddresses(List.of("127.0.0.1:" + port + ".." + (port + 20)))))
                .setPluginConfigurations(configuration.journals(List.of(journals)));
        further.accept(node);
        PluginProvider<?>[] given = plugins.get();
        if (given.length > 0) {
            node.setPluginProviders(given);
        }
        Ignite ignite = Ignition.start(node);
        nodes.add(ignite);
        return ignite;
    }

    /** A node that runs. */
    Ignite any() {
        return nodes.get(nodes.size() - 1);
    }

    void stop(Ignite node) {
        nodes.remove(node);
        Ignition.stop(node.name(), true);
    }

    static void await(java.util.concurrent.Callable<Boolean> condition) {
        Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .ignoreExceptions()
                .until(condition);
    }

    static PenumbraPlugin plugin(Ignite node) {
        return node.plugin(PenumbraPlugin.NAME);
    }

    /**
     * The rows that a copy holds, read through its cache, partition by partition: a query of all of them would silently leave out what
     * goes from one node to another meanwhile.
     */
    static Map<Key, Row> rows(Ignite node, Copy copy) {
        BinaryRows form = new BinaryRows(node.binary(), copy);
        Map<Key, Row> rows = new HashMap<>();
        IgniteCache<Object, BinaryObject> cache =
                node.<Object, BinaryObject>cache(copy.cacheName()).withKeepBinary();
        int partitions = node.affinity(copy.cacheName()).partitions();
        for (int partition = 0; partition < partitions; partition++) {
            for (Cache.Entry<Object, BinaryObject> entry :
                    cache.query(new ScanQuery<Object, BinaryObject>(partition)).getAll()) {
                Row row = form.row(entry.getKey(), entry.getValue());
                rows.put(copy.requiredLayout().keyOf(row), row);
            }
        }
        return rows;
    }

    static Copy homeImage(Ignite node, String source, TableName table) {
        return plugin(node).catalogue().homeImage(source, table).orElseThrow();
    }

    static Copy shadow(Ignite node, String source, TableName table, String datacenter) {
        return plugin(node)
                .catalogue()
                .find(new ShadowName(source, table, Datacenter.of(datacenter)), Copy.Role.SHADOW)
                .orElseThrow();
    }

    /** Waits until a copy is complete and has everything of a journal. */
    static void awaitCaughtUp(Ignite node, MemoryJournal journal, TableName table, String datacenter) {
        try {
            await(() -> caughtUp(node, journal, table, datacenter));
        } catch (org.awaitility.core.ConditionTimeoutException e) {
            throw new AssertionError(
                    datacenter + " is not at " + journal.last() + ": "
                            + plugin(node).gridShadows().status(copy(node, journal, table, datacenter)),
                    e);
        }
    }

    /** Waits until copies have everything of a journal and compares each of their rows with it. */
    static void assertEqual(Ignite node, MemoryJournal journal, TableName table, String... datacenters) {
        for (String datacenter : datacenters) {
            awaitCaughtUp(node, journal, table, datacenter);
        }
        for (String datacenter : datacenters) {
            assertThat(rows(node, copy(node, journal, table, datacenter))).isEqualTo(journal.table(table));
        }
    }

    private static Copy copy(Ignite node, MemoryJournal journal, TableName table, String datacenter) {
        return datacenter.equals("home")
                ? homeImage(node, journal.source(), table)
                : shadow(node, journal.source(), table, datacenter);
    }

    private static boolean caughtUp(Ignite node, MemoryJournal journal, TableName table, String datacenter) {
        Copy copy = copy(node, journal, table, datacenter);
        ShadowStatus status = plugin(node).gridShadows().status(copy);
        return status.phase() == ShadowStatus.Phase.READY && status.applied().compareTo(journal.last()) >= 0;
    }

    @Override
    public void close() {
        for (Ignite node : List.copyOf(nodes)) {
            stop(node);
        }
    }
}
