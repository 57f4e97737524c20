package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.ignite.MemoryJournal.Draft;
import dev.penumbra.model.Column;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Operation;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.ShadowStatus;
import dev.penumbra.shadow.read.Consistency;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@NullMarked
class ShippingIT {
    private final MemoryJournal journal = new MemoryJournal("shop");
    private final Workload workload = new Workload(journal, 1, 6_000);
    private final Grid grid = new Grid();

    @AfterEach
    void stop() {
        grid.close();
    }

    private static ShadowName name(String datacenter) {
        return new ShadowName("shop", Orders.NAME, Datacenter.of(datacenter));
    }

    private static void create(Ignite node, String datacenter, Compression compression) {
        Grid.plugin(node).shadows().create(new ShadowDefinition(name(datacenter), compression, 1_000), false);
    }

    private void assertEqual(Ignite node, String... datacenters) {
        Grid.assertEqual(node, journal, Orders.NAME, datacenters);
    }

    private static Object sql(Ignite node, String statement) {
        return node.cache("penumbra-registry")
                .query(new SqlFieldsQuery(statement))
                .getAll()
                .get(0)
                .get(0);
    }

    @Test
    void aCommittedRow_travelsToHomeAndBothShadows() {
        workload.snapshot(5_000);
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        Ignite us = grid.start("us");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        create(us, "eu", Compression.ZSTD);
        create(eu, "us", Compression.LZ4);
        workload.transactions(300);
        workload.truncate();
        workload.transactions(300);

        assertEqual(us, "home", "eu", "us");

        long rows = journal.table(Orders.NAME).size();
        assertThat(sql(us, "SELECT COUNT(*) FROM SHADOW_EU.ORDERS")).isEqualTo(rows);
        assertThat(sql(home, "SELECT COUNT(*) FROM SHADOW_US.ORDERS")).isEqualTo(rows);
        assertThat(sql(us, "SELECT COUNT(*) FROM HOME.ORDERS")).isEqualTo(rows);
        for (ShadowStatus status : Grid.plugin(us).shadows().all()) {
            assertThat(status.rows()).isEqualTo(rows);
            assertThat(status.storedBytes()).isLessThanOrEqualTo(status.rawBytes());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = 11)
    void theShipperRestartsAtRandomMoments_andNothingIsLostOrInvented(long seed) {
        Random moments = new Random(seed);
        workload.snapshot(2_000);
        Ignite home = grid.start("home");
        grid.start("eu");
        PenumbraConfiguration small = new PenumbraConfiguration().setBatchRows(16);
        Ignite shipper = grid.start(Grid.NOWHERE, small, journal);
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        create(home, "eu", Compression.ZSTD);
        for (int restart = 0; restart < 4; restart++) {
            workload.transactions(50 + moments.nextInt(300));
            if (moments.nextInt(3) == 0) {
                workload.truncate();
            }
            long until = System.nanoTime() + moments.nextInt(150) * 1_000_000L;
            Grid.await(() -> System.nanoTime() > until);
            grid.stop(shipper);
            workload.transactions(moments.nextInt(100));
            shipper = grid.start(Grid.NOWHERE, new PenumbraConfiguration().setBatchRows(16), journal);
        }

        assertEqual(home, "home", "eu");
    }

    @Test
    void theNodesThatFeedADatacenterGoInTurn_andNothingIsLostOrInvented() {
        Random moments = new Random(13);
        workload.snapshot(2_000);
        Ignite home = grid.start("home", withBackup(), journal);
        Deque<Ignite> datacenter =
                new ArrayDeque<>(List.of(grid.start("eu", withBackup()), grid.start("eu", withBackup())));
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        create(home, "eu", Compression.ZSTD);
        assertEqual(home, "home", "eu");
        long generation = Grid.shadow(home, "shop", Orders.NAME, "eu").generation();
        for (int turn = 0; turn < 4; turn++) {
            workload.transactions(50 + moments.nextInt(300));
            if (moments.nextInt(3) == 0) {
                workload.truncate();
            }
            long until = System.nanoTime() + moments.nextInt(100) * 1_000_000L;
            Grid.await(() -> System.nanoTime() > until);
            // The oldest is the one that feeds.
            grid.stop(datacenter.remove());
            workload.transactions(moments.nextInt(100));
            datacenter.add(grid.start("eu", withBackup()));
        }

        assertEqual(home, "home", "eu");
        assertThat(Grid.shadow(home, "shop", Orders.NAME, "eu").generation())
                .as("the rows stayed, and were not brought anew")
                .isEqualTo(generation);
    }

    private static PenumbraConfiguration withBackup() {
        return new PenumbraConfiguration().setBatchRows(16).setBackups(1);
    }

    @Test
    void aShadowNodeThatReturns_isFilledAgain() {
        workload.snapshot(3_000);
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        create(home, "eu", Compression.ZSTD);
        assertEqual(home, "home", "eu");

        grid.stop(eu);
        workload.transactions(200);
        assertThat(Grid.plugin(home).shadows().find(name("eu")).orElseThrow().phase())
                .isEqualTo(ShadowStatus.Phase.LOADING);
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        grid.start("eu");
        workload.transactions(200);

        assertEqual(home, "home", "eu");
    }

    @Test
    void copiesWhoseCachesSomebodyDestroys_areFilledAgain() {
        workload.snapshot(500);
        Ignite home = grid.start("home", journal);
        grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        create(home, "eu", Compression.LZ4);
        assertEqual(home, "home", "eu");
        home.destroyCache(Grid.shadow(home, "shop", Orders.NAME, "eu").cacheName());
        home.destroyCache(Grid.homeImage(home, "shop", Orders.NAME).cacheName());
        workload.transactions(50);
        assertEqual(home, "home", "eu");
    }

    @Test
    void partitionsLostWithOneOfTwoNodes_areFilledAgain() {
        workload.snapshot(3_000);
        Ignite home = grid.start("home", journal);
        Ignite first = grid.start("eu");
        grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        create(home, "eu", Compression.ZSTD);
        assertEqual(home, "home", "eu");

        grid.stop(first);

        assertEqual(home, "home", "eu");
        workload.transactions(100);
        assertEqual(home, "home", "eu");
    }

    @Test
    void theHomeNodeThatReturns_isFilledFromTheJournal() {
        workload.snapshot(2_000);
        Ignite home = grid.start("home");
        Ignite eu = grid.start("eu", journal);
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "home");
        create(home, "eu", Compression.ZSTD);
        assertEqual(eu, "home", "eu");

        grid.stop(home);
        workload.transactions(200);
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        grid.start("home");

        assertEqual(eu, "home", "eu");
    }

