package dev.penumbra.derby;

import static dev.penumbra.derby.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.capture.JournalledTables;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import org.apache.derby.iapi.sql.conn.LanguageConnectionContext;
import org.apache.derby.impl.jdbc.EmbedConnection;
import org.apache.derby.impl.sql.conn.CachedStatement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DerbyPlansTest {
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
    void aStatementWhosePlanDerbyHasLostTrackOf_firesTheTriggersThatComeLater() throws Exception {
        try (Connection connection = database.open();
                Connection writer = database.open()) {
            run(connection, "CREATE TABLE T(ID INT PRIMARY KEY, V INT)", "INSERT INTO T VALUES(1, 0)");
            try (PreparedStatement update = writer.prepareStatement("UPDATE T SET V = V + 1")) {
                update.executeUpdate();
                loseDependencies(writer);
                database.capture(connection, "T");
                database.settled(connection);
                update.executeUpdate();
            }
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T")).containsEntry(Key.of(1), Row.of(1, 2));
        }
    }

    /** What Derby does to a plan when another session fails to make the same one at the same time. */
    private static void loseDependencies(Connection connection) throws Exception {
        LanguageConnectionContext session = ((EmbedConnection) connection).getLanguageConnection();
        for (Object plan :
                session.getLanguageConnectionFactory().getStatementCache().values()) {
            session.getDataDictionary()
                    .getDependencyManager()
                    .clearDependencies(session, ((CachedStatement) plan).getPreparedStatement());
        }
    }
}
