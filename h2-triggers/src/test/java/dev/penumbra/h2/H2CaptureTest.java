package dev.penumbra.h2;

import static dev.penumbra.h2.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.capture.JournalledTables;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class H2CaptureTest {
    private static final long SETTLE_MILLIS = 20_000;

    @TempDir
    Path directory;

    private TestDatabase database;
    private Path journal;

    @BeforeEach
    void locate() {
        database = TestDatabase.in(directory);
        journal = database.journal();
    }

    private void capture(Connection connection, String table) throws SQLException {
        Capture.install(connection, table, journal.toString());
    }

    private JournalledTables settled(Connection connection) throws SQLException {
        assertThat(Capture.settle(connection, SETTLE_MILLIS)).as("settles").isTrue();
        return H2Tables.of(journal);
    }

    @Test
    void insertUpdateDeleteAndKeyUpdate_areJournalled() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            capture(connection, "T");
            run(
                    connection,
                    "INSERT INTO T VALUES(1,'a'),(2,'b'),(3,'c')",
                    "UPDATE T SET NAME='z' WHERE ID=2",
                    "UPDATE T SET ID=30 WHERE ID=3",
                    "DELETE FROM T WHERE ID=1",
                    "MERGE INTO T KEY(ID) VALUES(2,'merged'),(5,'new')");
            JournalledTables tables = settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T"))
                    .containsOnlyKeys(Key.of(2L), Key.of(30L), Key.of(5L))
                    .containsEntry(Key.of(2L), Row.of(2L, "merged"));
        }
    }

    @Test
    void existingRowsOfATableWhoseIndexHasEveryColumn_areCopied() throws SQLException {
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE T(ID VARCHAR(20) PRIMARY KEY, NAME VARCHAR(20))",
                    "CREATE INDEX BY_NAME ON T(NAME DESC, ID)",
                    "INSERT INTO T SELECT 'k' || MOD(7919 * X, 5003), 'n' || MOD(X, 7) FROM SYSTEM_RANGE(1, 5000)");
            capture(connection, "T");
            settled(connection).assertEqualsSource(connection, "T");
        }
    }

    @Test
    void whatIsRolledBack_isNeverJournalled() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            capture(connection, "PUBLIC.T");
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
            JournalledTables tables = settled(connection);
            assertThat(tables.rows("T")).containsOnlyKeys(Key.of(1L));
            assertThat(tables.violations()).isEmpty();
        }
    }

    @Test
    void existingRows_arriveOnce_andComposeWithLaterChanges() throws SQLException {
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE T(A VARCHAR(10), B INT, V INT, PRIMARY KEY(B, A))",
                    "INSERT INTO T SELECT 'k' || X, X, X FROM SYSTEM_RANGE(1, 5000)");
            capture(connection, "T");
            run(connection, "UPDATE T SET V = V + 1 WHERE B BETWEEN 4000 AND 4500", "DELETE FROM T WHERE B > 4900");
            JournalledTables tables = settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).hasSize(4900);
        }
    }

    @Test
    void truncate_isJournalled_betweenTheChangesAroundIt() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            capture(connection, "T");
            run(
                    connection,
                    "INSERT INTO T VALUES(1,'a'),(2,'b')",
                    "TRUNCATE TABLE T",
                    "INSERT INTO T VALUES(2,'c'),(3,'d')");
            JournalledTables tables = settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).containsOnlyKeys(Key.of(2L), Key.of(3L));
            run(connection, "TRUNCATE TABLE T");
            assertThat(settled(connection).rows("T")).isEmpty();
        }
    }

    @Test
    void alteringATable_bringsItAnewInItsNewLayout() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            capture(connection, "T");
            run(
                    connection,
                    "INSERT INTO T VALUES(1,'a')",
                    "ALTER TABLE T ADD COLUMN EXTRA INT DEFAULT 7 NOT NULL",
                    "INSERT INTO T VALUES(2,'b',8)");
            JournalledTables tables = settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).containsEntry(Key.of(1L), Row.of(1L, "a", 7));
            run(connection, "ALTER TABLE T ALTER COLUMN NAME RENAME TO TITLE", "ALTER TABLE T DROP COLUMN EXTRA");
            tables = settled(connection);
            tables.assertEqualsSource(connection, "T");
            run(connection, "TRUNCATE TABLE T", "INSERT INTO T VALUES(9,'after')");
            tables = settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).containsOnlyKeys(Key.of(9L));
        }
    }

    @Test
    void renamingDroppingAndRecapturing_areFollowed() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            capture(connection, "T");
            run(connection, "INSERT INTO T VALUES(1,'a')");
            settled(connection);
            run(connection, "ALTER TABLE T RENAME TO U", "INSERT INTO U VALUES(2,'b')");
            JournalledTables tables = settled(connection);
            tables.assertEqualsSource(connection, "U");
            assertThat(tables.knows("T")).isFalse();

            Capture.remove(connection, "U");
            run(connection, "INSERT INTO U VALUES(3,'unseen')");
            assertThat(settled(connection).knows("U")).isFalse();
            capture(connection, "U");
            settled(connection).assertEqualsSource(connection, "U");

            run(connection, "DROP TABLE U");
            assertThat(settled(connection).knows("U")).isFalse();
            run(connection, "CREATE TABLE U(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))", "INSERT INTO U VALUES(8,'new')");
            capture(connection, "U");
            tables = settled(connection);
            tables.assertEqualsSource(connection, "U");
            assertThat(tables.rows("U")).containsOnlyKeys(Key.of(8L));
        }
    }

    @Test
    void reopening_continuesTheJournal_withoutLossOrRepetition() throws SQLException {
        for (int opening = 0; opening < 3; opening++) {
            try (Connection connection = database.open()) {
                if (opening == 0) {
                    run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
                    capture(connection, "T");
                }
                run(
                        connection,
                        "INSERT INTO T VALUES(" + opening + ",'a')",
                        "UPDATE T SET NAME = 'opening " + opening + "'");
            }
        }
        try (Connection connection = database.open()) {
            JournalledTables tables = settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).hasSize(3);
            assertThat(tables.corrections()).isZero();
        }
    }

    @Test
    void closingTheLastConnection_leavesTheFileFree_andNothingInTheOutbox() throws Exception {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            capture(connection, "T");
            run(connection, "INSERT INTO T VALUES(1,'a')");
        }
        Files.move(directory.resolve("db.mv.db"), directory.resolve("moved.mv.db"));
        assertThat(H2Tables.of(journal).rows("T")).containsOnlyKeys(Key.of(1L));
    }

    @Test
    void inMemoryDatabases_areCaptured_untilTheyClose() throws SQLException {
        database = new TestDatabase("jdbc:h2:mem:", journal);
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            capture(connection, "T");
            run(connection, "INSERT INTO T VALUES(1,'a')");
        }
        assertThat(H2Tables.of(journal).rows("T")).containsOnlyKeys(Key.of(1L));
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))", "INSERT INTO T VALUES(2,'b')");
            capture(connection, "T");
            JournalledTables tables = settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).containsOnlyKeys(Key.of(2L));
        }
    }

    @Test
    void aTriggerInPlainSql_capturesBesideTheDatabaseFile() throws SQLException {
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))",
                    "CREATE TRIGGER T_SHADOW AFTER INSERT, UPDATE, DELETE ON T FOR EACH ROW"
                            + " CALL \"dev.penumbra.h2.ChangeTrigger\"",
                    "INSERT INTO T VALUES(1,'a')");
            journal = Path.of(directory.resolve("db") + ".journal");
            settled(connection).assertEqualsSource(connection, "T");
        }
    }

    @Test
    void everyType_keepsItsExtremes() throws SQLException {
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE T(ID UUID PRIMARY KEY, A BOOLEAN, B TINYINT, C SMALLINT, D INT, E BIGINT, F REAL,"
                            + " G DOUBLE PRECISION, H DECFLOAT(34), I DECIMAL(38, 10), J CHAR(5), K VARCHAR(100),"
                            + " L VARCHAR_IGNORECASE(10), M CLOB(10000), N BINARY(3), O VARBINARY(10), P BLOB(10000),"
                            + " Q DATE, R TIME(9), S TIME(9) WITH TIME ZONE, U TIMESTAMP(9),"
                            + " V TIMESTAMP(9) WITH TIME ZONE, W INTERVAL DAY(18) TO SECOND(9),"
                            + " X INTERVAL YEAR TO MONTH, Y JSON, Z ENUM('red', 'green'), AA INTEGER ARRAY[5],"
                            + " BB INTERVAL SECOND(18, 9))");
            capture(connection, "T");
            run(
                    connection,
                    "INSERT INTO T(ID) VALUES(RANDOM_UUID())",
                    "INSERT INTO T VALUES(RANDOM_UUID(), TRUE, -128, -32768, -2147483648, -9223372036854775808,"
                            + " 'Infinity', 'NaN', '-Infinity', 1234567890123456789012345678.0123456789, 'ab',"
                            + " 'ünï\u0001😀', 'MiXed', REPEAT('clob ', 1000), X'010203', X'', X'00FF',"
                            + " DATE '-5000-02-28', TIME '23:59:59.999999999', TIME '23:59:59.999999999-18:00',"
                            + " TIMESTAMP '2024-03-31 02:30:00.000000001',"
                            + " TIMESTAMP '1582-10-10 00:00:00.123456789+18:00',"
                            + " INTERVAL '-999999999999999999 23:59:59.999999999' DAY TO SECOND,"
                            + " INTERVAL '99-11' YEAR TO MONTH, JSON '{\"a\": [1, null, \"x\"]}', 'green',"
                            + " ARRAY[1, NULL, -7], INTERVAL '5.000000001' SECOND)",
                    "UPDATE T SET K = 'changed', P = X'' WHERE A");
            JournalledTables tables = settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T").values()).anySatisfy(row -> {
                assertThat(row.get(16)).isEqualTo(Bytes.of());
                assertThat(row.get(20)).hasToString("2024-03-31T02:30:00.000000001");
            });
        }
    }

    @Test
    void tablesThatCannotBeCaptured_areRefusedByName_andNothingChanges() throws SQLException {
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE NO_KEY(ID BIGINT)",
                    "CREATE TABLE NULLABLE_UNIQUE(ID BIGINT UNIQUE)",
                    "CREATE TABLE GEO(ID BIGINT PRIMARY KEY, G GEOMETRY)",
                    "CREATE TABLE BIG(ID BIGINT PRIMARY KEY, C CLOB)",
                    "CREATE TABLE \"mixed.Case\"(ID BIGINT NOT NULL UNIQUE)");
            assertThatThrownBy(() -> capture(connection, "NONE")).hasMessageContaining("PENUMBRA-1003");
            assertThatThrownBy(() -> capture(connection, "NO_KEY"))
                    .hasMessageContaining("PENUMBRA-1004")
                    .hasMessageContaining("PUBLIC.NO_KEY");
            assertThatThrownBy(() -> capture(connection, "NULLABLE_UNIQUE")).hasMessageContaining("PENUMBRA-1004");
            assertThatThrownBy(() -> capture(connection, "GEO")).hasMessageContaining("column=G");
            assertThatThrownBy(() -> capture(connection, "BIG"))
                    .hasMessageContaining("PENUMBRA-1006")
                    .hasMessageContaining("column=C");
            assertThatThrownBy(() -> run(
                            connection,
                            "CREATE TRIGGER X AFTER INSERT ON BIG FOR EACH ROW CALL \"dev.penumbra.h2.ChangeTrigger\""))
                    .hasMessageContaining("PENUMBRA-1014");
            try (ResultSet triggers =
                    connection.createStatement().executeQuery("SELECT COUNT(*) FROM INFORMATION_SCHEMA.TRIGGERS")) {
                triggers.next();
                assertThat(triggers.getInt(1)).isZero();
            }
            capture(connection, "PUBLIC.\"mixed.Case\"");
            run(connection, "INSERT INTO \"mixed.Case\" VALUES(4)");
            settled(connection).assertEqualsSource(connection, "mixed.Case");
        }
    }

    @Test
    void aTransactionLargerThanAPage_isOneTransaction() throws SQLException {
        try (Connection connection = database.open();
                Connection other = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            capture(connection, "T");
            assertThat(Capture.settle(connection, SETTLE_MILLIS)).isTrue();
            connection.setAutoCommit(false);
            for (int i = 0; i < 10; i++) {
                run(connection, "INSERT INTO T SELECT X + " + i * 2000 + ", 'x' FROM SYSTEM_RANGE(1, 2000)");
                run(other, "INSERT INTO T VALUES(" + (-i - 1) + ", 'other')");
            }
            connection.commit();
            assertThat(Capture.settle(connection, SETTLE_MILLIS)).isTrue();
            List<Long> sizes = new ArrayList<>();
            H2Tables.of(journal, transaction -> sizes.add(transaction.size()));
            assertThat(sizes).contains(20_000L);
            settled(connection).assertEqualsSource(connection, "T");
        }
    }

    @Test
    void anAudit_findsAndMendsWhatTheTriggersDidNotSee() throws SQLException {
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))",
                    "INSERT INTO T SELECT X, 'x' FROM SYSTEM_RANGE(1, 100)");
            capture(connection, "T");
            settled(connection);
            assertThat(audit(connection)).containsExactly("T 100 rows, 0 missing, 0 extra, 0 different");
            // H2 loses rows of its own accord under contention; here their loss is made by switching triggers off.
            withoutTriggers(connection, "DELETE FROM T WHERE ID <= 3");
            withoutTriggers(connection, "INSERT INTO T VALUES(200,'a'),(201,'b')");
            withoutTriggers(connection, "UPDATE T SET NAME = 'changed' WHERE ID = 50");
            assertThat(audit(connection)).containsExactly("T 99 rows, 2 missing, 3 extra, 1 different");
            JournalledTables tables = settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.corrections()).isEqualTo(6);
            assertThat(audit(connection)).containsExactly("T 99 rows, 0 missing, 0 extra, 0 different");
        }
    }

    /** Does what a statement does behind the trigger's back: in the table's trigger list there is nobody at that moment. */
    private static void withoutTriggers(Connection connection, String sql) throws SQLException {
        var session = (org.h2.engine.SessionLocal)
                connection.unwrap(org.h2.jdbc.JdbcConnection.class).getSession();
        var table = session.getDatabase().getSchema("PUBLIC").getTableOrView(session, "T");
        var trigger = table.getSchema().findTrigger("PENUMBRA_T");
        table.removeTrigger(trigger);
        run(connection, sql);
        table.addTrigger(trigger);
    }

    private static List<String> audit(Connection connection) throws SQLException {
        List<String> found = new ArrayList<>();
        try (ResultSet rows = Capture.verify(connection)) {
            while (rows.next()) {
                found.add(rows.getString(2) + " " + rows.getLong(3) + " rows, " + rows.getLong(4) + " missing, "
                        + rows.getLong(5) + " extra, " + rows.getLong(6) + " different");
            }
        }
        return found;
    }
}
