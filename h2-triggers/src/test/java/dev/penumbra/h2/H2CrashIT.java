package dev.penumbra.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.JournalledTables;
import dev.penumbra.journal.JournalVerification;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The process that has the database open is killed again and again while it writes; after each restart the journal must say what the
 * recovered tables say.
 *
 * <p>{@code -Dpenumbra.crash.kills=N} sets how often each case kills, {@code -Dpenumbra.crash.seed=S} replays a series.
 */
class H2CrashIT {
    private static final int KILLS = Integer.getInteger("penumbra.crash.kills", 4);
    private static final long SEED = Long.getLong("penumbra.crash.seed", 1);

    @TempDir
    Path directory;

    @ParameterizedTest(name = "WRITE_DELAY {0}")
    @ValueSource(ints = {500, 0})
    void killedWriters_leaveAJournalThatEqualsTheRecoveredTables(int writeDelay) throws Exception {
        long corrections = kill(KILLS, url() + ";WRITE_DELAY=" + writeDelay, null);
        if (writeDelay > 0) {
            assertThat(corrections).as("something was lost and corrected").isPositive();
        }
    }

    @Test
    void killedWritersOfAnEncryptedDatabase_doSoToo_andNothingTellsItsPassword() throws Exception {
        Path log = directory.resolve("log");
        kill(Math.max(1, KILLS / 5), url() + TestDatabase.ENCRYPTED, log);
        assertThat(log).exists();
        assertThat(TestDatabase.filesWith(directory, TestDatabase.FILE_PASSWORD))
                .isEmpty();
    }

    private String url() {
        return TestDatabase.in(directory).url() + ";LOCK_TIMEOUT=300";
    }

    /** Returns how much the recoveries had to correct. */
    private long kill(int kills, String url, @Nullable Path log) throws Exception {
        Path journal = directory.resolve("journal");
        Random random = new Random(SEED);
        long corrections = 0;
        long transactions = 0;
        for (int kill = 0; kill < kills; kill++) {
            String series = "seed " + SEED + " kill " + kill;
            Path output = directory.resolve("output-" + kill);
            Process process = WritingProcess.start(url, journal, SEED * 1000 + kill, output, log);
            try {
                await().atMost(Duration.ofSeconds(60))
                        .until(() -> Files.readString(output).startsWith("writing"));
                // Not waiting for anything: the moment of the kill is what the seed chooses.
                Thread.sleep(400 + random.nextInt(1500));
            } finally {
                process.destroyForcibly();
            }
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            if (kill % 3 == 2 && kill + 1 < kills) {
                // Every third time the next writing process finds the crash; otherwise the test looks first.
                continue;
            }
            try (Connection connection = TestDatabase.open(url)) {
                assertThat(Capture.settle(connection, 60_000)).as(series).isTrue();
                JournalledTables tables = H2Tables.of(journal);
                assertThat(tables.violations()).as(series).isEmpty();
                assertThat(tables.lostBySource()).as(series).isEmpty();
                for (String table : List.of("T", "U")) {
                    assertThat(tables.differences(table, H2Tables.source(connection, tables.schema(table))))
                            .as("%s table %s", series, table)
                            .isEmpty();
                }
                corrections = tables.corrections();
                transactions = tables.transactions();
            }
            assertThat(JournalVerification.of(journal).ok()).as(series).isTrue();
        }
        System.out.printf(
                "seed %d, %s: %d kills, %d transactions, %d corrections%n",
                SEED, url.substring(url.indexOf(';')), kills, transactions, corrections);
        return corrections;
    }
}
