package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.ignite.MemoryJournal.Draft;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.Catalogue;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.ShadowStatus.Phase;
import dev.penumbra.shadow.coverage.Coverage;
import dev.penumbra.shadow.read.Consistency;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import javax.cache.CacheException;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.CachePeekMode;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.apache.ignite.cluster.ClusterState;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of shadows as they were. */
@NullMarked
class ArchiveIT {
    private static final ShadowName NAME = new ShadowName("shop", Orders.NAME, Datacenter.of("eu"));
    private static final int KEYS = 200;

    private final MemoryJournal journal = new MemoryJournal("shop");
    private final Workload workload = new Workload(journal, 1, KEYS);
    private final Grid grid = new Grid();

    /** What the table held at each position at which a transaction ended. */
    private final NavigableMap<Position, Map<Key, Row>> states = new ConcurrentSkipListMap<>();

    @AfterEach
    void stop() {
        grid.any().getOrCreateCache("last");
        grid.close();
    }

    private static List<List<?>> sql(Ignite node, String sql, Object... values) {
        return node.cache("penumbra-registry")
                .query(new SqlFieldsQuery(sql).setArgs(values))
                .getAll();
    }

    private static Phase phase(Ignite node) {
        return Grid.plugin(node).shadows().find(NAME).orElseThrow().phase();
    }

    private static String shadow(String verb, String rest) {
        return verb + " SHADOW OF shop.PUBLIC.ORDERS IN DATACENTER 'eu' " + rest;
    }

    private static Position begin(Ignite node) {
        String found = (String)
                sql(node, "EXPLAIN SHADOW SELECT * FROM SHADOW_EU.ORDERS FOR SYSTEM_TIME AS OF '" + applied(node) + "'")
                        .get(0)
                        .get(2);
        String from = found.replaceAll(".* from ([0-9:]+) on.*", "$1");
        return Position.parse(from);
    }

    private static Position applied(Ignite node) {
        return Grid.plugin(node).shadows().find(NAME).orElseThrow().applied();
    }

    private void write() {
        workload.transactions(1);
        note();
    }

    private Thread writing(AtomicBoolean over) {
        Thread writing = new Thread(() -> {
            while (!over.get()) {
                write();
                // The more there is, the longer whoever reads it takes.
                LockSupport.parkNanos(3_000_000L + states.size() * 10_000L);
            }
        });
        writing.start();
        return writing;
    }

    private void note() {
        states.put(journal.last(), journal.table(Orders.NAME));
    }

    private Ignite archived(Ignite home, Ignite eu, String archive) {
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        sql(eu, shadow("CREATE", "WITH (ARCHIVE = '" + archive + "')"));
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        Grid.await(() -> phase(eu) == Phase.READY);
        note();
        return eu;
    }

    private static List<List<?>> expected(Map<Key, Row> state) {
        List<List<?>> rows = new ArrayList<>();
        state.forEach((key, row) -> rows.add(List.of(row.get(0), row.get(3), row.get(8))));
        return rows;
    }

    private void assertAsOf(Ignite node, Position position) {
        List<List<?>> found = sql(
                node,
                "SELECT ORDERKEY, TOTALPRICE, COMMENT FROM SHADOW_EU.ORDERS FOR SYSTEM_TIME AS OF '" + position + "'");
        assertThat(found).as("as of %s", position).containsExactlyInAnyOrderElementsOf(expected(states.get(position)));
    }

    private void assertByKey(Ignite node, Position position) {
        List<Key> keys = LongStream.range(0, KEYS + 5).mapToObj(Key::of).toList();
        Answer<Map<Key, Row>> answer =
                Penumbra.of(node).table("ORDERS").asOf(position).getAll(keys);
        assertThat(answer.value()).as("as of %s", position).isEqualTo(states.get(position));
        assertThat(answer.source()).isEqualTo(Answer.Source.ARCHIVE);
        assertThat(answer.position()).isEqualTo(position);
        assertThat(answer.copy()).isEqualTo("SHADOW_EU.ORDERS AS OF " + position);
    }

