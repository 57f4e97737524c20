package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.affinity.DatacenterFilter;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.ShadowStatus.Phase;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.affinity.rendezvous.RendezvousAffinityFunction;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.apache.ignite.configuration.CacheConfiguration;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shadows of Ignite tables. */
@NullMarked
class TableShadowIT {
    private static final TableName T = new TableName("PUBLIC", "T");
    private static final int PARTITIONS = 32;

    @TempDir
    Path directory;

    private TriggeredGrid grid;

    @BeforeEach
    void prepare() {
        grid = new TriggeredGrid(directory);
    }

    @AfterEach
    void stop() {
        // A cache comes after those that are going on all nodes. One that stops while it destroys a cache may write to
        // memory that it has freed.
        grid.nodes().get(0).getOrCreateCache("last");
        grid.close();
    }

    /** Nodes in the home datacenter, of which two hold each row. */
    private Ignite startHome() {
        Ignite node = grid.startIn("home");
        node.addCacheConfiguration(new CacheConfiguration<>("home*")
                .setBackups(1)
                .setAffinity(new RendezvousAffinityFunction(false, PARTITIONS))
                .setNodeFilter(new DatacenterFilter(Datacenter.of("home"))));
        return node;
    }

    private void createTable() {
        grid.sql("CREATE TABLE T (ID INT PRIMARY KEY, NAME VARCHAR, V INT) WITH \"TEMPLATE=home\"");
    }

    private void capture() {
        grid.sql("CREATE TRIGGER T_CAPTURE AFTER INSERT, UPDATE, DELETE ON T FOR EACH ROW CAPTURE");
    }

    private static Object one(Ignite node, String sql) {
        return node.cache("penumbra-registry")
                .query(new SqlFieldsQuery(sql))
                .getAll()
                .get(0)
                .get(0);
    }

    private void insert(int from, int to) {
        for (int id = from; id < to; id++) {
            grid.sql("INSERT INTO T(ID, NAME, V) VALUES(?, ?, ?)", id, "name " + id, id % 7);
        }
    }

    private static Phase phase(Ignite node, String datacenter) {
        return Grid.plugin(node)
                .shadows()
                .find(new ShadowName("ignite", T, Datacenter.of(datacenter)))
                .orElseThrow()
                .phase();
    }

    private void awaitEqual(Ignite node, String datacenter, int columns) {
        Grid.await(() -> phase(node, datacenter) == Phase.READY
                && Grid.rows(node, Grid.shadow(node, "ignite", T, datacenter)).equals(grid.table(T, columns)));
    }

    @Test
    void aShadowOfATable_isFilled_andFollowsEveryKindOfChange() {
        Ignite home = startHome();
        Ignite eu = grid.startIn("eu");
        Ignite us = grid.startIn("us");
        createTable();
        insert(0, 300);
        capture();
        assertThatThrownBy(() -> grid.sql("CREATE SHADOW OF IGNITE.PUBLIC.T IN DATACENTER 'eu' WITH (ARCHIVE = '1h')"))
                .hasMessageContaining("PENUMBRA-1016")
                .hasMessageContaining("ARCHIVE");
        grid.sql("CREATE SHADOW OF IGNITE.PUBLIC.T IN DATACENTER 'eu' WITH (COMPRESSION = 'ZSTD')");
        awaitEqual(home, "eu", 3);
        insert(300, 500);
        grid.sql("UPDATE T SET V = V + 10 WHERE ID < 200");
        grid.sql("DELETE FROM T WHERE V = 3");
        awaitEqual(home, "eu", 3);
        grid.sql("CREATE SHADOW OF IGNITE.PUBLIC.T IN DATACENTER 'us'");
        grid.sql("INSERT INTO T(ID, NAME, V) VALUES(1000, NULL, NULL)");
        awaitEqual(home, "us", 3);
        awaitEqual(home, "eu", 3);

        long rows = grid.table(T, 3).size();
        assertThat(one(eu, "SELECT COUNT(*) FROM SHADOW.T")).isEqualTo(rows);
        assertThat(one(us, "SELECT COUNT(*) FROM SHADOW_EU.T")).isEqualTo(rows);
        assertThat(one(us, "SELECT COUNT(*) FROM HOME.T")).isEqualTo(rows);
        assertThat(one(home, "SELECT COUNT(HOME.T.ID) FROM HOME.T")).isEqualTo(rows);
        assertThat(String.valueOf(one(eu, "EXPLAIN SHADOW SELECT * FROM SHADOW.T")))
                .contains("SHADOW.T");

        home.cache("SQL_PUBLIC_T").clear();
        awaitEqual(home, "eu", 3);
        assertThat(one(eu, "SELECT COUNT(*) FROM SHADOW.T")).isEqualTo(0L);
    }

