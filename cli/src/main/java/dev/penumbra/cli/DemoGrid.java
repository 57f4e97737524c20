package dev.penumbra.cli;

import dev.penumbra.bench.DistanceCommunicationSpi;
import dev.penumbra.ignite.PenumbraConfiguration;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.Compression;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The demo's grid: one node in each of its datacenters, in this process, and a session on each. Owned by one thread. */
final class DemoGrid implements AutoCloseable {
    static final String HOME = "home";
    static final List<String> SHADOW_DATACENTERS = List.of("eu", "us");

    private final Path directory;
    private final DemoProgress progress;
    private final List<DistanceCommunicationSpi> ways = new ArrayList<>();
    private final Map<String, GridNode> nodes = new LinkedHashMap<>();
    private final Map<String, Connection> clients = new LinkedHashMap<>();
    private final int port = freePort();

    /** @param directory where Ignite's files go */
    DemoGrid(Path directory, DemoProgress progress) throws IOException {
        this.directory = directory;
        this.progress = progress;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            // Discovery, communication and their neighbours need some ports above it.
            return Math.min(socket.getLocalPort(), 65_000);
        }
    }

    /**
     * Starts the datacenters.
     *
     * @param journals what the home node ships from
     * @param captures where the home node captures the grid's own tables
     */
    void start(List<Path> journals, Path captures) throws SQLException {
        add(
                HOME,
                configuration(HOME)
                        .setJournalDirectories(
                                journals.stream().map(Path::toString).toList())
                        .setCaptureDirectory(captures.toString()));
        for (String datacenter : SHADOW_DATACENTERS) {
            add(datacenter, configuration(datacenter));
        }
    }

    private void add(String datacenter, PenumbraConfiguration plugin) throws SQLException {
        GridNode node = start(datacenter, plugin);
        nodes.put(datacenter, node);
        clients.put(datacenter, DriverManager.getConnection(node.jdbcUrl()));
        progress.say("datacenter " + datacenter + " is up: " + node.jdbcUrl());
    }

    private static PenumbraConfiguration configuration(String datacenter) {
        return new PenumbraConfiguration().setDatacenter(datacenter).setDataRegion(GridNode.COPIES_REGION);
    }

    private GridNode start(String datacenter, PenumbraConfiguration plugin) {
        DistanceCommunicationSpi way = new DistanceCommunicationSpi();
        ways.add(way);
        return GridNode.start(
                GridNode.local("demo-" + port + "-" + datacenter, port, directory.resolve("ignite-" + datacenter), way),
                plugin);
    }

    /** Puts a distance between the datacenters, for all messages from now on. */
    void setRoundTrip(Duration roundTrip) {
        ways.forEach(way -> way.setRoundTrip(roundTrip));
    }

    /** Starts a node in a further datacenter, for the caller to close. */
    GridNode startFurther(String datacenter) {
        return start(datacenter, configuration(datacenter));
    }

    Set<String> datacenters() {
        return nodes.keySet();
    }

    GridNode node(String datacenter) {
        GridNode node = nodes.get(datacenter);
        if (node == null) {
            throw new IllegalStateException("no node in " + datacenter);
        }
        return node;
    }

    /** A session on the node of a datacenter. */
    Connection client(String datacenter) {
        Connection client = clients.get(datacenter);
        if (client == null) {
            throw new IllegalStateException("no node in " + datacenter);
        }
        return client;
    }

    /** A session on the node at home. */
    Connection home() {
        return client(HOME);
    }

    private static String inGrid(DemoSource source, String table) {
        return TableName.quote(source.name()) + "." + source.schema() + "." + table;
    }

    void createShadows(DemoSource source, String datacenter, Compression compression) throws SQLException {
        try (Statement statement = home().createStatement()) {
            for (String table : source.tables()) {
                String sql = "CREATE SHADOW OF " + inGrid(source, table) + " IN DATACENTER '" + datacenter
                        + "' WITH (COMPRESSION = '" + compression + "')";
                progress.say(sql);
                statement.execute(sql);
            }
        }
    }

    void dropShadows(DemoSource source, String datacenter) throws SQLException {
        try (Statement statement = home().createStatement()) {
            for (String table : source.tables()) {
                statement.execute("DROP SHADOW OF " + inGrid(source, table) + " IN DATACENTER '" + datacenter + "'");
            }
        }
    }

    /** The names that the copies of a source's tables have in SQL, by table: sources may have tables of one name. */
    Map<String, String> sqlNames(DemoSource source) throws SQLException {
        Map<String, String> names = new HashMap<>();
        try (PreparedStatement query = home().prepareStatement(
                        "SELECT TABLE_NAME, SQL_TABLE FROM SYS.PENUMBRA_SHADOWS WHERE SOURCE = ? AND SCHEMA_NAME = ?")) {
            query.setString(1, source.name());
            query.setString(2, source.schema());
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    names.put(rows.getString(1), rows.getString(2));
                }
            }
        }
        return names;
    }

    /** The name of a datacenter's copies' schema in SQL. */
    static String sqlSchema(String datacenter) {
        return datacenter.equals(HOME) ? "HOME" : "SHADOW_" + datacenter.toUpperCase(Locale.ROOT);
    }

    /**
     * How many reads shadows alone, shadows with what was pending of them, and home images have answered so far, in this order, in all
     * datacenters, of tables with these names.
     */
    long[] answered(Set<String> sqlTables) throws SQLException {
        long[] counts = new long[3];
        for (Connection client : clients.values()) {
            try (Statement statement = client.createStatement();
                    ResultSet rows = statement.executeQuery(
                            "SELECT SQL_TABLE, FROM_SHADOW, PRE_MERGED, FROM_HOME FROM SYS.PENUMBRA_READS")) {
                while (rows.next()) {
                    if (sqlTables.contains(rows.getString(1))) {
                        for (int i = 0; i < counts.length; i++) {
                            counts[i] += rows.getLong(2 + i);
                        }
                    }
                }
            }
        }
        return counts;
    }

    /** The size of the values of a source's shadows before compression divided by that after. */
    double valueRatio(DemoSource source) throws SQLException {
        double[] ratio = new double[1];
        progress.await("the shadows' sizes", () -> {
            try (PreparedStatement query = home().prepareStatement(
                            "SELECT SUM(RAW_BYTES), SUM(STORED_BYTES), MIN(STORED_BYTES)"
                                    + " FROM SYS.PENUMBRA_SHADOWS WHERE ROLE = 'SHADOW' AND SOURCE = ?")) {
                query.setString(1, source.name());
                try (ResultSet sizes = query.executeQuery()) {
                    sizes.next();
                    ratio[0] = sizes.getDouble(1) / sizes.getDouble(2);
                    return sizes.getLong(3) > 0;
                }
            }
        });
        return ratio[0];
    }

    /** Where clients connect, by datacenter. */
    Map<String, String> addresses() {
        Map<String, String> addresses = new LinkedHashMap<>();
        nodes.forEach((datacenter, node) -> addresses.put(datacenter, node.jdbcUrl()));
        return addresses;
    }

    @Override
    public void close() throws SQLException {
        @Nullable SQLException failure = null;
        for (Connection client : clients.values()) {
            try {
                client.close();
            } catch (SQLException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        // Home first: its shipper would miss the others.
        for (GridNode node : new ArrayList<>(nodes.values())) {
            node.close();
        }
        if (failure != null) {
            throw failure;
        }
    }
}
