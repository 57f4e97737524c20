package dev.penumbra.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serial;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;
import net.openhft.chronicle.wire.SelfDescribingMarshallable;
import net.openhft.chronicle.wire.WireIn;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A journal's records are bytes: whoever can write to it cannot have its readers make objects of a class of his choice. */
class RecordBytesTest {
    private static final AtomicInteger MADE = new AtomicInteger();

    @TempDir
    Path directory;

    /** Counts how often Chronicle or Java makes one out of bytes. */
    public static final class Trap extends SelfDescribingMarshallable implements Serializable {
        @Serial
        private static final long serialVersionUID = 1L;

        @Override
        public void readMarshallable(WireIn wire) {
            MADE.incrementAndGet();
        }

        @Serial
        private void readObject(java.io.ObjectInputStream in) {
            MADE.incrementAndGet();
        }
    }

    private static byte[] serialized() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(new Trap());
        }
        return bytes.toByteArray();
    }

    /** A record of a whole header and checksum whose body is something else. */
    private static byte[] framed(byte[] body) {
        byte[] record = new byte[RecordFormat.HEADER_LENGTH + body.length];
        record[0] = RecordFormat.VERSION;
        record[1] = (byte) RecordKind.CHANGE.code();
        System.arraycopy(body, 0, record, RecordFormat.HEADER_LENGTH, body.length);
        java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
        crc.update(record, 0, 4);
        crc.update(record, RecordFormat.HEADER_LENGTH, body.length);
        java.nio.ByteBuffer.wrap(record).order(java.nio.ByteOrder.LITTLE_ENDIAN).putInt(4, (int) crc.getValue());
        return record;
    }

    private void append(java.util.function.Consumer<DocumentContext> record) {
        try (SingleChronicleQueue queue = JournalQueue.openForWriting(
                        directory.resolve("queue-1"),
                        Journals.SMALL,
                        Journals.SMALL.roll(),
                        System::currentTimeMillis);
                ExcerptAppender appender = queue.createAppender();
                DocumentContext document = appender.writingDocument()) {
            record.accept(document);
        }
    }

    /** Reads the journal, which may end before the record or in it. */
    private List<List<Long>> read() {
        try {
            return Journals.readAll(directory);
        } catch (PenumbraException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.JOURNAL_CORRUPT);
            return List.of();
        }
    }

    @Test
    void anObjectThatChronicleWrote_isNoRecord_andNotMade() {
        Journals.open(directory).close();
        append(document -> document.wire().getValueOut().object(new Trap()));
        MADE.set(0);
        assertThat(read()).isEmpty();
        assertThat(MADE).hasValue(0);
        try (SingleChronicleQueue queue =
                        JournalQueue.openForReading(directory.resolve("queue-1"), Journals.SMALL.roll());
                ExcerptTailer tailer = queue.createTailer();
                DocumentContext document = tailer.readingDocument()) {
            document.wire().getValueIn().object(Trap.class);
        }
        assertThat(MADE).as("what a reader of objects would have done").hasPositiveValue();
    }

    @Test
    void aSerializedObject_isNoRecord_andNotMade() throws IOException, ClassNotFoundException {
        Journals.open(directory).close();
        byte[] body = serialized();
        append(document -> document.wire().bytes().write(framed(body)));
        MADE.set(0);
        assertThat(read()).isEmpty();
        assertThat(MADE).hasValue(0);
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(body))) {
            in.readObject();
        }
        assertThat(MADE).as("what a reader of objects would have done").hasPositiveValue();
    }
}
