package dev.penumbra.journal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.io.File;
import java.nio.BufferUnderflowException;
import java.util.Arrays;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.TailerDirection;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;

/**
 * Walks over a queue's raw records, one thread at a time. The record that {@link #next} found stands in {@link #record},
 * {@link #length} bytes of it, until the next call.
 */
final class RecordCursor implements AutoCloseable {
    private static final int INITIAL_CAPACITY = 4096;

    private final SingleChronicleQueue queue;
    private final ExcerptTailer tailer;
    private byte[] record = new byte[INITIAL_CAPACITY];
    private int length;
    private long index;
    private long frame;
    private long following = -1;

    RecordCursor(SingleChronicleQueue queue) {
        this.queue = queue;
        this.tailer = queue.createTailer();
        tailer.singleThreadedCheckDisabled(true);
    }

    /** Moves to the next record; false at the end, where more may come later. */
    boolean next() {
        try (DocumentContext document = tailer.readingDocument()) {
            if (!document.isPresent()) {
                return false;
            }
            Bytes<?> bytes = document.wire().bytes();
            length = Math.toIntExact(bytes.readRemaining());
            frame = bytes.readPosition() - QueueFile.FRAME_BYTES;
            if (length > record.length) {
                grow();
            }
            bytes.read(record, 0, length);
            index = document.index();
            following = index + 1;
            return true;
        } catch (IllegalStateException | IllegalArgumentException | BufferUnderflowException | AssertionError e) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT, e).with("index", Long.toHexString(following));
        }
    }

    private void grow() {
        File file = tailer.currentFile();
        if (file != null && length > file.length()) {
            throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT).with("length", length);
        }
        record = new byte[Math.max(length, Math.min(2 * record.length, Integer.MAX_VALUE - 8))];
    }

    /** Where the record's frame begins in its file. */
    long frame() {
        return frame;
    }

    /** The index of the record that {@link #next} looks for; -1 when that is not known. */
    long following() {
        return following;
    }

    /**
     * Whether a record follows by Chronicle's count although {@link #next} does not find it: then its frame is damaged, and
     * to go on waiting would be to wait for ever.
     */
    boolean isBarred() {
        if (following < 0) {
            return false;
        }
        long written;
        try (RecordCursor count = new RecordCursor(queue)) {
            written = count.recordsIn(queue.rollCycle().toCycle(following));
        }
        return queue.rollCycle().toSequenceNumber(following) < written;
    }

    byte[] record() {
        return record;
    }

    byte[] copy() {
        return Arrays.copyOf(record, length);
    }

    int length() {
        return length;
    }

    /** Where the record stands in the queue. */
    long index() {
        return index;
    }

    /** The number of the file that the record stands in. */
    int cycle() {
        return queue.rollCycle().toCycle(index);
    }

    /** How many records a file has. */
    long recordsIn(int cycle) {
        return Math.max(0, tailer.excerptsInCycle(cycle));
    }

    void toStart() {
        tailer.direction(TailerDirection.FORWARD);
        tailer.toStart();
        following = queue.firstCycle() == Integer.MAX_VALUE ? -1 : queue.firstIndex();
    }

    /** Puts the cursor so that {@link #next} finds the record at an index; false when there is none. */
    boolean moveTo(long toIndex) {
        tailer.direction(TailerDirection.FORWARD);
        following = toIndex;
        return tailer.moveToIndex(toIndex);
    }

    @Override
    public void close() {
        tailer.close();
    }
}
