package dev.penumbra.h2;

import static dev.penumbra.h2.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.JournalledTables;
import dev.penumbra.journal.JournalVerification;
import dev.penumbra.model.Key;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.h2.engine.SessionRemote;
import org.h2.jdbc.JdbcConnection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A captured database that one process serves to another (AUTO_SERVER=TRUE), which takes it over when the first one ends. */
class H2AutoServerIT {
    private static final int WRITERS = 2;
    private static final int ACKNOWLEDGED = 100;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private final Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean stop = new AtomicBoolean();

    @Test
    void theDatabaseOfAKilledServer_goesOnInItsClient_withEveryCommit() throws Exception {
        takeOver(Process::destroyForcibly);
    }

    @Test
    void theDatabaseOfAServerThatExits_goesOnInItsClient_withEveryCommit() throws Exception {
        takeOver(Process::destroy);
    }

    private void takeOver(Consumer<Process> end) throws Exception {
        // So that an acknowledged commit is in the file and a kill may take none back.
        String url = TestDatabase.in(directory).url() + ";AUTO_SERVER=TRUE;WRITE_DELAY=0;LOCK_TIMEOUT=300";
        Path journal = directory.resolve("journal");
        Path output = directory.resolve("output");
        Process server = WritingProcess.start(url, journal, 1, output, directory.resolve("log"));
        List<CompletableFuture<Void>> writers = new ArrayList<>();
        try {
            await().atMost(PATIENCE).until(() -> Files.readString(output).startsWith("writing"));
            try (Connection client = TestDatabase.open(url)) {
                assertThat(((JdbcConnection) client).getSession()).isInstanceOf(SessionRemote.class);
                run(
                        client,
                        "CREATE TABLE V(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))",
                        "CREATE ALIAS PENUMBRA_CAPTURE FOR 'dev.penumbra.h2.Capture.install'",
                        "CALL PENUMBRA_CAPTURE('V', '" + journal + "')");
            }
            for (int i = 0; i < WRITERS; i++) {
                int first = i;
                writers.add(CompletableFuture.runAsync(() -> write(url, first)));
            }
            awaitAcknowledged(ACKNOWLEDGED);
            end.accept(server);
            assertThat(server.waitFor(20, TimeUnit.SECONDS)).isTrue();
            awaitAcknowledged(acknowledged.size() + ACKNOWLEDGED);
        } finally {
            server.destroyForcibly();
            stop.set(true);
            writers.forEach(CompletableFuture::join);
        }
        try (Connection owner = TestDatabase.open(url)) {
            assertThat(TestDatabase.session(owner).getDatabase().isClosing()).isFalse();
            assertThat(Capture.settle(owner, PATIENCE.toMillis())).isTrue();
            JournalledTables tables = H2Tables.of(journal);
            tables.assertEqualsSource(owner, "T", "U", "V");
            assertThat(tables.rows("V").keySet())
                    .containsAll(acknowledged.stream().map(Key::of).toList());
        }
        assertThat(JournalVerification.of(journal).ok())
                .as("whole, without a gap")
                .isTrue();
    }

    private void awaitAcknowledged(int count) {
        await().atMost(PATIENCE).until(() -> acknowledged.size() >= count);
    }

    /** Inserts key after key, each in a transaction of its own, and notes those that it was told are committed. */
    private void write(String url, int first) {
        long key = first;
        while (!stop.get()) {
            try (Connection connection = TestDatabase.open(url)) {
                while (!stop.get()) {
                    key += WRITERS;
                    run(connection, "INSERT INTO V VALUES(" + key + ", 'acknowledged')");
                    acknowledged.add(key);
                }
            } catch (SQLException e) {
                // Of the key that failed nobody knows; the next connection goes on behind it.
                Thread.onSpinWait();
            }
        }
    }
}
