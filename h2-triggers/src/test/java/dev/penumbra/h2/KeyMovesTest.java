package dev.penumbra.h2;

import static dev.penumbra.h2.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.capture.JournalledTables;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.h2.tools.TriggerAdapter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Statements that give rows the keys of other rows, where H2 does not say which changes belong together. */
public class KeyMovesTest {
    @TempDir
    Path directory;

    private TestDatabase database;
    private Connection connection;

    /** A trigger of the application's, which writes a row for each row. */
    public static final class Writing extends TriggerAdapter {
        @Override
        public void fire(Connection connection, ResultSet oldRow, ResultSet newRow) throws SQLException {
            run(connection, "INSERT INTO NOTE(TEXT) VALUES('changed')");
        }
    }

    @BeforeEach
    void open() throws SQLException {
        database = TestDatabase.in(directory);
        connection = database.open();
        run(
                connection,
                "CREATE TABLE T(ID INT PRIMARY KEY, NAME VARCHAR(10))",
                "INSERT INTO T VALUES(1, 'a'), (2, 'a'), (3, 'b')",
                "CREATE TABLE NOTE(ID BIGINT GENERATED ALWAYS AS IDENTITY, TEXT VARCHAR(10))");
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
    }

    private void capture(String... tables) throws SQLException {
        for (String table : tables) {
            Capture.install(connection, table, database.journal().toString());
        }
        assertThat(Capture.settle(connection, 20_000)).isTrue();
    }

    private void assertJournalled(String... tables) throws SQLException {
        assertThat(Capture.settle(connection, 20_000)).isTrue();
        JournalledTables journalled = H2Tables.of(database.journal());
        journalled.assertEqualsSource(connection, tables);
    }

    @Test
    void besideATriggerThatWrites_keysMoveToFreeKeys_andToTakenOnesNot() throws SQLException {
        run(connection, "CREATE TRIGGER W AFTER UPDATE ON T FOR EACH ROW CALL '" + Writing.class.getName() + "'");
        capture("T");
        run(connection, "UPDATE T SET ID = ID + 10");
        assertThatThrownBy(() -> run(connection, "UPDATE T SET ID = ID + 1")).hasMessageContaining("PENUMBRA-1016");
        assertThatThrownBy(() -> run(connection, "UPDATE T SET ID = ID - 1")).hasMessageContaining("PENUMBRA-1016");
        assertJournalled("T");
    }

    @Test
    void statementsOfOneCommand_areToldApart() throws SQLException {
        capture("T");
        run(
                connection,
                "UPDATE T SET ID = ID + 10; UPDATE T SET ID = ID + 10",
                "UPDATE T SET ID = ID + 1; UPDATE T SET ID = ID - 1",
                "UPDATE T SET ID = ID + 1; UPDATE T SET ID = ID + 1");
        assertJournalled("T");
    }

    @Test
    void keysThatACascadeMovesTwice_endWhereTheyAre() throws SQLException {
        run(
                connection,
                "CREATE TABLE C(T INT REFERENCES T ON UPDATE CASCADE, PLACE INT, PRIMARY KEY(T, PLACE))",
                "INSERT INTO C VALUES(1, 1), (2, 2), (3, 3), (3, 4)");
        capture("T", "C");
        run(connection, "UPDATE T SET ID = ID + 1", "UPDATE T SET ID = ID * 10");
        assertJournalled("T", "C");
    }

    @Test
    void keysOfTwoTables_thatACascadeMovesTogether_endWhereTheyAre() throws SQLException {
        run(
                connection,
                "CREATE TABLE C(T INT REFERENCES T ON UPDATE CASCADE, PLACE INT, PRIMARY KEY(T, PLACE))",
                "INSERT INTO C VALUES(1, 1), (1, 2), (2, 1), (2, 2)");
        capture("T", "C");
        run(connection, "UPDATE T SET ID = -ID", "UPDATE T SET ID = 10 - ID");
        assertJournalled("T", "C");
    }
}
