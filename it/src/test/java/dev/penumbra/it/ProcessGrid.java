package dev.penumbra.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.cli.Penumbra;
import dev.penumbra.model.Position;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

/** Three datacenters on this machine, each a process with one node; home has the journal. */
final class ProcessGrid implements AutoCloseable {
    static final String HOME = "home";
    static final String EU = "eu";
    static final String US = "us";
    static final List<String> DATACENTERS = List.of(HOME, EU, US);

    static final int PARTITIONS = 16;

    /** The cache template of tables whose rows the three nodes hold, each row twice. */
    static final String TEMPLATE = "rows";

    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private final Path directory;
    private final Path logs;
    private final @Nullable Path journal;
    private final int batchRows;
    private final int roundTripMillis;
    private final Map<String, Integer> discoveryPorts = new LinkedHashMap<>();
    private final Map<String, NodeProcess> nodes = new LinkedHashMap<>();
    private int started;

    /**
     * @param test names the directory of the nodes' logs
     * @param journal what the node at home ships; null for nothing
     * @param batchRows the size of the shipper's batches
     */
    ProcessGrid(String test, Path directory, @Nullable Path journal, int batchRows) throws IOException {
        this(test, directory, journal, batchRows, 0);
    }

    /** @param roundTripMillis between two datacenters */
    ProcessGrid(String test, Path directory, @Nullable Path journal, int batchRows, int roundTripMillis)
            throws IOException {
        this.roundTripMillis = roundTripMillis;
        this.directory = directory;
        this.logs = Files.createDirectories(Path.of("target", "node-logs", test));
        this.journal = journal;
        this.batchRows = batchRows;
        for (String datacenter : DATACENTERS) {
            discoveryPorts.put(datacenter, Ports.free());
        }
    }

    /** Starts all three and returns when they are one grid. */
    void startAll() throws IOException, SQLException {
        launch(HOME);
        // Nodes that start at the same moment may each found a grid; the first one must stand.
        node(HOME).awaitReady();
        launch(EU);
        launch(US);
        node(EU).awaitReady();
        node(US).awaitReady();
        try (Connection home = node(HOME).connect()) {
            assertThat(Tables.text(home, "SELECT COUNT(*) FROM SYS.NODES")).isEqualTo("3");
        }
    }

    NodeProcess node(String datacenter) {
        return nodes.get(datacenter);
    }

    /** The journal of Ignite tables of a datacenter's node; the same for each node that is started there. */
    Path captured(String datacenter) {
        return directory.resolve("captured-" + datacenter);
    }

    /** Starts the node of a datacenter and returns when it is in the grid. */
    void start(String datacenter) throws IOException {
        launch(datacenter).awaitReady();
    }

    private NodeProcess launch(String datacenter) throws IOException {
        String name = datacenter + "-" + ++started;
        Path configuration = configuration(name, captured(datacenter), discoveryPorts.get(datacenter), PARTITIONS);
        List<Path> journals = datacenter.equals(HOME) && journal != null ? List.of(journal) : List.of();
        NodeProcess node = process(name, datacenter, configuration, journals);
        NodeProcess former = nodes.put(datacenter, node);
        if (former != null) {
            assertThat(former.alive()).as("the former node lives").isFalse();
        }
        return node;
    }

    /** Starts a further node, on a discovery port that the others do not look at; the test closes it. */
    NodeProcess launchFurther(String datacenter, int partitions, List<Path> journals) throws IOException {
        String name = "further-" + ++started;
        return process(
                name,
                datacenter,
                configuration(name, directory.resolve(name + "-captured"), Ports.free(), partitions),
                journals);
    }

