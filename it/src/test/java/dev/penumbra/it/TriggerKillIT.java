package dev.penumbra.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.GridJournals;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three nodes hold captured Ignite tables with one backup, and a random one is killed and started again every few seconds while
 * all are written to. Together the journals of all nodes must make exactly the tables, shadows on a fourth node must equal them, and a
 * user's trigger must have been called for every row that the journals show to be inserted.
 *
 * <p>{@code -Dpenumbra.grid.seconds=N} sets for how long, {@code -Dpenumbra.grid.seed=S} replays the choices.
 */
class TriggerKillIT {
    private static final int SECONDS = Integer.getInteger("penumbra.grid.seconds", 20);
    private static final long SEED = Long.getLong("penumbra.grid.seed", 1);
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final List<String> TABLES = List.of("ATOMIC_ROWS", "TX_ROWS");
    private static final String WATCH = "watch";
    private static final int KEYS = 3_000;
    private static final int WRITERS = 3;
    private static final int ROWS_AT_FIRST = 500;

    /** What SQL states begin with when a row is there already. */
    private static final String CONSTRAINT = "23";

    @TempDir
    Path directory;

    private final AtomicLong written = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private volatile boolean stopped;
    private @Nullable NodeProcess watching;

    @Test
    void killedPrimaries_loseNothingAndInventNothing_inTheJournalsOfTheirTables() throws Exception {
        Random random = new Random(SEED);
        int kills = 0;
        ExecutorService writers = Executors.newFixedThreadPool(WRITERS);
        try (ProcessGrid grid = new ProcessGrid("TriggerKillIT", directory, null, 64)) {
            grid.startAll();
            watching = grid.launchFurther(WATCH, ProcessGrid.PARTITIONS, List.of());
            watching.awaitReady();
            create(grid);
            List<Future<?>> running = new ArrayList<>();
            for (int writer = 0; writer < WRITERS; writer++) {
                int number = writer;
                running.add(writers.submit(() -> write(grid, number)));
            }
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            while (System.nanoTime() - end < 0) {
                // The moment of the kill is what the seed chooses.
                Thread.sleep(500 + random.nextInt(2_000));
                String victim = ProcessGrid.DATACENTERS.get(random.nextInt(3));
                long before = written.get();
                grid.node(victim).kill();
                kills++;
                await().atMost(PATIENCE).until(() -> written.get() > before + 20);
                grid.start(victim);
                awaitBackups(grid);
            }
            stopped = true;
            for (Future<?> one : running) {
                one.get();
            }
            awaitEmitted(grid);
            List<Path> journals = new ArrayList<>();
            for (String datacenter : ProcessGrid.DATACENTERS) {
                if (Files.isDirectory(grid.captured(datacenter))) {
                    journals.add(grid.captured(datacenter));
                }
            }
            long changes = 0;
            long repeated = 0;
            for (String table : TABLES) {
                GridJournals found = new GridJournals(journals, new TableName("PUBLIC", table));
                assertThat(found.contradictions()).as("seed " + SEED).isEmpty();
                assertThat(found.rows()).as(table + ", seed " + SEED).isEqualTo(rows(grid, table));
                assertShadow(grid, table);
                if (table.equals("ATOMIC_ROWS")) {
                    assertNoted(grid, found);
                }
                changes += found.count();
                repeated += found.repeated().size();
            }
            System.out.printf(
                    "seed %d: %d kills in %d s; %d statements, %d refused; %d changes journalled, %d of them by two nodes%n",
                    SEED, kills, SECONDS, written.get(), refused.get(), changes, repeated);
        } finally {
            stopped = true;
            writers.shutdownNow();
            if (watching != null) {
                watching.close();
            }
        }
    }

    private static void assertShadow(ProcessGrid grid, String table) throws SQLException {
        try (Connection connection = grid.node(ProcessGrid.HOME).connect()) {
            Map<String, List<String>> rows = Tables.byKey(connection, "SELECT ID, A, N FROM " + table);
            String shadow = "SELECT ID, A, N FROM SHADOW_WATCH." + table;
            try {
                await().atMost(PATIENCE)
                        .ignoreExceptions()
                        .until(() -> Tables.byKey(connection, shadow).equals(rows));
            } catch (ConditionTimeoutException e) {
                throw new AssertionError(
                        table + ", seed " + SEED + ": " + Tables.differences(rows, Tables.byKey(connection, shadow)),
                        e);
            }
        }
    }

