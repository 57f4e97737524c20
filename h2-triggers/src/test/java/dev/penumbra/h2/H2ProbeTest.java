package dev.penumbra.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.ProbedCommits;
import dev.penumbra.capture.SourceRowReads;
import dev.penumbra.capture.UncommittedSessions;
import dev.penumbra.journal.JournalProbe;
import dev.penumbra.journal.SourceRows;
import dev.penumbra.model.Position;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An answer to a probe is true of H2, at any moment. */
class H2ProbeTest {
    @TempDir
    Path directory;

    private String url = "";
    private Path journal = Path.of("");

    @BeforeEach
    void place() {
        url = "jdbc:h2:" + directory.resolve("db");
        journal = directory.resolve("journal");
    }

    @Test
    void theJournalUpToAnAnswer_holdsEveryCommitThatHadBeenAcknowledgedWhenItWasAskedFor() throws Exception {
        try (Connection connection = TestDatabase.open(url);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ACKED(ID BIGINT PRIMARY KEY, SESSION INT)");
            Capture.install(connection, "ACKED", journal.toString());
            System.out.println(ProbedCommits.probe(() -> TestDatabase.open(url), journal, 400, 1));
        }
    }

    @Test
    void whatIsNotCommitted_isListedAsLongAsItStands_andIsInTheJournalWhenItIsNot() throws Exception {
        try (Connection connection = TestDatabase.open(url);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ACKED(ID BIGINT PRIMARY KEY, SESSION INT)");
            Capture.install(connection, "ACKED", journal.toString());
            System.out.println(UncommittedSessions.run(() -> TestDatabase.open(url), journal, 400, 1));
        }
    }

    @Test
    void aRowOfTheDatabaseItself_isAsItIsCommitted() throws Exception {
        try (Connection connection = TestDatabase.open(url);
                Connection other = TestDatabase.open(url);
                Statement statement = connection.createStatement();
                Statement writing = other.createStatement()) {
            statement.execute("CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            Capture.install(connection, "T", journal.toString());
            statement.execute("INSERT INTO T VALUES (1, 'a')");
            assertThat(Capture.settle(connection, 30_000)).isTrue();
            other.setAutoCommit(false);
            try (SourceRowReads reads = new SourceRowReads(journal)) {
                assertThat(reads.row(1L)).contains("a");
                assertThat(reads.row(2L)).isNull();
                for (int i = 0; i < 50; i++) {
                    writing.execute("UPDATE T SET NAME = 'b" + i + "' WHERE ID = 1");
                    assertThat(reads.row(1L)).doesNotContain("b" + i);
                    other.commit();
                    assertThat(reads.row(1L)).contains("b" + i);
                }
                assertThat(reads.ofNoLayout()).isEqualTo(SourceRows.Found.UNKNOWN);
            }
        }
    }

    @Test
    void anIdleDatabaseAnswers_andAClosedOneDoesNot() throws Exception {
        Files.createDirectories(journal);
        try (JournalProbe probe = JournalProbe.open(journal)) {
            idleAndClosed(probe);
        }
    }

    private void idleAndClosed(JournalProbe probe) throws Exception {
        try (Connection connection = TestDatabase.open(url);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE T(ID BIGINT PRIMARY KEY)");
            Capture.install(connection, "T", journal.toString());
            statement.execute("INSERT INTO T VALUES (1)");
            assertThat(Capture.settle(connection, 30_000)).isTrue();
            long question = probe.ask();
            await().until(() -> answered(probe) >= question);
            Position upTo = probe.answer().orElseThrow().upTo();
            long another = probe.ask();
            await().until(() -> answered(probe) >= another);
            assertThat(probe.answer().orElseThrow().upTo()).isEqualTo(upTo);
        }
        long late = probe.ask();
        await().during(Duration.ofMillis(800)).atMost(Duration.ofSeconds(10)).until(() -> answered(probe) < late);
        try (Connection connection = TestDatabase.open(url)) {
            assertThat(connection.isClosed()).isFalse();
            await().until(() -> answered(probe) >= late);
        }
    }

    private static long answered(JournalProbe probe) {
        return probe.answer().map(JournalProbe.Answer::question).orElse(0L);
    }
}
