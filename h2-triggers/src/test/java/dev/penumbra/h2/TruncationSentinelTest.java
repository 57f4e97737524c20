package dev.penumbra.h2;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.h2.engine.SessionLocal;
import org.h2.index.Index;
import org.h2.jdbc.JdbcConnection;
import org.h2.table.Table;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TruncationSentinelTest {
    @TempDir
    Path directory;

    @Test
    void aStatementThatIsBeingPlanned_whileItsTableBeginsToBeCaptured_isNotDisturbed() throws SQLException {
        TestDatabase database = TestDatabase.in(directory);
        try (Connection connection = database.open()) {
            TestDatabase.run(
                    connection, "CREATE TABLE T(ID INT PRIMARY KEY, NAME VARCHAR(20))", "CREATE INDEX N ON T(NAME)");
            Table table = table(connection);
            Iterator<Index> planning = table.getIndexes().iterator();
            List<Index> planned = new ArrayList<>(List.of(planning.next()));

            Capture.install(connection, "T", database.journal().toString());
            assertThat(Capture.settle(connection, 20_000)).isTrue();

            assertThat(table.getIndexes()).hasAtLeastOneElementOfType(TruncationSentinel.class);
            planning.forEachRemaining(planned::add);
            assertThat(planned).hasSizeGreaterThan(1).doesNotHaveAnyElementsOfTypes(TruncationSentinel.class);
        }
    }

    @Test
    void indexesOfACapturedTable_canBeCreatedUsedAndDropped() throws SQLException {
        TestDatabase database = TestDatabase.in(directory);
        try (Connection connection = database.open()) {
            TestDatabase.run(connection, "CREATE TABLE T(ID INT PRIMARY KEY, NAME VARCHAR(20))");
            Capture.install(connection, "T", database.journal().toString());
            assertThat(Capture.settle(connection, 20_000)).isTrue();

            TestDatabase.run(
                    connection,
                    "INSERT INTO T SELECT X, 'name ' || X FROM SYSTEM_RANGE(1, 1000)",
                    "CREATE INDEX N ON T(NAME)",
                    "INSERT INTO T VALUES(1001, 'name 1001')");
            assertThat(plan(connection)).contains("PUBLIC.N");
            TestDatabase.run(connection, "DROP INDEX N", "INSERT INTO T VALUES(1002, 'name 1002')");
            assertThat(plan(connection)).doesNotContain("PUBLIC.N");
            assertThat(Capture.settle(connection, 20_000)).isTrue();
            H2Tables.of(database.journal()).assertEqualsSource(connection, "T");
        }
    }

    private static Table table(Connection connection) {
        SessionLocal session = (SessionLocal) ((JdbcConnection) connection).getSession();
        return session.getDatabase().getSchema("PUBLIC").getTableOrView(session, "T");
    }

    private static String plan(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("EXPLAIN SELECT * FROM T WHERE NAME = 'name 7'")) {
            rows.next();
            return rows.getString(1).replace("\"", "");
        }
    }
}