    private static void create(ProcessGrid grid) throws SQLException {
        try (Connection connection = grid.node(ProcessGrid.HOME).connect();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "CREATE TABLE ATOMIC_ROWS (ID BIGINT PRIMARY KEY, A VARCHAR, N BIGINT) WITH \"template=rows\"");
            statement.execute("CREATE TABLE TX_ROWS (ID BIGINT PRIMARY KEY, A VARCHAR, N BIGINT)"
                    + " WITH \"template=rows,atomicity=transactional\"");
            for (String table : TABLES) {
                for (int id = 0; id < ROWS_AT_FIRST; id++) {
                    statement.addBatch("INSERT INTO " + table + " VALUES (" + id + ", 'stood', 0)");
                }
                statement.executeBatch();
                statement.execute("CREATE TRIGGER " + table + "_CAPTURE AFTER INSERT OR UPDATE OR DELETE ON " + table
                        + " FOR EACH ROW CAPTURE");
                statement.execute("CREATE SHADOW OF ignite.PUBLIC." + table + " IN DATACENTER '" + WATCH + "'");
            }
            statement.execute("CREATE TABLE NOTES (ID BIGINT PRIMARY KEY, TRIGGER_NAME VARCHAR)"
                    + " WITH \"template=rows,cache_name=NOTES,value_type=NOTE\"");
            statement.execute("CREATE TRIGGER NOTING AFTER INSERT ON ATOMIC_ROWS FOR EACH ROW CALL '"
                    + NoteInserts.class.getName() + "'");
            assertThatThrownBy(() -> statement.execute(
                            "CREATE TRIGGER OTHER AFTER INSERT ON ATOMIC_ROWS FOR EACH ROW CALL 'java.lang.Runtime'"))
                    .hasMessageContaining("PENUMBRA-1022")
                    .hasMessageContaining("dev.penumbra.it.*");
        }
    }

    private void write(ProcessGrid grid, int number) {
        Random random = new Random(SEED * 31 + number);
        while (!stopped) {
            NodeProcess node = grid.node(ProcessGrid.DATACENTERS.get(random.nextInt(3)));
            if (!node.alive() || !node.isReady()) {
                continue;
            }
            try (Connection connection = node.connect()) {
                while (!stopped) {
                    statement(connection, random);
                    written.incrementAndGet();
                }
            } catch (SQLException e) {
                // The node is being killed, or Ignite says to try again: the tables tell what is.
                refused.incrementAndGet();
            }
        }
    }

    private static void statement(Connection connection, Random random) throws SQLException {
        String table = TABLES.get(random.nextInt(TABLES.size()));
        long key = random.nextInt(KEYS);
        String sql = switch (random.nextInt(5)) {
            case 0 -> "INSERT INTO " + table + " (A, N, ID) VALUES (?, ?, ?)";
            case 1, 2 -> "UPDATE " + table + " SET A = ?, N = ? WHERE ID = ?";
            case 3 -> "UPDATE " + table + " SET A = ?, N = N + ? WHERE ID BETWEEN ? AND ?";
            default -> "DELETE FROM " + table + " WHERE A <> ? AND N <> ? AND ID = ?";
        };
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, "a" + random.nextInt(1_000));
            statement.setLong(2, random.nextInt(1_000_000));
            statement.setLong(3, key);
            if (sql.contains("BETWEEN")) {
                statement.setLong(4, key + 20);
            }
            statement.executeUpdate();
        } catch (SQLException e) {
            if (!String.valueOf(e.getSQLState()).startsWith(CONSTRAINT)) {
                throw e;
            }
        }
    }

    /** Every partition has its backup again, so that the next kill loses no row of the tables. */
    private static void awaitBackups(ProcessGrid grid) {
        await().atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> {
            try (Connection connection = grid.node(ProcessGrid.HOME).connect()) {
                assertThat(Tables.text(connection, "SELECT COUNT(*) FROM SYS.NODES"))
                        .isEqualTo("4");
                // What a node lets go of (RENTING) does not count: clearing a partition whose rows are in use may stand
                // still
                // until the grid changes the next time (GridDhtLocalPartition.rent), and takes no row from anybody.
                assertThat(
                                Tables.rows(
                                        connection,
                                        "SELECT G.CACHE_GROUP_NAME, P.PARTITION_ID, COUNT(*) FROM SYS.PARTITION_STATES P"
                                                + " JOIN SYS.CACHE_GROUPS G ON P.CACHE_GROUP_ID = G.CACHE_GROUP_ID"
                                                + " WHERE G.CACHE_GROUP_NAME LIKE 'SQL_PUBLIC%' AND P.STATE NOT IN ('RENTING', 'EVICTED')"
                                                + " GROUP BY G.CACHE_GROUP_NAME, P.PARTITION_ID"
                                                + " HAVING COUNT(*) < 2 OR SUM(CASE WHEN P.STATE = 'OWNING' THEN 0 ELSE 1 END) > 0"))
                        .isEmpty();
            }
        });
    }

    private static void awaitEmitted(ProcessGrid grid) throws IOException {
        for (String datacenter : ProcessGrid.DATACENTERS) {
            await().atMost(PATIENCE).ignoreExceptions().until(() -> {
                try (Connection connection = grid.node(datacenter).connect()) {
                    return Tables.rows(connection, "SELECT PHASE, WAITING FROM SYS.PENUMBRA_TRIGGERS").stream()
                            .allMatch(List.of("RUNNING", "0")::equals);
                }
            });
        }
    }

    private static void assertNoted(ProcessGrid grid, GridJournals journals) throws SQLException {
        Set<String> inserted = journals.changes().stream()
                .filter(change -> change.operation() == Operation.INSERT)
                .map(change ->
                        String.valueOf(Objects.requireNonNull(change.after()).get(0)))
                .collect(Collectors.toSet());
        try (Connection connection = grid.node(ProcessGrid.HOME).connect()) {
            assertThat(Tables.byKey(connection, "SELECT ID, TRIGGER_NAME FROM NOTES")
                            .keySet())
                    .as("rows that the trigger has seen, seed " + SEED)
                    .containsExactlyInAnyOrderElementsOf(inserted);
        }
    }

    private static Map<Key, Row> rows(ProcessGrid grid, String table) throws SQLException {
        Map<Key, Row> rows = new HashMap<>();
        try (Connection connection = grid.node(ProcessGrid.HOME).connect();
                Statement statement = connection.createStatement();
                var found = statement.executeQuery("SELECT ID, A, N FROM " + table)) {
            while (found.next()) {
                rows.put(Key.of(found.getLong(1)), Row.of(found.getLong(1), found.getString(2), found.getLong(3)));
            }
        }
        return rows;
    }
}
