package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.capture.GridJournals;
import dev.penumbra.model.Change;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.cache.CacheException;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.Duration;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.IgniteDataStreamer;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cluster.ClusterState;
import org.apache.ignite.transactions.Transaction;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@NullMarked
class TriggerCaptureIT {
    private static final TableName T = new TableName("PUBLIC", "T");
    private static final String CAPTURE =
            "CREATE TRIGGER T_CAPTURE AFTER INSERT, UPDATE, DELETE ON T FOR EACH ROW CAPTURE";

    private static String createTable(String atomicity) {
        return "CREATE TABLE T (ID BIGINT PRIMARY KEY, A VARCHAR, N INT) WITH \"cache_name=T,value_type=T_TYPE,backups=1,"
                + "atomicity=" + atomicity + "\"";
    }

    private static BinaryObject value(Ignite node, String a, int n) {
        return node.binary().builder("T_TYPE").setField("A", a).setField("N", n).build();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ATOMIC", "TRANSACTIONAL"})
    void everyWayToWrite_ofACapturedTable_isInTheJournals(String atomicity, @TempDir Path directory) {
        try (TriggeredGrid grid = new TriggeredGrid(directory)) {
            Ignite node = grid.start();
            grid.start();
            grid.start();
            grid.sql(createTable(atomicity));
            for (long id = 0; id < 300; id++) {
                grid.sql("INSERT INTO T VALUES (?, ?, ?)", id, "stood", (int) id);
            }
            grid.sql(CAPTURE);
            grid.awaitEqual(T, 3);

            grid.sql("INSERT INTO T VALUES (1000, 'one', 1), (1001, 'two', 2), (1002, NULL, NULL)");
            grid.sql("UPDATE T SET A = 'changed' WHERE ID < 20");
            grid.sql("DELETE FROM T WHERE ID BETWEEN 20 AND 39");
            grid.sql(
                    "MERGE INTO T DST USING (SELECT 40 AS ID) SRC ON DST.ID = SRC.ID WHEN MATCHED THEN UPDATE SET A = 'merged'");
            grid.sql("INSERT INTO T SELECT ID + 2000, A, N FROM T WHERE ID < 20");
            grid.awaitEqual(T, 3);

            IgniteCache<Long, BinaryObject> cache =
                    node.<Long, BinaryObject>cache("T").withKeepBinary();
            cache.put(1L, value(node, "put", 1));
            // Neither is a row of the table then.
            BinaryObject other =
                    node.binary().builder("OTHER_TYPE").setField("B", 1).build();
            cache.put(90_000L, other);
            cache.put(9L, other);
            Map<Long, BinaryObject> several = new HashMap<>();
            for (long id = 50; id < 90; id++) {
                several.put(id, value(node, "putAll", (int) id));
            }
            cache.putAll(new java.util.TreeMap<>(several));
            cache.putIfAbsent(51L, value(node, "never", 0));
            cache.putIfAbsent(3000L, value(node, "absent", 0));
            cache.replace(2L, value(node, "replaced", 2));
            cache.replace(99_999L, value(node, "never", 0));
            cache.getAndRemove(3L);
            cache.remove(4L);
            cache.remove(99_999L);
            cache.removeAll(new java.util.TreeSet<>(Set.of(5L, 6L, 7L)));
            for (long id = 60; id < 70; id++) {
                cache.invoke(id, (entry, arguments) -> {
                    entry.setValue(
                            entry.getValue().toBuilder().setField("N", -1).build());
                    return null;
                });
            }
            cache.invoke(70L, (entry, arguments) -> {
                entry.remove();
                return null;
            });
            cache.invoke(71L, (entry, arguments) -> entry.getValue() == null);
            grid.awaitEqual(T, 3);

            try (IgniteDataStreamer<Long, BinaryObject> streamer = node.dataStreamer("T")) {
                streamer.keepBinary(true);
                for (long id = 5_000; id < 5_500; id++) {
                    streamer.addData(id, value(node, "streamed", (int) id));
                }
            }
            grid.awaitEqual(T, 3);
            try (IgniteDataStreamer<Long, BinaryObject> streamer = node.dataStreamer("T")) {
                streamer.keepBinary(true);
                streamer.allowOverwrite(true);
                for (long id = 5_400; id < 5_600; id++) {
                    streamer.addData(id, value(node, "overwritten", (int) id));
                }
            }
            grid.awaitEqual(T, 3);

            cache.withExpiryPolicy(new CreatedExpiryPolicy(new Duration(TimeUnit.MILLISECONDS, 200)))
                    .put(6_000L, value(node, "short", 1));
            Grid.await(() -> grid.sql("SELECT * FROM T WHERE ID = 6000").isEmpty());
            grid.awaitEqual(T, 3);

            cache.clear(8L);
            grid.awaitEqual(T, 3);
            cache.clear();
            assertThat(grid.awaitEqual(T, 3).rows()).isEmpty();
            cache.put(1L, value(node, "again", 1));
            cache.removeAll();
            cache.put(2L, value(node, "again", 2));
            GridJournals journals = grid.awaitEqual(T, 3);
            assertThat(journals.rows()).hasSize(1);
            assertThat(journals.repeated()).isEmpty();
        }
    }

    @Test
    void changes_haveTheImagesBeforeAndAfter_andNoMoreThanWereMade(@TempDir Path directory) {
        try (TriggeredGrid grid = new TriggeredGrid(directory)) {
            grid.start();
            grid.start();
            grid.sql(createTable("ATOMIC"));
            grid.sql(CAPTURE);
            grid.settle();
            grid.sql("INSERT INTO T VALUES (1, 'a', 1)");
            grid.sql("UPDATE T SET A = 'b' WHERE ID = 1");
            grid.sql("DELETE FROM T WHERE ID = 1");
            grid.sql("INSERT INTO T VALUES (2, 'end', 2)");
            List<Change> changes = grid.awaitEqual(T, 3).changes();
            assertThat(changes.stream().filter(change -> change.key().equals(dev.penumbra.model.Key.of(1L))))
                    .extracting(Change::operation, Change::before, Change::after)
                    .containsExactly(
                            org.assertj.core.groups.Tuple.tuple(Operation.INSERT, null, Row.of(1L, "a", 1)),
                            org.assertj.core.groups.Tuple.tuple(
                                    Operation.UPDATE, Row.of(1L, "a", 1), Row.of(1L, "b", 1)),
                            org.assertj.core.groups.Tuple.tuple(Operation.DELETE, Row.of(1L, "b", 1), null));
            assertThat(changes).hasSize(4);
        }
    }

    @Test
    void ofTwoCapturesThatAreCreatedAtOnce_oneStands_onAllNodes(@TempDir Path directory) throws Exception {
        try (TriggeredGrid grid = new TriggeredGrid(directory)) {
            List<Ignite> nodes = List.of(grid.start(), grid.start());
            grid.sql(createTable("ATOMIC"));
            ExecutorService clients = Executors.newFixedThreadPool(4);
            try {
                for (int round = 0; round < 10; round++) {
                    CyclicBarrier together = new CyclicBarrier(4);
                    List<Callable<@Nullable String>> statements = new ArrayList<>();
                    for (int client = 0; client < 4; client++) {
                        Ignite node = nodes.get(client % 2);
                        String create = CAPTURE.replace("T_CAPTURE", "T_CAPTURE_" + client);
                        statements.add(() -> {
                            together.await();
                            try {
                                TriggeredGrid.sql(node, create);
                                return null;
                            } catch (CacheException e) {
                                return e.getMessage();
                            }
                        });
                    }
                    List<@Nullable String> refusals = new ArrayList<>();
                    for (Future<@Nullable String> answer : clients.invokeAll(statements)) {
                        refusals.add(answer.get());
                    }
                    assertThat(refusals).filteredOn(refusal -> refusal == null).hasSize(1);
                    assertThat(refusals)
                            .filteredOn(refusal -> refusal != null)
                            .allMatch(refusal -> String.valueOf(refusal).contains("PENUMBRA-1015"));
                    for (Ignite node : nodes) {
                        assertThat(TriggeredGrid.sql(node, "SELECT TRIGGER_NAME FROM SYS.PENUMBRA_TRIGGERS"))
                                .containsExactly(List.of("T_CAPTURE_" + refusals.indexOf(null)));
                    }
                    grid.sql("INSERT INTO T VALUES (?, 'row', ?)", (long) round, round);
                    grid.awaitEqual(T, 3);
                    grid.sql("DROP TRIGGER T_CAPTURE_" + refusals.indexOf(null));
                }
            } finally {
                clients.shutdownNow();
            }
        }
    }

    @Test
    void aRowThatIsTooLargeForTheJournal_isReported_andHoldsUpNoOtherPartition(@TempDir Path directory) {
        try (TriggeredGrid grid = new TriggeredGrid(directory)) {
            Ignite node = grid.start();
            grid.sql(createTable("ATOMIC"));
            for (long id = 1; id <= 100; id++) {
                grid.sql("INSERT INTO T VALUES (?, 'stood', 1)", id);
            }
            // In the first partition, alone.
            node.<Long, BinaryObject>cache("T").withKeepBinary().put(-1L, value(node, "x".repeat(5 << 20), 1));
            grid.sql(CAPTURE);
            Grid.await(() -> grid.journals(T).rows().size() == 100);
            grid.sql("INSERT INTO T VALUES (1000, 'later', 1)");
            Grid.await(() -> grid.journals(T).rows().size() == 101);
            assertThat(grid.sql("SELECT PHASE, FAILURE FROM SYS.PENUMBRA_TRIGGERS"))
                    .singleElement()
                    .satisfies(row -> assertThat(row.toString()).startsWith("[FAILING, PENUMBRA-1017"));
            grid.sql("DELETE FROM T WHERE ID = -1");
            assertThat(grid.awaitEqual(T, 3).rows()).hasSize(101);
            assertThat(grid.sql("SELECT FAILURE FROM SYS.PENUMBRA_TRIGGERS")
                            .get(0)
                            .get(0))
                    .isNull();
        }
    }

    @Test
    void transactions_areCapturedWhenTheyCommit_andNeverWhenTheyRollBack(@TempDir Path directory) {
        try (TriggeredGrid grid = new TriggeredGrid(directory)) {
            Ignite node = grid.start();
            grid.start();
            grid.sql(createTable("TRANSACTIONAL"));
            grid.sql(CAPTURE);
            grid.settle();
            IgniteCache<Long, BinaryObject> cache =
                    node.<Long, BinaryObject>cache("T").withKeepBinary();
            for (int round = 0; round < 20; round++) {
                try (Transaction transaction = node.transactions().txStart()) {
                    for (long id = 0; id < 10; id++) {
                        cache.put(id, value(node, "round", round));
                    }
                    cache.remove(10L);
                    if (round % 2 == 0) {
                        transaction.rollback();
                    } else {
                        transaction.commit();
                    }
                }
            }
            GridJournals journals = grid.awaitEqual(T, 3);
            assertThat(journals.changes()).hasSize(100).allMatch(change -> {
                Row after = change.after();
                return after != null && (int) java.util.Objects.requireNonNull(after.get(2)) % 2 == 1;
            });
        }
    }

    @Test
    void aNodeThatJoins_emitsNothingForTheRowsItIsGiven_andCapturesFromThenOn(@TempDir Path directory) {
        try (TriggeredGrid grid = new TriggeredGrid(directory)) {
            grid.start();
            grid.sql(createTable("ATOMIC"));
            grid.sql(CAPTURE);
            grid.settle();
            for (long id = 0; id < 500; id++) {
                grid.sql("INSERT INTO T VALUES (?, 'x', 1)", id);
            }
            assertThat(grid.awaitEqual(T, 3).changes()).hasSize(500);
            Ignite joined = grid.start();
            Grid.await(() -> primaries(joined) > 300);
            for (long id = 0; id < 500; id++) {
                grid.sql("UPDATE T SET A = 'y' WHERE ID = ?", id);
            }
            GridJournals journals = grid.awaitEqual(T, 3);
            assertThat(journals.changes()).hasSize(1_000);
            assertThat(journals.repeated()).isEmpty();
            assertThat(grid.journalRows(1, T))
                    .as("rows brought anew by the node that joined")
                    .isZero();
        }
    }

    private static int primaries(Ignite node) {
        return node.affinity("T").primaryPartitions(node.cluster().localNode()).length;
    }

    @Test
    void whenANodeLeaves_itsSuccessorsGoOn_withoutALoss(@TempDir Path directory) {
        try (TriggeredGrid grid = new TriggeredGrid(directory)) {
            grid.start();
            grid.start();
            Ignite leaving = grid.start();
            grid.sql(createTable("ATOMIC"));
            grid.sql(CAPTURE);
            for (long id = 0; id < 600; id++) {
                grid.sql("INSERT INTO T VALUES (?, 'x', 1)", id);
                if (id == 300) {
                    grid.stop(leaving);
                }
            }
            grid.sql("UPDATE T SET A = 'y'");
            grid.awaitEqual(T, 3);
        }
    }

    @Test
    void aColumnThatIsAdded_andOneThatIsDropped_areInTheJournalFromThenOn(@TempDir Path directory) {
        try (TriggeredGrid grid = new TriggeredGrid(directory)) {
            grid.start();
            grid.start();
            grid.sql(createTable("ATOMIC"));
            grid.sql(CAPTURE);
            grid.sql("INSERT INTO T VALUES (1, 'a', 1), (2, 'b', 2)");
            grid.awaitEqual(T, 3);
            grid.sql("ALTER TABLE T ADD COLUMN MORE VARCHAR");
            grid.awaitEqual(T, 4);
            grid.sql("UPDATE T SET MORE = 'm' WHERE ID = 1");
            grid.awaitEqual(T, 4);
            grid.sql("ALTER TABLE T DROP COLUMN A");
            grid.awaitEqual(T, 3);
        }
    }

    @Test
    void aTriggerThatIsDropped_endsTheTable_andAnotherBeginsItAnew(@TempDir Path directory) {
        try (TriggeredGrid grid = new TriggeredGrid(directory)) {
            grid.start();
            grid.start();
            grid.sql(createTable("ATOMIC"));
            grid.sql(CAPTURE);
            grid.sql("INSERT INTO T VALUES (1, 'a', 1)");
            grid.awaitEqual(T, 3);
            grid.sql("DROP TRIGGER T_CAPTURE");
            grid.sql("INSERT INTO T VALUES (2, 'unseen', 1)");
            grid.sql("DELETE FROM T WHERE ID = 1");
            assertThat(grid.sql("SELECT * FROM SYS.PENUMBRA_TRIGGERS")).isEmpty();
            grid.sql(CAPTURE);
            grid.sql("INSERT INTO T VALUES (3, 'seen', 1)");
            assertThat(grid.awaitEqual(T, 3).rows()).hasSize(2);
            grid.sql("DROP TABLE T");
            for (int i = 0; i < 5; i++) {
                grid.sql(createTable("ATOMIC"));
                grid.sql(CAPTURE);
                grid.sql("DROP TABLE T");
            }
            Grid.await(() -> grid.sql("SELECT * FROM SYS.PENUMBRA_TRIGGERS").isEmpty());
        }
    }

    @Test
    void aGridWithPersistence_thatRestartsAsAWhole_stillHasItsTriggers_andItsJournalsEqualItsTables(
            @TempDir Path directory) {
        try (TriggeredGrid grid = new TriggeredGrid(directory)) {
            grid.startStored(0);
            grid.startStored(1).cluster().state(ClusterState.ACTIVE);
            Grid.await(() -> grid.sql("SELECT * FROM SYS.PENUMBRA_TRIGGERS").isEmpty());
            grid.sql(createTable("ATOMIC"));
            grid.sql(CAPTURE);
            grid.sql("INSERT INTO T VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)");
            grid.awaitEqual(T, 3);
            grid.stopAll();

            grid.startStored(0);
            grid.startStored(1);
            Grid.await(() -> grid.sql("SELECT TRIGGER_NAME, ACTION FROM SYS.PENUMBRA_TRIGGERS")
                    .equals(List.of(List.of("T_CAPTURE", "CAPTURE"))));
            grid.sql("UPDATE T SET A = 'later' WHERE ID = 2");
            grid.sql("DELETE FROM T WHERE ID = 1");
            assertThat(grid.awaitEqual(T, 3).rows()).hasSize(2);
        }
    }

    @Test
    void aTriggerThatAClientCreates_onReplicatedTablesAndTablesOfOneGroup_capturesThoseAlone(@TempDir Path directory) {
        try (TriggeredGrid grid = new TriggeredGrid(directory)) {
            grid.start();
            grid.start();
            Ignite client = grid.startClient();
            String columns = " (ID BIGINT PRIMARY KEY, A VARCHAR, N INT) WITH ";
            grid.sql("CREATE TABLE T" + columns + "\"backups=1,cache_group=SHARED\"");
            grid.sql("CREATE TABLE OTHER" + columns + "\"backups=1,cache_group=SHARED\"");
            grid.sql("CREATE TABLE EVERYWHERE" + columns + "\"template=replicated\"");
            TriggeredGrid.sql(client, CAPTURE);
            TriggeredGrid.sql(
                    client,
                    "CREATE TRIGGER E_CAPTURE AFTER INSERT OR UPDATE OR DELETE ON EVERYWHERE FOR EACH ROW CAPTURE");
            grid.settle();
            for (long id = 0; id < 100; id++) {
                for (String table : List.of("OTHER", "T", "EVERYWHERE")) {
                    grid.sql("INSERT INTO " + table + " VALUES (?, 'x', 1)", id);
                }
            }
            for (String table : List.of("OTHER", "T", "EVERYWHERE")) {
                grid.sql("UPDATE " + table + " SET A = 'y' WHERE ID < 50");
                grid.sql("DELETE FROM " + table + " WHERE ID >= 90");
            }
            for (TableName captured : List.of(T, new TableName("PUBLIC", "EVERYWHERE"))) {
                GridJournals journals = grid.awaitEqual(captured, 3);
                assertThat(journals.changes()).hasSize(160);
                assertThat(journals.repeated()).isEmpty();
            }
            assertThat(grid.journals(new TableName("PUBLIC", "OTHER")).count()).isZero();
        }
    }
}