    @Test
    void aShadowDroppedAndCreatedAgain_holdsTheTable() {
        workload.snapshot(1_000);
        Ignite home = grid.start("home", journal);
        grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        create(home, "eu", Compression.ZSTD);
        assertEqual(home, "eu");

        Grid.plugin(home).shadows().drop(name("eu"), false);
        assertThat(Grid.plugin(home).shadows().find(name("eu"))).isEmpty();
        workload.transactions(100);
        create(home, "eu", Compression.NONE);

        assertEqual(home, "home", "eu");
    }

    @Test
    void aColumnThatTheSourceAdds_keepsCopiesFromAnsweringUntilItsRowsHaveCome() {
        workload.snapshot(500);
        Ignite home = grid.start("home", journal);
        grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        create(home, "eu", Compression.ZSTD);
        assertEqual(home, "home", "eu");
        List<Column> columns = new ArrayList<>(Orders.SCHEMA.columns());
        columns.add(Orders.column("REGION", SqlType.VARCHAR));
        TableSchema wider = new TableSchema(Orders.NAME, columns, List.of("ORDERKEY"));

        Position at = journal.append(Draft.of(Operation.SCHEMA, wider));
        Grid.await(() -> Grid.plugin(home)
                        .gridShadows()
                        .status(Grid.homeImage(home, "shop", Orders.NAME))
                        .applied()
                        .compareTo(at)
                >= 0);
        assertThat(Grid.plugin(home)
                        .gridShadows()
                        .status(Grid.homeImage(home, "shop", Orders.NAME))
                        .phase())
                .isEqualTo(ShadowStatus.Phase.LOADING);
        List<Draft> again = new ArrayList<>();
        for (Row row : journal.table(Orders.NAME).values()) {
            Object[] values = java.util.Arrays.copyOf(row.toArray(), wider.size());
            values[wider.size() - 1] = "EUROPE";
            again.add(Draft.put(wider, Row.of(values)));
        }
        journal.append(again);
        journal.append(Draft.of(Operation.SNAPSHOT_END, wider));

        assertEqual(home, "home", "eu");
        assertThat(sql(home, "SELECT COUNT(*) FROM SHADOW_EU.ORDERS WHERE REGION = 'EUROPE'"))
                .isEqualTo((long) again.size());
    }

