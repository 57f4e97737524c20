package dev.penumbra.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/**
 * The frames of one of Chronicle's queue files, read without Chronicle, which trusts what it finds.
 *
 * <pre>
 *  0                              4
 *  +------------------------------+----------------------+---------
 *  | length and flags, low first  |  length bytes        | padding to a multiple of 4
 *  +------------------------------+----------------------+---------
 * </pre>
 *
 * <p>The flags are the two highest bits: 0x80000000 not complete, 0x40000000 Chronicle's own data. Both with length 0 end the
 * file; 0 stands where nothing was written yet. Belongs to one thread.
 */
final class QueueFile implements AutoCloseable {
    static final int FRAME_BYTES = 4;

    private static final int NOT_COMPLETE = 0x80000000;
    private static final int OWN_DATA = 0x40000000;
    private static final int LENGTH_MASK = 0x3fffffff;
    private static final int WINDOW_BYTES = 1 << 18;

    private final FileChannel channel;
    private final long length;
    private final RecordFormat format = new RecordFormat();
    private ByteBuffer window = ByteBuffer.allocate(WINDOW_BYTES).limit(0);
    private long windowAt;

    QueueFile(Path file) throws IOException {
        this.channel = FileChannel.open(file, StandardOpenOption.READ);
        this.length = channel.size();
    }

    /**
     * What a walk over the frames found.
     *
     * @param end where the frames stop
     * @param firstDamaged where the first record stands whose checksum does not fit; -1 for none
     * @param met whether a frame begins at the position that was looked for
     * @param regular whether the frames stop where nothing was written yet or at the mark that ends a file
     * @param ended whether they stop at that mark
     */
    record Frames(long end, long firstDamaged, boolean met, boolean regular, boolean ended) {}

    /** Walks from a frame to the last that follows without a break, and says whether one begins at a position. */
    Frames walk(long from, long lookedFor) throws IOException {
        return walk(from, lookedFor, Long.MAX_VALUE, record -> {});
    }

    /** Hands out the records from the head of the file to a position; each is valid during the call. */
    void forEachRecord(long limit, Consumer<ByteBuffer> action) throws IOException {
        walk(0, -1, limit, action);
    }

    private Frames walk(long from, long lookedFor, long limit, Consumer<ByteBuffer> action) throws IOException {
        long firstDamaged = -1;
        boolean met = false;
        boolean regular = true;
        boolean ended = false;
        long at = from;
        while (at < limit && at + FRAME_BYTES <= length) {
            int frame = frameAt(at);
            if (frame == 0 || (frame & NOT_COMPLETE) != 0 || at + FRAME_BYTES + (frame & LENGTH_MASK) > length) {
                ended = frame == (NOT_COMPLETE | OWN_DATA);
                regular = ended || frame == 0;
                break;
            }
            met |= at == lookedFor;
            int bytes = frame & LENGTH_MASK;
            if ((frame & OWN_DATA) == 0) {
                if (firstDamaged < 0 && !isWhole(at, bytes)) {
                    firstDamaged = at;
                }
                action.accept(bytesAt(at + FRAME_BYTES, bytes));
            }
            at = align(at + FRAME_BYTES + bytes);
        }
        return new Frames(at, firstDamaged, met, regular, ended);
    }

    /**
     * Looks behind a break for whole records, wherever a frame might begin.
     *
     * @param records how many there are
     * @param settling whether one of them commits a transaction or begins an epoch
     * @param end behind the last byte that is not zero
     */
    record Remains(long records, boolean settling, long end) {}

    Remains search(long from) throws IOException {
        long records = 0;
        boolean settling = false;
        long end = from;
        long at = align(from);
        while (at + FRAME_BYTES <= length) {
            int frame = frameAt(at);
            if (frame == 0) {
                at += FRAME_BYTES;
                continue;
            }
            end = at + FRAME_BYTES;
            if ((frame & ~LENGTH_MASK) == 0 && at + FRAME_BYTES + frame <= length && isWhole(at, frame)) {
                RecordKind kind =
                        RecordKind.ofCode(bytesAt(at + FRAME_BYTES, frame).get(1));
                settling |= kind == RecordKind.COMMIT || kind == RecordKind.EPOCH;
                records++;
                end = at + FRAME_BYTES + frame;
                at = align(end);
            } else {
                at += FRAME_BYTES;
            }
        }
        return new Remains(records, settling, end);
    }

    private boolean isWhole(long at, int bytes) throws IOException {
        if (bytes < RecordFormat.HEADER_LENGTH) {
            return false;
        }
        ByteBuffer head = bytesAt(at + FRAME_BYTES, RecordFormat.HEADER_LENGTH);
        if (head.get(0) < 1 || head.get(0) > RecordFormat.VERSION || head.getShort(2) != 0) {
            return false;
        }
        byte[] record = new byte[bytes];
        bytesAt(at + FRAME_BYTES, bytes).get(record);
        return format.isWhole(record, bytes);
    }

    private static long align(long position) {
        return position + 3 & ~3L;
    }

    private int frameAt(long at) throws IOException {
        return bytesAt(at, FRAME_BYTES).getInt(0);
    }

    private ByteBuffer bytesAt(long at, int bytes) throws IOException {
        if (at < windowAt || at + bytes > windowAt + window.limit()) {
            if (bytes > window.capacity()) {
                window = ByteBuffer.allocate(bytes);
            }
            window.clear();
            windowAt = at;
            int read = 0;
            while (window.hasRemaining() && read >= 0) {
                read = channel.read(window, at + window.position());
            }
            window.flip();
        }
        return window.slice(Math.toIntExact(at - windowAt), bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
