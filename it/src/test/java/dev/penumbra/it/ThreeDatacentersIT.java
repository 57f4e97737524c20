package dev.penumbra.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.penumbra.model.Position;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three datacenters as three JVMs, started as a user starts them; the source is in this process. */
class ThreeDatacentersIT {
    private static final int ROWS = 1_500;
    private static final int COPIES = Source.TABLES.size() * ProcessGrid.DATACENTERS.size();

    @TempDir
    static Path directory;

    private static Source source;
    private static ProcessGrid grid;

    @BeforeAll
    static void start() throws Exception {
        source = new Source(directory, ROWS);
        grid = new ProcessGrid("ThreeDatacentersIT", directory, source.journal(), 256);
        grid.startAll();
        grid.awaitCopies(ProcessGrid.HOME, Source.TABLES.size(), source.settle());
        try (Connection us = grid.node(ProcessGrid.US).connect();
                Statement statement = us.createStatement()) {
            for (String datacenter : List.of(ProcessGrid.EU, ProcessGrid.US)) {
                for (String table : Source.TABLES) {
                    statement.execute("CREATE SHADOW OF " + source.name() + ".PUBLIC." + table + " IN DATACENTER '"
                            + datacenter + "'");
                }
            }
        }
        grid.awaitCopies(ProcessGrid.US, COPIES, source.settle());
    }

    @AfterAll
    static void stop() throws Exception {
        grid.close();
        source.close();
    }

    private static Position write() throws SQLException {
        try (Connection connection = source.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(
                    "INSERT INTO ORDERS SELECT X, 'late', -X, NULL, 'später' FROM SYSTEM_RANGE(10001, 10200)");
            statement.execute("UPDATE ORDERS SET TOTAL = TOTAL + 0.5, NOTE = NULL WHERE MOD(ID, 3) = 0");
            statement.execute("DELETE FROM ITEMS WHERE MOD(ID, 7) = 0");
            statement.execute("UPDATE ITEMS SET ID = ID + 100000 WHERE MOD(ID, 50) = 1");
            connection.commit();
            statement.execute("UPDATE ORDERS SET NOTE = '" + Source.ROLLED_BACK + "'");
            statement.execute("DELETE FROM ITEMS");
            connection.rollback();
            statement.execute("INSERT INTO ITEMS VALUES(-" + System.nanoTime() + ", 1, 'last')");
            connection.commit();
            statement.execute("DELETE FROM ORDERS WHERE ID > 10000");
            statement.execute("INSERT INTO ORDERS SELECT X, 'later', X, NULL, NULL FROM SYSTEM_RANGE(20001, 20020)"
                    + " WHERE NOT EXISTS(SELECT 1 FROM ORDERS WHERE ID = 20001)");
            connection.commit();
        }
        return source.settle();
    }

    @Test
    void committedRows_comeToEveryDatacenterAndRolledBackOnesToNone() throws SQLException {
        Position end = write();
        grid.awaitCopies(ProcessGrid.EU, COPIES, end);
        for (String datacenter : ProcessGrid.DATACENTERS) {
            try (Connection connection = grid.node(datacenter).connect()) {
                for (String schema : List.of("HOME", "SHADOW_EU", "SHADOW_US", "SHADOW")) {
                    source.assertEqualTo(connection, schema, "read at " + datacenter);
                }
                assertThat(Tables.text(
                                connection,
                                "SELECT COUNT(*) FROM SHADOW.ORDERS WHERE NOTE = '" + Source.ROLLED_BACK + "'"))
                        .isEqualTo("0");
            }
        }
    }

    @Test
    void jdbcThinAgainstUs_isAnsweredByTheShadowInUs() throws SQLException {
        String query = "SELECT COUNT(*), SUM(TOTAL) FROM SHADOW.ORDERS";
        try (Connection us = grid.node(ProcessGrid.US).connect()) {
            assertThat(Tables.rows(us, "EXPLAIN SHADOW " + query))
                    .singleElement()
                    .satisfies(row -> assertThat(row.subList(0, 3))
                            .containsExactly(
                                    "SHADOW.ORDERS", "SHADOW_US.ORDERS", "the shadow in datacenter us is complete"));
            long shadowBefore = reads(us, "FROM_SHADOW");
            long homeBefore = reads(us, "FROM_HOME");
            for (int i = 0; i < 5; i++) {
                Tables.rows(us, query);
            }
            assertThat(reads(us, "FROM_SHADOW")).isEqualTo(shadowBefore + 5);
            assertThat(reads(us, "FROM_HOME")).isEqualTo(homeBefore);
        }
        try (Connection home = grid.node(ProcessGrid.HOME).connect()) {
            assertThat(Tables.rows(home, "EXPLAIN SHADOW " + query).get(0).get(1))
                    .isEqualTo("HOME.ORDERS");
        }
    }

