package dev.penumbra.journal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.api.Incubating;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A question to whoever writes a journal, and its answer: up to where does the journal hold everything that had been committed in
 * the source when I asked?
 *
 * <p>Both sides may be in different processes of one machine: they share the memory of the file {@code probe} in the journal's
 * directory, whose numbers are 8 bytes long and little-endian:
 *
 * <pre>
 *  0  "PNBRPRB" and the format's version, 1
 *  8  the number of the latest question
 * 16  a guard: odd while an answer is being written
 * 24  the number of the question that was answered last
 * 32  the epoch and
 * 40  the sequence of the position that answers it
 * </pre>
 *
 * <p>Safe for use by several threads; one process at a time may answer. Nothing waits here, and nothing is forced to disk: after a
 * crash of the machine questions may have numbers that had been given before, and answers are still true.
 */
@Incubating
public final class JournalProbe {
    private static final String FILE = "probe";
    private static final int BYTES = 48;
    private static final int MAGIC = 0;
    private static final int ASKED = 8;
    private static final int GUARD = 16;
    private static final int ANSWERED = 24;
    private static final int EPOCH = 32;
    private static final int SEQUENCE = 40;

    /** "PNBRPRB" and 1. */
    private static final long MAGIC_VALUE = 0x0142_5250_5242_4e50L;

    private static final int READ_ATTEMPTS = 1_000;

    private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final ByteBuffer memory;

    /**
     * What a question was answered with.
     *
     * @param question the question's number; earlier ones are answered by this, too
     * @param upTo everything that had been committed in the source when the question was asked is at or before this position
     */
    public record Answer(long question, Position upTo) {}

    private JournalProbe(ByteBuffer memory) {
        this.memory = memory;
    }

    /**
     * Opens the probe of a journal, creating its file where there is none. There is nothing to close.
     *
     * @throws PenumbraException with JOURNAL_NOT_FOUND when there is no such directory, JOURNAL_NOT_WRITABLE when the file cannot
     *     be shared, JOURNAL_NEWER when its format is another's
     */
    public static JournalProbe open(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_FOUND).with("directory", directory);
        }
        try (FileChannel channel = OwnerOnly.openShared(directory.resolve(FILE))) {
            MappedByteBuffer memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, BYTES);
            long magic = (long) LONGS.compareAndExchange((ByteBuffer) memory, MAGIC, 0L, MAGIC_VALUE);
            if (magic != 0 && magic != MAGIC_VALUE) {
                throw new PenumbraException(ErrorCode.JOURNAL_NEWER)
                        .with("file", directory.resolve(FILE))
                        .with("format", Long.toHexString(magic));
            }
            return new JournalProbe(memory);
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("directory", directory);
        }
    }

    /** Asks; returns the question's number, which is larger than that of every question before. */
    public long ask() {
        return (long) LONGS.getAndAdd(memory, ASKED, 1L) + 1;
    }

    /** The number of the latest question; 0 before the first. */
    public long asked() {
        return (long) LONGS.getVolatile(memory, ASKED);
    }

    /**
     * Answers a question, and all before it.
     *
     * @param question its number, as {@link #asked} had it before the source was looked at
     */
    public void answer(long question, Position upTo) {
        // Odd also where an answer was broken off by a kill.
        long guard = (long) LONGS.getVolatile(memory, GUARD) | 1;
        LONGS.setVolatile(memory, GUARD, guard);
        LONGS.setVolatile(memory, ANSWERED, question);
        LONGS.setVolatile(memory, EPOCH, (long) upTo.epoch());
        LONGS.setVolatile(memory, SEQUENCE, upTo.sequence());
        LONGS.setVolatile(memory, GUARD, guard + 1);
    }

    /** The latest answer; empty before the first, and while one is being written or was broken off. */
    public Optional<Answer> answer() {
        for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
            long guard = (long) LONGS.getVolatile(memory, GUARD);
            long question = (long) LONGS.getVolatile(memory, ANSWERED);
            long epoch = (long) LONGS.getVolatile(memory, EPOCH);
            long sequence = (long) LONGS.getVolatile(memory, SEQUENCE);
            if ((guard & 1) == 0 && guard == (long) LONGS.getVolatile(memory, GUARD)) {
                return guard == 0
                        ? Optional.empty()
                        : Optional.of(new Answer(question, new Position(Math.toIntExact(epoch), sequence)));
            }
            Thread.onSpinWait();
        }
        return Optional.empty();
    }
}
