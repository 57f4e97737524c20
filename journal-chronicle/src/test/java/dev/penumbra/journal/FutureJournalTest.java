package dev.penumbra.journal;

import static dev.penumbra.journal.Journals.ACCOUNT;
import static dev.penumbra.journal.Journals.SMALL;
import static dev.penumbra.journal.Journals.insert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.Change;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TransactionId;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FutureJournalTest {
    @TempDir
    Path directory;

    private static List<Change> changes(Position first, long... ids) {
        return LongStream.range(0, ids.length)
                .mapToObj(i -> change(new Position(first.epoch(), first.sequence() + i), ids[(int) i], "v2"))
                .toList();
    }

    static Change change(Position position, long id, String owner) {
        return new Change(
                position,
                new TransactionId(1, 1),
                Operation.INSERT,
                Origin.CAPTURED,
                ACCOUNT,
                Key.of(id),
                null,
                Row.of(id, owner));
    }

    @Test
    void append_thatFailsHalfWay_leavesNothingBehind() {
        String tooLong = "x".repeat((int) SMALL.maxRecordBytes());
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 1, 1, 2);
            FutureJournal future = journal.future("v2");
            assertThatThrownBy(() -> future.append(
                            new TransactionId(1, 1),
                            List.of(change(new Position(1, 1), 1, "a"), change(new Position(1, 2), 2, tooLong))))
                    .hasMessageContaining("PENUMBRA-1017");
            assertThat(future.last()).isEqualTo(Position.START);
            future.append(new TransactionId(1, 1), changes(new Position(1, 1), 1, 2));
            journal.promote("v2");
        }
        assertThat(Journals.readAll(directory)).containsExactly(List.of(1L, 2L));
    }

    @Test
    void append_afterAWriterDiedInsideATransaction_isReadWhole() {
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 1, 1);
            insert(journal.current(), 2, 2, 3);
            journal.future("v2").append(new TransactionId(1, 1), changes(new Position(1, 1), 1));
        }
        Catalogue catalogue = Catalogue.read(directory);
        try (RecordAppender dying = new RecordAppender(
                directory,
                Catalogue.queueDirectory(directory, catalogue.numberOf("v2")),
                SMALL,
                catalogue.roll(),
                Clock.systemUTC(),
                FileForce.SYSTEM)) {
            dying.beginTransaction();
            byte[] images = Journals.images(Row.of(2L, "torn"));
            dying.appendEvent(ACCOUNT, new Position(1, 2), new TransactionId(1, 2), 0, Origin.CAPTURED, images);
        }
        try (DualJournal journal = Journals.open(directory)) {
            journal.future("v2").append(new TransactionId(1, 2), changes(new Position(1, 2), 2, 3));
            journal.promote("v2");
        }
        assertThat(Journals.readAll(directory)).containsExactly(List.of(1L), List.of(2L, 3L));
    }

    @Test
    void promotion_neverGoesBackToAnEpochThatHasBeen() {
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 1, 1);
        }
        try (DualJournal journal = Journals.open(directory)) {
            assertThat(journal.current().epoch()).isEqualTo(2);
        }
        try (DualJournal journal = Journals.open(directory)) {
            journal.future("v2").append(new TransactionId(1, 1), changes(new Position(1, 1), 1));
            assertThat(journal.current().epoch()).isEqualTo(3);
            journal.promote("v2");
            assertThat(journal.current().epoch()).isEqualTo(4);
            insert(journal.current(), 2, 2);
        }
        assertThat(Journals.readAll(directory)).containsExactly(List.of(1L), List.of(2L));
    }

    @Test
    void promotion_keepsTheDurableMark() {
        try (DualJournal journal = Journals.open(directory)) {
            Position durable = insert(journal.current(), 1, 1);
            journal.current().markDurable(durable);
            journal.future("v2").append(new TransactionId(1, 1), changes(new Position(1, 1), 1));
            journal.promote("v2");
            assertThat(journal.current().recovered().durable()).isEqualTo(durable);
        }
    }
}
