package dev.penumbra.cli;

import dev.penumbra.ignite.PenumbraConfiguration;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteException;
import org.apache.ignite.Ignition;
import org.apache.ignite.calcite.CalciteQueryEngineConfiguration;
import org.apache.ignite.configuration.DataRegionConfiguration;
import org.apache.ignite.configuration.DataStorageConfiguration;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.configuration.SqlConfiguration;
import org.apache.ignite.logger.slf4j.Slf4jLogger;
import org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi;
import org.apache.ignite.spi.discovery.tcp.TcpDiscoverySpi;
import org.apache.ignite.spi.discovery.tcp.ipfinder.vm.TcpDiscoveryVmIpFinder;
import org.jspecify.annotations.Nullable;

/** An Ignite node with the plugin, in this process. Owned by one thread. */
final class GridNode implements AutoCloseable {
    /** The data region that holds copies, apart from Ignite's own default region. */
    static final String COPIES_REGION = "copies";

    static final long COPIES_REGION_BYTES_DEFAULT = 1L << 30;

    private static final int NODES_MAX = 20;
    private static final int MESSAGE_QUEUE_LIMIT = 1_024;
    private static final long MEGABYTE = 1L << 20;

    // Attribute under which Ignite tells the port of its JDBC thin server.
    private static final String JDBC_PORT_ATTRIBUTE = "clientListenerPort";

    /** What Ignite takes only from system properties: no greetings on standard output, no calls home, no hook of its own. */
    private static final Map<String, String> SETTINGS = Map.of(
            "IGNITE_QUIET", "false",
            "IGNITE_NO_ASCII", "true",
            "IGNITE_UPDATE_NOTIFIER", "false",
            "IGNITE_NO_SHUTDOWN_HOOK", "true",
            "IGNITE_PERFORMANCE_SUGGESTIONS_DISABLED", "true");

    private final Ignite ignite;

    private GridNode(Ignite ignite) {
        this.ignite = ignite;
    }

    /**
     * A node on this machine only, in memory, that finds its neighbours among a few ports.
     *
     * @param name the node's name, unique in the grid
     * @param discoveryPort the first port of the grid
     * @param work where Ignite keeps its own files
     * @param communication how it speaks to its neighbours, of the same class in the whole grid
     */
    static IgniteConfiguration local(String name, int discoveryPort, Path work, TcpCommunicationSpi communication) {
        return new IgniteConfiguration()
                .setIgniteInstanceName(name)
                .setConsistentId(name)
                .setLocalHost("127.0.0.1")
                .setWorkDirectory(work.toAbsolutePath().toString())
                .setMetricsLogFrequency(0)
                .setSqlConfiguration(new SqlConfiguration()
                        .setQueryEnginesConfiguration(new CalciteQueryEngineConfiguration().setDefault(true)))
                .setDataStorageConfiguration(new DataStorageConfiguration()
                        .setDefaultDataRegionConfiguration(region("default", 256 * MEGABYTE))
                        .setDataRegionConfigurations(region(COPIES_REGION, COPIES_REGION_BYTES_DEFAULT)))
                .setCommunicationSpi(communication
                        .setLocalPort(discoveryPort + NODES_MAX)
                        .setLocalPortRange(5 * NODES_MAX)
                        .setMessageQueueLimit(MESSAGE_QUEUE_LIMIT))
                .setDiscoverySpi(new TcpDiscoverySpi()
                        .setLocalPort(discoveryPort)
                        .setLocalPortRange(NODES_MAX - 1)
                        .setIpFinder(new TcpDiscoveryVmIpFinder()
                                .setAddresses(List.of(
                                        "127.0.0.1:" + discoveryPort + ".." + (discoveryPort + NODES_MAX - 1)))));
    }

    private static DataRegionConfiguration region(String name, long maxBytes) {
        return new DataRegionConfiguration()
                .setName(name)
                .setInitialSize(Math.min(maxBytes, 64 * MEGABYTE))
                .setMaxSize(maxBytes)
                .setMetricsEnabled(true);
    }

    /**
     * Starts a node and returns when it is in the grid.
     *
     * @throws PenumbraException with the plugin's own code, or with NODE_NOT_STARTED and Ignite's reason
     */
    @SuppressWarnings("deprecation") // Ignite offers no other way to configure a plugin that it finds by itself
    static GridNode start(IgniteConfiguration configuration, PenumbraConfiguration plugin) {
        SETTINGS.forEach((key, value) -> {
            if (System.getProperty(key) == null) {
                System.setProperty(key, value);
            }
        });
        configuration.setGridLogger(new Slf4jLogger()).setPluginConfigurations(plugin);
        try {
            return new GridNode(Ignition.start(configuration));
        } catch (IgniteException e) {
            throw reason(e);
        }
    }

    private static PenumbraException reason(IgniteException failure) {
        Throwable innermost = failure;
        for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof PenumbraException own) {
                return own;
            }
            innermost = cause;
        }
        return new PenumbraException(ErrorCode.NODE_NOT_STARTED, failure).with("reason", innermost.getMessage());
    }

    Ignite ignite() {
        return ignite;
    }

    /** Where JDBC thin clients connect to this node. */
    String jdbcUrl() {
        return "jdbc:ignite:thin://127.0.0.1:" + ignite.cluster().localNode().attribute(JDBC_PORT_ATTRIBUTE);
    }

    /** The memory that the copies on this node take, in bytes: whole pages, with what Ignite adds to rows and indexes. */
    long copiesBytes() {
        var region = ignite.dataRegionMetrics(COPIES_REGION);
        return region == null ? 0 : region.getTotalUsedPages() * region.getPageSize();
    }

    @Override
    public void close() {
        Ignition.stop(ignite.name(), true);
    }
}