    @Test
    void aShadow_isReadAsItWas_whileItIsWrittenTo() throws Exception {
        workload.snapshot(KEYS);
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        Ignite other = grid.start("eu");
        archived(home, eu, "1h");
        Position begin = journal.last();
        Random random = new Random(1);
        for (int i = 0; i < 50; i++) {
            write();
        }
        AtomicBoolean over = new AtomicBoolean();
        Thread writing = writing(over);
        try {
            for (int i = 0; i < 15; i++) {
                List<Position> readable = new ArrayList<>(
                        states.subMap(begin, true, applied(eu), true).keySet());
                // The latest are those whose rows change while they are read.
                Position position = readable.get(readable.size() - 1 - random.nextInt(Math.min(5, readable.size())));
                for (int j = 0; j < 20; j++) {
                    assertAsOf(List.of(eu, other, home).get(j % 3), position);
                    assertByKey(j % 2 == 0 ? eu : other, position);
                }
                Position any = readable.get(random.nextInt(readable.size()));
                assertAsOf(eu, any);
                assertByKey(eu, any);
            }
        } finally {
            over.set(true);
            writing.join();
        }
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        assertAsOf(eu, states.lastKey());
        // A position in the middle of a transaction is what was before it.
        for (Map.Entry<Position, Map<Key, Row>> state :
                List.copyOf(states.headMap(states.lastKey()).entrySet())) {
            Position next = states.higherKey(state.getKey());
            if (next.sequence() - state.getKey().sequence() > 3 && random.nextInt(20) == 0) {
                Position middle = new Position(next.epoch(), next.sequence() - 1);
                states.put(middle, state.getValue());
                assertAsOf(eu, middle);
                assertByKey(eu, middle);
            }
        }
        assertThatThrownBy(() -> sql(eu, "SELECT * FROM SHADOW_EU.ORDERS FOR SYSTEM_TIME AS OF '0:1'"))
                .hasMessageContaining("PENUMBRA-1047");
    }

    @Test
    void aTimeToLive_isNotTakenForAnArchive_thatIsAsLong() {
        Catalogue catalogue = Grid.plugin(grid.start("home", journal)).catalogue();
        Duration hour = Duration.ofHours(1);
        Copy expires = new Copy(Copy.Role.SHADOW, defined(hour, Duration.ZERO), "T");
        Copy archived = new Copy(Copy.Role.SHADOW, defined(Duration.ZERO, hour), "T");
        catalogue.add(expires);
        assertThat(catalogue.replace(archived, archived.released(Copy.Release.EXPIRED)))
                .isFalse();
        assertThat(catalogue.replace(expires, archived)).isTrue();
        assertThat(catalogue.replace(expires, expires.released(Copy.Release.EXPIRED)))
                .isFalse();
        assertThat(catalogue.remove(archived)).isTrue();
    }

    private static ShadowDefinition defined(Duration ttl, Duration archive) {
        return new ShadowDefinition(
                new ShadowName("other", Orders.NAME, Datacenter.of("eu")),
                Compression.ZSTD,
                100,
                Consistency.eventual(),
                Coverage.whole(),
                ttl,
                ShadowDefinition.COMMIT_PERCENT_DEFAULT,
                archive);
    }

    @Test
    void whatWasTakenAway_allAtOnceOrWithItsTable_isThereAsItWas() {
        workload.snapshot(KEYS);
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        archived(home, eu, "1h");
        write();
        Position before = journal.last();
        journal.append(Draft.of(Operation.TRUNCATE, Orders.SCHEMA));
        note();
        Position empty = journal.last();
        journal.append(Draft.put(Orders.SCHEMA, Orders.row(1, workload.random())));
        note();
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");

        assertAsOf(eu, before);
        assertAsOf(eu, empty);
        assertByKey(eu, before);
        assertAsOf(eu, journal.last());
        assertThat(sql(eu, "SELECT COUNT(*) FROM SHADOW.ORDERS FOR SYSTEM_TIME AS OF '" + before + "'"))
                .isEqualTo(List.of(List.of((long) states.get(before).size())));

        // Rows that a source brings anew do not say what was before.
        journal.append(
                Draft.of(Operation.SCHEMA, Orders.SCHEMA),
                Draft.put(Orders.SCHEMA, Orders.row(2, workload.random())),
                Draft.of(Operation.SNAPSHOT_END, Orders.SCHEMA));
        note();
        Position anew = journal.last();
        write();
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        assertThat(begin(eu)).isEqualTo(anew);
        assertAsOf(eu, anew);
        assertThatThrownBy(() -> assertAsOf(eu, empty)).hasMessageContaining("PENUMBRA-1047");
    }

