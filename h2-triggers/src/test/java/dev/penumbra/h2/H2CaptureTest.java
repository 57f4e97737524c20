package dev.penumbra.h2;

import static dev.penumbra.h2.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.capture.JournalledTables;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What H2 has and other sources have not; what all of them have is in the contract. */
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
    void mergeByKey_isJournalledAsAnUpdateOrAnInsert() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))", "INSERT INTO T VALUES(2,'b')");
            capture(connection, "T");
            settled(connection);
            run(connection, "MERGE INTO T KEY(ID) VALUES(2,'merged'),(5,'new')");
            JournalledTables tables = settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T"))
                    .containsOnly(
                            Map.entry(Key.of(2L), Row.of(2L, "merged")), Map.entry(Key.of(5L), Row.of(5L, "new")));
        }
    }

    @Test
    void truncatingATableThatWasAltered_isJournalled() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            capture(connection, "T");
            run(connection, "INSERT INTO T VALUES(1,'a')", "ALTER TABLE T ALTER COLUMN NAME RENAME TO TITLE");
            settled(connection);
            run(connection, "TRUNCATE TABLE T", "INSERT INTO T VALUES(9,'after')");
            JournalledTables tables = settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).containsOnlyKeys(Key.of(9L));
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
    void refusals_nameTheColumn_andLeaveNoTrigger() throws SQLException {
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE GEO(ID BIGINT PRIMARY KEY, G GEOMETRY)",
                    "CREATE TABLE BIG(ID BIGINT PRIMARY KEY, C CLOB)");
            assertThatThrownBy(() -> capture(connection, "GEO")).hasMessageContaining("column=G");
            assertThatThrownBy(() -> capture(connection, "BIG")).hasMessageContaining("column=C");
            assertThatThrownBy(() -> run(
                            connection,
                            "CREATE TRIGGER X AFTER INSERT ON BIG FOR EACH ROW CALL \"dev.penumbra.h2.ChangeTrigger\""))
                    .hasMessageContaining("PENUMBRA-1014");
            try (ResultSet triggers =
                    connection.createStatement().executeQuery("SELECT COUNT(*) FROM INFORMATION_SCHEMA.TRIGGERS")) {
                triggers.next();
                assertThat(triggers.getInt(1)).isZero();
            }
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
