package dev.penumbra.ignite.internal;

import static java.util.Objects.requireNonNull;

import dev.penumbra.ignite.sql.Reader;
import dev.penumbra.shadow.read.Freshness;
import dev.penumbra.shadow.read.ReadGate;
import dev.penumbra.shadow.read.ReadSession;
import dev.penumbra.shadow.read.Validations;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.apache.calcite.tools.FrameworkConfig;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.Ignition;
import org.apache.ignite.calcite.CalciteQueryEngineConfiguration;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.cluster.ClusterState;
import org.apache.ignite.configuration.CacheConfiguration;
import org.apache.ignite.configuration.ClientConnectorConfiguration;
import org.apache.ignite.configuration.DataRegionConfiguration;
import org.apache.ignite.configuration.DataStorageConfiguration;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.configuration.SqlConfiguration;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.logger.NullLogger;
import org.apache.ignite.plugin.CachePluginContext;
import org.apache.ignite.plugin.CachePluginProvider;
import org.apache.ignite.plugin.ExtensionRegistry;
import org.apache.ignite.plugin.IgnitePlugin;
import org.apache.ignite.plugin.PluginConfiguration;
import org.apache.ignite.plugin.PluginContext;
import org.apache.ignite.plugin.PluginProvider;
import org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi;
import org.apache.ignite.spi.discovery.tcp.TcpDiscoverySpi;
import org.apache.ignite.spi.discovery.tcp.ipfinder.vm.TcpDiscoveryVmIpFinder;
import org.jspecify.annotations.Nullable;

/** A grid of one node, on ports of its own, with Ignite's Calcite engine and perhaps Penumbra's in front of it. */
final class QueryNode implements AutoCloseable {
    private final Ignite ignite;
    private final IgniteCache<Object, Object> cache;
    private final int clientPort;
    private final @Nullable EngineOnly provider;

    private QueryNode(Ignite ignite, int clientPort, @Nullable EngineOnly provider) {
        this.ignite = ignite;
        this.clientPort = clientPort;
        this.provider = provider;
        this.cache = ignite.getOrCreateCache(new CacheConfiguration<>("ANY"));
    }

    /** Readers to whom everything is proven as soon as they ask, while the source answers. */
    static Function<ReadSession, Reader> readers(BooleanSupplier answers) {
        AtomicReference<Freshness> proven = new AtomicReference<>();
        proven.set(new Freshness(System::nanoTime, (feed, question) -> {
            if (answers.getAsBoolean()) {
                requireNonNull(proven.get()).answered(feed, question);
            }
        }));
        ReadGate gate = new ReadGate(requireNonNull(proven.get()), (nanos, task) -> task.run(), Runnable::run);
        AtomicReference<Validations> validations = new AtomicReference<>();
        validations.set(new Validations(
                (number, findings) -> requireNonNull(validations.get()).answered(number, answers.getAsBoolean()),
                (nanos, task) -> task.run()));
        return session -> new Reader(
                gate,
                requireNonNull(validations.get()),
                chosen -> java.util.concurrent.CompletableFuture.completedFuture(true),
                session,
                System.nanoTime(),
                Duration.ZERO);
    }

    static QueryNode plain() {
        // Without a provider of its own the node would find Penumbra's on the class path.
        return start(new EngineOnly(false), new IgniteConfiguration());
    }

    static QueryNode decorated() {
        return start(new EngineOnly(true), new IgniteConfiguration());
    }

    /** With Ignite's built-in authentication, which keeps its users in a persistent region. */
    static QueryNode authenticated(Path directory) {
        return start(
                new EngineOnly(true),
                new IgniteConfiguration()
                        .setAuthenticationEnabled(true)
                        .setDataStorageConfiguration(new DataStorageConfiguration()
                                .setStoragePath(directory.resolve("data").toString())
                                .setWalPath(directory.resolve("wal").toString())
                                .setWalArchivePath(directory.resolve("wal").toString())
                                .setDefaultDataRegionConfiguration(
                                        new DataRegionConfiguration().setPersistenceEnabled(true))));
    }