    @Test
    void whatWasChangedLongAgo_isForgotten_andNotReadAnyMore() {
        workload.snapshot(KEYS);
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        archived(home, eu, "2s");
        long filled = System.currentTimeMillis();
        Position begin = journal.last();
        for (int i = 0; i < 20; i++) {
            write();
        }
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        assertAsOf(eu, begin);
        Copy copy = Grid.shadow(eu, "shop", Orders.NAME, "eu");
        assertThat(eu.cache(copy.archiveCacheName()).size(CachePeekMode.PRIMARY))
                .isPositive();

        Grid.await(() -> {
            write();
            return begin(eu).compareTo(begin) > 0;
        });
        Position changed = journal.last();
        assertThatThrownBy(() -> assertAsOf(eu, begin)).hasMessageContaining("PENUMBRA-1047");
        // What is left of the archive would say that nothing had been changed before.
        assertThatThrownBy(() -> sql(
                        eu,
                        "SELECT * FROM SHADOW_EU.ORDERS FOR SYSTEM_TIME AS OF ?",
                        Timestamp.from(Instant.ofEpochMilli(filled))))
                .hasMessageContaining("PENUMBRA-1047")
                .hasMessageContaining("fromTime=20");
        Grid.await(() -> {
            write();
            return begin(eu).compareTo(changed) > 0;
        });
        assertAsOf(eu, begin(eu));
        // What is left of it is what can be read.
        Grid.await(() -> eu.cache(copy.archiveCacheName()).size(CachePeekMode.PRIMARY)
                <= journal.last().sequence() - begin(eu).sequence());

        sql(eu, shadow("ALTER", "SET (ARCHIVE = 'NONE')"));
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        assertThat(eu.cacheNames()).noneMatch(name -> Copy.archivedCache(name) != null);
        assertThatThrownBy(() -> assertAsOf(eu, journal.last())).hasMessageContaining("PENUMBRA-1046");
    }

