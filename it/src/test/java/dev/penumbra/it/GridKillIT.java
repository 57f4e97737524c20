package dev.penumbra.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.model.Position;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The node with the journal, which also holds the home image, and a shadow's node are killed again and again while the source
 * is written to. All memory of a killed node is gone; its copies must come back by themselves, and in the end every copy must
 * be what the source is.
 *
 * <p>{@code -Dpenumbra.grid.kills=N} sets how often each of the two is killed, {@code -Dpenumbra.grid.seed=S} replays the
 * moments of a series.
 */
class GridKillIT {
    private static final int KILLS = Integer.getInteger("penumbra.grid.kills", 2);
    private static final long SEED = Long.getLong("penumbra.grid.seed", 1);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int ROWS = 2_000;
    private static final int COPIES = Source.TABLES.size() * ProcessGrid.DATACENTERS.size();

    // So small that kills fall between batches.
    private static final int BATCH_ROWS = 8;

    @TempDir
    Path directory;

    @Test
    void killedNodes_areFilledAgainAndNothingIsLostOrInvented() throws Exception {
        Random random = new Random(SEED);
        List<String> victims = new ArrayList<>();
        for (int i = 0; i < KILLS; i++) {
            victims.add(ProcessGrid.HOME);
            victims.add(ProcessGrid.US);
        }
        Collections.shuffle(victims, random);
        try (Source source = new Source(directory, ROWS);
                ProcessGrid grid = new ProcessGrid("GridKillIT", directory, source.journal(), BATCH_ROWS)) {
            grid.startAll();
            grid.awaitCopies(ProcessGrid.HOME, Source.TABLES.size(), source.settle());
            createShadows(source, grid);
            List<List<String>> spared = cachesOf(grid, ProcessGrid.EU);
            String summary;
            try (Load load = new Load(source, SEED)) {
                for (int kill = 0; kill < victims.size(); kill++) {
                    String victim = victims.get(kill);
                    // Not waiting for anything: the moment of the kill is what the seed chooses. Some fall into the
                    // filling that the kill before has caused.
                    Thread.sleep(random.nextInt(2_500));
                    long before = load.committed();
                    grid.node(victim).kill();
                    Thread.sleep(random.nextInt(1_000));
                    assertAnswers(grid, "while " + victim + " is down, seed " + SEED + " kill " + kill);
                    grid.start(victim);
                    assertThat(load.committed())
                            .as("written while %s was down, seed %d kill %d", victim, SEED, kill)
                            .isGreaterThan(before);
                }
                summary = load.toString();
            }
            Position end = source.settle();
            for (String askedOf : ProcessGrid.DATACENTERS) {
                grid.awaitCopies(askedOf, COPIES, end);
                assertEqual(source, grid, askedOf);
            }
            // It was carried on from where it stood; filling it anew would hide what the shipper forgot.
            assertThat(cachesOf(grid, ProcessGrid.EU)).isEqualTo(spared);
            System.out.printf("seed %d: kills of %s; %s; all copies at %s%n", SEED, victims, summary, end);
        }
    }

    private static void createShadows(Source source, ProcessGrid grid) throws SQLException {
        try (Connection eu = grid.node(ProcessGrid.EU).connect();
                Statement statement = eu.createStatement()) {
            for (String datacenter : List.of(ProcessGrid.EU, ProcessGrid.US)) {
                for (String table : Source.TABLES) {
                    statement.execute("CREATE SHADOW OF " + source.name() + ".PUBLIC." + table + " IN DATACENTER '"
                            + datacenter + "'");
                }
            }
        }
        grid.awaitCopies(ProcessGrid.EU, COPIES, source.settle());
    }

    private static List<List<String>> cachesOf(ProcessGrid grid, String datacenter) throws SQLException {
        try (Connection connection = grid.node(ProcessGrid.EU).connect()) {
            return Tables.rows(
                    connection,
                    "SELECT SQL_TABLE, CACHE_NAME FROM SYS.PENUMBRA_SHADOWS WHERE DATACENTER = '" + datacenter
                            + "' ORDER BY SQL_TABLE");
        }
    }

    /** The datacenter that lives is asked, and shows only what was committed. */
    private static void assertAnswers(ProcessGrid grid, String description) throws SQLException {
        try (Connection eu = grid.node(ProcessGrid.EU).connect()) {
            for (String table : Source.TABLES) {
                String query =
                        "SELECT COUNT(*) FROM SHADOW." + table + " WHERE NOTE LIKE '" + Source.ROLLED_BACK + "%'";
                // Ignite refuses a query that a change of its topology interrupts, and says to try again.
                String count = await().atMost(PATIENCE)
                        .ignoreExceptionsInstanceOf(SQLException.class)
                        .until(() -> Tables.text(eu, query), Objects::nonNull);
                assertThat(count).as(description).isEqualTo("0");
            }
        }
    }

    private static void assertEqual(Source source, ProcessGrid grid, String askedOf) throws SQLException {
        try (Connection connection = grid.node(askedOf).connect()) {
            for (String schema : List.of("HOME", "SHADOW_EU", "SHADOW_US")) {
                source.assertEqualTo(connection, schema, "seed " + SEED + ", read at " + askedOf);
            }
        }
    }
}
