package dev.penumbra.journal;

import static dev.penumbra.journal.Journals.ACCOUNT;
import static dev.penumbra.journal.Journals.SMALL;
import static dev.penumbra.journal.Journals.drain;
import static dev.penumbra.journal.Journals.insert;
import static dev.penumbra.journal.Journals.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.Change;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    @TempDir
    Path directory;

    @Test
    void reader_yieldsWholeTransactionsInOrder_withBothImages() {
        try (DualJournal journal = Journals.open(directory);
                JournalReader reader = JournalReader.open(directory, Position.START)) {
            JournalWriter writer = journal.current();
            try (JournalWriter.TransactionAppender appender = writer.begin(new TransactionId(1, 7))) {
                appender.tableEvent(ACCOUNT, Operation.SCHEMA, Origin.CAPTURED);
                appender.change(ACCOUNT, Operation.INSERT, Origin.SNAPSHOT, null, Row.of(1L, "a"));
                appender.change(ACCOUNT, Operation.UPDATE, Origin.CAPTURED, Row.of(1L, "a"), Row.of(2L, null));
                appender.change(ACCOUNT, Operation.DELETE, Origin.CORRECTION, Row.of(2L, null), null);
                assertThat(reader.poll())
                        .as("nothing is seen before the commit")
                        .isNull();
                assertThat(appender.commit()).isEqualTo(new Position(1, 4));
            }
            CommittedTransaction transaction = reader.poll();
            assertThat(transaction).isNotNull();
            List<Change> changes = new ArrayList<>();
            transaction.forEach(changes::add);
            TransactionId id = new TransactionId(1, 7);
            assertThat(changes)
                    .containsExactly(
                            new Change(
                                    new Position(1, 1),
                                    id,
                                    Operation.SCHEMA,
                                    Origin.CAPTURED,
                                    ACCOUNT,
                                    null,
                                    null,
                                    null),
                            new Change(
                                    new Position(1, 2),
                                    id,
                                    Operation.INSERT,
                                    Origin.SNAPSHOT,
                                    ACCOUNT,
                                    Key.of(1L),
                                    null,
                                    Row.of(1L, "a")),
                            new Change(
                                    new Position(1, 3),
                                    id,
                                    Operation.UPDATE,
                                    Origin.CAPTURED,
                                    ACCOUNT,
                                    Key.of(2L),
                                    Row.of(1L, "a"),
                                    Row.of(2L, null)),
                            new Change(
                                    new Position(1, 4),
                                    id,
                                    Operation.DELETE,
                                    Origin.CORRECTION,
                                    ACCOUNT,
                                    Key.of(2L),
                                    Row.of(2L, null),
                                    null));
            assertThat(reader.source()).isEqualTo("bank");
            assertThat(reader.position()).isEqualTo(new Position(1, 4));
            assertThat(reader.poll()).isNull();
        }
    }

    @Test
    void aTransactionThatIsNotCommitted_isNeverSeen_andLeavesNoHole() {
        try (DualJournal journal = Journals.open(directory)) {
            JournalWriter writer = journal.current();
            insert(writer, 1, 1);
            try (JournalWriter.TransactionAppender appender = writer.begin(new TransactionId(1, 2))) {
                appender.change(ACCOUNT, Operation.INSERT, Origin.CAPTURED, null, Row.of(2L, "given up"));
            }
            assertThat(insert(writer, 3, 3)).isEqualTo(new Position(1, 2));
        }
        assertThat(readAll(directory)).containsExactly(List.of(1L), List.of(3L));
    }

    @Test
    void reopening_beginsANewEpoch_andReadersGoOn() {
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 1, 1);
        }
        try (JournalReader reader = JournalReader.open(directory, Position.START)) {
            assertThat(drain(reader)).containsExactly(List.of(1L));
            try (DualJournal journal = Journals.open(directory)) {
                assertThat(journal.current().recovered().last()).isEqualTo(new Position(1, 1));
                assertThat(insert(journal.current(), 2, 2)).isEqualTo(new Position(2, 1));
                assertThat(drain(reader)).containsExactly(List.of(2L));
            }
        }
        JournalVerification verification = JournalVerification.of(directory);
        assertThat(verification.ok()).isTrue();
        assertThat(verification.epochs()).isEqualTo(2);
        assertThat(verification.transactions()).isEqualTo(2);
    }

    @Test
    void resuming_fromAnyCommittedPosition_yieldsExactlyWhatFollows() {
        int transactions = 700;
        List<Position> ends = new ArrayList<>();
        Journals.SetClock clock = new Journals.SetClock();
        try (DualJournal journal = DualJournal.open(directory, "bank", SMALL, clock)) {
            for (int i = 0; i < transactions; i++) {
                if (i % 250 == 249) {
                    clock.advanceSeconds(60);
                }
                ends.add(insert(journal.current(), i, 2L * i, 2L * i + 1));
            }
        }
        assertThat(JournalQueue.files(directory.resolve("queue-1"))).hasSizeGreaterThan(2);
        for (int from = 0; from < transactions; from += 13) {
            try (JournalReader reader = JournalReader.open(directory, ends.get(from))) {
                List<List<Long>> rest = drain(reader);
                assertThat(rest).hasSize(transactions - from - 1);
                if (!rest.isEmpty()) {
                    assertThat(rest.get(0)).containsExactly(2L * from + 2, 2L * from + 3);
                }
            }
        }
    }

    @Test
    void resuming_fromInsideATransaction_yieldsThatTransactionAgain() {
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 1, 1, 2);
            insert(journal.current(), 2, 3, 4, 5);
        }
        try (JournalReader reader = JournalReader.open(directory, new Position(1, 4))) {
            assertThat(reader.position()).isEqualTo(new Position(1, 2));
            assertThat(drain(reader)).containsExactly(List.of(3L, 4L, 5L));
        }
    }

    @Test
    void resuming_fromAPositionThatTheJournalNeverHad_isAGapAndNotSilence() {
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 1, 1);
        }
        assertThatThrownBy(() -> JournalReader.open(directory, new Position(1, 5)))
                .isInstanceOf(PenumbraException.class)
                .extracting(e -> ((PenumbraException) e).code())
                .isEqualTo(ErrorCode.JOURNAL_GAP);
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 2, 2);
        }
        assertThatThrownBy(() -> JournalReader.open(directory, new Position(1, 5)))
                .hasMessageContaining("PENUMBRA-3006");
    }

    @Test
    void aLargeTransaction_isReadWithoutHoldingIt() {
        long[] ids = LongStream.range(0, 5000).toArray();
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 1, ids);
            insert(journal.current(), 2, -1);
        }
        try (JournalReader reader = JournalReader.open(directory, Position.START, 1000)) {
            CommittedTransaction large = reader.poll();
            assertThat(large).isNotNull();
            assertThat(large.size()).isEqualTo(5000);
            for (int pass = 0; pass < 2; pass++) {
                AtomicLong expected = new AtomicLong();
                large.forEach(change -> assertThat(change.key()).isEqualTo(Key.of(expected.getAndIncrement())));
                assertThat(expected).hasValue(5000);
            }
            assertThat(drain(reader)).containsExactly(List.of(-1L));
        }
    }

    @Test
    void schemas_areInEveryFile_soThatAnyFileCanBeReadAlone() {
        Journals.SetClock clock = new Journals.SetClock();
        Position before;
        try (DualJournal journal = DualJournal.open(directory, "bank", SMALL, clock)) {
            before = insert(journal.current(), 1, 1);
            clock.advanceSeconds(61);
            insert(journal.current(), 2, 2);
        }
        Path oldest = JournalQueue.files(directory.resolve("queue-1")).get(0);
        assertThat(oldest.toFile().delete()).isTrue();
        try (JournalReader reader = JournalReader.open(directory, before)) {
            assertThat(drain(reader)).containsExactly(List.of(2L));
        }
    }

    @Test
    void retention_removesOldFiles_butNotUnderARegisteredReader() {
        Journals.SetClock clock = new Journals.SetClock();
        JournalConfiguration brief = SMALL.withRetention(Duration.ZERO, 0);
        Position last = Position.START;
        try (DualJournal journal = DualJournal.open(directory, "bank", brief, clock)) {
            insert(journal.current(), 1, 1);
            try (JournalReader reader = JournalReader.open(directory, Position.START)) {
                reader.register("shipper");
                for (int i = 2; i < 6; i++) {
                    clock.advanceSeconds(61);
                    last = insert(journal.current(), i, i);
                }
                assertThat(JournalQueue.files(directory.resolve("queue-1"))).hasSize(5);
                assertThat(drain(reader)).hasSize(5);
                reader.acknowledge();
            }
            clock.advanceSeconds(61);
            insert(journal.current(), 6, 6);
            assertThat(JournalQueue.files(directory.resolve("queue-1"))).hasSize(2);
        }
        assertThatThrownBy(() -> JournalReader.open(directory, Position.START)).hasMessageContaining("PENUMBRA-3005");
        try (JournalReader reader = JournalReader.openOldest(directory)) {
            assertThat(drain(reader)).containsExactly(List.of(5L), List.of(6L));
        }
        try (JournalReader reader = JournalReader.open(directory, last)) {
            assertThat(drain(reader)).containsExactly(List.of(6L));
        }
    }

    @Test
    void aReaderThatIsAheadOfWhatItHasDealtWith_keepsTheFilesInBetween() {
        Journals.SetClock clock = new Journals.SetClock();
        JournalConfiguration brief = SMALL.withRetention(Duration.ZERO, 0);
        List<Position> ends = new ArrayList<>();
        try (DualJournal journal = DualJournal.open(directory, "bank", brief, clock);
                JournalReader reader = JournalReader.open(directory, Position.START)) {
            ends.add(insert(journal.current(), 1, 1));
            reader.register("shipper", Position.START);
            for (int i = 2; i < 6; i++) {
                clock.advanceSeconds(61);
                ends.add(insert(journal.current(), i, i));
            }
            assertThat(drain(reader)).hasSize(5);

            reader.register("shipper", ends.get(2));
            clock.advanceSeconds(61);
            insert(journal.current(), 6, 6);
            assertThat(JournalQueue.files(directory.resolve("queue-1"))).hasSize(4);
            try (JournalReader again = JournalReader.open(directory, ends.get(2))) {
                assertThat(drain(again)).containsExactly(List.of(4L), List.of(5L), List.of(6L));
            }

            drain(reader);
            reader.register("shipper", reader.position());
            clock.advanceSeconds(61);
            insert(journal.current(), 7, 7);
            assertThat(JournalQueue.files(directory.resolve("queue-1"))).hasSize(2);
        }
    }

    @Test
    void aDurableMark_isFoundAgain() {
        try (DualJournal journal = Journals.open(directory)) {
            Position durable = insert(journal.current(), 1, 1);
            journal.current().markDurable(durable);
            insert(journal.current(), 2, 2);
        }
        try (DualJournal journal = Journals.open(directory)) {
            assertThat(journal.current().recovered().durable()).isEqualTo(new Position(1, 1));
            assertThat(journal.current().recovered().last()).isEqualTo(new Position(1, 2));
        }
    }

    @Test
    void aRowAboveTheRecordLimit_isRefused_andTheTransactionGoesOn() {
        TableSchema wide = new TableSchema(
                ACCOUNT.name(),
                List.of(
                        new Column("ID", ColumnType.of(SqlType.BIGINT), false),
                        new Column("TEXT", ColumnType.of(SqlType.CLOB), true)),
                List.of("ID"));
        try (DualJournal journal = Journals.open(directory);
                JournalWriter.TransactionAppender appender = journal.current().begin(new TransactionId(1, 1))) {
            String tooLong = "x".repeat((int) SMALL.maxRecordBytes());
            assertThatThrownBy(
                            () -> appender.change(wide, Operation.INSERT, Origin.CAPTURED, null, Row.of(1L, tooLong)))
                    .hasMessageContaining("PENUMBRA-1017")
                    .hasMessageContaining("table=PUBLIC.ACCOUNT");
            appender.change(wide, Operation.INSERT, Origin.CAPTURED, null, Row.of(1L, "fits"));
            appender.commit();
        }
        assertThat(readAll(directory)).containsExactly(List.of(1L));
    }

    @Test
    void aSecondWriter_isRefused() {
        try (DualJournal journal = Journals.open(directory)) {
            journal.current();
            assertThatThrownBy(() -> Journals.open(directory)).hasMessageContaining("PENUMBRA-2003");
        }
        assertThatThrownBy(() -> DualJournal.open(directory, "other", SMALL, Clock.systemUTC()))
                .hasMessageContaining("source=bank");
    }

    @Test
    void aDiskBelowItsReserve_isRefusedBeforeAnythingIsWritten() {
        JournalConfiguration greedy = SMALL.withMinFreeBytes(Long.MAX_VALUE);
        try (DualJournal journal = DualJournal.open(directory, "bank", greedy, Clock.systemUTC())) {
            assertThatThrownBy(journal::current).hasMessageContaining("PENUMBRA-2004");
        }
    }

    @Test
    void aDirectoryThatCannotBeWritten_isRefusedByName() throws Exception {
        Path file = directory.resolve("file");
        java.nio.file.Files.writeString(file, "in the way");
        assertThatThrownBy(() -> Journals.open(file.resolve("journal")))
                .hasMessageContaining("PENUMBRA-2001")
                .hasMessageContaining(file.toString());
        assertThatThrownBy(() -> JournalReader.open(directory.resolve("none"), Position.START))
                .hasMessageContaining("PENUMBRA-2002");
    }

    @Test
    void severalThreads_appendWholeTransactionsOneAfterTheOther() throws Exception {
        int threads = 4;
        int each = 500;
        try (DualJournal journal = Journals.open(directory)) {
            JournalWriter writer = journal.current();
            List<Thread> running = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                long base = t * 1_000_000L;
                Thread thread = new Thread(() -> {
                    for (int i = 0; i < each; i++) {
                        insert(writer, base + i, base + 2L * i, base + 2L * i + 1);
                    }
                });
                thread.start();
                running.add(thread);
            }
            for (Thread thread : running) {
                thread.join();
            }
        }
        List<List<Long>> all = readAll(directory);
        assertThat(all).hasSize(threads * each).allSatisfy(transaction -> {
            assertThat(transaction).hasSize(2);
            assertThat(transaction.get(1)).isEqualTo(transaction.get(0) + 1);
        });
        List<Long> sorted = new ArrayList<>(all.stream().flatMap(List::stream).toList());
        Collections.sort(sorted);
        assertThat(sorted).doesNotHaveDuplicates();
    }
}