    @Test
    void aMoment_isAPositionOrATime_inAnyQuery() throws Exception {
        workload.snapshot(KEYS);
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        archived(home, eu, "1h");
        for (int i = 0; i < 10; i++) {
            write();
        }
        Position then = journal.last();
        long size = states.get(then).size();
        long time = System.currentTimeMillis();
        while (System.currentTimeMillis() <= time) {
            Thread.onSpinWait();
        }
        journal.append(Draft.put(Orders.SCHEMA, Orders.row(KEYS + 1, workload.random())));
        journal.append(
                Draft.delete(Orders.SCHEMA, states.get(then).keySet().iterator().next()));
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        Timestamp at = new Timestamp(time);

        for (String moment : List.of("'" + then + "'", "TIMESTAMP '" + at + "'", "'" + at.toInstant() + "'")) {
            assertThat(sql(eu, "SELECT COUNT(*) FROM SHADOW.ORDERS FOR SYSTEM_TIME AS OF " + moment))
                    .as(moment)
                    .isEqualTo(List.of(List.of(size)));
        }
        assertThat(sql(
                        eu,
                        "SELECT COUNT(*), ? FROM SHADOW.ORDERS FOR SYSTEM_TIME AS OF ? WHERE ORDERKEY < ?",
                        7,
                        at,
                        9_999L))
                .isEqualTo(List.of(List.of(size, 7)));
        // What has come, what has gone and what has stayed, in one statement.
        assertThat(sql(
                        eu,
                        "SELECT COUNT(*), COUNT(a.ORDERKEY), COUNT(b.ORDERKEY)"
                                + " FROM SHADOW_EU.ORDERS FOR SYSTEM_TIME AS OF '" + then + "' AS a"
                                + " FULL JOIN SHADOW_EU.ORDERS b ON a.ORDERKEY = b.ORDERKEY"))
                .isEqualTo(List.of(List.of(size + 1, size, size)));
        assertThat(sql(
                        eu,
                        "SELECT SHADOW_EU.ORDERS.ORDERKEY FROM SHADOW_EU.ORDERS FOR SYSTEM_TIME AS OF '" + then
                                + "' WHERE ORDERS.ORDERKEY = " + (KEYS + 1)))
                .isEmpty();
        assertThat(sql(eu, "EXPLAIN SHADOW SELECT * FROM SHADOW.ORDERS FOR SYSTEM_TIME AS OF '" + at.toInstant() + "'")
                        .get(0)
                        .subList(0, 4))
                .isEqualTo(List.of(
                        "SHADOW.ORDERS",
                        "SHADOW_EU.ORDERS AS OF " + then,
                        "the archive of the shadow in datacenter eu has all versions from " + begin(eu) + " on, and "
                                + at.toInstant() + " falls there",
                        then.toString()));

        Key gone = states.get(then).keySet().iterator().next();
        CopiedTable table = Penumbra.of(eu).table("ORDERS");
        assertThat(table.get(gone, Consistency.eventual()).value()).isEmpty();
        assertThat(table.asOf(at.toInstant()).get(gone).value())
                .contains(states.get(then).get(gone));
        assertThatThrownBy(() -> Penumbra.of(home).table("ORDERS").asOf(then).get(gone))
                .hasMessageContaining("PENUMBRA-1046");
        assertThatThrownBy(() -> table.asOf(then).get(Key.of("x"))).hasMessageContaining("PENUMBRA-1037");
        assertThatThrownBy(() -> sql(eu, "DELETE FROM ARCHIVE_EU.ORDERS")).isInstanceOf(CacheException.class);
        // The engine makes another table then, which would find nothing.
        sql(eu, "ALTER TABLE ARCHIVE_EU.ORDERS ADD COLUMN X INT");
        assertThat(sql(eu, "SELECT COUNT(*) FROM SHADOW.ORDERS FOR SYSTEM_TIME AS OF '" + then + "'"))
                .isEqualTo(List.of(List.of(size)));
        assertThatThrownBy(() -> sql(
                        eu,
                        "SELECT * FROM SHADOW.ORDERS WHERE EXISTS (SELECT 1 FROM SHADOW.ORDERS FOR SYSTEM_TIME AS OF '"
                                + then + "' WHERE SHADOW.ORDERS.ORDERKEY > 5)"))
                .hasMessageContaining("PENUMBRA-1034");

        assertThatThrownBy(() -> sql(eu, "SELECT * FROM HOME.ORDERS FOR SYSTEM_TIME AS OF '1:1'"))
                .hasMessageContaining("PENUMBRA-1046");
        assertThatThrownBy(() -> sql(eu, "SELECT * FROM SHADOW.ORDERS FOR SYSTEM_TIME AS OF 'long ago'"))
                .hasMessageContaining("PENUMBRA-1009")
                .hasMessageContaining("column=51");
        assertThatThrownBy(() -> sql(eu, "SELECT * FROM SHADOW.ORDERS FOR SYSTEM_TIME AS OF ?", 5))
                .hasMessageContaining("PENUMBRA-1009");
        assertThatThrownBy(() -> sql(eu, "SELECT * FROM SHADOW.ORDERS FOR SYSTEM_TIME AS OF ?"))
                .hasMessageContaining("PENUMBRA-1009")
                .hasMessageContaining("a value for AS OF ?");
        assertThat(sql(eu, "SELECT FROM_ARCHIVE FROM SYS.PENUMBRA_READS WHERE SQL_TABLE = 'ORDERS'"))
                .isEqualTo(List.of(List.of(9L)));
    }

    @Test
    void anArchive_outlivesTheNodesThatWriteIt() throws Exception {
        workload.snapshot(KEYS);
        PenumbraConfiguration backups = new PenumbraConfiguration().setBackups(1);
        Ignite home = grid.start("home", new PenumbraConfiguration().setBackups(1), journal);
        Ignite first = grid.start("eu", backups);
        Ignite eu = grid.start("eu", new PenumbraConfiguration().setBackups(1));
        archived(home, eu, "1h");
        Position begin = journal.last();
        // What is under way when the feed's node goes is written again by the next.
        AtomicBoolean over = new AtomicBoolean();
        Thread writing = writing(over);
        try {
            Grid.await(() -> states.size() > 150);
            grid.stop(first);
            int before = states.size();
            Grid.await(() -> states.size() > before + 150);
        } finally {
            over.set(true);
            writing.join();
        }
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        assertThat(begin(eu)).isEqualTo(begin);
        Ignite third = grid.start("eu", new PenumbraConfiguration().setBackups(1));
        Random random = new Random(2);
        List<Position> all = new ArrayList<>(states.tailMap(begin).keySet());
        for (int i = 0; i < 20; i++) {
            Position position = all.get(random.nextInt(all.size()));
            assertThat(settled(i % 2 == 0 ? eu : third, position)).isTrue();
        }
    }

