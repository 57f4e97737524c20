package dev.penumbra.derby;

import static dev.penumbra.derby.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Updates that Derby loses on tables with triggers, and does not lose on captured ones. */
public class RowGuardTest {
    private static final long PATIENCE_SECONDS = 20;

    private static volatile CountDownLatch hasRead = new CountDownLatch(1);
    private static volatile CountDownLatch mayWrite = new CountDownLatch(1);
    private static volatile Thread held = Thread.currentThread();

    @TempDir
    Path directory;

    private TestDatabase database;

    /** Body of a trigger of the test's own: holds a statement between its reading and its writing. */
    public static void hold() throws InterruptedException {
        if (Thread.currentThread() == held) {
            hasRead.countDown();
            mayWrite.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
    }

    @BeforeEach
    void prepare() throws SQLException {
        hasRead = new CountDownLatch(1);
        mayWrite = new CountDownLatch(1);
        database = TestDatabase.in(directory);
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE T(ID INT PRIMARY KEY, V INT, NOTE VARCHAR(20), BYTES BLOB(1000))",
                    "INSERT INTO T VALUES (1, 0, 'a', NULL), (2, 0, NULL, CAST(X'01' AS BLOB)), (3, 0, 'c', NULL)",
                    "CREATE PROCEDURE HOLD() LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL EXTERNAL NAME '"
                            + RowGuardTest.class.getName() + ".hold'",
                    // Triggers fire in the order in which they were created.
                    "CREATE TRIGGER HOLD_UPDATE NO CASCADE BEFORE UPDATE ON T FOR EACH STATEMENT CALL HOLD()",
                    "CREATE TRIGGER HOLD_DELETE NO CASCADE BEFORE DELETE ON T FOR EACH STATEMENT CALL HOLD()");
            database.capture(connection, "T");
            database.settled(connection);
        }
    }

    @AfterEach
    void shutDown() {
        database.shutDown();
    }

    /** Runs a statement that is held in its middle while others run; returns its failure's message, or how many rows it changed. */
    private String between(String statement, String... others) throws Exception {
        CompletableFuture<String> first = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try (Connection connection = database.open();
                    var sql = connection.createStatement()) {
                first.complete(sql.executeUpdate(statement) + " rows");
            } catch (SQLException e) {
                first.complete(String.valueOf(e.getMessage()));
            }
        });
        held = thread;
        thread.start();
        assertThat(hasRead.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        try (Connection connection = database.open()) {
            run(connection, others);
        } finally {
            mayWrite.countDown();
        }
        return first.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    private void assertTable(String expected) throws SQLException {
        try (Connection connection = database.open();
                var sql = connection.createStatement()) {
            StringBuilder rows = new StringBuilder();
            try (var found = sql.executeQuery("SELECT ID, V FROM T ORDER BY ID")) {
                while (found.next()) {
                    rows.append(found.getInt(1))
                            .append('=')
                            .append(found.getInt(2))
                            .append(' ');
                }
            }
            assertThat(rows.toString().strip()).isEqualTo(expected);
            database.settled(connection).assertEqualsSource(connection, "T");
        }
    }

    @Test
    void anUpdateThatWouldOverwriteAnothersUpdate_isRefused() throws Exception {
        assertThat(between("UPDATE T SET V = V + 1", "UPDATE T SET V = V + 10 WHERE ID = 1"))
                .contains("PENUMBRA-1019");
        assertTable("1=10 2=0 3=0");
    }

    @Test
    void anUpdateOfARowThatAnotherHasDeleted_isRefused() throws Exception {
        assertThat(between("UPDATE T SET V = V + 1", "DELETE FROM T WHERE ID = 1"))
                .contains("PENUMBRA-1019");
        assertTable("2=0 3=0");
    }

    @Test
    void aDeleteOfARowThatAnotherHasUpdated_isRefused() throws Exception {
        assertThat(between("DELETE FROM T WHERE V = 0", "UPDATE T SET V = 5 WHERE ID = 1"))
                .contains("PENUMBRA-1019");
        assertTable("1=5 2=0 3=0");
    }

    @Test
    void aChangeOfALargeObjectAlone_isNoticed() throws Exception {
        assertThat(between(
                        "UPDATE T SET V = V + 1",
                        "UPDATE T SET V = V + 10 WHERE ID = 1",
                        "UPDATE T SET V = V - 10, BYTES = CAST(X'02' AS BLOB) WHERE ID = 1"))
                .contains("PENUMBRA-1019");
        assertTable("1=0 2=0 3=0");
    }

    @Test
    void anUpdateBesideChangesOfOtherRows_succeeds() throws Exception {
        assertThat(between("UPDATE T SET V = V + 1 WHERE ID < 3", "INSERT INTO T VALUES (4, 0, 'd', NULL)"))
                .isEqualTo("2 rows");
        assertTable("1=1 2=1 3=0 4=0");
    }
}
