package dev.penumbra.derby;

import static dev.penumbra.derby.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.capture.CaptureSettings;
import dev.penumbra.capture.JournalledTables;
import dev.penumbra.journal.JournalVerification;
import dev.penumbra.model.Key;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is not in the contract of all sources. */
class DerbyCaptureTest {
    @TempDir
    Path directory;

    private TestDatabase database;

    @BeforeEach
    void locate() {
        database = TestDatabase.in(directory);
    }

    @AfterEach
    void shutDown() {
        database.shutDown();
    }

    @Test
    void reopening_continuesTheJournal_withoutLossOrRepetition() throws SQLException {
        for (int opening = 0; opening < 3; opening++) {
            try (Connection connection = database.open()) {
                if (opening == 0) {
                    run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
                    database.capture(connection, "T");
                }
                run(
                        connection,
                        "INSERT INTO T VALUES(" + opening + ",'a')",
                        "UPDATE T SET NAME = 'opening " + opening + "'");
            }
            database.shutDown();
        }
        try (Connection connection = database.open()) {
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).hasSize(3);
            assertThat(tables.corrections()).isZero();
        }
    }

    @Test
    void aCopyThatHadToWaitForTheJournal_losesNothingOfWhatWaited() throws Exception {
        TestDatabase copy = new TestDatabase(directory.resolve("copy/db").toString(), database.journal());
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(connection, "T");
            run(connection, "INSERT INTO T VALUES(1, 'both')");
            database.settled(connection).assertEqualsSource(connection, "T");
        }
        database.shutDown();
        copyTree(Path.of(database.name()), Path.of(copy.name()));
        System.setProperty(CaptureSettings.MIN_FREE_BYTES, Long.toString(Long.MAX_VALUE));
        try (Connection connection = copy.open()) {
            run(connection, "INSERT INTO T VALUES(101, 'copy')");
        } finally {
            copy.shutDown();
            System.clearProperty(CaptureSettings.MIN_FREE_BYTES);
        }
        try (Connection connection = database.open()) {
            // In the place of the copy's change: same opening, same number in the outbox.
            run(connection, "INSERT INTO T VALUES(201, 'original')");
            database.settled(connection).assertEqualsSource(connection, "T");
        }
        database.shutDown();
        try (Connection connection = copy.open()) {
            JournalledTables tables = copy.settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).containsOnlyKeys(Key.of(1L), Key.of(101L));
        } finally {
            copy.shutDown();
        }
        assertThat(JournalVerification.of(database.journal()).gaps()).isEqualTo(1);
        // What follows every test shuts it down.
        database.open().close();
    }

    @Test
    void aBackupThatIsRestoredBeforeTheNextMark_isBroughtAnew() throws Exception {
        System.setProperty(CaptureSettings.MARK_INTERVAL_MILLIS, "10");
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(connection, "T");
            run(connection, "INSERT INTO T VALUES(1, 'a'), (2, 'b')");
            database.settled(connection).assertEqualsSource(connection, "T");
            TestDatabase.awaitDurable(connection);
        }
        database.shutDown();
        System.setProperty(CaptureSettings.MARK_INTERVAL_MILLIS, "3600000");
        try (Connection connection = database.open()) {
            run(connection, "INSERT INTO T VALUES(3, 'in the backup')");
            database.settled(connection).assertEqualsSource(connection, "T");
            TestDatabase.call(
                    connection,
                    "CALL SYSCS_UTIL.SYSCS_BACKUP_DATABASE(?)",
                    directory.resolve("backup").toString());
            run(connection, "INSERT INTO T VALUES(4, 'lost')", "DELETE FROM T WHERE ID = 1");
            database.settled(connection).assertEqualsSource(connection, "T");
        } finally {
            System.clearProperty(CaptureSettings.MARK_INTERVAL_MILLIS);
        }
        database.shutDown();
        Files.move(Path.of(database.name()), directory.resolve("replaced"));
        Files.move(directory.resolve("backup/db"), Path.of(database.name()));
        try (Connection connection = database.open()) {
            database.settled(connection).assertEqualsSource(connection, "T");
            run(connection, "INSERT INTO T VALUES(5, 'new')");
            database.settled(connection).assertEqualsSource(connection, "T");
        }
        assertThat(JournalVerification.of(database.journal()).gaps()).isEqualTo(1);
    }

    private static void copyTree(Path from, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        }
    }

    @Test
    void anAudit_findsNothingToMend() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(connection, "T");
            run(connection, "INSERT INTO T VALUES(1,'a'),(2,'b')");
            database.settled(connection);
            try (var statement = connection.createStatement();
                    var audit = statement.executeQuery("SELECT * FROM TABLE(PENUMBRA.VERIFY()) V");
                    var second = connection.createStatement();
                    var status = second.executeQuery("SELECT * FROM TABLE(PENUMBRA.STATUS()) S")) {
                assertThat(audit.next()).isTrue();
                assertThat(audit.getLong("ROW_COUNT")).isEqualTo(2);
                assertThat(audit.getLong("MISSING") + audit.getLong("EXTRA") + audit.getLong("DIFFERENT"))
                        .isZero();
                assertThat(status.next()).isTrue();
                assertThat(status.getString("COMPLETE")).isEqualTo("true");
                assertThat(status.getLong("CHANGES")).isEqualTo(2);
            }
        }
    }

    @Test
    void aCaptureThatEndsAndBeginsInOneTransaction_hasTheTableBroughtAnew() throws SQLException {
        try (Connection connection = database.open()) {
            TestDatabase.run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(connection, "T");
            database.settle(connection);
            connection.setAutoCommit(false);
            TestDatabase.call(connection, "CALL PENUMBRA.RELEASE('APP', 'T')");
            TestDatabase.run(connection, "INSERT INTO T VALUES(1, 'unseen')");
            database.capture(connection, "T");
            connection.commit();
            database.settled(connection).assertEqualsSource(connection, "T");
            connection.commit();
        }
    }
}