    /** The grid says that it is moving partitions for as long as it does. */
    private boolean settled(Ignite node, Position position) {
        Grid.await(() -> {
            try {
                assertAsOf(node, position);
                return true;
            } catch (CacheException e) {
                return false;
            }
        });
        return true;
    }

    @Test
    void aTimeAfterTheLastChange_isAnsweredOnlyWhenNothingCanBeMissing(@TempDir Path directory) {
        workload.snapshot(KEYS);
        Ignite home = grid.start("home", new PenumbraConfiguration().setReadPatienceMillis(500), journal);
        MemoryRelay relay = new MemoryRelay(journal, directory);
        Ignite eu = grid.start("eu", new PenumbraConfiguration().setReadPatienceMillis(500));
        archived(home, eu, "1h");
        write();
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        // As on the page.
        FormerTable was = Penumbra.of(eu).table("ORDERS").asOf(Instant.parse("2036-01-31T12:00:00Z"));
        Grid.await(() -> {
            try {
                return was.getAll(List.of(Key.of(1L))).position().equals(journal.last());
            } catch (PenumbraException e) {
                return false;
            }
        });
        assertThat(sql(eu, "SELECT COUNT(*) FROM SHADOW.ORDERS FOR SYSTEM_TIME AS OF '2036-01-31T12:00:00Z'"))
                .isEqualTo(List.of(List.of((long) states.get(journal.last()).size())));

        relay.close();
        // The source is closed.
        assertThatThrownBy(() -> Penumbra.of(eu)
                        .table("ORDERS")
                        .asOf(Instant.parse("2036-01-31T12:00:00Z"))
                        .get(Key.of(1L)))
                .hasMessageContaining("PENUMBRA-2031");
        assertByKey(eu, journal.last());
    }

    @Test
    void aShadowOfAPart_isReadAsItWas_whereItCoversWhatIsNeeded() {
        workload.snapshot(KEYS);
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        sql(eu, shadow("CREATE", "WHERE CUSTKEY >= 70000 WITH (ARCHIVE = '1h', COMPRESSION = 'NONE')"));
        Grid.await(() -> phase(eu) == Phase.READY);
        Grid.await(() -> applied(eu).equals(journal.last()));
        note();
        for (int i = 0; i < 100; i++) {
            write();
        }
        Grid.await(() -> applied(eu).equals(journal.last()));
        for (Position position : states.keySet()) {
            Map<Key, Row> inside = new HashMap<>(states.get(position));
            inside.values().removeIf(row -> (long) row.get(1) < 70_000);
            assertThat(sql(
                            eu,
                            "SELECT ORDERKEY, TOTALPRICE, COMMENT FROM SHADOW_EU.ORDERS FOR SYSTEM_TIME AS OF '"
                                    + position + "' AS o WHERE o.CUSTKEY >= 70000"))
                    .as("as of %s", position)
                    .containsExactlyInAnyOrderElementsOf(expected(inside));
        }
        assertThatThrownBy(() -> assertAsOf(eu, journal.last())).hasMessageContaining("PENUMBRA-1043");
    }

