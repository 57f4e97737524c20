package dev.penumbra.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalProbeTest {
    private static final int QUESTION = 8;
    private static final int ANSWER = 24;

    @TempDir
    Path directory;

    private final List<JournalProbe> opened = new ArrayList<>();

    @AfterEach
    void close() {
        opened.forEach(JournalProbe::close);
    }

    private JournalProbe open() {
        JournalProbe probe = JournalProbe.open(directory);
        opened.add(probe);
        return probe;
    }

    @Test
    void aQuestion_isSeenByAnotherOpening_andSoIsItsAnswer() {
        JournalProbe reader = open();
        JournalProbe writer = open();
        assertThat(writer.asked()).isEmpty();
        assertThat(reader.answer()).isEmpty();
        assertThat(reader.ask()).isEqualTo(1);
        assertThat(open().ask()).isEqualTo(2);
        assertThat(writer.asked()).hasValue(2);
        writer.answer(2, new Position(3, 1L << 40));
        assertThat(reader.answer()).contains(new JournalProbe.Answer(2, new Position(3, 1L << 40)));
    }

    @Test
    void itsFile_isItsOwnersAlone() throws Exception {
        open();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("probe"))))
                .isEqualTo("rw-------");
    }

    @Test
    void aDamagedAnswer_isNone_untilTheNextOne() throws Exception {
        JournalProbe probe = open();
        probe.answer(1, new Position(1, 1));
        write(ANSWER + 8, 3);
        assertThat(probe.answer()).isEmpty();
        open().answer(2, new Position(1, 7));
        assertThat(probe.answer()).contains(new JournalProbe.Answer(2, new Position(1, 7)));
    }

    @Test
    void whereTheNumberOfQuestionsIsLost_noNumberIsGivenAgain() throws Exception {
        JournalProbe probe = open();
        for (int i = 0; i < 5; i++) {
            probe.ask();
        }
        probe.answer(3, new Position(1, 1));
        write(QUESTION, 1);
        assertThat(probe.asked()).isEmpty();
        long question = probe.ask();
        assertThat(question).isGreaterThan(5);
        assertThat(probe.asked()).hasValue(question);
    }

    @Test
    void anAnswer_isNeverSeenInPart() throws Exception {
        JournalProbe writer = open();
        JournalProbe reader = open();
        AtomicBoolean enough = new AtomicBoolean();
        Thread answering = new Thread(() -> {
            for (long n = 1; !enough.get(); n++) {
                writer.answer(n, new Position((int) (n % 1_000_000), n));
            }
        });
        answering.start();
        try {
            for (int i = 0; i < 50_000; i++) {
                reader.answer()
                        .ifPresent(answer -> assertThat(answer.upTo())
                                .isEqualTo(new Position((int) (answer.question() % 1_000_000), answer.question())));
            }
        } finally {
            enough.set(true);
            answering.join();
        }
    }

    @Test
    void onceClosed_itRefusesToBeUsed() {
        JournalProbe probe = JournalProbe.open(directory);
        probe.ask();
        probe.close();
        assertThatThrownBy(probe::asked).isInstanceOf(PenumbraException.class);
    }

    @Test
    void aFileOfAnotherFormat_isRefused_andADirectoryThatIsNotThere() throws Exception {
        assertThatThrownBy(() -> JournalProbe.open(directory.resolve("none")))
                .isInstanceOfSatisfying(
                        PenumbraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.JOURNAL_NOT_FOUND));
        open();
        write(0, 17);
        assertThatThrownBy(() -> open())
                .isInstanceOfSatisfying(
                        PenumbraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.JOURNAL_NEWER));
    }

    private void write(int at, long value) throws Exception {
        try (FileChannel channel = FileChannel.open(directory.resolve("probe"), StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putLong(0, value);
            channel.write(bytes, at);
        }
    }
}
