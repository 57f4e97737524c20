package dev.penumbra.h2;

import static dev.penumbra.h2.TestDatabase.awaitDurable;
import static dev.penumbra.h2.TestDatabase.fillDisk;
import static dev.penumbra.h2.TestDatabase.makeRoom;
import static dev.penumbra.h2.TestDatabase.run;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables whose rows change without a trigger and whose layout is afterwards what it was, or nearly. */
class H2RewriteTest {
    private static final String COLUMN_AGAIN =
            "ALTER TABLE T DROP COLUMN NAME; ALTER TABLE T ADD COLUMN NAME VARCHAR(20)";
    private static final String COLUMN_AGAIN_WITH_A_DEFAULT =
            "ALTER TABLE T DROP COLUMN NAME; ALTER TABLE T ADD COLUMN NAME VARCHAR(20) DEFAULT 'x'";
    private static final String COLUMNS_EXCHANGED = "ALTER TABLE T ALTER COLUMN NAME RENAME TO HELD;"
            + " ALTER TABLE T ALTER COLUMN TITLE RENAME TO NAME; ALTER TABLE T ALTER COLUMN HELD RENAME TO TITLE";
    private static final String TABLES_EXCHANGED =
            "ALTER TABLE T RENAME TO HELD; ALTER TABLE U RENAME TO T; ALTER TABLE HELD RENAME TO U";
    private static final String COMPUTED_ANEW =
            "ALTER TABLE T ALTER COLUMN NAME SET DATA TYPE VARCHAR(20) USING UPPER(NAME)";
    private static final String GENERATED =
            "ALTER TABLE T ALTER COLUMN NAME VARCHAR(20) GENERATED ALWAYS AS (UPPER(TITLE))";

    @TempDir
    Path directory;

    private TestDatabase database;

    @BeforeEach
    void capture() throws SQLException {
        database = TestDatabase.in(directory);
        TestDatabase.markOften();
        try (Connection connection = database.open()) {
            String columns = "(ID BIGINT PRIMARY KEY, TITLE VARCHAR(20), NAME VARCHAR(20))";
            run(connection, "CREATE TABLE T" + columns, "CREATE TABLE U" + columns);
            database.capture(connection, "T", "U");
            run(connection, "INSERT INTO T VALUES(1, 'title', 'name')", "INSERT INTO U VALUES(2, 'other', 'another')");
            awaitDurable(connection);
        }
    }

    @AfterEach
    void clearSettings() {
        TestDatabase.clearSettings();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                COLUMN_AGAIN,
                COLUMN_AGAIN_WITH_A_DEFAULT,
                COLUMNS_EXCHANGED,
                TABLES_EXCHANGED,
                COMPUTED_ANEW,
                GENERATED
            })
    void alters_inOneScript_leaveNothingOldInTheJournal(String alters) throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, alters);
            database.settled(connection).assertEqualsSource(connection, "T", "U");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                COLUMN_AGAIN,
                COLUMN_AGAIN_WITH_A_DEFAULT,
                COLUMNS_EXCHANGED,
                TABLES_EXCHANGED,
                COMPUTED_ANEW,
                GENERATED
            })
    void alters_whileTheJournalIsAway_leaveNothingOldInIt(String alters) throws SQLException {
        fillDisk();
        try (Connection connection = database.open()) {
            run(connection, alters);
        }
        makeRoom();
        try (Connection connection = database.open()) {
            database.settled(connection).assertEqualsSource(connection, "T", "U");
        }
    }
}
