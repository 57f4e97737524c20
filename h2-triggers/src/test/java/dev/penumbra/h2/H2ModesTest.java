package dev.penumbra.h2;

import static dev.penumbra.h2.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.CaptureSettings;
import dev.penumbra.capture.JournalledTables;
import dev.penumbra.journal.DualJournal;
import dev.penumbra.journal.JournalConfiguration;
import dev.penumbra.journal.JournalVerification;
import dev.penumbra.model.Key;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.tools.Server;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class H2ModesTest {
    @TempDir
    Path directory;

    private TestDatabase database;
    private Path journal;

    @BeforeEach
    void locate() {
        database = TestDatabase.in(directory);
        journal = database.journal();
    }

    @AfterEach
    void clearSettings() {
        TestDatabase.clearSettings();
    }

    @Test
    void aServedDatabase_isCapturedThroughAliases() throws SQLException {
        Server server = Server.createTcpServer("-tcpPort", "0", "-ifNotExists", "-baseDir", directory.toString())
                .start();
        try (Connection connection = TestDatabase.open("jdbc:h2:tcp://localhost:" + server.getPort() + "/./served")) {
            run(
                    connection,
                    "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))",
                    "CREATE ALIAS PENUMBRA_CAPTURE FOR 'dev.penumbra.h2.Capture.install'",
                    "CREATE ALIAS PENUMBRA_SETTLE FOR 'dev.penumbra.h2.Capture.settle'",
                    "CREATE ALIAS PENUMBRA_STATUS FOR 'dev.penumbra.h2.Capture.status'",
                    "CREATE ALIAS PENUMBRA_VERIFY FOR 'dev.penumbra.h2.Capture.verify'",
                    "CALL PENUMBRA_CAPTURE('PUBLIC.T', '" + journal + "')",
                    "INSERT INTO T VALUES(1,'a'),(2,'b')");
            try (ResultSet settled = connection.createStatement().executeQuery("CALL PENUMBRA_SETTLE(20000)")) {
                settled.next();
                assertThat(settled.getBoolean(1)).isTrue();
            }
            try (ResultSet status = connection.createStatement().executeQuery("SELECT * FROM PENUMBRA_STATUS()")) {
                assertThat(status.next()).isTrue();
                assertThat(status.getString("TABLE_NAME")).isEqualTo("T");
                assertThat(status.getString("COMPLETE")).isEqualTo("true");
                assertThat(status.getString("FAILURE")).isNull();
            }
            try (ResultSet audit = connection.createStatement().executeQuery("SELECT * FROM PENUMBRA_VERIFY()")) {
                assertThat(audit.next()).isTrue();
                assertThat(audit.getLong("ROW_COUNT")).isEqualTo(2);
                assertThat(audit.getLong("MISSING") + audit.getLong("EXTRA") + audit.getLong("DIFFERENT"))
                        .isZero();
            }
            assertThat(H2Tables.of(journal).rows("T")).containsOnlyKeys(Key.of(1L), Key.of(2L));
            assertThatThrownBy(() -> Capture.install(connection, "T", journal.toString()))
                    .isInstanceOf(SQLException.class);
        } finally {
            server.stop();
        }
    }

    @Test
    void aRelayThatCannotWork_letsTheOutboxGrow_andAtItsLimitTheWriterIsToldWhy() throws SQLException {
        System.setProperty(CaptureSettings.MAX_OUTBOX_ROWS, "50");
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            try (DualJournal other = DualJournal.open(
                    journal, "other", JournalConfiguration.DEFAULT.withMinFreeBytes(0), Clock.systemUTC())) {
                assertThat(other.futures()).isEmpty();
                Capture.install(connection, "T", journal.toString());
                for (int i = 0; i < 50; i++) {
                    run(connection, "INSERT INTO T VALUES(" + i + ",'waits')");
                }
                await().untilAsserted(() -> assertThatThrownBy(() -> run(connection, "INSERT INTO T VALUES(50,'no')"))
                        .hasMessageContaining("PENUMBRA-2005")
                        .hasMessageContaining("PENUMBRA-2003"));
                try (ResultSet status = Capture.status(connection)) {
                    assertThat(status.next()).isTrue();
                    assertThat(status.getString("TABLE_NAME")).isEqualTo("T");
                    assertThat(status.getString("COMPLETE")).isEqualTo("false");
                    assertThat(status.getString("FAILURE")).contains("PENUMBRA-2003");
                }
            }
        }
    }

    @Test
    void aFullDisk_whereResyncIsConfigured_costsAGap_andEveryTableIsBroughtAnew() throws SQLException {
        System.setProperty(CaptureSettings.MAX_OUTBOX_ROWS, "200");
        System.setProperty(CaptureSettings.WHEN_FULL, "resync");
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))",
                    "INSERT INTO T VALUES(0,'first')");
            Capture.install(connection, "T", journal.toString());
            assertThat(Capture.settle(connection, 20_000)).isTrue();
        }
        System.setProperty(CaptureSettings.MIN_FREE_BYTES, Long.toString(Long.MAX_VALUE));
        try (Connection connection = database.open()) {
            for (int i = 1; i <= 1_000; i++) {
                runOnceThereIsRoom(connection, "INSERT INTO T VALUES(" + i + ",'while it is full')");
            }
            runOnceThereIsRoom(connection, "DELETE FROM T WHERE MOD(ID, 50) = 0");
            assertThat(H2Tables.of(journal).rows("T")).hasSize(1);
            System.setProperty(CaptureSettings.MIN_FREE_BYTES, "1");
            assertThat(Capture.settle(connection, 20_000)).isTrue();
            JournalledTables tables = H2Tables.of(journal);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.events().get(tables.events().size() - 1)).contains("SNAPSHOT_END");
        }
        assertThat(JournalVerification.of(journal).gaps()).isEqualTo(1);
    }

    /** The relay gives up what waits in its own time; until it has, a writer may be refused. */
    private static void runOnceThereIsRoom(Connection connection, String sql) {
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .ignoreExceptions()
                .until(() -> {
                    run(connection, sql);
                    return true;
                });
    }

    @Test
    void aDatabaseThatClosesWithoutATriggerLeft_letsTheJournalGo() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY)");
            Capture.install(connection, "T", journal.toString());
            assertThat(Capture.settle(connection, 20_000)).isTrue();
            Capture.remove(connection, "T");
        }
        await().ignoreExceptions().until(() -> {
            try (FileChannel lock = FileChannel.open(journal.resolve("writer.lock"), StandardOpenOption.WRITE)) {
                return lock.tryLock() != null;
            }
        });
        assertThat(H2Tables.of(journal).knows("T")).isFalse();
    }

    @Test
    void aPreparedTransaction_isJournalledWhenItIsCommitted_andNotBefore() throws SQLException {
        try (Connection connection = database.open();
                Connection other = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            Capture.install(connection, "T", journal.toString());
            assertThat(Capture.settle(connection, 20_000)).isTrue();
            other.setAutoCommit(false);
            run(other, "INSERT INTO T VALUES(1,'prepared')", "PREPARE COMMIT TX1");
            run(connection, "INSERT INTO T VALUES(2,'meanwhile')");
            assertThat(Capture.settle(connection, 20_000)).isTrue();
            assertThat(H2Tables.of(journal).rows("T")).containsOnlyKeys(Key.of(2L));
            run(other, "COMMIT TRANSACTION TX1");
            await().untilAsserted(
                            () -> assertThat(H2Tables.of(journal).rows("T")).containsOnlyKeys(Key.of(1L), Key.of(2L)));
        }
    }

    @Test
    void aJournalDirectoryInTheWay_isRefused_andAnotherDirectoryToo() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "in the way");
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY)", "CREATE TABLE U(ID BIGINT PRIMARY KEY)");
            assertThatThrownBy(() -> Capture.install(
                            connection, "T", file.resolve("journal").toString()))
                    .hasMessageContaining("PENUMBRA-2001");
            Capture.install(connection, "T", journal.toString());
            assertThatThrownBy(() -> Capture.install(
                            connection, "U", directory.resolve("second").toString()))
                    .hasMessageContaining("PENUMBRA-1015")
                    .hasMessageContaining(journal.toString());
        }
    }

    @Test
    void anInMemoryDatabaseWithoutAJournalDirectory_isToldSo() throws SQLException {
        try (Connection connection = TestDatabase.open("jdbc:h2:mem:")) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY)");
            assertThatThrownBy(() -> run(
                            connection,
                            "CREATE TRIGGER X AFTER INSERT, UPDATE, DELETE ON T FOR EACH ROW"
                                    + " CALL \"dev.penumbra.h2.ChangeTrigger\"",
                            "INSERT INTO T VALUES(1)"))
                    .hasMessageContaining("PENUMBRA-1014")
                    .hasMessageContaining("penumbra.journal");
        }
    }

    @Test
    void anOpeningThatFailsBehindTheTriggers_leavesNothingBehind() throws SQLException {
        try (Connection connection = database.open()) {
            database.capture(connection, "T");
            run(connection, "CREATE TABLE GONE(ID INT)", "CREATE ROLE READER", "GRANT SELECT ON GONE TO READER");
            SessionLocal session = TestDatabase.session(connection);
            Database opened = session.getDatabase();
            int table =
                    opened.getSchema("PUBLIC").getTableOrView(session, "GONE").getId();
            session.lock();
            opened.lockMeta(session);
            opened.removeMeta(session, table);
            session.commit(true);
            session.unlock();
        }
        assertThatThrownBy(database::open).hasMessageContaining("GONE");
        await().until(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("penumbra-")));
    }
}
