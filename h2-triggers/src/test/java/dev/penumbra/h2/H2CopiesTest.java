package dev.penumbra.h2;

import static dev.penumbra.h2.TestDatabase.awaitDurable;
import static dev.penumbra.h2.TestDatabase.awaitFailure;
import static dev.penumbra.h2.TestDatabase.fillDisk;
import static dev.penumbra.h2.TestDatabase.insert;
import static dev.penumbra.h2.TestDatabase.makeRoom;
import static dev.penumbra.h2.TestDatabase.markNever;
import static dev.penumbra.h2.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.JournalledTables;
import dev.penumbra.journal.JournalVerification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.h2.tools.Restore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copies of a captured database, which all name one journal: made by SCRIPT, by BACKUP or of its file. */
class H2CopiesTest {
    @TempDir
    Path directory;

    private TestDatabase database;
    private Path script;

    @BeforeEach
    void locate() {
        database = TestDatabase.in(directory);
        TestDatabase.markOften();
        script = directory.resolve("script.sql");
    }

    @AfterEach
    void clearSettings() {
        TestDatabase.clearSettings();
    }

    private void writeScript(Connection connection) throws SQLException {
        run(connection, "SCRIPT TO '" + script + "'");
    }

    private void runScript(Connection connection) throws SQLException {
        run(connection, "RUNSCRIPT FROM '" + script + "'");
    }

    private TestDatabase copyAt(String folder) throws IOException {
        return database.at(Files.createDirectories(directory.resolve(folder)));
    }

    private static Path file(TestDatabase database) {
        return Path.of(database.url().substring("jdbc:h2:".length()) + ".mv.db");
    }

    private TestDatabase copyOfFile(String folder) throws IOException {
        TestDatabase copy = copyAt(folder);
        Files.copy(file(database), file(copy), StandardCopyOption.REPLACE_EXISTING);
        return copy;
    }

    private void restore(Path backup) throws IOException {
        Files.delete(file(database));
        Restore.execute(backup.toString(), directory.toString(), "db");
    }

    private void removeJournal() throws IOException {
        Files.move(database.journal(), directory.resolve("removed"));
    }

    private long gaps() {
        return JournalVerification.of(database.journal()).gaps();
    }

