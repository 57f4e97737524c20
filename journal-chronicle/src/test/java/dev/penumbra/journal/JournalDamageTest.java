package dev.penumbra.journal;

import static dev.penumbra.journal.Journals.ACCOUNT;
import static dev.penumbra.journal.Journals.insert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TransactionId;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalDamageTest {
    private static final int PAGE = 4096;
    private static final long TRANSACTIONS = 1000;

    @TempDir
    Path directory;

    private void writeAndClose() {
        try (DualJournal journal = Journals.open(directory, hourly())) {
            for (long i = 1; i <= TRANSACTIONS; i++) {
                insert(journal.current(), i, i);
            }
        }
    }

    private static JournalConfiguration hourly() {
        return Journals.SMALL.withRoll(JournalConfiguration.Roll.DAY);
    }

    private Path file() {
        return JournalQueue.files(directory.resolve("queue-1")).get(0);
    }

    /** Where the only image of a row with this key stands; before it are its record's head and Chronicle's header. */
    private int offsetOfRow(long id) throws IOException {
        byte[] owner = ("owner " + id).getBytes(StandardCharsets.US_ASCII);
        // Kryo marks the end of an ASCII string in its last byte.
        owner[owner.length - 1] |= (byte) 0x80;
        byte[] bytes = Files.readAllBytes(file());
        for (int at = 0; at <= bytes.length - owner.length; at++) {
            if (java.util.Arrays.equals(bytes, at, at + owner.length, owner, 0, owner.length)) {
                return at;
            }
        }
        throw new AssertionError("row " + id);
    }

    @Test
    void aFileThatItsWriterDiedMaking_isMadeAgain_andTheJournalGoesOn() throws IOException {
        Journals.SetClock clock = new Journals.SetClock();
        try (DualJournal journal = DualJournal.open(directory, "bank", hourly(), clock)) {
            insert(journal.current(), 1, 1);
        }
        clock.advanceSeconds(2 * 24 * 60 * 60);
        // Chronicle reserves the file's head with this mark before it writes it.
        byte[] unborn = new byte[PAGE];
        unborn[3] = (byte) 0xc0;
        Files.write(file().resolveSibling("20260103F.cq4"), unborn);
        try (DualJournal journal = DualJournal.open(directory, "bank", hourly(), clock)) {
            insert(journal.current(), 2, 2);
        }
        assertThat(Journals.readAll(directory)).containsExactly(List.of(1L), List.of(2L));
    }

    @Test
    void aFileThatItsWriterHadEnded_isNotWrittenToAgain_whenTheClockGoesBack() throws IOException {
        writeAndClose();
        end(file());
        try (DualJournal journal = Journals.open(directory, hourly())) {
            insert(journal.current(), 5000, 5000);
        }
        assertThat(JournalQueue.files(directory.resolve("queue-1"))).hasSize(2);
        assertThat(Journals.readAll(directory)).isEqualTo(idsUpTo(TRANSACTIONS, 5000));
        assertThat(JournalVerification.of(directory).ok()).isTrue();
    }

    @Test
    void aWriterThatDiedMakingAFile_andAClockThatGoesBack_leaveTheJournalWritable() throws IOException {
        writeAndClose();
        end(file());
        byte[] unborn = new byte[PAGE];
        unborn[3] = (byte) 0xc0;
        Files.write(file().resolveSibling("20260102F.cq4"), unborn);
        try (DualJournal journal = Journals.open(directory, hourly())) {
            insert(journal.current(), 5000, 5000);
        }
        assertThat(Journals.readAll(directory)).isEqualTo(idsUpTo(TRANSACTIONS, 5000));
    }

    /** Writes the mark with which Chronicle ends a file before it makes the next. */
    private void end(Path file) throws IOException {
        try (QueueFile frames = new QueueFile(file)) {
            overwrite(frames.walk(0, -1).end(), new byte[] {0, 0, 0, (byte) 0xc0});
        }
    }

    private int endOfData() throws IOException {
        byte[] bytes = Files.readAllBytes(file());
        int end = bytes.length;
        while (bytes[end - 1] == 0) {
            end--;
        }
        return end;
    }

    private void overwrite(long from, byte[] bytes) throws IOException {
        try (RandomAccessFile access = new RandomAccessFile(file().toFile(), "rw")) {
            access.seek(from);
            access.write(bytes);
        }
    }

    private void flip(long at) throws IOException {
        overwrite(at, new byte[] {(byte) (Files.readAllBytes(file())[(int) at] ^ 0x10)});
    }

    private static List<List<Long>> idsUpTo(long last, long... more) {
        List<List<Long>> ids = new ArrayList<>();
        LongStream.rangeClosed(1, last).forEach(id -> ids.add(List.of(id)));
        LongStream.of(more).forEach(id -> ids.add(List.of(id)));
        return ids;
    }

    private void continuesAfter(long lastWhole) {
        try (DualJournal journal = Journals.open(directory, hourly())) {
            JournalTail recovered = journal.current().recovered();
            assertThat(recovered.last()).isEqualTo(new Position(1, lastWhole));
            assertThat(recovered.tornRecords()).isPositive();
            assertThat(recovered.tornBytes()).isPositive();
            insert(journal.current(), 5000, 5000);
        }
        assertThat(Journals.readAll(directory)).isEqualTo(idsUpTo(lastWhole, 5000));
        JournalVerification verification = JournalVerification.of(directory);
        assertThat(verification.error()).isNull();
        assertThat(verification.tornBytes()).isPositive();
    }

    private void isCorruptAfter(long position) {
        assertThatThrownBy(() -> Journals.readAll(directory))
                .hasMessageContaining("PENUMBRA-3002")
                .hasMessageContaining("after=1:" + position);
        assertThat(JournalVerification.of(directory).ok()).isFalse();
    }

    @Test
    void aFlippedBitInTheLastRecord_isReportedAsTornByTheNextEpoch() throws Exception {
        writeAndClose();
        flip(endOfData() - 2);
        continuesAfter(TRANSACTIONS - 1);
    }

    @Test
    void zeroedPagesAtTheEnd_areReportedAsTornByTheNextEpoch() throws Exception {
        writeAndClose();
        int from = endOfData() / PAGE * PAGE - PAGE;
        overwrite(from, new byte[2 * PAGE]);
        long lastWhole = Journals.readWhatIsThere(directory).size();
        assertThat(lastWhole).isBetween(TRANSACTIONS - 300, TRANSACTIONS - 1);
        continuesAfter(lastWhole);
    }

    @Test
    void aFlippedBitInTheLastFrame_isReportedAsTornByTheNextEpoch() throws Exception {
        writeAndClose();
        // The last record is a commit; its length stands in the four bytes before its version byte.
        byte[] bytes = Files.readAllBytes(file());
        int at = endOfData();
        while (!(bytes[at] == RecordFormat.VERSION
                && bytes[at + 1] == RecordKind.COMMIT.code()
                && bytes[at + 2] == 0
                && bytes[at + 3] == 0)) {
            at--;
        }
        flip(at - 4);
        continuesAfter(TRANSACTIONS - 1);
    }

    @Test
    void aFlippedBitInTheMiddle_isCorruption_byPosition() throws Exception {
        writeAndClose();
        flip(offsetOfRow(500));
        isCorruptAfter(499);
    }

    @Test
    void aZeroedPageInTheMiddle_isCorruption_forReadersAndForTheNextWriter() throws Exception {
        writeAndClose();
        overwrite((long) offsetOfRow(500) / PAGE * PAGE, new byte[PAGE]);
        long whole = Journals.readWhatIsThere(directory).size();
        assertThat(whole).isBetween(400L, 500L);
        isCorruptAfter(whole);
        assertThatThrownBy(() -> {
                    try (DualJournal journal = Journals.open(directory, hourly())) {
                        journal.current();
                    }
                })
                .hasMessageContaining("PENUMBRA-3002");
        isCorruptAfter(whole);
    }

    @Test
    void aDamagedEventBeforeWholeOnesOfATransactionThatNeverCommitted_isTornAndNotCorrupt() throws Exception {
        writeAndClose();
        Catalogue catalogue = Catalogue.read(directory);
        try (RecordAppender dying = new RecordAppender(
                directory,
                directory.resolve("queue-1"),
                hourly(),
                catalogue.roll(),
                Clock.systemUTC(),
                FileForce.SYSTEM)) {
            dying.beginTransaction();
            for (long i = 1; i <= 3; i++) {
                Position position = new Position(1, TRANSACTIONS + i);
                byte[] images = Journals.images(Row.of(7000 + i, "owner " + (7000 + i)));
                dying.appendEvent(ACCOUNT, position, new TransactionId(1, 7000), 0, Origin.CAPTURED, images);
            }
        }
        flip(offsetOfRow(7001));
        continuesAfter(TRANSACTIONS);
    }
}
