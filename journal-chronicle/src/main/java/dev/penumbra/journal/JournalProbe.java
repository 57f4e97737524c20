package dev.penumbra.journal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.api.Incubating;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A question to whoever writes a journal, and its answer: up to where does the journal hold everything that had been committed in
 * the source when I asked?
 *
 * <p>Both sides may be in different processes of one machine: they share the file {@code probe} in the journal's directory, whose
 * numbers are 8 bytes long and little-endian:
 *
 * <pre>
 *  0  "PNBRPRB" and the format's version, 1
 *  8  the number of the latest question, CRC-32C of it (4)
 * 24  the number of the question that was answered last, epoch and sequence of the position that answers it, CRC-32C (4)
 * </pre>
 *
 * <p>Safe for use by several threads; one process at a time may answer. Nothing waits here for the other side, and nothing is forced
 * to disk. The file is not mapped into memory: it would stay in use for as long as the garbage collector likes.
 */
@Incubating
public final class JournalProbe implements AutoCloseable {
    private static final String FILE = "probe";
    private static final int BYTES = 52;
    private static final int QUESTION = 8;
    private static final int QUESTION_BYTES = 8;
    private static final int ANSWER = 24;
    private static final int ANSWER_BYTES = 24;
    private static final int CRC_BYTES = 4;

    /** "PNBRPRB" and 1. */
    private static final long MAGIC = 0x0142_5250_5242_4e50L;

    /** Larger than what could have been asked: where numbers have been lost, new ones begin so far behind what is known. */
    private static final long LOST = 1L << 40;

    /**
     * Keeps this process's threads apart where a lock on the file keeps processes apart. Also held whenever an opening of the file is
     * closed: the operating system then lets go of the process's locks on it, whoever has taken them.
     */
    private static final Object PROCESS = new Object();

    private final Path path;
    private final RandomAccessFile file;

    /**
     * What a question was answered with.
     *
     * @param question the question's number; earlier ones are answered by this, too
     * @param upTo everything that had been committed in the source when the question was asked is at or before this position
     */
    public record Answer(long question, Position upTo) {}

    private JournalProbe(Path path, RandomAccessFile file) {
        this.path = path;
        this.file = file;
    }

    /**
     * Opens the probe of a journal, creating its file where there is none.
     *
     * @throws PenumbraException with JOURNAL_NOT_FOUND when there is no such directory, JOURNAL_NOT_WRITABLE when the file cannot
     *     be shared, JOURNAL_NEWER when its format is another's
     */
    public static JournalProbe open(Path directory) {
        return open(directory, FILE);
    }

    /** The same for questions of another kind, in a file of their own. */
    static JournalProbe open(Path directory, String file) {
        if (!Files.isDirectory(directory)) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_FOUND).with("directory", directory);
        }
        Path path = directory.resolve(file);
        synchronized (PROCESS) {
            try {
                OwnerOnly.open(path).close();
                RandomAccessFile opened = new RandomAccessFile(path.toFile(), "rw");
                try {
                    begin(path, opened);
                    return new JournalProbe(path, opened);
                } catch (IOException | RuntimeException e) {
                    opened.close();
                    throw e;
                }
            } catch (IOException e) {
                throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("file", path);
            }
        }
    }

    private static void begin(Path path, RandomAccessFile file) throws IOException {
        FileLock alone = file.getChannel().lock();
        try {
            if (file.length() < BYTES) {
                file.write(longs(BYTES, MAGIC));
            }
        } finally {
            alone.release();
        }
        byte[] magic = new byte[Long.BYTES];
        file.seek(0);
        file.readFully(magic);
        long found = ByteBuffer.wrap(magic).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (found != MAGIC) {
            throw new PenumbraException(ErrorCode.JOURNAL_NEWER)
                    .with("file", path)
                    .with("format", Long.toHexString(found));
        }
    }

    private static byte[] longs(int bytes, long... values) {
        byte[] array = new byte[bytes];
        ByteBuffer buffer = ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN);
        for (long value : values) {
            buffer.putLong(value);
        }
        return array;
    }

    private void write(int at, int length, long... values) throws IOException {
        byte[] record = longs(length + CRC_BYTES, values);
        ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN).putInt(length, Checksum.of(record, 0, length));
        // In one call, so that no kill leaves half of it.
        file.seek(at);
        file.write(record);
    }

    /** A record's numbers; empty before there was one, or while another process is in the middle of it. */
    private Optional<ByteBuffer> read(int at, int length) throws IOException {
        byte[] record = new byte[length + CRC_BYTES];
        file.seek(at);
        file.readFully(record);
        ByteBuffer numbers = ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN);
        boolean whole = numbers.getInt(length) == Checksum.of(record, 0, length) && numbers.getLong(0) != 0;
        return whole ? Optional.of(numbers) : Optional.empty();
    }

    private PenumbraException broken(IOException e) {
        return new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("file", path);
    }

    /**
     * Asks; returns the question's number, which is larger than that of every question before.
     *
     * @throws PenumbraException with JOURNAL_NOT_WRITABLE, as all methods here, also once this is closed
     */
    public long ask() {
        synchronized (PROCESS) {
            try {
                FileLock alone = file.getChannel().lock();
                try {
                    return askAlone();
                } finally {
                    alone.release();
                }
            } catch (IOException e) {
                throw broken(e);
            }
        }
    }

    private synchronized long askAlone() throws IOException {
        Optional<ByteBuffer> asked = read(QUESTION, QUESTION_BYTES);
        long answered = answer().map(Answer::question).orElse(0L);
        boolean lost = asked.isEmpty() && answered > 0;
        long question = Math.max(answered, asked.map(ByteBuffer::getLong).orElse(0L)) + (lost ? LOST : 1);
        write(QUESTION, QUESTION_BYTES, question);
        return question;
    }

    /** The number of the latest question; empty before the first, and while one is being asked. */
    public synchronized OptionalLong asked() {
        try {
            Optional<ByteBuffer> asked = read(QUESTION, QUESTION_BYTES);
            return asked.isPresent() ? OptionalLong.of(asked.get().getLong()) : OptionalLong.empty();
        } catch (IOException e) {
            throw broken(e);
        }
    }

    /**
     * Answers a question, and all before it.
     *
     * @param question its number, as {@link #asked} had it before the source was looked at
     */
    public synchronized void answer(long question, Position upTo) {
        try {
            write(ANSWER, ANSWER_BYTES, question, upTo.epoch(), upTo.sequence());
        } catch (IOException e) {
            throw broken(e);
        }
    }

    /** The latest answer; empty before the first, and while one is being written. */
    public synchronized Optional<Answer> answer() {
        try {
            return read(ANSWER, ANSWER_BYTES)
                    .map(numbers -> new Answer(
                            numbers.getLong(), new Position(Math.toIntExact(numbers.getLong()), numbers.getLong())));
        } catch (IOException e) {
            throw broken(e);
        }
    }

    /** Lets go of the file. */
    @Override
    public void close() {
        synchronized (PROCESS) {
            try {
                file.close();
            } catch (IOException e) {
                throw broken(e);
            }
        }
    }
}
