package dev.penumbra.derby;

import static dev.penumbra.derby.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.capture.ProbedCommits;
import dev.penumbra.capture.SourceRowReads;
import dev.penumbra.capture.TokenReads;
import dev.penumbra.capture.UncommittedSessions;
import dev.penumbra.journal.JournalProbe;
import dev.penumbra.journal.SourceRows;
import dev.penumbra.model.Operation;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An answer to a probe is true of Derby, at any moment. */
class DerbyProbeTest {
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

    private void createCaptured(Connection connection) throws SQLException {
        run(connection, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
        database.capture(connection, "T");
        run(connection, "INSERT INTO T VALUES(1, 'a')");
        database.settle(connection);
    }

    private TokenReads reads() {
        return new TokenReads(database.journal(), "db");
    }

    @Test
    void theJournalUpToAnAnswer_holdsEveryCommitThatHadBeenAcknowledgedWhenItWasAskedFor() throws Exception {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE ACKED(ID BIGINT PRIMARY KEY, SESSION INT)");
            database.capture(connection, "ACKED");
            // Fewer than of H2: a look at the catalogue for each, and a rest behind it.
            System.out.println(ProbedCommits.probe(database::open, database.journal(), 80, 1));
        }
    }

    @Test
    void whatIsNotCommitted_isListedAsLongAsItStands_andIsInTheJournalWhenItIsNot() throws Exception {
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE ACKED(ID BIGINT PRIMARY KEY, SESSION INT)");
            database.capture(connection, "ACKED");
            System.out.println(UncommittedSessions.run(database::open, database.journal(), 400, 1));
        }
    }

    @Test
    void aRowOfTheDatabaseItself_isAsItIsCommitted_orCannotBeToldWhileSomebodyWritesToIt() throws Exception {
        try (Connection connection = database.open();
                Connection other = database.open()) {
            createCaptured(connection);
            other.setAutoCommit(false);
            try (SourceRowReads reads = new SourceRowReads(database.journal())) {
                assertThat(reads.row(1L)).contains("a");
                assertThat(reads.row(2L)).isNull();
                for (int i = 0; i < 20; i++) {
                    run(other, "UPDATE T SET NAME = 'b" + i + "' WHERE ID = 1");
                    assertThat(reads.row(1L)).isEqualTo(SourceRowReads.UNKNOWN);
                    assertThat(reads.row(2L)).isNull();
                    other.commit();
                    assertThat(reads.row(1L)).contains("b" + i);
                }
                assertThat(reads.ofNoLayout()).isEqualTo(SourceRows.Found.UNKNOWN);
            }
        }
    }

    @Test
    void anAnswerAfterAnAlter_isBehindWhatAnnouncesTheTableAnew() throws SQLException {
        try (Connection connection = database.open();
                Connection other = database.open()) {
            createCaptured(connection);
            other.setAutoCommit(false);
            try (JournalProbe probe = JournalProbe.open(database.journal())) {
                for (int column = 0; column < 5; column++) {
                    // Nothing but the catalogue tells of this.
                    run(connection, "ALTER TABLE T ADD COLUMN C" + column + " INT");
                    assertThat(reads().columns(ProbedCommits.answer(probe, probe.ask())))
                            .hasSize(3 + column);
                    // Answers come while a transaction has a table of its own in the catalogue, too.
                    run(other, "CREATE TABLE OTHER" + column + "(ID BIGINT PRIMARY KEY)");
                    ProbedCommits.answer(probe, probe.ask());
                    other.rollback();
                }
            }
        }
    }

    @Test
    void anAnswerAfterAColumnWasDroppedAndAddedAgainUnseen_isBehindWhatAnnouncesTheTableAnew() throws SQLException {
        try (Connection connection = database.open()) {
            createCaptured(connection);
            connection.setAutoCommit(false);
            try (JournalProbe probe = JournalProbe.open(database.journal())) {
                int announcements = reads().announcements(ProbedCommits.answer(probe, probe.ask()));
                run(connection, "ALTER TABLE T DROP COLUMN NAME", "ALTER TABLE T ADD COLUMN NAME VARCHAR(20)");
                connection.commit();
                assertThat(reads().announcements(ProbedCommits.answer(probe, probe.ask())))
                        .isEqualTo(announcements + 1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"DROP TABLE T", "DROP TRIGGER PENUMBRA_T_UPDATE"})
    void anAnswerAfterTheEndOfACapture_isBehindTheTablesEnd(String end) throws SQLException {
        try (Connection connection = database.open()) {
            createCaptured(connection);
            try (JournalProbe probe = JournalProbe.open(database.journal())) {
                ProbedCommits.answer(probe, probe.ask());
                run(connection, end);
                assertThat(reads().last(ProbedCommits.answer(probe, probe.ask())))
                        .isEqualTo(Operation.DROP);
            }
        }
    }
}