    private NodeProcess process(String name, String datacenter, Path configuration, List<Path> journals)
            throws IOException {
        int jmxPort = Ports.free();
        Path log = logs.resolve(name + ".log");
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + System.getProperty("penumbra.jvm.opts"),
                "-Xmx256m",
                // Nodes live for seconds here, and there are many of them.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Djava.rmi.server.hostname=127.0.0.1",
                "-Dcom.sun.management.jmxremote.host=127.0.0.1",
                "-Dcom.sun.management.jmxremote.port=" + jmxPort,
                "-Dcom.sun.management.jmxremote.rmi.port=" + jmxPort,
                "-Dcom.sun.management.jmxremote.authenticate=false",
                "-Dcom.sun.management.jmxremote.ssl=false",
                "-cp",
                System.getProperty("java.class.path"),
                Penumbra.class.getName(),
                "node",
                "--json",
                "--datacenter",
                datacenter,
                "--config",
                configuration.toString()));
        if (roundTripMillis > 0) {
            line.addAll(List.of("--wan", roundTripMillis + "ms"));
        }
        for (Path one : journals) {
            line.addAll(List.of("--journal", one.toString()));
        }
        return new NodeProcess(
                new ProcessBuilder(line).redirectError(log.toFile()).start(), log, jmxPort);
    }

    /** What a user writes who has a grid of his own: plain Spring XML with the plugin's bean. */
    private Path configuration(String name, Path captured, int discoveryPort, int partitions) throws IOException {
        StringBuilder addresses = new StringBuilder();
        for (int port : discoveryPorts.values()) {
            addresses.append("<value>127.0.0.1:").append(port).append("</value>");
        }
        String text = """
                <beans xmlns="http://www.springframework.org/schema/beans"
                       xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                       xsi:schemaLocation="http://www.springframework.org/schema/beans
                                           http://www.springframework.org/schema/beans/spring-beans.xsd">
                  <bean class="org.apache.ignite.configuration.IgniteConfiguration">
                    <property name="igniteInstanceName" value="%1$s"/>
                    <property name="consistentId" value="%1$s"/>
                    <property name="localHost" value="127.0.0.1"/>
                    <property name="workDirectory" value="%2$s"/>
                    <property name="metricsLogFrequency" value="0"/>
                    <property name="clientConnectorConfiguration">
                      <bean class="org.apache.ignite.configuration.ClientConnectorConfiguration">
                        <property name="port" value="%3$d"/>
                        <property name="portRange" value="0"/>
                      </bean>
                    </property>
                    <property name="connectorConfiguration"><null/></property>
                    <property name="sqlConfiguration">
                      <bean class="org.apache.ignite.configuration.SqlConfiguration">
                        <property name="queryEnginesConfiguration">
                          <bean class="org.apache.ignite.calcite.CalciteQueryEngineConfiguration">
                            <property name="default" value="true"/>
                          </bean>
                        </property>
                      </bean>
                    </property>
                    <property name="dataStorageConfiguration">
                      <bean class="org.apache.ignite.configuration.DataStorageConfiguration">
                        <property name="defaultDataRegionConfiguration">
                          <bean class="org.apache.ignite.configuration.DataRegionConfiguration">
                            <property name="initialSize" value="#{64L * 1024 * 1024}"/>
                            <property name="maxSize" value="#{128L * 1024 * 1024}"/>
                          </bean>
                        </property>
                      </bean>
                    </property>
                    <property name="cacheConfiguration">
                      <list>
                        <bean class="org.apache.ignite.configuration.CacheConfiguration">
                          <property name="name" value="%10$s*"/>
                          <property name="backups" value="1"/>
                          <property name="affinity">
                            <bean class="org.apache.ignite.cache.affinity.rendezvous.RendezvousAffinityFunction">
                              <property name="partitions" value="64"/>
                            </bean>
                          </property>
                          <property name="nodeFilter">
                            <bean class="dev.penumbra.it.RowNodes"/>
                          </property>
                        </bean>
                      </list>
                    </property>
                    <property name="communicationSpi">
                      <bean class="dev.penumbra.bench.DistanceCommunicationSpi">
                        <property name="localPort" value="%4$d"/>
                        <property name="localPortRange" value="0"/>
                        <property name="cutDirectory" value="%11$s"/>
                      </bean>
                    </property>
                    <property name="discoverySpi">
                      <bean class="org.apache.ignite.spi.discovery.tcp.TcpDiscoverySpi">
                        <property name="localPort" value="%5$d"/>
                        <property name="localPortRange" value="0"/>
                        <property name="ipFinder">
                          <bean class="org.apache.ignite.spi.discovery.tcp.ipfinder.vm.TcpDiscoveryVmIpFinder">
                            <property name="addresses"><list>%6$s</list></property>
                          </bean>
                        </property>
                      </bean>
                    </property>
                    <property name="pluginConfigurations">
                      <bean class="dev.penumbra.ignite.PenumbraConfiguration">
                        <property name="batchRows" value="%7$d"/>
                        <property name="partitions" value="%8$d"/>
                        <property name="captureDirectory" value="%9$s"/>
                        <property name="triggerClasses" value="dev.penumbra.it.*"/>
                        <property name="readPatienceMillis" value="700"/>
                      </bean>
                    </property>
                  </bean>
                </beans>
                """.formatted(
                        name,
                        Files.createDirectories(directory.resolve(name)).toAbsolutePath(),
                        Ports.free(),
                        Ports.free(),
                        discoveryPort,
                        addresses,
                        batchRows,
                        partitions,
                        captured.toAbsolutePath(),
                        TEMPLATE,
                        directory.toAbsolutePath());
        return Files.writeString(directory.resolve(name + ".xml"), text);
    }

    /** Cuts the links of a datacenter to the others. */
    void cut(String datacenter) throws IOException {
        Files.createFile(cutFile(datacenter));
    }

    /** Repairs them. */
    void repair(String datacenter) throws IOException {
        Files.delete(cutFile(datacenter));
    }

    private Path cutFile(String datacenter) {
        return directory.resolve(datacenter + ".cut");
    }

    /** Waits until a number of copies is there, each complete and with everything up to a position. */
    void awaitCopies(String askedOf, int copies, Position end) throws SQLException {
        try (Connection connection = node(askedOf).connect()) {
            try {
                await().atMost(PATIENCE)
                        .pollInterval(Duration.ofMillis(50))
                        .ignoreExceptions()
                        .until(() -> complete(connection, copies, end));
            } catch (ConditionTimeoutException e) {
                throw new AssertionError(
                        "not all of " + copies + " copies are at " + end + ": "
                                + Tables.rows(
                                        connection,
                                        "SELECT DATACENTER, ROLE, SQL_TABLE, PHASE, APPLIED, ROW_COUNT"
                                                + " FROM SYS.PENUMBRA_SHADOWS"),
                        e);
            }
        }
    }

    private static boolean complete(Connection connection, int copies, Position end) throws SQLException {
        int complete = 0;
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT PHASE, APPLIED FROM SYS.PENUMBRA_SHADOWS")) {
            while (rows.next()) {
                if (!rows.getString(1).equals("READY")
                        || Position.parse(rows.getString(2)).compareTo(end) < 0) {
                    return false;
                }
                complete++;
            }
        }
        return complete == copies;
    }

    @Override
    public void close() throws IOException {
        for (NodeProcess node : nodes.values()) {
            node.close();
        }
    }
}