    @Test
    void aShadowOfAPartOfATable_holdsThatPart_untilItsColumnIsGone() {
        Ignite home = startHome();
        Ignite eu = grid.startIn("eu");
        createTable();
        insert(0, 200);
        capture();
        grid.sql("CREATE SHADOW OF IGNITE.PUBLIC.T IN DATACENTER 'eu' WHERE V >= 3 AND NAME IS NOT NULL");
        awaitPart(home);
        insert(200, 260);
        grid.sql("UPDATE T SET V = V - 2 WHERE ID < 100");
        grid.sql("UPDATE T SET NAME = NULL WHERE ID > 150 AND V = 5");
        grid.sql("UPDATE T SET V = V + 4 WHERE ID >= 50");
        grid.sql("DELETE FROM T WHERE V = 4");
        awaitPart(home);
        String inside = "SELECT COUNT(*) FROM SHADOW.T WHERE V > 5 AND NAME IS NOT NULL";
        assertThat(one(eu, inside)).isEqualTo(one(eu, inside.replace("SHADOW", "HOME")));
        assertThat(explained(eu, inside)).contains("SHADOW_EU.T");
        assertThat(explained(eu, "SELECT COUNT(*) FROM SHADOW.T WHERE V > 5")).contains("PUBLIC.T");

        grid.sql("ALTER TABLE T DROP COLUMN V");
        Grid.await(() -> explained(eu, "SELECT ID FROM SHADOW.T").contains("does not fit"));
        assertThat(one(eu, "SELECT COUNT(*) FROM SHADOW.T")).isEqualTo(one(eu, "SELECT COUNT(*) FROM HOME.T"));
        assertThatThrownBy(() -> one(eu, "SELECT COUNT(*) FROM SHADOW_EU.T WHERE NAME IS NOT NULL"))
                .hasMessageContaining("PENUMBRA-1044");
    }

    @Test
    void aShadowOfATable_expires_andComesBackWhenItIsRefreshed() {
        Ignite home = startHome();
        Ignite eu = grid.startIn("eu");
        createTable();
        insert(0, 50);
        capture();
        String of = " SHADOW OF IGNITE.PUBLIC.T IN DATACENTER 'eu' ";
        grid.sql("CREATE" + of + "WITH (TTL = '2s')");
        Grid.await(() -> phase(home, "eu") == Phase.EXPIRED);
        assertThat(one(eu, "SELECT COUNT(*) FROM SHADOW.T")).isEqualTo(50L);
        Grid.await(() -> eu.cacheNames().stream().noneMatch(name -> name.startsWith("penumbra-copy-T-eu-")));

        insert(50, 60);
        grid.sql("ALTER" + of + "SET (TTL = 'NONE')");
        grid.sql("REFRESH" + of);
        awaitEqual(home, "eu", 3);
        long generation = Grid.shadow(home, "ignite", T, "eu").generation();
        grid.sql("ALTER" + of + "SET (TTL = '1h')");
        insert(60, 70);
        awaitEqual(home, "eu", 3);
        assertThat(Grid.shadow(home, "ignite", T, "eu").generation()).isEqualTo(generation);
    }

    @Test
    void whileOtherCachesCome_aStatementIsAnsweredAllTheSame() {
        Ignite home = startHome();
        Ignite eu = grid.startIn("eu");
        createTable();
        insert(0, 20);
        capture();
        grid.sql("CREATE SHADOW OF IGNITE.PUBLIC.T IN DATACENTER 'eu'");
        // The catalogue tells the other nodes a moment later that the table is its own home image.
        Grid.await(() -> Grid.plugin(eu).board().ownHome("T").isPresent());
        for (int i = 0; i < 20; i++) {
            home.createCache("OTHER" + i);
            assertThat(one(eu, "SELECT COUNT(*) FROM HOME.T")).isEqualTo(20L);
        }
    }

    private void awaitPart(Ignite node) {
        Grid.await(() -> {
            Map<Key, Row> part = grid.table(T, 3);
            part.values()
                    .removeIf(row ->
                            row.get(1) == null || row.get(2) == null || (int) Objects.requireNonNull(row.get(2)) < 3);
            return phase(node, "eu") == Phase.READY
                    && Grid.rows(node, Grid.shadow(node, "ignite", T, "eu")).equals(part);
        });
    }

    private static String explained(Ignite node, String query) {
        return node.cache("penumbra-registry")
                .query(new SqlFieldsQuery("EXPLAIN SHADOW " + query))
                .getAll()
                .toString();
    }

    @Test
    void whenOwnersComeAndGo_theShadowStaysEqual() {
        Ignite first = startHome();
        Ignite second = startHome();
        Ignite eu = grid.startIn("eu");
        createTable();
        insert(0, 200);
        capture();
        grid.sql("CREATE SHADOW OF IGNITE.PUBLIC.T IN DATACENTER 'eu'");
        awaitEqual(eu, "eu", 3);

        insert(200, 250);
        grid.sql("DELETE FROM T WHERE ID < 20");
        grid.stop(second);
        insert(250, 300);
        grid.sql("DELETE FROM T WHERE ID BETWEEN 20 AND 40");
        awaitEqual(eu, "eu", 3);

        startHome();
        grid.sql("DELETE FROM T WHERE ID BETWEEN 200 AND 210");
        insert(300, 350);
        awaitEqual(eu, "eu", 3);
        grid.sql("UPDATE T SET V = 100");
        awaitEqual(eu, "eu", 3);
        assertThat(first.cluster().forServers().nodes()).hasSize(3);
    }

