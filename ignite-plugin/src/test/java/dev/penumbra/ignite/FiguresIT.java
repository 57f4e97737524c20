package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Datacenter;
import dev.penumbra.shadow.Catalogue;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.Copy.Role;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.coverage.Coverage;
import dev.penumbra.shadow.read.Consistency;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.ignite.Ignite;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

@NullMarked
class FiguresIT {
    private final MemoryJournal journal = new MemoryJournal("shop");
    private final Workload workload = new Workload(journal, 3, 3_000);

    private static List<List<?>> sql(Ignite node, String statement) {
        return node.cache("penumbra-registry")
                .query(new SqlFieldsQuery(statement))
                .getAll();
    }

    @Test
    void viewsMetricsAndBeans_tellTheSame() throws Exception {
        workload.snapshot(3_000);
        try (Grid grid = new Grid()) {
            Ignite home = grid.start("home", journal);
            Ignite eu = grid.start("eu");
            Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
            Grid.plugin(eu)
                    .shadows()
                    .create(
                            new ShadowDefinition(
                                    new ShadowName("shop", Orders.NAME, Datacenter.of("eu")),
                                    Compression.ZSTD,
                                    10,
                                    Consistency.bounded(Duration.ofMillis(1_500))),
                            false);
            workload.transactions(50);
            Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
            Grid.awaitCaughtUp(home, journal, Orders.NAME, "eu");
            Grid.plugin(eu).reads().fromShadow("ORDERS");
            long rows = journal.table(Orders.NAME).size();
            String applied = journal.last().toString();

            assertThat(
                            sql(
                                    eu,
                                    "SELECT DATACENTER, ROLE, PHASE, APPLIED, ROW_COUNT FROM SYS.PENUMBRA_SHADOWS ORDER BY DATACENTER"))
                    .containsExactly(
                            List.of("eu", "SHADOW", "READY", applied, rows),
                            List.of("home", "HOME_IMAGE", "READY", applied, rows));
            assertThat(sql(home, "SELECT DATACENTER, CONSISTENCY FROM SYS.PENUMBRA_SHADOWS ORDER BY DATACENTER"))
                    .containsExactly(List.of("eu", "BOUNDED 1500ms"), List.of("home", "EVENTUAL"));
            assertThat(sql(eu, "SELECT RATIO FROM SYS.PENUMBRA_SHADOWS WHERE DATACENTER = 'eu'")
                            .get(0)
                            .get(0))
                    .isInstanceOfSatisfying(
                            Double.class, ratio -> assertThat(ratio).isGreaterThan(1.5));
            assertThat(sql(eu, "SELECT DATACENTER, APPLIED_SEQUENCE FROM SYS.PENUMBRA_FRONTIERS ORDER BY DATACENTER"))
                    .containsExactly(
                            List.of("eu", journal.last().sequence()),
                            List.of("home", journal.last().sequence()));
            assertThat(
                            sql(
                                    home,
                                    "SELECT SOURCE, DATACENTER, PHASE, APPLIED, LAG_POSITIONS, GAPS FROM SYS.PENUMBRA_JOURNALS ORDER BY DATACENTER"))
                    .containsExactly(List.of("shop", "home", "RUNNING", applied, 0L, 0L));
            assertThat(sql(eu, "SELECT SOURCE, DATACENTER, PHASE, APPLIED FROM SYS.PENUMBRA_JOURNALS"))
                    .containsExactly(List.of("shop", "eu", "RUNNING", applied));
            assertThat(sql(eu, "SELECT SQL_TABLE, FROM_SHADOW, FROM_HOME FROM SYS.PENUMBRA_READS"))
                    .containsExactly(List.of("ORDERS", 1L, 0L));

            MBeanServer server = ManagementFactory.getPlatformMBeanServer();
            assertThat(attribute(server, eu, "feed.shop.eu", "AppliedSequence"))
                    .isEqualTo(journal.last().sequence());
            assertThat(attribute(server, eu, "reads", "FromShadow")).isEqualTo(1L);
            Grid.await(() -> (Long) attribute(server, eu, "copy.SHADOW_EU.ORDERS", "StoredBytes") > 0);
        }
    }

    @Test
    void catalogue_keepsTheLevelsOfShadows_andReadsWhatWasWrittenWithoutOne() throws Exception {
        try (Grid grid = new Grid()) {
            Ignite eu = grid.start("eu");
            Catalogue catalogue = new Catalogue(eu);
            ShadowName name = new ShadowName("gone", Orders.NAME, Datacenter.of("eu"));
            for (Consistency level : List.of(
                    Consistency.eventual(), Consistency.bounded(Duration.ofMillis(200)), Consistency.primary())) {
                Coverage coverage = Coverage.parse(level.equals(Consistency.primary()) ? "" : "WHERE \"A\" = 'x''y'");
                Duration ttl = Duration.ofMillis(coverage.isWhole() ? 0 : 5);
                Copy copy = new Copy(
                        Role.SHADOW, new ShadowDefinition(name, Compression.NONE, 5, level, coverage, ttl), "ORDERS");
                assertThat(catalogue.add(copy)).isTrue();
                Copy filled = copy.rebuilt(7, Orders.SCHEMA);
                assertThat(catalogue.replace(copy, filled)).isTrue();
                assertThat(catalogue.find(name, Role.SHADOW)).contains(filled);
                Copy released = filled.released(Copy.Release.EXPIRED);
                assertThat(catalogue.replace(filled, released)).isTrue();
                assertThat(catalogue.find(name, Role.SHADOW)).contains(released);
                assertThat(catalogue.remove(released)).isTrue();
            }

            BinaryObject former = eu.binary()
                    .builder("penumbra.Copy")
                    .setField("SOURCE_NAME", "gone")
                    .setField("SCHEMA_NAME", Orders.NAME.schema())
                    .setField("TABLE_NAME", Orders.NAME.table())
                    .setField("DATACENTER", "eu")
                    .setField("ROLE", "SHADOW")
                    .setField("COMPRESSION", "NONE")
                    .setField("NEAR_ROWS", 5)
                    .setField("SQL_TABLE", "ORDERS")
                    .setField("GENERATION", 0L)
                    .setField("CACHE_NAME", "")
                    .build();
            eu.<String, BinaryObject>cache("penumbra-catalogue")
                    .<String, BinaryObject>withKeepBinary()
                    .put(Copy.id(name, Role.SHADOW), former);
            Copy read = catalogue.find(name, Role.SHADOW).orElseThrow();
            assertThat(read.consistency()).isEqualTo(Consistency.eventual());
            assertThat(catalogue.replace(read, read.rebuilt(8, Orders.SCHEMA))).isTrue();
            assertThat(catalogue.remove(read.rebuilt(8, Orders.SCHEMA))).isTrue();
        }
    }

    static Object attribute(MBeanServer server, Ignite node, String bean, String attribute) throws Exception {
        Set<ObjectName> names = server.queryNames(new ObjectName("org.apache:group=Penumbra,*"), null);
        ObjectName found = names.stream()
                .filter(name -> name.toString().contains("igniteInstanceName=" + node.name() + ",")
                        || name.toString().endsWith("igniteInstanceName=" + node.name()))
                .filter(name -> name.getKeyProperty("name").replace("\"", "").equals(bean))
                .findFirst()
                .orElseThrow(() -> new AssertionError(bean + " is not among " + names));
        return server.getAttribute(found, attribute);
    }
}
