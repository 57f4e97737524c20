package dev.penumbra.derby;

import static dev.penumbra.derby.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.CaptureSettings;
import dev.penumbra.capture.JournalledTables;
import dev.penumbra.journal.JournalVerification;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    void insertUpdateDeleteAndKeyUpdate_areJournalled() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(connection, "T");
            run(
                    connection,
                    "INSERT INTO T VALUES(1,'a'),(2,'b'),(3,'c')",
                    "UPDATE T SET NAME='z' WHERE ID=2",
                    "UPDATE T SET ID=30 WHERE ID=3",
                    "DELETE FROM T WHERE ID=1",
                    "UPDATE T SET ID = ID + 1");
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T"))
                    .containsOnlyKeys(Key.of(3L), Key.of(31L))
                    .containsEntry(Key.of(3L), Row.of(3L, "z"));
        }
    }

    @Test
    void whatIsRolledBack_isNeverJournalled() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(connection, "T");
            connection.setAutoCommit(false);
            run(connection, "INSERT INTO T VALUES(1,'kept')");
            Savepoint savepoint = connection.setSavepoint();
            run(connection, "INSERT INTO T VALUES(2,'undone')");
            connection.rollback(savepoint);
            assertThatThrownBy(() -> run(connection, "INSERT INTO T VALUES(5,'x'),(6,'x'),(1,'duplicate')"))
                    .isInstanceOf(SQLException.class);
            connection.commit();
            run(connection, "INSERT INTO T VALUES(7,'rolled back')");
            connection.rollback();
            JournalledTables tables = database.settled(connection);
            assertThat(tables.rows("T")).containsOnlyKeys(Key.of(1L));
            assertThat(tables.violations()).isEmpty();
        }
    }

    @Test
    void existingRows_arriveOnce_andComposeWithLaterChanges() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(A VARCHAR(10) NOT NULL, B INT NOT NULL, V INT, PRIMARY KEY(B, A))");
            try (var insert = connection.prepareStatement("INSERT INTO T VALUES(?, ?, ?)")) {
                for (int i = 1; i <= 5000; i++) {
                    insert.setString(1, "k" + i);
                    insert.setInt(2, i / 7);
                    insert.setInt(3, i);
                    insert.addBatch();
                }
                insert.executeBatch();
            }
            database.capture(connection, "T");
            run(connection, "UPDATE T SET V = V + 1 WHERE V BETWEEN 4000 AND 4500", "DELETE FROM T WHERE V > 4900");
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).hasSize(4900);
        }
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
            await().until(() -> isDurable(connection));
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

    private static boolean isDurable(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet status =
                        statement.executeQuery("SELECT DURABLE, JOURNALLED FROM TABLE(PENUMBRA.STATUS()) S")) {
            return status.next() && status.getString(1).equals(status.getString(2));
        }
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
    void cascadesAndSetNull_areJournalled() throws SQLException {
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE P(ID INT NOT NULL PRIMARY KEY)",
                    "CREATE TABLE C(ID INT NOT NULL PRIMARY KEY, P INT REFERENCES P ON DELETE CASCADE)",
                    "CREATE TABLE N(ID INT NOT NULL PRIMARY KEY, P INT REFERENCES P ON DELETE SET NULL)",
                    "CREATE TABLE G(ID INT NOT NULL PRIMARY KEY, C INT REFERENCES C ON DELETE CASCADE)");
            database.capture(connection, "P", "C", "N", "G");
            run(
                    connection,
                    "INSERT INTO P VALUES 1, 2, 3",
                    "INSERT INTO C VALUES (1, 1), (2, 1), (3, 2)",
                    "INSERT INTO N VALUES (1, 1), (2, 2), (3, NULL)",
                    "INSERT INTO G VALUES (1, 1), (2, 3)",
                    "DELETE FROM P WHERE ID < 3");
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "P", "C", "N", "G");
            assertThat(tables.rows("C")).isEmpty();
            assertThat(tables.rows("G")).isEmpty();
            assertThat(tables.rows("N")).hasSize(3).containsValue(Row.of(1, null));
        }
    }

    @Test
    void extremeValuesOfEveryType_arriveAsTheyWere() throws SQLException {
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE T(ID INT NOT NULL PRIMARY KEY, B BOOLEAN, S SMALLINT, I INTEGER, L BIGINT, R REAL, D DOUBLE,"
                            + " N DECIMAL(31, 5), C CHAR(5), V VARCHAR(100), LV LONG VARCHAR, CL CLOB(100000),"
                            + " CB CHAR(4) FOR BIT DATA, VB VARCHAR(100) FOR BIT DATA, LVB LONG VARCHAR FOR BIT DATA,"
                            + " BL BLOB(100000), DT DATE, TM TIME, TS TIMESTAMP)");
            database.capture(connection, "T");
            run(
                    connection,
                    "INSERT INTO T(ID) VALUES 0",
                    "INSERT INTO T VALUES(1, TRUE, -32768, -2147483648, -9223372036854775808, -3.402E+38, 1.79769E+308,"
                            + " -99999999999999999999999999.99999, 'a', '\u00e4\ud83d\ude00', 'long', CAST('clob' AS CLOB),"
                            + " X'01', X'00FF', X'', CAST(X'CAFE' AS BLOB), '0001-01-01', '00:00:00', '0001-01-01 00:00:00')",
                    "INSERT INTO T VALUES(2, FALSE, 32767, 2147483647, 9223372036854775807, 1.17549E-37, -2.225E-307, 0.00001, '',"
                            + " '', '', CAST('' AS CLOB), X'FFFFFFFF', X'', X'01', CAST(X'' AS BLOB), '9999-12-31', '23:59:59',"
                            + " '9999-12-31 23:59:59.123456789')",
                    // Hours that many zones skip, and days that the calendar skipped in 1582.
                    "INSERT INTO T(ID, DT, TS) VALUES(3, '1582-10-10', '2026-03-29 02:30:00.5'), (4, '1900-02-28', '1969-12-31 23:59:59.999999999')");
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(textsOfTimes(connection)).isEqualTo(textsOfTimes(tables.rows("T")));
        }
    }

    @Test
    void alteringATable_bringsItAnewInItsNewLayout() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(connection, "T");
            run(
                    connection,
                    "INSERT INTO T VALUES(1,'a')",
                    "ALTER TABLE T ADD COLUMN EXTRA INT DEFAULT 7 NOT NULL",
                    "INSERT INTO T VALUES(2,'b',8)");
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).containsEntry(Key.of(1L), Row.of(1L, "a", 7));
            run(connection, "ALTER TABLE T DROP COLUMN NAME");
            tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T");
            run(connection, "INSERT INTO T VALUES(3, 9)", "UPDATE T SET EXTRA = EXTRA + 1");
            database.settled(connection).assertEqualsSource(connection, "T");
        }
    }

    @Test
    void droppingAndRecapturing_areFollowed() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(connection, "T");
            run(connection, "INSERT INTO T VALUES(1,'a')");
            database.settled(connection).assertEqualsSource(connection, "T");
            TestDatabase.call(connection, "CALL PENUMBRA.RELEASE('APP', ?)", "T");
            run(connection, "INSERT INTO T VALUES(3,'unseen')");
            assertThat(database.settled(connection).knows("T")).isFalse();
            database.capture(connection, "T");
            database.settled(connection).assertEqualsSource(connection, "T");
            run(connection, "DROP TABLE T");
            assertThat(database.settled(connection).knows("T")).isFalse();
        }
    }

    @Test
    void aTransactionThatIsOpen_isNotShown_andKeepsNothingElseBack() throws SQLException {
        try (Connection connection = database.open();
                Connection other = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(connection, "T");
            database.settled(connection);
            other.setAutoCommit(false);
            run(other, "INSERT INTO T VALUES(1,'open')");
            run(connection, "INSERT INTO T VALUES(2,'committed')");
            assertThat(database.settled(connection).rows("T")).containsOnlyKeys(Key.of(2L));
            other.commit();
            database.settled(connection).assertEqualsSource(connection, "T");
        }
    }

    @Test
    void whatCannotBeCaptured_isRefusedWithAReason() throws SQLException {
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE K(ID INT)",
                    "CREATE TABLE X(ID INT PRIMARY KEY, X XML)",
                    "CREATE TABLE B(ID INT PRIMARY KEY, B BLOB)");
            assertThatThrownBy(() -> database.capture(connection, "NONE")).hasMessageContaining("PENUMBRA-1003");
            assertThatThrownBy(() -> database.capture(connection, "K")).hasMessageContaining("PENUMBRA-1004");
            assertThatThrownBy(() -> database.capture(connection, "X")).hasMessageContaining("PENUMBRA-1005");
            assertThatThrownBy(() -> database.capture(connection, "B")).hasMessageContaining("PENUMBRA-1006");
            assertThatThrownBy(() -> TestDatabase.call(connection, "CALL PENUMBRA.RELEASE('APP', ?)", "K"))
                    .hasMessageContaining("PENUMBRA-1008");
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

    /** What Derby itself writes for its dates and times, which no calendar of Java has touched. */
    private static List<List<@Nullable String>> textsOfTimes(Connection connection) throws SQLException {
        List<List<@Nullable String>> texts = new ArrayList<>();
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(
                        "SELECT CHAR(DT), CHAR(TM), CAST(TS AS VARCHAR(40)) FROM T ORDER BY ID")) {
            while (rows.next()) {
                texts.add(Arrays.asList(rows.getString(1), rows.getString(2), rows.getString(3)));
            }
        }
        return texts;
    }

    private static List<List<@Nullable String>> textsOfTimes(Map<Key, Row> rows) {
        DateTimeFormatter timestamps = new DateTimeFormatterBuilder()
                .appendPattern("uuuu-MM-dd HH:mm:ss")
                .appendFraction(ChronoField.NANO_OF_SECOND, 1, 9, true)
                .toFormatter(Locale.ROOT);
        List<List<@Nullable String>> texts = new ArrayList<>();
        for (int id = 0; id < rows.size(); id++) {
            Row row = rows.get(Key.of(id));
            texts.add(Arrays.asList(
                    row.get(16) == null ? null : row.get(16).toString(),
                    row.get(17) == null ? null : ((LocalTime) row.get(17)).format(DateTimeFormatter.ISO_LOCAL_TIME),
                    row.get(18) == null ? null : ((LocalDateTime) row.get(18)).format(timestamps)));
        }
        return texts;
    }
}