    @Test
    void aTableDroppedAndCreatedAgain_startsEmpty() {
        workload.snapshot(500);
        Ignite home = grid.start("home", journal);
        grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        create(home, "eu", Compression.ZSTD);
        assertEqual(home, "home", "eu");

        journal.append(Draft.of(Operation.DROP, Orders.SCHEMA));
        Grid.await(() -> !Grid.homeImage(home, "shop", Orders.NAME).built());
        workload.snapshot(50);

        assertEqual(home, "home", "eu");
    }

    @Test
    void aJournalThatLostItsTail_isNoticedAndCopiesFollowWhatItHas() {
        workload.snapshot(500);
        Ignite home = grid.start("home");
        Ignite shipper = grid.start(Grid.NOWHERE, journal);
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        MemoryJournal torn = new MemoryJournal("shop");
        Workload shorter = new Workload(torn, 1, 6_000);
        shorter.snapshot(300);
        grid.stop(shipper);

        torn.nextEpoch();
        shorter.transactions(20);
        Ignite next = grid.start(Grid.NOWHERE, torn);

        Grid.awaitCaughtUp(home, torn, Orders.NAME, "home");
        assertThat(Grid.rows(home, Grid.homeImage(home, "shop", Orders.NAME))).isEqualTo(torn.table(Orders.NAME));
        assertThat(Grid.plugin(next).shipper().figures()).anyMatch(figures -> figures.gaps() > 0);
    }

    @ParameterizedTest(name = "{0} hundred changes after the snapshot''s beginning")
    @ValueSource(ints = {2, 21})
    void aJournalWithoutItsBeginning_isFollowed_andItsTablesComeWhenTheSourceBringsThemAnew(int hundreds) {
        workload.snapshot(2_000);
        workload.transactions(100);
        journal.removeUpTo(new Position(1, 1 + 100L * hundreds));
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        Grid.await(() -> Grid.plugin(home).shipper().figures().stream()
                .anyMatch(figures -> journal.last().equals(figures.applied())));
        assertThat(Grid.plugin(home).catalogue().homeImage("shop", Orders.NAME)).isEmpty();

        journal.append(Draft.of(Operation.SCHEMA, Orders.SCHEMA), Draft.of(Operation.TRUNCATE, Orders.SCHEMA));
        workload.snapshot(300);
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        create(home, "eu", Compression.ZSTD);
        workload.transactions(50);

        assertEqual(eu, "home", "eu");
    }

    @Test
    void create_ofWhatCannotBe_isRefusedByName() {
        workload.snapshot(10);
        Ignite home = grid.start("home", journal);
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");

        assertRefused(home, new ShadowName("shop", Orders.NAME, Datacenter.of("mars")), ErrorCode.DATACENTER_NOT_FOUND);
        assertRefused(home, new ShadowName("mall", Orders.NAME, Datacenter.of("home")), ErrorCode.SOURCE_NOT_FOUND);
        assertRefused(
                home,
                new ShadowName("shop", new TableName("PUBLIC", "X"), Datacenter.of("home")),
                ErrorCode.TABLE_NOT_FOUND);
        create(home, "home", Compression.ZSTD);
        assertRefused(home, name("home"), ErrorCode.SHADOW_EXISTS);
        assertEqual(home, "home");
    }

