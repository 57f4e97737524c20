package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.ignite.MemoryJournal.Draft;
import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.Dictionaries;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.ShadowStatus.Phase;
import dev.penumbra.shadow.read.Consistency;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.management.MBeanServer;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.query.FieldsQueryCursor;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How shadows come to their end, and back. */
@NullMarked
class ShadowLifeIT {
    private static final ShadowName NAME = new ShadowName("shop", Orders.NAME, Datacenter.of("eu"));

    private final MemoryJournal journal = new MemoryJournal("shop");
    private final Workload workload = new Workload(journal, 1, 2_000);
    private final Grid grid = new Grid();

    @AfterEach
    void stop() {
        // A node that stops while a cache is destroyed may write to memory that it has freed: another cache comes
        // afterwards.
        grid.any().getOrCreateCache("last");
        grid.close();
    }

    private static List<List<?>> sql(Ignite node, String sql) {
        return node.cache("penumbra-registry").query(new SqlFieldsQuery(sql)).getAll();
    }

    private static Phase phase(Ignite node) {
        return Grid.plugin(node).shadows().find(NAME).orElseThrow().phase();
    }

    private static String shadow(String verb, String rest) {
        return verb + " SHADOW OF shop.PUBLIC.ORDERS IN DATACENTER 'eu' " + rest;
    }

    private static boolean hasRows(Ignite node) {
        return node.cacheNames().stream().anyMatch(name -> name.startsWith("penumbra-copy-ORDERS-eu-"));
    }

    @Test
    void anExpiredShadow_isNotRead_letsItsRowsGo_andComesBackWhenItIsRefreshed() {
        workload.snapshot(1_000);
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        sql(eu, shadow("CREATE", "WITH (TTL = '2s')"));
        Grid.await(() -> phase(eu) == Phase.READY);
        long rows = journal.table(Orders.NAME).size();
        // Begun in time, and read to its end while the rows are still there.
        try (FieldsQueryCursor<List<?>> begun = eu.cache("penumbra-registry")
                .query(new SqlFieldsQuery("SELECT * FROM SHADOW_EU.ORDERS").setPageSize(1))) {
            Iterator<List<?>> reading = begun.iterator();
            reading.next();

            Grid.await(() -> phase(eu) == Phase.EXPIRED);
            assertThat(sql(eu, "EXPLAIN SHADOW SELECT * FROM SHADOW.ORDERS"))
                    .singleElement()
                    .satisfies(row -> assertThat(row.subList(1, 3))
                            .isEqualTo(List.of("HOME.ORDERS", "the shadow in datacenter eu has expired")));
            assertThat(sql(eu, "SELECT COUNT(*) FROM SHADOW.ORDERS")).isEqualTo(List.of(List.of(rows)));
            assertThatThrownBy(() -> sql(eu, "SELECT COUNT(*) FROM SHADOW_EU.ORDERS"))
                    .hasMessageContaining("PENUMBRA-1045");
            Key key = journal.table(Orders.NAME).keySet().iterator().next();
            Answer<?> answer = Penumbra.of(eu).table("ORDERS").get(key, Consistency.eventual());
            assertThat(answer.source()).isEqualTo(Answer.Source.HOME);
            // Other nodes know the age by its last note.
            Grid.await(() -> sql(home, "SELECT PHASE, TTL_MILLIS FROM SYS.PENUMBRA_SHADOWS WHERE ROLE = 'SHADOW'")
                    .equals(List.of(List.of("EXPIRED", 2_000L))));

            long read = 1;
            for (; reading.hasNext(); read++) {
                reading.next();
            }
            assertThat(read).isEqualTo(rows);
        }

        Grid.await(() ->
                !hasRows(eu) && sql(eu, "SELECT * FROM SYS.PENUMBRA_JOURNALS").isEmpty());
        sql(eu, shadow("ALTER", "SET (TTL = 'NONE', COMPRESSION = 'NONE')"));
        assertThat(phase(eu)).isEqualTo(Phase.EXPIRED);
        workload.transactions(20);
        sql(eu, shadow("REFRESH", ""));
        Grid.assertEqual(eu, journal, Orders.NAME, "eu");
    }

