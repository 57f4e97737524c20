package dev.penumbra.derby;

import static dev.penumbra.derby.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.capture.ProbedCommits;
import dev.penumbra.capture.TokenReads;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.apache.derby.impl.jdbc.EmbedConnection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokens that sessions of Derby ask for. */
class DerbyTokenTest {
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

    private static String token(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("VALUES PENUMBRA.TOKEN()")) {
            found.next();
            return found.getString(1);
        }
    }

    private TokenReads reads() {
        return new TokenReads(database.journal(), "db");
    }

    @Test
    void theJournalUpToAToken_holdsEveryCommitThatHadBeenAcknowledgedWhenItWasAskedFor() throws Exception {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE ACKED(ID BIGINT PRIMARY KEY, SESSION INT)");
            database.capture(connection, "ACKED");
            database.settle(connection);
            System.out.println(ProbedCommits.tokens(database::open, DerbyTokenTest::token, database.journal(), 2));
        }
    }

    @Test
    void aToken_waitsForNoOpenTransaction_andCoversNone() throws SQLException {
        try (Connection one = database.open();
                Connection other = database.open()) {
            run(one, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(one, "T");
            database.settle(one);
            one.setAutoCommit(false);
            other.setAutoCommit(false);
            run(one, "INSERT INTO T VALUES(1, 'committed')");
            one.commit();
            run(one, "INSERT INTO T VALUES(2, 'own')");
            run(other, "INSERT INTO T VALUES(3, 'other')");
            assertThat(reads().ids(token(one))).containsExactly(1L);
            one.commit();
            assertThat(reads().ids(token(other))).containsExactly(1L, 2L);
            other.commit();
            assertThat(reads().ids(token(one))).containsExactly(1L, 2L, 3L);
            one.commit();
        }
    }

    @Test
    void aTokenAfterAnAlter_isBehindWhatAnnouncesTheTableAnew() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(connection, "T");
            run(connection, "INSERT INTO T VALUES(1, 'a')");
            database.settle(connection);
            for (int column = 0; column < 5; column++) {
                // Nothing but the catalogue tells of this.
                run(connection, "ALTER TABLE T ADD COLUMN C" + column + " INT");
                assertThat(reads().columns(token(connection))).hasSize(3 + column);
            }
        }
    }

    @Test
    void aTableThatATransactionHasCreated_isNotWaitedFor_butACapturedOneThatItHasAltered() throws SQLException {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(connection, "T");
            database.settle(connection);
            connection.setAutoCommit(false);
            run(connection, "CREATE TABLE OTHER(ID BIGINT PRIMARY KEY)");
            assertThat(reads().columns(token(connection))).hasSize(2);
            run(connection, "ALTER TABLE T ADD COLUMN MORE INT");
            DerbyDatabase altered = DerbyDatabase.of(((EmbedConnection) connection).getLanguageConnection());
            assertThatThrownBy(() -> altered.token(100)).hasMessageContaining("PENUMBRA-2006");
            connection.rollback();
            assertThat(reads().columns(token(connection))).hasSize(2);
            connection.rollback();
        }
    }

    @Test
    void whereNothingIsCaptured_thereIsNoToken() throws SQLException {
        try (Connection connection = database.open()) {
            database.prepare(connection);
            assertThatThrownBy(() -> token(connection)).hasMessageContaining("PENUMBRA-1008");
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(connection, "T");
            assertThat(reads().ids(token(connection))).isEmpty();
            TestDatabase.call(connection, "CALL PENUMBRA.RELEASE('APP', 'T')");
            assertThatThrownBy(() -> token(connection)).hasMessageContaining("PENUMBRA-1008");
        }
    }
}
