package dev.penumbra.journal;

import static dev.penumbra.journal.Journals.ACCOUNT;
import static dev.penumbra.journal.Journals.SMALL;
import static dev.penumbra.journal.Journals.insert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.Change;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalReaderTest {
    @TempDir
    Path directory;

    @Test
    void aReaderThatWasOpenedEmpty_andMissedFilesThatRetentionRemoved_saysSo() {
        Journals.SetClock clock = new Journals.SetClock();
        JournalConfiguration brief = SMALL.withRetention(Duration.ZERO, 0);
        DualJournal.open(directory, "bank", brief, clock).close();
        try (JournalReader reader = JournalReader.open(directory, Position.START)) {
            assertThat(reader.poll()).isNull();
            for (int i = 1; i < 5; i++) {
                try (DualJournal journal = DualJournal.open(directory, "bank", brief, clock)) {
                    insert(journal.current(), i, i);
                }
                clock.advanceSeconds(61);
            }
            assertThatThrownBy(() -> Journals.drain(reader)).hasMessageContaining("PENUMBRA-300");
        }
    }

    @Test
    void anIteratorOfALargeTransaction_endsWithTheNextPoll() {
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 1, LongStream.range(0, 500).toArray());
            insert(journal.current(), 2, -1);
        }
        try (JournalReader reader = JournalReader.open(directory, Position.START, 1000)) {
            CommittedTransaction large = reader.poll();
            assertThat(large).isNotNull();
            Iterator<Change> abandoned = large.iterator();
            abandoned.next();
            assertThat(reader.openIterators()).isEqualTo(1);
            assertThat(reader.poll()).isNotNull();
            assertThat(reader.openIterators()).isZero();
            assertThatThrownBy(abandoned::next).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(large::iterator).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aFileWithoutAnyTransaction_doesNotHideWhereTheJournalBegins() throws Exception {
        Journals.SetClock clock = new Journals.SetClock();
        Position second;
        try (DualJournal journal = DualJournal.open(directory, "bank", SMALL, clock)) {
            JournalWriter writer = journal.current();
            Position first = insert(writer, 1, 1);
            clock.advanceSeconds(60);
            writer.begin(new TransactionId(1, 9)).close();
            writer.markDurable(first);
            clock.advanceSeconds(60);
            second = insert(writer, 2, 2);
        }
        List<Path> files = JournalQueue.files(directory.resolve("queue-1"));
        assertThat(files).hasSize(3);
        Files.delete(files.get(0));
        assertThat(JournalVerification.of(directory).ok()).isTrue();
        assertThatThrownBy(() -> JournalReader.open(directory, Position.START)).hasMessageContaining("PENUMBRA-3005");
        try (JournalReader reader = JournalReader.openOldest(directory)) {
            assertThat(Journals.drain(reader)).containsExactly(List.of(2L));
            assertThat(reader.position()).isEqualTo(second);
        }
    }

    @Test
    void aRecordThatOnlyFitsTheWritersLargerBlocks_isRead() {
        TableSchema wide = new TableSchema(
                ACCOUNT.name(),
                List.of(
                        new Column("ID", ColumnType.of(SqlType.BIGINT), false),
                        new Column("TEXT", ColumnType.of(SqlType.CLOB), true)),
                List.of("ID"));
        JournalConfiguration large = SMALL.withBlockBytes(64L << 20);
        String text = "x".repeat(12 << 20);
        try (DualJournal journal = Journals.open(directory, large)) {
            for (long i = 0; i < 6; i++) {
                try (JournalWriter.TransactionAppender appender =
                        journal.current().begin(new TransactionId(1, i))) {
                    appender.change(wide, Operation.INSERT, Origin.CAPTURED, null, Row.of(i, text));
                    appender.commit();
                }
            }
        }
        assertThat(Journals.readAll(directory)).hasSize(6);
        // The next writer may be configured for smaller blocks and must still find the end.
        try (DualJournal journal = Journals.open(directory)) {
            assertThat(journal.current().recovered().last()).isEqualTo(new Position(1, 6));
            insert(journal.current(), 7, 7);
        }
        assertThat(Journals.readAll(directory)).hasSize(7);
    }

    @Test
    void aReaderWhosePromotedJournalEndsBeforeIt_keepsSayingSo() throws Exception {
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 1, 1, 2);
            journal.future("v2")
                    .append(new TransactionId(1, 1), List.of(FutureJournalTest.change(new Position(1, 1), 1, "x")));
        }
        try (JournalReader reader = JournalReader.open(directory, Position.START)) {
            assertThat(Journals.drain(reader)).hasSize(1);
            Catalogue.read(directory).promoted("v2").write(directory);
            org.awaitility.Awaitility.await()
                    .untilAsserted(() -> assertThatThrownBy(reader::poll).hasMessageContaining("PENUMBRA-3006"));
            for (int i = 0; i < 100; i++) {
                assertThatThrownBy(reader::poll).hasMessageContaining("PENUMBRA-3006");
            }
        }
    }
}