    @Test
    void theAgeOfAShadow_outlivesTheNodeThatNotesIt() {
        workload.snapshot(100);
        PenumbraConfiguration backups = new PenumbraConfiguration().setBackups(1);
        Ignite home = grid.start("home", new PenumbraConfiguration().setBackups(1), journal);
        Ignite oldest = grid.start("eu", backups);
        Ignite other = grid.start("eu", new PenumbraConfiguration().setBackups(1));
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        sql(other, shadow("CREATE", "WITH (TTL = '2m')"));
        Grid.await(() -> age(other) > 2_000 && age(home) > 2_000);
        long before = age(other);

        grid.stop(oldest);
        Grid.await(() -> age(other) > before + 1_000 && phase(other) == Phase.READY);
        // Nobody in the datacenter has known it from its beginning.
        Ignite third = grid.start("eu", new PenumbraConfiguration().setBackups(1));
        assertThat(age(third)).isBetween(before, age(other) + 1_000);
        sql(third, shadow("ALTER", "SET (TTL = '3s')"));
        Grid.await(() -> phase(third) == Phase.EXPIRED && phase(home) == Phase.EXPIRED);
        Grid.await(() -> !hasRows(third));
    }

    @Test
    void aShadowForWhichThereIsNoMemory_goesAgain_andThoseThatWereThereStay() throws Exception {
        List<TableSchema> tables = List.of(table("T0"), table("T1"), table("T2"));
        tables.forEach(this::bring);
        Ignite home = grid.start("home", journal);
        PenumbraConfiguration settings = new PenumbraConfiguration().setMemoryBudgetBytes(BUDGET);
        Ignite eu = grid.start("eu", settings);
        MemoryBudget memory = Grid.plugin(eu).memory();
        AtomicLong most = new AtomicLong();
        Thread watching = new Thread(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                most.accumulateAndGet(memory.used(), Math::max);
                LockSupport.parkNanos(500_000);
            }
        });
        watching.start();
        try {
            for (TableSchema table : tables.subList(0, 2)) {
                Grid.awaitCaughtUp(home, journal, table.name(), "home");
                create(eu, table);
                Grid.assertEqual(eu, journal, table.name(), "eu");
            }
            Grid.awaitCaughtUp(home, journal, tables.get(2).name(), "home");
            create(eu, tables.get(2));
            Grid.await(() -> phase(eu, tables.get(2)) == Phase.DISPLACED);
            assertThat(sql(eu, "SELECT COUNT(*) FROM SHADOW.T2")).isEqualTo(List.of(List.of((long) ROWS)));
            assertThatThrownBy(() -> sql(eu, "SELECT COUNT(*) FROM SHADOW_EU.T2"))
                    .hasMessageContaining("PENUMBRA-1045");
            for (TableSchema table : tables.subList(0, 2)) {
                Grid.assertEqual(eu, journal, table.name(), "eu");
            }

            // It grows while it is followed: the one that was filled last makes room, and the other goes on.
            for (int id = ROWS; id < ROWS + ROWS / 2; id += 100) {
                rows(tables.get(0), id, 100);
                Grid.awaitCaughtUp(eu, journal, tables.get(0).name(), "eu");
            }
            Grid.await(() -> phase(eu, tables.get(1)) == Phase.DISPLACED);
            Grid.assertEqual(eu, journal, tables.get(0).name(), "eu");

            sql(eu, "DROP SHADOW OF shop.PUBLIC.T0 IN DATACENTER 'eu'");
            sql(eu, "REFRESH SHADOW OF shop.PUBLIC.T2 IN DATACENTER 'eu'");
            Grid.assertEqual(eu, journal, tables.get(2).name(), "eu");
            System.out.printf("most used: %d of %d (%.3f)%n", most.get(), BUDGET, (double) most.get() / BUDGET);
            assertThat(most.get()).isLessThanOrEqualTo(BUDGET * 105 / 100);
            MBeanServer server = ManagementFactory.getPlatformMBeanServer();
            assertThat(FiguresIT.attribute(server, eu, "memory", "BudgetBytes")).isEqualTo(BUDGET);
        } finally {
            watching.interrupt();
            watching.join();
        }
    }

    @Test
    void rowsThatComeToBeOfAnotherKind_getADictionaryOfTheirOwn_andTheOthersStayReadable() {
        TableSchema table = table("T0");
        journal.append(List.of(Draft.of(Operation.SCHEMA, table)));
        texts(table, 0, 3_000, "order of customer number");
        journal.append(List.of(Draft.of(Operation.SNAPSHOT_END, table)));
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        Grid.awaitCaughtUp(home, journal, table.name(), "home");
        create(eu, table);
        Grid.assertEqual(eu, journal, table.name(), "home", "eu");
        assertThat(dictionaries(home)).isEqualTo(1);

        int next = 3_000;
        for (; dictionaries(home) == 1 && next < 100_000; next += 1_000) {
            texts(table, next, 1_000, "SOMETHING THAT NOBODY HAS COMPLAINED ABOUT");
            Grid.awaitCaughtUp(home, journal, table.name(), "home");
        }
        assertThat(dictionaries(home)).isEqualTo(2);
        long before = stored(home, table);
        // Which it looks for now and then only.
        for (int i = 0; i < 70; i++, next += 10) {
            texts(table, next, 10, "SOMETHING THAT NOBODY HAS COMPLAINED ABOUT");
            Grid.awaitCaughtUp(home, journal, table.name(), "home");
        }
        texts(table, next, 1_000, "SOMETHING THAT NOBODY HAS COMPLAINED ABOUT");
        Grid.assertEqual(eu, journal, table.name(), "home", "eu");
        System.out.printf("%d rows: %d bytes; 1700 more: %d%n", next - 700, before, stored(home, table) - before);
    }

    private static int dictionaries(Ignite node) {
        return node.cache(Dictionaries.CONTENT).size();
    }

    private static long stored(Ignite node, TableSchema table) {
        return GridInternals.measure(node, Grid.homeImage(node, "shop", table.name()))
                .storedBytes();
    }

    private void texts(TableSchema table, int first, int count, String kind) {
        List<Draft> drafts = new ArrayList<>();
        for (int id = first; id < first + count; id++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 6; i++) {
                text.append(kind).append(' ').append(random.nextInt(50)).append(", ");
            }
            drafts.add(Draft.put(table, Row.of(id, text.toString())));
        }
        journal.append(drafts);
    }

    private static final long BUDGET = 40L << 20;
    private static final int ROWS = 7_000;

    private final Random random = new Random(7);

    private static TableSchema table(String name) {
        return new TableSchema(
                new TableName("PUBLIC", name),
                List.of(Orders.column("ID", SqlType.INTEGER), Orders.column("TEXT", SqlType.VARCHAR)),
                List.of("ID"));
    }

    private void bring(TableSchema layout) {
        journal.append(List.of(Draft.of(Operation.SCHEMA, layout)));
        rows(layout, 0, ROWS);
        journal.append(List.of(Draft.of(Operation.SNAPSHOT_END, layout)));
    }

    /** Rows that cannot be compressed. */
    private void rows(TableSchema layout, int first, int count) {
        List<Draft> drafts = new ArrayList<>();
        for (int id = first; id < first + count; id++) {
            byte[] bytes = new byte[1_000];
            random.nextBytes(bytes);
            drafts.add(Draft.put(layout, Row.of(id, Base64.getEncoder().encodeToString(bytes))));
        }
        journal.append(drafts);
    }

    private static void create(Ignite node, TableSchema table) {
        sql(node, "CREATE SHADOW OF shop.PUBLIC." + table.name().table() + " IN DATACENTER 'eu'");
    }

    private static Phase phase(Ignite node, TableSchema table) {
        return Grid.plugin(node)
                .shadows()
                .find(new ShadowName("shop", table.name(), Datacenter.of("eu")))
                .orElseThrow()
                .phase();
    }

    private static long age(Ignite node) {
        return (Long) sql(node, "SELECT COALESCE(AGE_MILLIS, 0) FROM SYS.PENUMBRA_SHADOWS WHERE ROLE = 'SHADOW'")
                .get(0)
                .get(0);
    }
}
