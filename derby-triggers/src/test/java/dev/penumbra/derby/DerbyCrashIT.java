package dev.penumbra.derby;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.JournalledTables;
import dev.penumbra.journal.JournalVerification;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The process that has the database open is killed again and again while it writes; after each restart the journal must say what the
 * recovered tables say.
 *
 * <p>{@code -Dpenumbra.crash.kills=N} sets how often, {@code -Dpenumbra.crash.seed=S} replays a series.
 */
class DerbyCrashIT {
    private static final int KILLS = Integer.getInteger("penumbra.crash.kills", 5);
    private static final long SEED = Long.getLong("penumbra.crash.seed", 1);

    @TempDir
    Path directory;

    @Test
    void killedWriters_leaveAJournalThatEqualsTheRecoveredTables() throws Exception {
        TestDatabase database = TestDatabase.in(directory);
        Random random = new Random(SEED);
        long transactions = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            String series = "seed " + SEED + " kill " + kill;
            Path output = directory.resolve("output-" + kill);
            Process process = start(database, SEED * 1000 + kill, output);
            try {
                await().atMost(Duration.ofSeconds(60))
                        .until(() -> Files.readString(output).startsWith("writing"));
                // Not waiting for anything: the moment of the kill is what the seed chooses.
                Thread.sleep(400 + random.nextInt(1500));
            } finally {
                process.destroyForcibly();
            }
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            if (kill % 3 == 2 && kill < KILLS - 1) {
                // Every third time the next writing process finds the crash; otherwise the test looks first.
                continue;
            }
            try (Connection connection = database.open()) {
                JournalledTables tables = database.settled(connection);
                for (String table : List.of("T", "U")) {
                    assertThat(tables.differences(table, DerbyTables.source(connection, tables.schema(table))))
                            .as("%s table %s", series, table)
                            .isEmpty();
                }
                tables.assertEqualsSource(connection, "T", "U");
                assertThat(tables.corrections()).as(series).isZero();
                transactions = tables.transactions();
            } finally {
                database.shutDown();
            }
            assertThat(JournalVerification.of(database.journal()).ok())
                    .as(series)
                    .isTrue();
        }
        System.out.printf("seed %d: %d kills, %d transactions%n", SEED, KILLS, transactions);
    }

    private static Process start(TestDatabase database, long seed, Path output) throws Exception {
        File options = new File(System.getProperty("penumbra.jvm.opts"));
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "@" + options,
                        "-Xmx256m",
                        "-Dderby.stream.error.file=" + output.resolveSibling("derby.log"),
                        "-Dderby.locks.waitTimeout=1",
                        "-Dpenumbra.mark.interval-millis=150",
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DerbyWritingProcess.class.getName(),
                        database.name(),
                        database.journal().toString(),
                        Long.toString(seed))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(output.toFile())
                .start();
    }
}
