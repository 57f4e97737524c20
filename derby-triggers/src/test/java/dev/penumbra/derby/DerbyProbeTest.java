package dev.penumbra.derby;

import dev.penumbra.capture.ProbedCommits;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An answer to a probe is true of Derby, at any moment. */
class DerbyProbeTest {
    @TempDir
    Path directory;

    @Test
    void theJournalUpToAnAnswer_holdsEveryCommitThatHadBeenAcknowledgedWhenItWasAskedFor() throws Exception {
        TestDatabase database = TestDatabase.in(directory);
        try (Connection connection = database.open();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ACKED(ID BIGINT PRIMARY KEY, SESSION INT)");
            database.capture(connection, "ACKED");
            System.out.println(ProbedCommits.probe(database::open, database.journal(), 1));
        } finally {
            database.shutDown();
        }
    }
}
