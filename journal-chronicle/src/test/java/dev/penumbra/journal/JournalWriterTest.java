package dev.penumbra.journal;

import static dev.penumbra.journal.Journals.ACCOUNT;
import static dev.penumbra.journal.Journals.SMALL;
import static dev.penumbra.journal.Journals.insert;
import static dev.penumbra.journal.Journals.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import net.openhft.chronicle.queue.impl.TableStore;
import net.openhft.chronicle.queue.impl.single.TableStoreWriteLock;
import net.openhft.chronicle.queue.impl.table.Metadata;
import net.openhft.chronicle.queue.impl.table.SingleTableBuilder;
import net.openhft.chronicle.threads.BusyTimedPauser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalWriterTest {
    @TempDir
    Path directory;

    @Test
    void aClockThatWasSetBack_doesNotPutAnEpochBeforeTheFormerOne() {
        Journals.SetClock clock = new Journals.SetClock();
        clock.advanceSeconds(600);
        try (DualJournal journal = DualJournal.open(directory, "bank", SMALL, clock)) {
            insert(journal.current(), 1, 1);
        }
        clock.advanceSeconds(-300);
        try (JournalReader reader = JournalReader.open(directory, Position.START)) {
            assertThat(Journals.drain(reader)).containsExactly(List.of(1L));
            try (DualJournal journal = DualJournal.open(directory, "bank", SMALL, clock)) {
                assertThat(insert(journal.current(), 2, 2)).isEqualTo(new Position(2, 1));
            }
            assertThat(Journals.drain(reader)).containsExactly(List.of(2L));
        }
        assertThat(readAll(directory)).containsExactly(List.of(1L), List.of(2L));
    }

    @Test
    void begin_insideATransactionOfTheSameThread_isRefused_andTheTransactionGoesOn() {
        try (DualJournal journal = Journals.open(directory)) {
            JournalWriter writer = journal.current();
            try (JournalWriter.TransactionAppender appender = writer.begin(new TransactionId(1, 1))) {
                appender.change(ACCOUNT, Operation.INSERT, Origin.CAPTURED, null, Row.of(1L, "a"));
                assertThatThrownBy(() -> writer.begin(new TransactionId(1, 2)))
                        .isInstanceOf(IllegalStateException.class);
                appender.change(ACCOUNT, Operation.INSERT, Origin.CAPTURED, null, Row.of(2L, "b"));
                appender.commit();
            }
            insert(writer, 3, 3);
        }
        assertThat(readAll(directory)).containsExactly(List.of(1L, 2L), List.of(3L));
    }

    @Test
    void anInterruptedThread_stillAppends_andStaysInterrupted() {
        Journals.SetClock clock = new Journals.SetClock();
        JournalConfiguration smallest = SMALL.withBlockBytes(1 << 16);
        List<List<Long>> expected = new ArrayList<>();
        try (DualJournal journal = DualJournal.open(directory, "bank", smallest, clock)) {
            JournalWriter writer = journal.current();
            Thread.currentThread().interrupt();
            for (long i = 0; i < 4000; i++) {
                if (i % 1000 == 999) {
                    clock.advanceSeconds(60);
                }
                insert(writer, i, i, -i);
                expected.add(List.of(i, -i));
            }
            writer.sync();
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(readAll(directory)).isEqualTo(expected);
    }

    @Test
    void aLayoutAboveTheRecordLimit_isRefused_andTheTransactionGoesOn() {
        List<Column> columns = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            columns.add(new Column(
                    "A_COLUMN_WITH_A_LONG_NAME_" + i, ColumnType.of(i == 0 ? SqlType.BIGINT : SqlType.INTEGER), i > 0));
        }
        TableSchema wide = new TableSchema(
                new TableName("PUBLIC", "WIDE"), columns, List.of(columns.get(0).name()));
        Object[] values = new Object[columns.size()];
        values[0] = 1L;
        try (DualJournal journal = Journals.open(directory, SMALL.withBlockBytes(1 << 16));
                JournalWriter.TransactionAppender appender = journal.current().begin(new TransactionId(1, 1))) {
            for (int attempt = 0; attempt < 2; attempt++) {
                assertThatThrownBy(() -> appender.change(wide, Operation.INSERT, Origin.CAPTURED, null, Row.of(values)))
                        .hasMessageContaining("PENUMBRA-1017")
                        .hasMessageContaining("table=PUBLIC.WIDE");
            }
            appender.change(ACCOUNT, Operation.INSERT, Origin.CAPTURED, null, Row.of(1L, "fits"));
            appender.commit();
        }
        assertThat(readAll(directory)).containsExactly(List.of(1L));
    }

    @Test
    void aWriteLockLeftByAKilledProcessWhoseNumberLivesOn_isTakenAtOnce() {
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 1, 1);
        }
        Path metadata = directory.resolve("queue-1").resolve("metadata.cq4t");
        try (TableStore<Metadata.NoMeta> store = SingleTableBuilder.binary(metadata, Metadata.NoMeta.INSTANCE)
                        .build();
                TableStoreWriteLock lock = new TableStoreWriteLock(store, BusyTimedPauser::new, 0L)) {
            // This process lives, so that Chronicle takes the lock for one that is in use.
            lock.lock();
        }
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 2, 2);
        }
        assertThat(readAll(directory)).containsExactly(List.of(1L), List.of(2L));
    }

    @Test
    void sync_forcesEveryFileWrittenSinceTheLast_andTheFolderOfANewOne() {
        Journals.SetClock clock = new Journals.SetClock();
        List<String> forced = new ArrayList<>();
        FileForce recording = path -> forced.add(path.getFileName().toString());
        try (DualJournal journal = DualJournal.open(directory, "bank", SMALL, clock, recording)) {
            JournalWriter writer = journal.current();
            insert(writer, 1, 1);
            clock.advanceSeconds(60);
            insert(writer, 2, 2);
            writer.sync();
            assertThat(forced).containsExactly("20260101-0000.cq4", "20260101-0001.cq4", "queue-1");
            forced.clear();
            writer.sync();
            assertThat(forced).as("nothing was written").isEmpty();
            insert(writer, 3, 3);
            writer.sync();
            assertThat(forced).containsExactly("20260101-0001.cq4");
        }
    }

    @Test
    void aTransactionThatFillsTheDisk_isRefusedWhileThereIsStillTheReserve() {
        AtomicLong free = new AtomicLong(Long.MAX_VALUE);
        JournalConfiguration reserve = SMALL.withMinFreeBytes(1 << 20);
        byte[] images = Journals.images(Row.of(1L, "x".repeat(100_000)));
        try (RecordAppender appender = new RecordAppender(
                directory,
                directory.resolve("queue-1"),
                reserve,
                JournalConfiguration.Roll.MINUTE,
                Clock.systemUTC(),
                FileForce.SYSTEM,
                () -> free.getAndAdd(-300_000))) {
            appender.beginTransaction();
            free.set(3 << 20);
            assertThatThrownBy(() -> {
                        for (int i = 1; i < 10_000; i++) {
                            appender.appendEvent(
                                    ACCOUNT, new Position(1, i), new TransactionId(1, 1), 0, Origin.CAPTURED, images);
                        }
                    })
                    .hasMessageContaining("PENUMBRA-2004");
            assertThat(appender.isBroken()).isFalse();
            appender.append(new JournalRecord.Abandon());
        }
    }

    @Test
    void theDurableMark_standsNearTheEnd_howeverLongAgoItWasMade() {
        Position durable;
        try (DualJournal journal = Journals.open(directory, SMALL.withRoll(JournalConfiguration.Roll.DAY))) {
            JournalWriter writer = journal.current();
            durable = insert(writer, 0, 0);
            writer.markDurable(durable);
            for (long i = 1; i <= 50_000; i++) {
                insert(writer, i, i);
            }
        }
        RecordFormat format = new RecordFormat();
        long lastMark = 0;
        long last = 0;
        try (var queue = JournalQueue.openForReading(directory.resolve("queue-1"), JournalConfiguration.Roll.DAY);
                RecordCursor cursor = new RecordCursor(queue)) {
            while (cursor.next()) {
                last = cursor.index();
                if (format.decode(cursor.record(), cursor.length()) instanceof JournalRecord.DurableMark mark) {
                    assertThat(mark.position()).isIn(Position.START, durable);
                    lastMark = cursor.index();
                }
            }
            assertThat(last - lastMark).isLessThan(70_000);
            JournalTail tail = JournalTail.read(queue, format);
            assertThat(tail.durable()).isEqualTo(durable);
            assertThat(tail.last()).isEqualTo(new Position(1, 50_001));
        }
    }
}