    @Test
    void whatWasCommittedLongerAgoThanTheProvenStaleness_isInTheShadow() throws Exception {
        int first = 500_000;
        NavigableMap<Long, Integer> committed = new ConcurrentSkipListMap<>();
        AtomicBoolean enough = new AtomicBoolean();
        try (Connection eu = grid.node(ProcessGrid.EU).connect();
                Connection writing = source.connect();
                Statement insert = writing.createStatement()) {
            await().until(() -> provenStaleness(eu) != null);
            Thread writer = new Thread(() -> {
                try {
                    int rows = 0;
                    for (int transaction = 1; !enough.get(); transaction++) {
                        // Now and then one that takes longer to apply than a heartbeat does.
                        int more = transaction % 400 == 0 ? 4_000 : 1;
                        insert.execute("INSERT INTO ORDERS SELECT X, 'probed', 1, NULL, NULL FROM SYSTEM_RANGE("
                                + (first + rows) + ", " + (first + rows + more - 1) + ")");
                        rows += more;
                        committed.put(System.nanoTime(), rows);
                        // Slower than the relay.
                        LockSupport.parkNanos(1_000_000);
                    }
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            writer.start();
            try {
                AtomicInteger checked = new AtomicInteger();
                await().atMost(Duration.ofMinutes(1))
                        .pollInterval(Duration.ofMillis(20))
                        .until(() -> {
                            long before = System.nanoTime();
                            Long staleness = provenStaleness(eu);
                            int rows = Integer.parseInt(
                                    Tables.text(eu, "SELECT COUNT(*) FROM SHADOW_EU.ORDERS WHERE ID >= " + first));
                            Map.Entry<Long, Integer> required = staleness == null
                                    ? null
                                    : committed.floorEntry(before - TimeUnit.MILLISECONDS.toNanos(staleness));
                            if (required != null) {
                                assertThat(rows).isGreaterThanOrEqualTo(required.getValue());
                                checked.incrementAndGet();
                            }
                            return checked.get() == 50;
                        });
            } finally {
                enough.set(true);
                writer.join();
                insert.execute("DELETE FROM ORDERS WHERE ID >= " + first);
            }
        }
    }

    private static @Nullable Long provenStaleness(Connection connection) throws SQLException {
        return Tables.rows(
                        connection,
                        "SELECT PROVEN_STALENESS_MILLIS FROM SYS.PENUMBRA_FRONTIERS WHERE DATACENTER = 'eu'")
                .stream()
                .map(row -> row.get(0))
                .filter(value -> !value.equals("null"))
                .map(Long::valueOf)
                .findFirst()
                .orElse(null);
    }

    private static long reads(Connection connection, String column) throws SQLException {
        return Long.parseLong(
                Tables.text(connection, "SELECT COALESCE(SUM(" + column + "), 0) FROM SYS.PENUMBRA_READS"));
    }

    @Test
    @SuppressWarnings("BanJNDI") // the JDK's own JMX address of a process that this test has started
    void theFiguresOfEveryProcess_areReadOverJmxFromAnother() throws Exception {
        Position end = write();
        grid.awaitCopies(ProcessGrid.US, COPIES, end);
        String name = source.name().replace("\"", "");
        for (String datacenter : ProcessGrid.DATACENTERS) {
            NodeProcess node = grid.node(datacenter);
            assertThat(node.pid()).isNotEqualTo(ProcessHandle.current().pid());
            try (JMXConnector connector = JMXConnectorFactory.connect(new JMXServiceURL(node.jmxUrl()))) {
                MBeanServerConnection beans = connector.getMBeanServerConnection();
                for (String fed : ProcessGrid.DATACENTERS) {
                    Set<ObjectName> feeds = beans(beans, "feed." + name + "." + fed);
                    if (datacenter.equals(fed)) {
                        ObjectName feed = feeds.iterator().next();
                        assertThat(beans.getAttribute(feed, "Phase")).isEqualTo("RUNNING");
                        assertThat(beans.getAttribute(feed, "Gaps")).isEqualTo(0L);
                        assertThat((Long) beans.getAttribute(feed, "AppliedSequence"))
                                .isGreaterThanOrEqualTo(end.sequence());
                        assertThat(beans.getAttribute(feed, "LagPositions")).isEqualTo(0L);
                    } else {
                        assertThat(feeds).isEmpty();
                    }
                }
                try (Connection us = grid.node(ProcessGrid.US).connect()) {
                    long rows = Long.parseLong(Tables.text(us, "SELECT COUNT(*) FROM SHADOW_US.ORDERS"));
                    ObjectName copy =
                            beans(beans, "copy.SHADOW_US.ORDERS").iterator().next();
                    await().atMost(Duration.ofSeconds(30)).until(() -> (Long) beans.getAttribute(copy, "Rows") == rows);
                    assertThat((Long) beans.getAttribute(copy, "StoredBytes")).isPositive();
                }
                assertThat(beans(beans, "reads")).hasSize(1);
            }
        }
    }

    @Test
    void create_ofWhatCannotBe_isRefusedWithItsCode() throws SQLException {
        String table = source.name() + ".PUBLIC.ORDERS";
        Map<String, String> refusals = Map.of(
                "CREATE SHADOW OF " + source.name() + ".PUBLIC.NOWHERE IN DATACENTER 'eu'",
                "PENUMBRA-1003",
                "CREATE SHADOW OF nobody.PUBLIC.ORDERS IN DATACENTER 'eu'",
                "PENUMBRA-1012",
                "CREATE SHADOW OF " + table + " IN DATACENTER 'mars'",
                "PENUMBRA-1013",
                "CREATE SHADOW OF " + table + " IN DATACENTER 'No!'",
                "PENUMBRA-1002",
                "CREATE SHADOW OF " + table + " IN DATACENTER 'eu'",
                "PENUMBRA-1011",
                "CREATE SHADOW\nOF " + table + " AT DATACENTER 'eu'",
                "line=2, column=",
                "DELETE FROM SHADOW_US.ORDERS",
                "PENUMBRA-1030");
        try (Connection us = grid.node(ProcessGrid.US).connect();
                Statement statement = us.createStatement()) {
            refusals.forEach((sql, answer) -> assertThatThrownBy(() -> statement.execute(sql))
                    .as(sql)
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining(answer));
        }
        grid.awaitCopies(ProcessGrid.US, COPIES, source.settle());
    }

    @Test
    void aFurtherNodeOfADatacenter_takesItsShareOfTheCompressedRows() throws Exception {
        try (NodeProcess further = grid.launchFurther(ProcessGrid.EU, ProcessGrid.PARTITIONS, List.of())) {
            further.awaitReady();
            grid.awaitCopies(ProcessGrid.EU, COPIES, write());
            try (Connection connection = further.connect()) {
                source.assertEqualTo(connection, "SHADOW_EU", "read at " + further.name());
            }
        }
        // What it held is gone with it and comes back.
        grid.awaitCopies(ProcessGrid.EU, COPIES, write());
        try (Connection connection = grid.node(ProcessGrid.EU).connect()) {
            source.assertEqualTo(connection, "SHADOW_EU", "after the further node has gone");
        }
    }

    @Test
    void aNodeThatDoesNotFit_endsWithAMessageAndLeavesTheGridAlone() throws Exception {
        Path empty = Files.createDirectories(directory.resolve("empty"));
        assertEnds(grid.launchFurther("No!", ProcessGrid.PARTITIONS, List.of()), 2, "PENUMBRA-1002");
        assertEnds(
                grid.launchFurther("eu", ProcessGrid.PARTITIONS, List.of(directory.resolve("missing"))),
                3,
                "PENUMBRA-2002");
        assertEnds(grid.launchFurther("eu", ProcessGrid.PARTITIONS, List.of(empty)), 3, "PENUMBRA-2002");
        assertEnds(grid.launchFurther("eu", ProcessGrid.PARTITIONS / 2, List.of()), 3, "partitions=8");
        grid.awaitCopies(ProcessGrid.US, COPIES, source.settle());
    }

    private static void assertEnds(NodeProcess node, int exitCode, String message) throws Exception {
        try (node) {
            assertThat(node.awaitEnd()).as(message).isEqualTo(exitCode);
            // Ignite tells in its own words, and before, why a node cannot join; the last line is the command's.
            List<String> lines = node.log().lines().toList();
            assertThat(lines)
                    .filteredOn(line -> line.startsWith("penumbra: "))
                    .singleElement()
                    .asString()
                    .contains(message);
            if (message.startsWith("PENUMBRA")) {
                assertThat(lines).noneMatch(line -> line.startsWith("\tat "));
            }
        }
    }

    private static Set<ObjectName> beans(MBeanServerConnection beans, String name) throws IOException {
        Set<ObjectName> found = beans.queryNames(null, null);
        found.removeIf(bean -> !"Penumbra".equals(bean.getKeyProperty("group"))
                || !name.equals(String.valueOf(bean.getKeyProperty("name")).replace("\"", "")));
        return found;
    }
}
