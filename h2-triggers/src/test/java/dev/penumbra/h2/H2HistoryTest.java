package dev.penumbra.h2;

import static dev.penumbra.h2.TestDatabase.awaitDurable;
import static dev.penumbra.h2.TestDatabase.awaitFailure;
import static dev.penumbra.h2.TestDatabase.fillDisk;
import static dev.penumbra.h2.TestDatabase.insert;
import static dev.penumbra.h2.TestDatabase.makeRoom;
import static dev.penumbra.h2.TestDatabase.run;
import static dev.penumbra.h2.TestDatabase.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.CaptureSettings;
import dev.penumbra.capture.JournalledTables;
import dev.penumbra.journal.JournalVerification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import org.h2.tools.Restore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Histories in which database and journal part: what the relay does not see happen, it must still notice. */
class H2HistoryTest {
    @TempDir
    Path directory;

    private TestDatabase database;

    @BeforeEach
    void locate() {
        database = TestDatabase.in(directory);
        TestDatabase.markOften();
    }

    @AfterEach
    void clearSettings() {
        TestDatabase.clearSettings();
    }

    private void restore(Path backup) throws IOException {
        Files.delete(directory.resolve("db.mv.db"));
        Restore.execute(backup.toString(), directory.toString(), "db");
    }

    @Test
    void aTruncateThatComesFirstAfterAnOpening_isJournalled() throws SQLException {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 100);
        }
        fillDisk();
        try (Connection connection = database.open()) {
            run(connection, "TRUNCATE TABLE T");
            makeRoom();
            database.settled(connection).assertEqualsSource(connection, "T");
        }
    }

    @Test
    void tablesThatExchangeTheirNames_exchangeTheirRows() throws SQLException {
        try (Connection connection = database.open()) {
            database.capture(connection, "T", "T_NEW");
            insert(connection, "T", 1, 100);
            insert(connection, "T_NEW", 50, 70);
            awaitDurable(connection);
            run(connection, "ALTER TABLE T RENAME TO T_OLD", "ALTER TABLE T_NEW RENAME TO T");
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T", "T_OLD");
            assertThat(tables.knows("T_NEW")).isFalse();
        }
    }

    @Test
    void rowsWrittenBetweenTwoTriggers_areJournalled_whenTheJournalWasAway() throws SQLException {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
        }
        fillDisk();
        try (Connection connection = database.open()) {
            insert(connection, "T", 500, 500);
            run(connection, "DROP TRIGGER PENUMBRA_T");
            insert(connection, "T", 11, 20);
            database.capture(connection, "T");
            makeRoom();
            database.settled(connection).assertEqualsSource(connection, "T");
        }
    }

    @Test
    void rowsWrittenBetweenTwoTriggers_areJournalled_whenTheDatabaseClosedInBetween() throws SQLException {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
            run(connection, "DROP TRIGGER PENUMBRA_T");
        }
        try (Connection connection = database.open()) {
            insert(connection, "T", 11, 20);
            database.capture(connection, "T");
            database.settled(connection).assertEqualsSource(connection, "T");
        }
    }

    @Test
    void writersAreRefused_afterPenumbrasOwnTablesWereDropped_untilTheDatabaseIsOpenedAgain() throws SQLException {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
            run(connection, "DROP ALL OBJECTS");
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            assertThatThrownBy(() -> {
                        database.capture(connection, "T");
                        insert(connection, "T", 1, 5);
                    })
                    .hasMessageContaining("open the database again");
        }
    }

    @Test
    void aDatabaseThatWasEmptied_keepsItsJournal_whichFollowsWhatIsCapturedAgain() throws SQLException {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
            run(connection, "DROP ALL OBJECTS");
        }
        try (Connection connection = database.open()) {
            database.capture(connection, "U");
            insert(connection, "U", 1, 20);
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "U");
            assertThat(tables.knows("T")).isFalse();
        }
        assertThat(JournalVerification.of(database.journal()).gaps()).isEqualTo(1);
    }

    @Test
    void aTableThatIsDroppedWhileTheOutboxIsGivenUp_endsInTheJournal() throws SQLException {
        System.setProperty(CaptureSettings.MAX_OUTBOX_ROWS, "100");
        System.setProperty(CaptureSettings.WHEN_FULL, "resync");
        try (Connection connection = database.open()) {
            database.capture(connection, "T", "U");
            insert(connection, "T", 1, 10);
            awaitDurable(connection);
        }
        fillDisk();
        try (Connection connection = database.open()) {
            run(connection, "DROP TABLE T");
            insert(connection, "U", 1, 60);
            await().until(() -> status(connection).outboxRows() == 0);
            makeRoom();
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "U");
            assertThat(tables.knows("T")).isFalse();
        }
    }

    @Test
    void aTableThatIsDroppedWhileItWaitsToBeBroughtAnew_endsInTheJournal() throws SQLException {
        try (Connection connection = database.open();
                Connection writer = database.open()) {
            database.capture(connection, "T", "U");
            insert(connection, "T", 1, 10);
            awaitDurable(connection);
            writer.setAutoCommit(false);
            run(writer, "INSERT INTO U VALUES(100, 'open')");
            run(connection, "ALTER TABLE T ALTER COLUMN NAME RENAME TO NOM");
            run(connection, "DROP TABLE T");
            writer.rollback();
            assertThat(database.settled(connection).knows("T")).isFalse();
        }
    }

    @Test
    void aDatabaseThatIsRestoredFromABackup_isBroughtAnew() throws Exception {
        Path backup = directory.resolve("backup.zip");
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
            run(connection, "BACKUP TO '" + backup + "'");
        }
        try (Connection connection = database.open()) {
            run(connection, "UPDATE T SET NAME = 'later' WHERE ID <= 5");
            awaitDurable(connection);
            run(connection, "UPDATE T SET NAME = 'last' WHERE ID = 1");
            assertThat(Capture.settle(connection, 20_000)).isTrue();
        }
        restore(backup);
        try (Connection connection = database.open()) {
            run(connection, "UPDATE T SET NAME = 'new' WHERE ID = 7");
            insert(connection, "T", 11, 20);
            database.settled(connection).assertEqualsSource(connection, "T");
        }
    }

    @Test
    void aBackupThatIsRestoredBeforeTheNextMark_isBroughtAnew() throws Exception {
        Path backup = directory.resolve("backup.zip");
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
            run(connection, "BACKUP TO '" + backup + "'");
        }
        TestDatabase.markNever();
        try (Connection connection = database.open()) {
            insert(connection, "T", 21, 30);
            assertThat(Capture.settle(connection, 20_000)).isTrue();
        }
        restore(backup);
        try (Connection connection = database.open()) {
            insert(connection, "T", 11, 20);
            database.settled(connection).assertEqualsSource(connection, "T");
        }
    }

    @Test
    void openingsThatJournalNothing_bringNothingAnew() throws SQLException {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
        }
        for (int opening = 0; opening < 3; opening++) {
            try (Connection connection = database.open()) {
                assertThat(Capture.settle(connection, 20_000)).isTrue();
            }
        }
        assertThat(JournalVerification.of(database.journal()).gaps()).isZero();
    }

    @Test
    void aJournalThatWasRemoved_isBegunAnewWithEveryRow() throws Exception {
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
        }
        Files.move(database.journal(), directory.resolve("removed"));
        try (Connection connection = database.open()) {
            insert(connection, "T", 11, 20);
            database.settled(connection).assertEqualsSource(connection, "T");
        }
    }

    @Test
    void anotherDatabaseOfTheSameName_isRefusedTheJournal() throws Exception {
        Files.createDirectories(directory.resolve("other"));
        try (Connection connection = database.open()) {
            database.captureDurably(connection, 10);
        }
        try (Connection connection = TestDatabase.open("jdbc:h2:" + directory.resolve("other/db"))) {
            database.capture(connection, "T");
            insert(connection, "T", 1, 30);
            awaitFailure(connection, "PENUMBRA-2010");
        }
        assertThat(H2Tables.of(database.journal()).rows("T")).hasSize(10);
    }

    @Test
    void aDatabaseInMemory_thatComesAgain_replacesWhatItsJournalHad() throws SQLException {
        for (int opening = 1; opening <= 2; opening++) {
            try (Connection connection = TestDatabase.open("jdbc:h2:mem:again")) {
                database.capture(connection, "T" + opening);
                insert(connection, "T" + opening, 1, 10 * opening);
                JournalledTables tables = database.settled(connection);
                tables.assertEqualsSource(connection, "T" + opening);
                assertThat(tables.knows("T" + (opening - 1))).isFalse();
            }
        }
    }
}
