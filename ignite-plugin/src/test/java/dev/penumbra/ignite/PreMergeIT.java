package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.ignite.MemoryJournal.Draft;
import dev.penumbra.ignite.internal.HeldUpdates;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Interval;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SessionToken;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.read.Consistency;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes in eu, of which the first feeds it; its updates of the other's rows are held, so that changes stay pending. */
@NullMarked
@TestInstance(Lifecycle.PER_CLASS)
class PreMergeIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Consistency NOW = Consistency.bounded(Duration.ZERO);
    private static final TableSchema NOTES = new TableSchema(
            new TableName("PUBLIC", "NOTES"),
            List.of(
                    Orders.column("ID", SqlType.BIGINT),
                    Orders.column("TEXT", SqlType.VARCHAR),
                    new Column("LASTS", ColumnType.of(SqlType.INTERVAL, Interval.Qualifier.DAY.code(), 0), true)),
            List.of("ID"));

    @TempDir
    static Path directory;

    private final MemoryJournal journal = new MemoryJournal("shop");
    private final Random random = new Random(1);
    private final Grid grid = new Grid();
    private final List<HeldUpdates> held = new ArrayList<>();
    private MemoryRelay relay;
    private Ignite feeding;
    private Ignite other;

    @BeforeAll
    void start() {
        relay = new MemoryRelay(journal, directory);
        new Workload(journal, 1, 400).snapshot(300);
        journal.append(Draft.of(Operation.SCHEMA, NOTES));
        for (long id = 0; id < 50; id++) {
            journal.append(note(id, "first"));
        }
        journal.append(Draft.of(Operation.SNAPSHOT_END, NOTES));
        grid.configure(node -> {
            held.add((HeldUpdates) new HeldUpdates()
                    .setLocalPort(
                            ((org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi) node.getCommunicationSpi())
                                    .getLocalPort())
                    .setLocalPortRange(200));
            node.setCommunicationSpi(held.get(held.size() - 1));
        });
        Ignite home = grid.start("home", patient(), journal);
        Grid.awaitCaughtUp(home, journal, NOTES.name(), "home");
        feeding = grid.start("eu", patient().setAuditPauseMillis(0));
        other = grid.start("eu", patient().setAuditPauseMillis(0));
        for (TableName table : List.of(Orders.NAME, NOTES.name())) {
            Grid.plugin(feeding)
                    .shadows()
                    .create(
                            new ShadowDefinition(
                                    new ShadowName("shop", table, Datacenter.of("eu")), Compression.ZSTD, 100),
                            false);
            Grid.awaitCaughtUp(feeding, journal, table, "eu");
        }
        for (Ignite node : List.of(feeding, other)) {
            await().atMost(PATIENCE)
                    .ignoreExceptions()
                    .until(() -> query(node, "SELECT COUNT(*) FROM SHADOW_EU.NOTES"), List.of(List.of(50L))::equals);
        }
    }

    private static PenumbraConfiguration patient() {
        return new PenumbraConfiguration().setReadPatienceMillis(10_000);
    }

    @AfterEach
    void release() {
        held.get(1).release();
        Grid.assertEqual(feeding, journal, Orders.NAME, "eu");
        Grid.assertEqual(feeding, journal, NOTES.name(), "eu");
    }

    @AfterAll
    void stop() {
        relay.close();
        grid.close();
    }

    private static Draft note(long id, String text) {
        return Draft.put(NOTES, Row.of(id, text, new Interval(Interval.Qualifier.DAY, false, id, 0)));
    }

    private static List<List<?>> query(Ignite node, String sql) {
        return node.cache(Grid.shadow(node, "shop", Orders.NAME, "eu").cacheName())
                .query(new SqlFieldsQuery(sql))
                .getAll();
    }

    /** Changes all orders; the changes of those that the other node owns are on their way until they are released. */
    private Position holdUpOrders() {
        held.get(1).hold(Grid.shadow(feeding, "shop", Orders.NAME, "eu").cacheName());
        Position applied = applied();
        List<Draft> all = new ArrayList<>();
        for (Key key : journal.table(Orders.NAME).keySet()) {
            all.add(Draft.put(Orders.SCHEMA, Orders.row((Long) key.get(0), random)));
        }
        journal.append(all);
        await().atMost(PATIENCE).until(() -> held.get(1).count() > 0);
        return applied;
    }

    private Position applied() {
        return Grid.plugin(feeding)
                .gridShadows()
                .status(Grid.shadow(feeding, "shop", Orders.NAME, "eu"))
                .applied();
    }

    @Test
    void rowsWhoseChangesAreNotApplied_areReadAsTheyWillBe_onAnyNode() {
        Position applied = holdUpOrders();
        long gone = 3;
        long came = 1_000;
        long moved = 2_000;
        journal.append(Draft.delete(Orders.SCHEMA, Key.of(gone)));
        journal.append(Draft.put(Orders.SCHEMA, Orders.row(came, random)));
        journal.append(Draft.move(Orders.SCHEMA, Key.of(4L), Orders.row(moved, random)));
        journal.append(
                Draft.put(Orders.SCHEMA, Orders.row(5, random)), Draft.put(Orders.SCHEMA, Orders.row(5, random)));
        Map<Key, Row> expected = journal.table(Orders.NAME);
        List<Key> keys = new ArrayList<>(expected.keySet());
        keys.addAll(List.of(Key.of(gone), Key.of(4L), Key.of(-1L)));
        for (Ignite node : List.of(feeding, other)) {
            CopiedTable orders = Penumbra.of(node).table("ORDERS");
            long merged = Grid.plugin(node).reads().preMerged();
            Answer<Map<Key, Row>> all = orders.getAll(keys, NOW);
            assertThat(all.copy()).isEqualTo("SHADOW_EU.ORDERS");
            assertThat(all.source()).isEqualTo(Answer.Source.PRE_MERGED);
            assertThat(all.reason()).endsWith("and what is pending is laid over it");
            assertThat(all.position()).isEqualTo(journal.last());
            assertThat(all.staleness()).isLessThan(PATIENCE);
            assertThat(all.value()).isEqualTo(expected);
            assertThat(orders.get(Key.of(gone), NOW).value()).isEmpty();
            assertThat(orders.get(Key.of(came), NOW).value())
                    .isEqualTo(Optional.ofNullable(expected.get(Key.of(came))));
            assertThat(Grid.plugin(node).reads().preMerged()).isEqualTo(merged + 3);
        }
        assertThat(applied()).isEqualTo(applied);
    }

    @Test
    void aTokenOfWhatIsPending_isKeptByTheShadow_andTheSessionStaysWithIt() {
        Position applied = holdUpOrders();
        journal.append(Draft.put(Orders.SCHEMA, Orders.row(7, random)));
        Consistency written = Consistency.session(SessionToken.of("shop", journal.id(), journal.last()));
        Optional<Row> expected = Optional.ofNullable(journal.table(Orders.NAME).get(Key.of(7L)));
        for (Ignite node : List.of(feeding, other)) {
            CopiedTable orders = Penumbra.of(node).session().table("ORDERS");
            assertThat(orders.get(Key.of(7L), written).value()).isEqualTo(expected);
            Answer<Optional<Row>> again = orders.get(Key.of(7L), Consistency.eventual());
            assertThat(again.value()).isEqualTo(expected);
            assertThat(again.copy()).isEqualTo("SHADOW_EU.ORDERS");
        }
        assertThat(applied()).isEqualTo(applied);
    }

    @Test
    void aStatement_hasItsTableWrittenAheadOfWhatIsBeforeIt() {
        Position applied = holdUpOrders();
        journal.append(note(1, "second"), Draft.delete(NOTES, Key.of(2L)), note(100, "new"));
        for (Ignite node : List.of(other, feeding)) {
            Answer<Optional<Row>> noted = Penumbra.of(node).table("NOTES").get(Key.of(100L), NOW);
            assertThat(noted.value())
                    .isEqualTo(Optional.ofNullable(journal.table(NOTES.name()).get(Key.of(100L))));
            assertThat(noted.source()).isEqualTo(Answer.Source.PRE_MERGED);
        }
        for (Ignite node : List.of(feeding, other)) {
            long merged = Grid.plugin(node).reads().preMerged();
            assertThat(
                            query(
                                    node,
                                    "SELECT TEXT, COUNT(*) FROM SHADOW.NOTES GROUP BY TEXT ORDER BY TEXT WITH CONSISTENCY BOUNDED '0ms'"))
                    .containsExactly(List.of("first", 48L), List.of("new", 1L), List.of("second", 1L));
            assertThat(Grid.plugin(node).reads().preMerged()).isEqualTo(merged + 1);
        }
        assertThat(applied()).isEqualTo(applied);
    }

    @Test
    void aStatementWhoseTableIsBeingWritten_isAnsweredAtHome() {
        holdUpOrders();
        journal.append(Draft.delete(Orders.SCHEMA, Key.of(9L)));
        long home = Grid.plugin(other).reads().fromHome();
        assertThat(query(other, "SELECT COUNT(*) FROM SHADOW.ORDERS WITH CONSISTENCY BOUNDED '0ms'"))
                .containsExactly(List.of((long) journal.table(Orders.NAME).size()));
        assertThat(Grid.plugin(other).reads().fromHome()).isEqualTo(home + 1);
    }

    @Test
    void whatIsPendingWhenATableIsEmptied_isNotReadAfterwards() {
        holdUpOrders();
        journal.append(Draft.put(Orders.SCHEMA, Orders.row(11, random)));
        CopiedTable orders = Penumbra.of(other).table("ORDERS");
        assertThat(orders.get(Key.of(11L), NOW).value()).isPresent();
        journal.append(Draft.of(Operation.TRUNCATE, Orders.SCHEMA));
        Answer<Optional<Row>> emptied = orders.get(Key.of(11L), NOW);
        assertThat(emptied.value()).isEmpty();
        assertThat(emptied.copy()).isEqualTo("HOME.ORDERS");
        List<Draft> again = new ArrayList<>();
        for (long key = 0; key < 300; key++) {
            again.add(Draft.put(Orders.SCHEMA, Orders.row(key, random)));
        }
        journal.append(again);
    }
}
