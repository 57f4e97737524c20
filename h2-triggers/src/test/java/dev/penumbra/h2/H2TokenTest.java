package dev.penumbra.h2;

import static dev.penumbra.h2.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.ProbedCommits;
import dev.penumbra.capture.Relay;
import dev.penumbra.capture.TokenReads;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokens that sessions of H2 ask for. */
class H2TokenTest {
    @TempDir
    Path directory;

    private TestDatabase database;

    @BeforeEach
    void locate() {
        database = TestDatabase.in(directory);
    }

    @AfterEach
    void clearSettings() {
        TestDatabase.clearSettings();
    }

    private static String token(Connection connection) throws SQLException {
        return text(connection, "CALL PENUMBRA_TOKEN()");
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery(sql)) {
            found.next();
            return found.getString(1);
        }
    }

    private static void createAlias(Connection connection) throws SQLException {
        run(connection, "CREATE ALIAS PENUMBRA_TOKEN FOR 'dev.penumbra.h2.Capture.token'");
    }

    private TokenReads reads() {
        return new TokenReads(database.journal(), "db");
    }

    @Test
    void theJournalUpToAToken_holdsEveryCommitThatHadBeenAcknowledgedWhenItWasAskedFor() throws Exception {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE ACKED(ID BIGINT PRIMARY KEY, SESSION INT)");
            createAlias(connection);
            Capture.install(connection, "ACKED", database.journal().toString());
            assertThat(Capture.settle(connection, 20_000)).isTrue();
            System.out.println(ProbedCommits.tokens(database::open, H2TokenTest::token, database.journal(), 2));
        }
    }

    @Test
    void aToken_waitsForNoOpenTransaction_andCoversNone() throws SQLException {
        try (Connection one = database.open();
                Connection other = database.open()) {
            createAlias(one);
            database.capture(one, "T");
            assertThat(Capture.settle(one, 20_000)).isTrue();
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
        }
    }

    @Test
    void aTokenThatAStatementAsksForWhileItWrites_isHad() throws SQLException {
        try (Connection connection = database.open()) {
            createAlias(connection);
            run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(4096))");
            Capture.install(connection, "T", database.journal().toString());
            assertThat(Capture.settle(connection, 20_000)).isTrue();
            connection.setAutoCommit(false);
            run(
                    connection,
                    "INSERT INTO T VALUES(1, 'before')",
                    "UPDATE T SET NAME = PENUMBRA_TOKEN()",
                    "INSERT INTO T SELECT 2, PENUMBRA_TOKEN() FROM T");
            connection.commit();
            assertThat(reads().ids(text(connection, "SELECT NAME FROM T WHERE ID = 2")))
                    .isEmpty();
            assertThat(reads().ids(text(connection, "SELECT PENUMBRA_TOKEN()"))).containsExactly(1L, 2L);
        }
    }

    @Test
    void aTokenAfterAnAlter_isBehindWhatAnnouncesTheTableAnew() throws SQLException {
        try (Connection connection = database.open()) {
            createAlias(connection);
            database.capture(connection, "T");
            run(connection, "INSERT INTO T VALUES(1, 'a')");
            assertThat(Capture.settle(connection, 20_000)).isTrue();
            for (int column = 0; column < 5; column++) {
                run(connection, "ALTER TABLE T ADD COLUMN C" + column + " INT", "UPDATE T SET C" + column + " = 1");
                assertThat(reads().columns(token(connection))).hasSize(3 + column);
            }
        }
    }

    @Test
    void whileAnAlteredTableWaitsForItsWriters_thereIsNoTokenThatLacksIt() throws SQLException {
        try (Connection connection = database.open();
                Connection other = database.open()) {
            createAlias(connection);
            database.capture(connection, "T");
            assertThat(Capture.settle(connection, 20_000)).isTrue();
            Relay relay = H2Database.of(TestDatabase.session(connection).getDatabase())
                    .relay();
            other.setAutoCommit(false);
            run(connection, "ALTER TABLE T ADD COLUMN MORE INT");
            run(other, "INSERT INTO T VALUES(1, 'open', 1)");
            try {
                // Where the relay was faster than the other session, or has told of the former table's end and not of
                // the new one's beginning: then nobody takes what the journal has of it for the table.
                assertThat(reads().columns(relay.token(200).toString()).size()).isIn(0, 3);
            } catch (PenumbraException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.SOURCE_UNAVAILABLE);
            }
            other.rollback();
            assertThat(Capture.settle(connection, 20_000)).isTrue();
            // The former table's end may be told of before the new one's beginning.
            await().untilAsserted(
                            () -> assertThat(reads().columns(token(connection))).hasSize(3));
        }
    }

    @Test
    void whereNothingIsCaptured_thereIsNoToken() throws SQLException {
        try (Connection connection = database.open()) {
            createAlias(connection);
            assertThatThrownBy(() -> token(connection)).hasMessageContaining("PENUMBRA-1008");
            database.capture(connection, "T");
            assertThat(reads().ids(token(connection))).isEmpty();
            Capture.remove(connection, "T");
            assertThatThrownBy(() -> token(connection)).hasMessageContaining("PENUMBRA-1008");
        }
        // Without triggers nobody tells the relay that the database is closed: it finds out by itself, and lets go of
        // the journal then.
        await().until(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("penumbra-relay-db")));
    }

    @Test
    void aJournalThatCannotBeWritten_isTheReasonWhyThereIsNoToken() throws SQLException {
        TestDatabase.fillDisk();
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE T(ID BIGINT PRIMARY KEY)",
                    "CREATE TRIGGER T_SHADOW AFTER INSERT, UPDATE, DELETE ON T FOR EACH ROW"
                            + " CALL \"dev.penumbra.h2.ChangeTrigger\"");
            TestDatabase.awaitFailure(connection, "PENUMBRA-2004");
            Relay relay = H2Database.of(TestDatabase.session(connection).getDatabase())
                    .relay();
            assertThatThrownBy(() -> relay.token(1)).hasMessageContaining("PENUMBRA-2004");
            TestDatabase.makeRoom();
            assertThat(relay.token(20_000).concerns("db")).isTrue();
        }
    }
}