    @Test
    void beforeACorrection_wasWhatTheShadowHad() {
        workload.snapshot(KEYS);
        Ignite home = grid.start("home", journal);
        // Rows of the other are in the near cache of the one that feeds.
        Ignite eu = grid.start("eu");
        grid.start("eu");
        archived(home, eu, "1h");
        for (Row row : states.get(journal.last()).values()) {
            journal.append(Draft.put(Orders.SCHEMA, Orders.row((long) row.get(0), workload.random())));
        }
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        states.clear();
        note();
        for (Row row : List.copyOf(states.get(journal.last()).values())) {
            journal.append(Draft.correct(Orders.SCHEMA, Orders.row((long) row.get(0), workload.random())));
        }
        note();
        List<Row> rows = List.copyOf(states.get(journal.last()).values());
        journal.append(Draft.correct(Orders.SCHEMA, rows.get(0)));
        note();
        journal.append(
                Draft.correct(Orders.SCHEMA, Orders.row((long) rows.get(1).get(0), workload.random())));
        note();
        journal.append(Draft.put(Orders.SCHEMA, Orders.row(KEYS, workload.random())));
        note();
        journal.append(Draft.correct(Orders.SCHEMA, Orders.row(KEYS, workload.random())));
        note();
        journal.append(Draft.correct(Orders.SCHEMA, Orders.row(KEYS + 1, workload.random())));
        note();
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");

        assertThat(states).hasSize(7);
        states.keySet().forEach(position -> assertAsOf(eu, position));
    }

    @Test
    void tablesOfOneSource_areReadAsOfOnePosition_whereTheyAreReadAsOfOneTime() {
        TableSchema items = new TableSchema(
                new TableName("PUBLIC", "ITEMS"),
                List.of(Orders.column("ID", SqlType.BIGINT), Orders.column("NAME", SqlType.VARCHAR)),
                List.of("ID"));
        workload.snapshot(KEYS);
        journal.append(
                Draft.of(Operation.SCHEMA, items),
                Draft.put(items, Row.of(1L, "one")),
                Draft.of(Operation.SNAPSHOT_END, items));
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        Grid.awaitCaughtUp(home, journal, items.name(), "home");
        sql(eu, "CREATE SHADOW OF shop.PUBLIC.ITEMS IN DATACENTER 'eu' WITH (ARCHIVE = '1h')");
        archived(home, eu, "1h");
        Grid.awaitCaughtUp(eu, journal, items.name(), "eu");
        write();
        Position then = journal.last();
        long time = System.currentTimeMillis();
        while (System.currentTimeMillis() <= time) {
            Thread.onSpinWait();
        }
        journal.append(Draft.put(items, Row.of(2L, "two")));
        write();
        journal.append(Draft.put(items, Row.of(1L, "other")));
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        Grid.awaitCaughtUp(eu, journal, items.name(), "eu");

        String query = "SELECT COUNT(*), MAX(i.NAME) FROM SHADOW.ORDERS FOR SYSTEM_TIME AS OF ? o,"
                + " SHADOW_EU.ITEMS FOR SYSTEM_TIME AS OF ? i";
        Timestamp at = new Timestamp(time);
        assertThat(sql(eu, query, at, at))
                .isEqualTo(List.of(List.of((long) states.get(then).size(), "one")));
        String literal = "TIMESTAMP '" + at + "'";
        assertThat(sql(eu, "EXPLAIN SHADOW " + query.replace("?", literal)).stream()
                        .map(row -> (String) row.get(1)))
                .containsExactly("SHADOW_EU.ORDERS AS OF " + then, "SHADOW_EU.ITEMS AS OF " + then);
    }

    @Test
    void anArchiveOnDisk_isThereWhenItsNodesComeBack(@TempDir Path directory) {
        workload.snapshot(KEYS);
        Ignite home = onDisk("home", directory, journal);
        Ignite eu = onDisk("eu", directory);
        home.cluster().state(ClusterState.ACTIVE);
        archived(home, eu, "1h");
        Position begin = journal.last();
        for (int i = 0; i < 20; i++) {
            write();
        }
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        grid.stop(home);
        grid.stop(eu);
        write();

        Ignite homeAgain = onDisk("home", directory, journal);
        Ignite euAgain = onDisk("eu", directory);
        write();
        Grid.awaitCaughtUp(homeAgain, journal, Orders.NAME, "home");
        Grid.awaitCaughtUp(euAgain, journal, Orders.NAME, "eu");
        assertThat(begin(euAgain)).isEqualTo(begin);
        states.tailMap(begin)
                .keySet()
                .forEach(position -> assertThat(settled(euAgain, position)).isTrue());
    }

    private Ignite onDisk(String datacenter, Path directory, Journal... journals) {
        return grid.start(
                datacenter,
                directory.resolve(datacenter),
                new PenumbraConfiguration().setDatacenter(datacenter),
                journals);
    }
}
