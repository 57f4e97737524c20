package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.ignite.internal.VersionedCache.Write;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SessionToken;
import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.read.Consistency;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes in eu, so that each reads rows that the other owns; the source's relay is a thread of the test. */
@NullMarked
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
class KeyReadsIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Consistency SOON = Consistency.bounded(Duration.ofSeconds(20));

    @TempDir
    static Path directory;

    private final MemoryJournal journal = new MemoryJournal("shop");
    private final Workload workload = new Workload(journal, 1, 400);
    private final Grid grid = new Grid();
    private MemoryRelay relay;
    private Ignite home;
    private Ignite eu;
    private CopiedTable orders;

    @BeforeAll
    void start() throws InterruptedException {
        relay = new MemoryRelay(journal, directory);
        workload.snapshot(300);
        home = grid.start("home", new PenumbraConfiguration().setReadPatienceMillis(1_000), journal);
        eu = grid.start(
                "eu", new PenumbraConfiguration().setReadPatienceMillis(1_000).setAuditPauseMillis(0));
        grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        Grid.plugin(eu)
                .shadows()
                .create(
                        new ShadowDefinition(
                                new ShadowName("shop", Orders.NAME, Datacenter.of("eu")), Compression.ZSTD, 100),
                        false);
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        orders = Penumbra.of(eu).table("ORDERS");
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> orders.getAll(List.of(), SOON).copy().equals("SHADOW_EU.ORDERS"));
    }

    @AfterAll
    void stop() {
        relay.close();
        grid.close();
    }

    private static void assertRefused(Runnable read, ErrorCode code) {
        assertThatThrownBy(read::run)
                .isInstanceOfSatisfying(
                        PenumbraException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    @Order(1)
    void rowsThatAnyNodeOwns_areReadFromTheShadow_withWhatCanBeToldOfThem() {
        Map<Key, Row> rows = journal.table(Orders.NAME);
        Answer<Map<Key, Row>> all = orders.getAll(rows.keySet(), SOON);
        assertThat(all.value()).isEqualTo(rows);
        assertThat(all.asked()).isEqualTo(SOON);
        assertThat(all.copy()).isEqualTo("SHADOW_EU.ORDERS");
        assertThat(all.staleness()).isBetween(Duration.ZERO, Duration.ofSeconds(20));
        assertThat(all.position()).isEqualTo(journal.last());
        assertThat(orders.get(Key.of(-1L), Consistency.eventual()).value()).isEmpty();
        assertThat(orders.get(Key.of(-1L), Consistency.primary()).copy()).isEqualTo("HOME.ORDERS");
    }

    @Test
    @Order(1)
    void thePageOfLevels_showsWhatRuns() throws IOException {
        Key key = Key.of(7L);
        Row row = Objects.requireNonNull(journal.table(Orders.NAME).get(key));
        String token = SessionToken.of("shop", journal.id(), journal.last()).toString();
        assertThat(ConsistencyPage.java()).isEqualTo(ConsistencyPage.compiled());
        assertThat(ConsistencyPage.read(eu, token))
                .containsOnly(Optional.of(row))
                .hasSize(7);

        List<String> statements = ConsistencyPage.sql();
        assertThat(statements).hasSize(5);
        for (String statement : statements) {
            assertThat(eu.cache("penumbra-registry")
                            .query(new SqlFieldsQuery(statement.replace("the writer''s token", token)))
                            .getAll())
                    .as(statement)
                    .isEqualTo(List.of(List.of(Objects.requireNonNull(row.get(3)))));
        }
    }

    @Test
    @Order(1)
    void aKeyThatNoRowCanHave_isRefused_andNotLookedForInVain() {
        for (Key key : List.of(Key.of(1), Key.of("1"), Key.of(1L, 1L))) {
            assertRefused(() -> orders.get(key, Consistency.eventual()), ErrorCode.INVALID_KEY);
        }
    }

    @Test
    @Order(2)
    void whatIsWritten_isReadAtOnceBySessionValidatedAndPrimary_andNeverGoesBackInASession() {
        CopiedTable inSession = Penumbra.of(eu).session().table("ORDERS");
        for (int i = 0; i < 30; i++) {
            workload.transactions(5);
            Map<Key, Row> rows = journal.table(Orders.NAME);
            SessionToken token = SessionToken.of("shop", journal.id(), journal.last());
            Consistency asked = List.of(Consistency.primary(), Consistency.session(token), Consistency.validated())
                    .get(i % 3);
            assertThat(inSession.getAll(rows.keySet(), asked).value()).isEqualTo(rows);
            assertThat(inSession.getAll(rows.keySet(), Consistency.eventual()).value())
                    .isEqualTo(rows);
        }
    }

    private static List<List<?>> prices(Ignite node, String copy, Consistency asked) {
        return node.cache("penumbra-registry")
                .query(new SqlFieldsQuery("SELECT ORDERKEY, TOTALPRICE FROM " + copy
                        + ".ORDERS ORDER BY ORDERKEY WITH CONSISTENCY " + asked))
                .getAll();
    }

    private List<List<?>> prices() {
        return journal.table(Orders.NAME).values().stream()
                .sorted(Comparator.comparing(row -> (Long) Objects.requireNonNull(row.get(0))))
                .<List<?>>map(row -> Arrays.asList(row.get(0), row.get(3)))
                .toList();
    }

    @Test
    @Order(2)
    void whatWasValidated_isThePrimarysAnswer_whoeverGaveIt() {
        ReadFigures reads = Grid.plugin(eu).reads();
        long fromShadow = reads.fromShadow();
        long fromHome = reads.fromHome();
        for (int i = 0; i < 30; i++) {
            workload.transactions(3);
            assertThat(prices(eu, "SHADOW", Consistency.validated())).isEqualTo(prices());
        }
        assertThat(reads.fromShadow() - fromShadow + reads.fromHome() - fromHome)
                .isEqualTo(30);
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        fromShadow = reads.fromShadow();
        assertThat(prices(eu, "SHADOW", Consistency.validated())).isEqualTo(prices());
        assertThat(prices(eu, "SHADOW_EU", Consistency.validated())).isEqualTo(prices());
        assertThat(reads.fromShadow()).isEqualTo(fromShadow + 2);

        Map<Key, Row> rows = journal.table(Orders.NAME);
        Answer<Map<Key, Row>> answer = orders.getAll(rows.keySet(), Consistency.validated());
        assertThat(answer.value()).isEqualTo(rows);
        assertThat(answer.copy()).isEqualTo("SHADOW_EU.ORDERS");
        assertThat(answer.staleness()).isEqualTo(Duration.ZERO);
        assertThat(answer.asked()).isEqualTo(Consistency.validated());
        answer = Penumbra.of(home).table("ORDERS").getAll(rows.keySet(), Consistency.validated());
        assertThat(answer.value()).isEqualTo(rows);
        assertThat(answer.copy()).isEqualTo("HOME.ORDERS");
    }

    /** A row that no change has written and one that a change has been forgotten of, as only a defect could make them. */
    @Test
    @Order(3)
    void rowsOfAShadowThatAreWrong_areNotGivenOutByKey() {
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        Copy copy = Grid.shadow(eu, "shop", Orders.NAME, "eu");
        BinaryRows form = new BinaryRows(eu.binary(), copy);
        Map<Key, Row> rows = journal.table(Orders.NAME);
        Key changed = rows.keySet().iterator().next();
        Key invented = Key.of(4_711L);
        Position later = new Position(journal.last().epoch(), journal.last().sequence() + 1_000_000);
        Random random = new Random(1);
        long discarded = Grid.plugin(eu).reads().discarded();
        GridInternals.versionedCache(eu, copy.cacheName(), Runnable::run)
                .write(List.of(
                        new Write(form.key(changed), form.value(Orders.row((Long) changed.get(0), random)), later),
                        new Write(form.key(invented), form.value(Orders.row(4_711, random)), later)))
                .join();
        for (Key key : List.of(changed, invented)) {
            Optional<Row> right = Optional.ofNullable(rows.get(key));
            assertThat(orders.get(key, Consistency.eventual()).value()).isNotEqualTo(right);
            Answer<Optional<Row>> answer = orders.get(key, Consistency.validated());
            assertThat(answer.value()).isEqualTo(right);
            assertThat(answer.copy()).isEqualTo("HOME.ORDERS");
        }
        assertThat(Grid.plugin(eu).reads().discarded()).isEqualTo(discarded + 2);
    }

    /** Last, since the source never answers again. */
    @Test
    @Order(4)
    void aSourceThatDoesNotAnswer_leavesOnlyWhatIsProvenAlready() throws InterruptedException {
        relay.close();
        Position known = journal.last();
        SessionToken reached = SessionToken.of("shop", journal.id(), known);
        SessionToken later = SessionToken.of("shop", journal.id(), new Position(known.epoch(), known.sequence() + 1));
        Key key = journal.table(Orders.NAME).keySet().iterator().next();
        assertRefused(() -> orders.get(key, Consistency.primary()), ErrorCode.STALENESS);
        assertRefused(() -> orders.get(key, Consistency.session(later)), ErrorCode.STALENESS);
        assertRefused(() -> orders.get(key, Consistency.validated()), ErrorCode.STALENESS);
        assertThatThrownBy(() -> prices(eu, "SHADOW", Consistency.validated())).hasMessageContaining("PENUMBRA-2031");
        assertThat(orders.get(key, Consistency.session(reached)).value()).isPresent();
        assertThat(orders.get(key, Consistency.eventual()).value()).isPresent();
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertRefused(
                        () -> orders.get(key, Consistency.bounded(Duration.ofMillis(100))), ErrorCode.STALENESS));
        assertThat(orders.get(key, Consistency.bounded(Duration.ofMinutes(5))).value())
                .isPresent();
    }
}