    @Test
    void rowsThatAreLostWithTheirOnlyOwner_areGoneFromTheShadow_andItFollowsWhatComes() {
        Ignite first = startHome();
        Ignite second = startHome();
        Ignite eu = grid.startIn("eu");
        first.addCacheConfiguration(new CacheConfiguration<>("single*")
                .setAffinity(new RendezvousAffinityFunction(false, PARTITIONS))
                .setNodeFilter(new DatacenterFilter(Datacenter.of("home"))));
        grid.sql("CREATE TABLE T (ID INT PRIMARY KEY, NAME VARCHAR, V INT) WITH \"TEMPLATE=single\"");
        insert(0, 200);
        capture();
        grid.sql("CREATE SHADOW OF IGNITE.PUBLIC.T IN DATACENTER 'eu'");
        awaitEqual(eu, "eu", 3);
        grid.sql("UPDATE T SET V = 50");
        awaitEqual(eu, "eu", 3);

        grid.stop(second);
        awaitEqual(eu, "eu", 3);
        assertThat(grid.table(T, 3)).hasSizeLessThan(200);
        grid.sql("DELETE FROM T");
        insert(0, 200);
        awaitEqual(eu, "eu", 3);
        grid.sql("UPDATE T SET V = V + 1");
        awaitEqual(eu, "eu", 3);
        Grid.await(() -> grid.journals(T).rows().equals(grid.table(T, 3)));
    }

    @Test
    void aShadowNodeThatReturns_isFilledAgain() {
        Ignite home = startHome();
        Ignite eu = grid.startIn("eu");
        createTable();
        capture();
        grid.sql("CREATE SHADOW OF IGNITE.PUBLIC.T IN DATACENTER 'eu'");
        insert(0, 50);
        awaitEqual(home, "eu", 3);
        grid.stop(eu);
        insert(50, 100);
        assertThat(phase(home, "eu")).isEqualTo(Phase.LOADING);
        grid.startIn("eu");
        awaitEqual(home, "eu", 3);
    }

    @Test
    void alteringTheTable_fillsTheShadowInTheNewLayout() {
        Ignite home = startHome();
        Ignite eu = grid.startIn("eu");
        createTable();
        insert(0, 50);
        capture();
        grid.sql("CREATE SHADOW OF IGNITE.PUBLIC.T IN DATACENTER 'eu'");
        awaitEqual(home, "eu", 3);
        grid.sql("ALTER TABLE T ADD COLUMN EXTRA INT");
        grid.sql("UPDATE T SET EXTRA = ID");
        awaitEqual(home, "eu", 4);
        assertThat(one(eu, "SELECT SUM(EXTRA) FROM SHADOW_EU.T")).isEqualTo(1225L);
        grid.sql("ALTER TABLE T DROP COLUMN V");
        awaitEqual(home, "eu", 3);
    }

    @Test
    void withoutItsCapture_aShadowAnswersNobody_andComesAgainWithIt() {
        Ignite home = startHome();
        Ignite eu = grid.startIn("eu");
        createTable();
        insert(0, 50);
        assertThatThrownBy(() -> grid.sql("CREATE SHADOW OF IGNITE.PUBLIC.T IN DATACENTER 'eu'"))
                .hasMessageContaining("PENUMBRA-1012");
        capture();
        assertThatThrownBy(() -> grid.sql("CREATE SHADOW OF IGNITE.PUBLIC.U IN DATACENTER 'eu'"))
                .hasMessageContaining("PENUMBRA-1003");
        grid.sql("CREATE SHADOW OF IGNITE.PUBLIC.T IN DATACENTER 'eu'");
        awaitEqual(home, "eu", 3);
        grid.sql("DROP TRIGGER T_CAPTURE");
        Grid.await(() -> phase(home, "eu") == Phase.LOADING);
        grid.sql("DELETE FROM T WHERE ID < 10");
        assertThat(one(eu, "SELECT COUNT(*) FROM SHADOW.T")).isEqualTo(40L);
        capture();
        awaitEqual(home, "eu", 3);

        grid.sql("DROP TABLE T");
        Grid.await(() -> phase(home, "eu") == Phase.LOADING);
        createTable();
        insert(100, 120);
        capture();
        awaitEqual(home, "eu", 3);
        grid.sql("DROP SHADOW OF IGNITE.PUBLIC.T IN DATACENTER 'eu'");
        assertThat(one(eu, "SELECT COUNT(*) FROM SHADOW.T")).isEqualTo(20L);
        assertThat(List.copyOf(home.cacheNames())).noneMatch(name -> name.startsWith("penumbra-copy-"));
    }
}