    @Test
    void statementsOfPenumbra_createAShadowAndReadIt() {
        workload.snapshot(400);
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");

        run(eu, "CREATE SHADOW OF shop.PUBLIC.ORDERS IN DATACENTER 'eu'");
        assertEqual(eu, "eu");

        assertThat(sql(eu, "SELECT COUNT(*) FROM SHADOW.ORDERS")).isEqualTo(400L);
        assertThat(sql(home, "SELECT COUNT(*) FROM SHADOW.ORDERS")).isEqualTo(400L);
        assertThat(Grid.plugin(eu).reads().fromShadow()).isEqualTo(1);
        assertThat(Grid.plugin(home).reads().fromHome()).isEqualTo(1);
        run(eu, "DROP SHADOW OF shop.PUBLIC.ORDERS IN DATACENTER 'eu'");
        assertThat(Grid.plugin(home).shadows().all()).isEmpty();
    }

    @Test
    void aShadowThatIsAlteredOrRefreshed_isBroughtAnewOnlyWhereItMust_andHasAllRows() {
        workload.snapshot(400);
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        String shadow = "SHADOW OF shop.PUBLIC.ORDERS IN DATACENTER 'eu'";
        run(eu, "CREATE " + shadow);
        assertEqual(eu, "eu");
        long created = Grid.shadow(home, "shop", Orders.NAME, "eu").generation();

        run(home, "ALTER " + shadow + " SET (CONSISTENCY = 'BOUNDED 2s')");
        assertThat(sql(eu, "SELECT COUNT(*) FROM SHADOW_EU.ORDERS WITH CONSISTENCY EVENTUAL"))
                .isEqualTo(400L);
        workload.transactions(50);
        assertEqual(eu, "eu");
        Copy altered = Grid.shadow(home, "shop", Orders.NAME, "eu");
        assertThat(altered.consistency()).isEqualTo(Consistency.bounded(Duration.ofSeconds(2)));
        assertThat(altered.generation()).isEqualTo(created);

        run(eu, "ALTER " + shadow + " SET (COMPRESSION = 'LZ4', NEAR_ROWS = 7)");
        workload.transactions(50);
        assertEqual(eu, "eu");
        Copy compressed = Grid.shadow(home, "shop", Orders.NAME, "eu");
        assertThat(compressed.definition())
                .isEqualTo(new ShadowDefinition(
                        name("eu"), Compression.LZ4, 7, Consistency.bounded(Duration.ofSeconds(2))));
        assertThat(compressed.generation()).isGreaterThan(created);

        run(home, "REFRESH " + shadow);
        workload.transactions(50);
        assertEqual(eu, "eu");
        assertThat(Grid.shadow(home, "shop", Orders.NAME, "eu").generation()).isGreaterThan(compressed.generation());
        assertThatThrownBy(() -> run(eu, "REFRESH SHADOW OF shop.PUBLIC.GONE IN DATACENTER 'eu'"))
                .hasStackTraceContaining("PENUMBRA-1010");
    }

    private static void run(Ignite node, String statement) {
        node.cache("penumbra-registry").query(new SqlFieldsQuery(statement)).getAll();
    }

    @Test
    void aNodeWithOtherSettings_isKeptOutOfTheGrid() {
        grid.start("home");

        assertThatThrownBy(() -> grid.start("eu", new PenumbraConfiguration().setPartitions(8)))
                .hasStackTraceContaining("partitions=8");
    }

    private static void assertRefused(Ignite node, ShadowName shadow, ErrorCode code) {
        assertThatThrownBy(() ->
                        Grid.plugin(node).shadows().create(new ShadowDefinition(shadow, Compression.ZSTD, 0), false))
                .isInstanceOfSatisfying(
                        PenumbraException.class,
                        failure -> assertThat(failure.code()).isEqualTo(code));
    }
}