    @Test
    void aDatabaseFromAScript_isRefusedTheJournalOfTheOneThatWasScripted() throws Exception {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
            writeScript(connection);
        }
        try (Connection restored = copyAt("restored").open()) {
            runScript(restored);
            insert(restored, "T", 11, 30);
            awaitFailure(restored, "PENUMBRA-2010");
        }
        assertThat(H2Tables.of(database.journal()).rows("T")).hasSize(10);
        try (Connection connection = database.open()) {
            insert(connection, "T", 41, 50);
            database.settled(connection).assertEqualsSource(connection, "T");
        }
        assertThat(gaps()).isZero();
    }

    @Test
    void aDatabaseFromAScript_isRefusedItsJournal_alsoInMemory() throws Exception {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
            writeScript(connection);
        }
        try (Connection restored = TestDatabase.open("jdbc:h2:mem:db")) {
            runScript(restored);
            awaitFailure(restored, "PENUMBRA-2010");
        }
        assertThat(gaps()).isZero();
    }

    @Test
    void theFirstOfTwoDatabasesFromOneScript_beginsTheirJournal_andTheSecondIsRefusedIt() throws Exception {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
            writeScript(connection);
        }
        removeJournal();
        TestDatabase first = copyAt("first");
        try (Connection restored = first.open()) {
            runScript(restored);
            insert(restored, "T", 11, 20);
            database.settled(restored).assertEqualsSource(restored, "T");
        }
        try (Connection restored = copyAt("second").open()) {
            runScript(restored);
            insert(restored, "T", 21, 50);
            awaitFailure(restored, "PENUMBRA-2010");
        }
        try (Connection restored = first.open()) {
            JournalledTables tables = database.settled(restored);
            tables.assertEqualsSource(restored, "T");
            assertThat(tables.rows("T")).hasSize(20);
        }
    }

    @Test
    void changesThatWaitInAScriptedOutbox_areInTheNewJournalOnce_asRows() throws Exception {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
        }
        fillDisk();
        try (Connection connection = database.open()) {
            insert(connection, "T", 11, 20);
            run(connection, "DELETE FROM T WHERE ID = 1", "TRUNCATE TABLE PUBLIC.T", "INSERT INTO T VALUES(1, 'new')");
            writeScript(connection);
        }
        makeRoom();
        removeJournal();
        try (Connection restored = copyAt("restored").open()) {
            runScript(restored);
            insert(restored, "T", 21, 30);
            JournalledTables tables = database.settled(restored);
            tables.assertEqualsSource(restored, "T");
            assertThat(tables.rows("T")).hasSize(11);
        }
        assertThat(gaps()).isEqualTo(1);
    }

    @Test
    void aScriptThatReplacesTheCapturedTables_isBroughtAnew_onceTheDatabaseIsOpenedAgain() throws Exception {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
            run(connection, "SCRIPT DROP TO '" + script + "'");
            insert(connection, "T", 11, 20);
            run(connection, "DELETE FROM T WHERE ID = 3");
            awaitDurable(connection);
            runScript(connection);
        }
        try (Connection connection = database.open()) {
            insert(connection, "T", 21, 25);
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).hasSize(15);
        }
    }

    @Test
    void aDatabaseThatWasCompacted_keepsItsJournal() throws Exception {
        for (String way : new String[] {"COMPACT", "DEFRAG"}) {
            try (Connection connection = database.open()) {
                database.capture(connection, "T");
                run(connection, "INSERT INTO T SELECT COUNT(*), 'row' FROM T");
                database.settled(connection).assertEqualsSource(connection, "T");
                run(connection, "SHUTDOWN " + way);
            }
        }
        try (Connection connection = database.open()) {
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).hasSize(2);
        }
        assertThat(gaps()).isZero();
    }

    @Test
    void aDatabaseWithoutCapturedTables_canBeCapturedIntoAnotherJournal() throws Exception {
        Path other = directory.resolve("other");
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
            Capture.remove(connection, "T");
            Capture.install(connection, "T", other.toString());
            insert(connection, "T", 11, 20);
            assertThat(Capture.settle(connection, 20_000)).isTrue();
            H2Tables.of(other).assertEqualsSource(connection, "T");
        }
        try (Connection connection = database.open()) {
            insert(connection, "T", 21, 30);
            assertThat(Capture.settle(connection, 20_000)).isTrue();
            H2Tables.of(other).assertEqualsSource(connection, "T");
        }
        assertThat(JournalVerification.of(other).gaps()).isZero();
        assertThat(H2Tables.of(database.journal()).knows("T")).isFalse();
    }

    @Test
    void aBackupThatIsMadeWhileSessionsWrite_isBroughtAnew() throws Exception {
        Path backup = directory.resolve("backup.zip");
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong committed = new AtomicLong();
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
            CompletableFuture<?>[] writers = new CompletableFuture<?>[2];
            for (int i = 0; i < writers.length; i++) {
                int first = 1_000 * (i + 1);
                writers[i] = CompletableFuture.runAsync(() -> writeUntil(stop, first, committed));
            }
            try {
                awaitMore(committed);
                run(connection, "BACKUP TO '" + backup + "'");
                // What the backup has is not what the database has in the end.
                awaitMore(committed);
            } finally {
                stop.set(true);
                CompletableFuture.allOf(writers).join();
            }
            awaitDurable(connection);
        }
        restore(backup);
        try (Connection connection = database.open()) {
            insert(connection, "T", 11, 20);
            database.settled(connection).assertEqualsSource(connection, "T");
        }
        assertThat(gaps()).isEqualTo(1);
    }

    @Test
    void aBackupOfAnOpeningThatHasNotMarkedSince_isCorrectedWithoutAGap() throws Exception {
        Path backup = directory.resolve("backup.zip");
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
        }
        markNever();
        try (Connection connection = database.open()) {
            insert(connection, "T", 11, 20);
            database.settled(connection).assertEqualsSource(connection, "T");
            run(connection, "BACKUP TO '" + backup + "'");
            run(connection, "DELETE FROM T WHERE ID <= 3", "UPDATE T SET NAME = 'lost' WHERE ID = 15");
            insert(connection, "T", 21, 30);
            database.settled(connection).assertEqualsSource(connection, "T");
        }
        restore(backup);
        try (Connection connection = database.open()) {
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.corrections()).isEqualTo(14);
        }
        assertThat(gaps()).isZero();
    }

    /** Transactions of two statements on keys of their own. */
    private void writeUntil(AtomicBoolean stop, int first, AtomicLong committed) {
        try (Connection connection = database.open()) {
            connection.setAutoCommit(false);
            for (int i = 0; !stop.get(); i++) {
                int key = first + i % 500;
                run(
                        connection,
                        "MERGE INTO T VALUES(" + key + ", '" + i + "')",
                        "DELETE FROM T WHERE ID = " + (key - 1));
                connection.commit();
                committed.incrementAndGet();
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void awaitMore(AtomicLong committed) {
        long known = committed.get();
        await().until(() -> committed.get() > known + 10);
    }

    @Test
    void anOlderCopyOfTheFile_isBroughtAnew_andSoIsTheNewerOneThatComesBackAfterIt() throws Exception {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
        }
        TestDatabase older = copyOfFile("older");
        try (Connection connection = database.open()) {
            run(connection, "UPDATE T SET NAME = 'newer' WHERE ID <= 3", "INSERT INTO T VALUES(99, 'newer')");
            awaitDurable(connection);
        }
        try (Connection connection = older.open()) {
            run(connection, "UPDATE T SET NAME = 'older' WHERE ID = 7");
            awaitDurable(connection);
            database.settled(connection).assertEqualsSource(connection, "T");
        }
        assertThat(gaps()).isEqualTo(1);
        try (Connection connection = database.open()) {
            database.settled(connection).assertEqualsSource(connection, "T");
        }
        assertThat(gaps()).isEqualTo(2);
    }

    @Test
    void aCopyThatHadToWaitForTheJournal_losesNothingOfWhatWaited() throws Exception {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
        }
        TestDatabase copy = copyOfFile("copy");
        fillDisk();
        try (Connection connection = copy.open()) {
            insert(connection, "T", 101, 110);
        }
        makeRoom();
        markNever();
        try (Connection connection = database.open()) {
            // In the place of the copy's changes: same opening, same numbers in the outbox.
            insert(connection, "T", 201, 220);
            database.settled(connection).assertEqualsSource(connection, "T");
        }
        try (Connection connection = copy.open()) {
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).hasSize(20);
        }
        assertThat(gaps()).isEqualTo(1);
    }
}