    private static QueryNode start(@Nullable EngineOnly provider, IgniteConfiguration configuration) {
        int discovery = freePort();
        int clients = freePort();
        configuration
                .setIgniteInstanceName("query-" + UUID.randomUUID())
                .setLocalHost("127.0.0.1")
                .setWorkDirectory(
                        Path.of("target", "ignite-work").toAbsolutePath().toString())
                .setGridLogger(new NullLogger())
                .setMetricsLogFrequency(0)
                .setDiscoverySpi(new TcpDiscoverySpi()
                        .setLocalPort(discovery)
                        .setLocalPortRange(0)
                        .setIpFinder(new TcpDiscoveryVmIpFinder().setAddresses(List.of("127.0.0.1:" + discovery))))
                .setCommunicationSpi(new TcpCommunicationSpi().setLocalPort(freePort()))
                .setClientConnectorConfiguration(new ClientConnectorConfiguration().setPort(clients))
                .setSqlConfiguration(new SqlConfiguration()
                        .setQueryEnginesConfiguration(new CalciteQueryEngineConfiguration().setDefault(true)));
        if (provider != null) {
            configuration.setPluginProviders(provider);
        }
        Ignite ignite = Ignition.start(configuration);
        ignite.cluster().state(ClusterState.ACTIVE);
        return new QueryNode(ignite, clients, provider);
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Ignite ignite() {
        return ignite;
    }

    /** A cache to send queries through; its own schema holds no tables. */
    IgniteCache<Object, Object> cache() {
        return cache;
    }

    ShadowQueryEngine engine() {
        return requireNonNull(requireNonNull(provider).engine);
    }

    Connection connect(String suffix) throws SQLException {
        return DriverManager.getConnection("jdbc:ignite:thin://127.0.0.1:" + clientPort + suffix);
    }

    @Override
    public void close() {
        ignite.close();
    }

    /** The smallest plugin that puts the engine into a node. */
    private static final class EngineOnly implements PluginProvider<PluginConfiguration> {
        private final boolean installs;
        private @Nullable ShadowQueryEngine engine;

        EngineOnly(boolean installs) {
            this.installs = installs;
        }

        @Override
        public String name() {
            return "engine-only";
        }

        @Override
        public String version() {
            return "1";
        }

        @Override
        public String copyright() {
            return "";
        }

        @Override
        @SuppressWarnings("TypeParameterUnusedInFormals") // Ignite's signature.
        public <T extends IgnitePlugin> T plugin() {
            @SuppressWarnings("unchecked") // Ignite asks for whatever the caller assigns it to.
            T plugin = (T) new IgnitePlugin() {};
            return plugin;
        }

        @Override
        public void initExtensions(PluginContext context, ExtensionRegistry registry) {
            if (installs) {
                ShadowQueryEngineConfiguration.install(
                        context.igniteConfiguration().getSqlConfiguration());
            }
        }

        @Override
        public <T> @Nullable T createComponent(PluginContext context, Class<T> type) {
            if (installs && type == FrameworkConfig.class) {
                engine = ShadowQueryEngine.addTo(((IgniteEx) context.grid()).context());
            }
            return null;
        }

        @Override
        @SuppressWarnings("rawtypes") // Ignite's signature.
        public @Nullable CachePluginProvider createCacheProvider(CachePluginContext context) {
            return null;
        }

        @Override
        public void start(PluginContext context) {}

        @Override
        public void stop(boolean cancel) {}

        @Override
        public void onIgniteStart() {}

        @Override
        public void onIgniteStop(boolean cancel) {}

        @Override
        public @Nullable Serializable provideDiscoveryData(UUID nodeId) {
            return null;
        }

        @Override
        public void receiveDiscoveryData(UUID nodeId, Serializable data) {}

        @Override
        @SuppressWarnings("deprecation") // Abstract in Ignite, deprecated or not.
        public void validateNewNode(ClusterNode node) {}
    }
}
