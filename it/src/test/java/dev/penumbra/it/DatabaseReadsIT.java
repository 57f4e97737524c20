package dev.penumbra.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.penumbra.ignite.Answer;
import dev.penumbra.ignite.CopiedTable;
import dev.penumbra.ignite.Penumbra;
import dev.penumbra.ignite.PenumbraConfiguration;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.shadow.read.Consistency;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.ignite.Ignite;
import org.apache.ignite.Ignition;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.apache.ignite.calcite.CalciteQueryEngineConfiguration;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.configuration.SqlConfiguration;
import org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi;
import org.apache.ignite.spi.discovery.tcp.TcpDiscoverySpi;
import org.apache.ignite.spi.discovery.tcp.ipfinder.vm.TcpDiscoveryVmIpFinder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is read of an H2 database besides its journal: rows of its own, and what is not committed. Its transactions stay open for as long as the
 * test likes; there are a node at home and two in eu.
 */
@TestMethodOrder(OrderAnnotation.class)
class DatabaseReadsIT {
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final Consistency OPTIMISTIC = Consistency.optimistic(Duration.ofSeconds(30));
    private static final int QUANTITY = 1;
    private static final int READ_PATIENCE_MILLIS = 3_000;

    @TempDir
    static Path directory;

    private static Source source;
    private static int port;
    private static final List<Ignite> NODES = new ArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        source = new Source(directory, 50);
        source.execute("UPDATE ITEMS SET QUANTITY = 0");
        PenumbraConfiguration home = new PenumbraConfiguration();
        home.setJournalDirectories(List.of(source.journal().toString()));
        start("home", home);
        start("eu", new PenumbraConfiguration());
        start("eu", new PenumbraConfiguration());
        source.settle();
        // One change that held is enough for what follows.
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .untilAsserted(() -> sql("CREATE SHADOW IF NOT EXISTS OF " + source.name()
                        + ".PUBLIC.ITEMS IN DATACENTER 'eu' WITH (COMMIT_PERCENT = 60, ARCHIVE = '1h')"));
        for (Ignite node : NODES.subList(1, 3)) {
            await().atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> {
                Answer<?> answer = Penumbra.of(node).table("ITEMS").get(Key.of(1L), OPTIMISTIC);
                assertThat(answer.copy()).isEqualTo("SHADOW_EU.ITEMS");
            });
        }
    }

    @SuppressWarnings("deprecation") // Ignite offers no other way to configure a plugin that it finds by itself
    private static void start(String datacenter, PenumbraConfiguration plugin) {
        plugin.setDatacenter(datacenter);
        plugin.setReadPatienceMillis(READ_PATIENCE_MILLIS);
        String name = "reads-" + port + "-" + NODES.size();
        NODES.add(Ignition.start(new IgniteConfiguration()
                .setIgniteInstanceName(name)
                .setConsistentId(name)
                .setLocalHost("127.0.0.1")
                .setWorkDirectory(directory.resolve("work").toAbsolutePath().toString())
                .setMetricsLogFrequency(0)
                .setSqlConfiguration(new SqlConfiguration()
                        .setQueryEnginesConfiguration(new CalciteQueryEngineConfiguration().setDefault(true)))
                .setCommunicationSpi(
                        new TcpCommunicationSpi().setLocalPort(port + 20).setLocalPortRange(40))
                .setDiscoverySpi(new TcpDiscoverySpi()
                        .setLocalPort(port)
                        .setLocalPortRange(10)
                        .setIpFinder(new TcpDiscoveryVmIpFinder()
                                .setAddresses(List.of("127.0.0.1:" + port + ".." + (port + 10)))))
                .setPluginConfigurations(plugin)));
    }

    @AfterAll
    static void stop() throws SQLException {
        NODES.forEach(node -> Ignition.stop(node.name(), true));
        source.close();
    }

    private static List<List<?>> sql(String text) {
        return query(NODES.get(0), new SqlFieldsQuery(text));
    }

    private static List<List<?>> query(Ignite node, SqlFieldsQuery query) {
        return node.getOrCreateCache("queries").query(query).getAll();
    }

    private static CopiedTable items(Ignite node) {
        return Penumbra.of(node).table("ITEMS");
    }

    private static @Nullable Object quantity(Answer<Optional<Row>> answer) {
        return answer.value().map(row -> row.get(QUANTITY)).orElse(null);
    }

    private static @Nullable Object confirmed(Answer<Optional<Row>> answer) throws Exception {
        return quantity(answer.confirmed().toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
    }

    /** Waits until a read shows what an open transaction has written. */
    private static Answer<Optional<Row>> awaitShown(Ignite node, long key, @Nullable Object quantity) {
        return await().atMost(PATIENCE)
                .until(
                        () -> items(node).get(Key.of(key), OPTIMISTIC),
                        answer ->
                                answer.confirmation() != null && java.util.Objects.equals(quantity(answer), quantity));
    }

    /** Lets a change be seen before it is committed, in every datacenter. */
    private static void hold(long key, int quantity) throws Exception {
        try (Connection writer = source.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("UPDATE ITEMS SET QUANTITY = " + quantity + " WHERE ID = " + key);
            long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(600);
            while (System.nanoTime() - end < 0) {
                for (Ignite node : NODES) {
                    items(node).get(Key.of(key), OPTIMISTIC);
                }
                TimeUnit.MILLISECONDS.sleep(20);
            }
            writer.commit();
        }
        for (Ignite node : NODES) {
            await().atMost(PATIENCE)
                    .until(
                            () -> quantity(items(node).get(Key.of(key), Consistency.eventual())),
                            found -> found != null && found.equals(quantity));
        }
    }

    @Test
    @Order(5)
    void primaryReadsByKey_areOfTheDatabaseItself_andHaveWhatWasJustCommitted() throws Exception {
        for (Ignite node : NODES) {
            CopiedTable items = Penumbra.of(node).session().table("ITEMS");
            for (int i = 1; i <= 50; i++) {
                source.execute("UPDATE ITEMS SET QUANTITY = " + i + " WHERE ID = 3");
                Answer<Optional<Row>> primary = items.get(Key.of(3L), Consistency.primary());
                assertThat(quantity(primary)).isEqualTo(i);
                assertThat(primary.source()).isEqualTo(Answer.Source.SOURCE);
                assertThat(primary.copy()).endsWith(".PUBLIC.ITEMS");
                assertThat(primary.staleness()).isEqualTo(Duration.ZERO);
                // Its session does not go back behind it.
                assertThat(quantity(items.get(Key.of(3L), Consistency.eventual())))
                        .isEqualTo(i);
            }
            source.execute("UPDATE ITEMS SET QUANTITY = 0 WHERE ID = 3");
        }
    }

    @Test
    @Order(5)
    void rowsOfTheDatabaseItself_areAsThoseOfItsHomeImage() throws Exception {
        source.settle();
        List<Key> keys = new ArrayList<>();
        for (int id = -1; id <= 60; id++) {
            keys.add(Key.of(id));
        }
        for (Ignite node : NODES) {
            CopiedTable orders = Penumbra.of(node).table("ORDERS");
            // On a busy machine looking up that many may take longer than the database's relay gives them.
            Answer<Map<Key, Row>> found = await().atMost(PATIENCE)
                    .until(
                            () -> orders.getAll(keys, Consistency.primary()),
                            answer -> answer.source() == Answer.Source.SOURCE);
            assertThat(found.value()).hasSize(50);
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(
                                    orders.getAll(keys, Consistency.eventual()).value())
                            .isEqualTo(found.value()));
            assertThatThrownBy(() -> orders.get(Key.of("no number"), Consistency.primary()))
                    .isInstanceOfSatisfying(
                            PenumbraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_KEY));
        }
    }

    @Test
    @Order(5)
    void whatIsNotCommitted_isNotReadAtPrimary() throws Exception {
        try (Connection writer = source.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("UPDATE ITEMS SET QUANTITY = 77 WHERE ID = 4");
            for (Ignite node : NODES) {
                Answer<Optional<Row>> primary = items(node).get(Key.of(4L), Consistency.primary());
                assertThat(primary.source()).isEqualTo(Answer.Source.SOURCE);
                assertThat(quantity(primary)).isEqualTo(0);
            }
            writer.rollback();
        }
    }

    @Test
    @Order(9)
    void whereTheDatabaseIsClosed_nothingIsReadAtPrimary() throws Exception {
        source.close();
        assertThatThrownBy(() -> items(NODES.get(2)).get(Key.of(4L), Consistency.primary()))
                .isInstanceOfSatisfying(
                        PenumbraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STALENESS));
    }

    @Test
    @Order(1)
    void nothingIsShown_beforeAnythingIsKnownOfTheTablesWriters() throws Exception {
        try (Connection writer = source.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("UPDATE ITEMS SET QUANTITY = 111 WHERE ID = 1");
            for (int i = 0; i < 40; i++) {
                for (Ignite node : NODES) {
                    Answer<Optional<Row>> answer = items(node).get(Key.of(1L), OPTIMISTIC);
                    assertThat(answer.confirmation()).isNull();
                    assertThat(quantity(answer)).isEqualTo(0);
                    assertThat(confirmed(answer)).isEqualTo(0);
                }
                TimeUnit.MILLISECONDS.sleep(10);
            }
            writer.commit();
        }
        for (int i = 0; i < 12; i++) {
            hold(2, 20 + i);
        }
    }

    @Test
    @Order(2)
    void whatIsLikelyToBeCommitted_isShown_andConfirmedWhenItIs() throws Exception {
        for (Ignite node : NODES) {
            int mark = 100 + NODES.indexOf(node);
            try (Connection writer = source.connect();
                    Statement statement = writer.createStatement()) {
                writer.setAutoCommit(false);
                statement.execute("UPDATE ITEMS SET QUANTITY = " + mark + " WHERE ID = 5");
                Answer<Optional<Row>> answer = awaitShown(node, 5, mark);
                assertThat(answer.asked()).isEqualTo(OPTIMISTIC);
                assertThat(answer.reason()).contains("what is not committed is laid over it");
                assertThat(quantity(items(node).get(Key.of(5L), Consistency.bounded(Duration.ofSeconds(30)))))
                        .as("what other levels show")
                        .isNotEqualTo(mark);
                CompletableFuture<Answer<Optional<Row>>> confirmation =
                        answer.confirmed().toCompletableFuture();
                TimeUnit.MILLISECONDS.sleep(300);
                assertThat(confirmation)
                        .as("confirmation while the transaction is open")
                        .isNotDone();
                writer.commit();
                assertThat(confirmed(answer)).isEqualTo(mark);
                assertThat(confirmation.get().confirmation()).isNull();
                assertThat(confirmation.get().reason()).contains("committed as it was shown");
            }
        }
    }

    @Test
    @Order(3)
    void whatIsTakenBack_isCorrected_andMakesTheNextLessLikely() throws Exception {
        Ignite node = NODES.get(1);
        long corrected = corrected(node);
        try (Connection writer = source.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("UPDATE ITEMS SET QUANTITY = 600 WHERE ID = 6");
            statement.execute("DELETE FROM ITEMS WHERE ID = 7");
            statement.execute("INSERT INTO ITEMS VALUES(1000, 5, 'new')");
            Answer<Optional<Row>> changed = awaitShown(node, 6, 600);
            Answer<Optional<Row>> deleted = awaitShown(node, 7, null);
            Answer<Optional<Row>> inserted = awaitShown(node, 1000, 5);
            Answer<Map<Key, Row>> all =
                    items(node).getAll(List.of(Key.of(6L), Key.of(7L), Key.of(8L), Key.of(1000L)), OPTIMISTIC);
            assertThat(all.value()).containsOnlyKeys(Key.of(6L), Key.of(8L), Key.of(1000L));
            writer.rollback();
            assertThat(confirmed(changed)).isEqualTo(0);
            assertThat(confirmed(deleted)).isEqualTo(0);
            assertThat(confirmed(inserted)).isNull();
            assertThat(all.confirmed()
                            .toCompletableFuture()
                            .get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                            .value())
                    .containsOnlyKeys(Key.of(6L), Key.of(7L), Key.of(8L));
        }
        assertThat(corrected(node)).isEqualTo(corrected + 4);
        // Three of some sixteen were not as they had been seen.
        sql("ALTER SHADOW OF " + source.name() + ".PUBLIC.ITEMS IN DATACENTER 'eu' SET (COMMIT_PERCENT = 95)");
        try (Connection writer = source.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("UPDATE ITEMS SET QUANTITY = 601 WHERE ID = 6");
            for (int i = 0; i < 50; i++) {
                assertThat(quantity(items(node).get(Key.of(6L), OPTIMISTIC))).isEqualTo(0);
                TimeUnit.MILLISECONDS.sleep(10);
            }
            writer.rollback();
        }
        sql("ALTER SHADOW OF " + source.name() + ".PUBLIC.ITEMS IN DATACENTER 'eu' SET (COMMIT_PERCENT = 30)");
    }

    private static long corrected(Ignite node) {
        String text = "SELECT CORRECTED FROM SYS.PENUMBRA_READS WHERE SQL_TABLE = 'ITEMS'";
        return (Long)
                query(node, new SqlFieldsQuery(text).setLocal(true)).get(0).get(0);
    }

    @Test
    @Order(4)
    void whatIsChangedAgainBeforeItIsCommitted_isCorrected() throws Exception {
        Ignite node = NODES.get(2);
        try (Connection writer = source.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("UPDATE ITEMS SET QUANTITY = 900 WHERE ID = 9");
            Answer<Optional<Row>> first = awaitShown(node, 9, 900);
            statement.execute("UPDATE ITEMS SET QUANTITY = 901 WHERE ID = 9");
            Answer<Optional<Row>> second = awaitShown(node, 9, 901);
            writer.commit();
            assertThat(confirmed(first)).isEqualTo(901);
            assertThat(confirmed(second)).isEqualTo(901);
        }
    }

    @Test
    @Order(5)
    void aTransactionThatDoesNotEnd_isCorrectedByWhatIsCommitted_whenPatienceIsOver() throws Exception {
        try (Connection writer = source.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("UPDATE ITEMS SET QUANTITY = 123 WHERE ID = 12");
            Answer<Optional<Row>> answer = awaitShown(NODES.get(1), 12, 123);
            Answer<Optional<Row>> settled =
                    answer.confirmed().toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(quantity(settled)).isEqualTo(0);
            assertThat(settled.asked()).isEqualTo(Consistency.primary());
            writer.rollback();
        }
    }

    @Test
    @Order(6)
    void whereTheFeedIsGone_itsAnswersAreConfirmedAtHome() throws Exception {
        try (Connection writer = source.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("UPDATE ITEMS SET QUANTITY = 140 WHERE ID = 14");
            Answer<Optional<Row>> answer = awaitShown(NODES.get(2), 14, 140);
            Ignition.stop(NODES.get(1).name(), true);
            writer.commit();
            Answer<Optional<Row>> settled =
                    answer.confirmed().toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            // What is committed, which may have been read before the commit: the node has said that it goes.
            assertThat(settled.asked()).isEqualTo(Consistency.primary());
            assertThat(quantity(settled)).isIn(0, 140);
        }
        // Another feeds from now on, and learns anew.
        try (Connection writer = source.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("UPDATE ITEMS SET QUANTITY = 150 WHERE ID = 15");
            Answer<Optional<Row>> answer = awaitShown(NODES.get(2), 15, 150);
            writer.commit();
            assertThat(confirmed(answer)).isEqualTo(150);
        }
    }

    @Test
    @Order(4)
    void aTable_isReadAsItWasAtATimeOfItsDatabase() throws Exception {
        Ignite node = NODES.get(1);
        Key key = Key.of(41L);
        List<Instant> times = new ArrayList<>();
        for (int quantity = 1; quantity <= 3; quantity++) {
            source.execute("UPDATE ITEMS SET QUANTITY = " + quantity + " WHERE ID = 41");
            // Until it is in the journal its time is not known.
            source.settle();
            TimeUnit.MILLISECONDS.sleep(5);
            times.add(Instant.now());
            TimeUnit.MILLISECONDS.sleep(5);
        }
        source.execute("DELETE FROM ITEMS WHERE ID = 41");
        source.settle();
        TimeUnit.MILLISECONDS.sleep(5);
        Instant gone = Instant.now();
        for (int quantity = 1; quantity <= 3; quantity++) {
            Answer<Optional<Row>> answer =
                    items(node).asOf(times.get(quantity - 1)).get(key);
            assertThat(quantity(answer)).isEqualTo(quantity);
            assertThat(answer.source()).isEqualTo(Answer.Source.ARCHIVE);
            assertThat(query(
                            node,
                            new SqlFieldsQuery(
                                            "SELECT QUANTITY FROM SHADOW.ITEMS FOR SYSTEM_TIME AS OF ? WHERE ID = 41")
                                    .setArgs(Timestamp.from(times.get(quantity - 1)))))
                    .isEqualTo(List.of(List.of(quantity)));
        }
        // Nothing has come since: the database says so.
        assertThat(items(node).asOf(gone).get(key).value()).isEmpty();
    }
}
