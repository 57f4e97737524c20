package dev.penumbra.journal;

import dev.penumbra.model.Bytes;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TransactionId;
import dev.penumbra.model.api.Internal;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A question to whoever writes a journal, and its answer: which changes stand in the source that are not committed?
 *
 * <p>Nothing of it is in the journal, which holds what has been committed. The files {@code uncommitted}, of the form of the
 * {@linkplain JournalProbe probe}, and {@code uncommitted.list} in the journal's directory carry questions and lists between the processes
 * of one machine. A list is written in one call; big-endian:
 *
 * <pre>
 * length of what follows (4) | CRC-32C of what follows (4)
 *     | number of the question (8) | epoch (4) and sequence (8) of a position | how many changes (4)
 *     | of each: id (8), transaction (8 + 8), length (4), {@link EventImages}
 * </pre>
 *
 * <p>Safe for use by several threads; one process at a time may list. Nothing waits here for the other side, and nothing is forced to disk.
 */
@Internal
public final class UncommittedChanges implements AutoCloseable {
    private static final String FILE = "uncommitted";
    private static final String LIST = "uncommitted.list";
    private static final int FRAME_BYTES = 2 * Integer.BYTES;
    private static final int HEAD_BYTES = 2 * Long.BYTES + 2 * Integer.BYTES;
    private static final int CHANGE_BYTES = 3 * Long.BYTES + Integer.BYTES;
    /** More than a list ever has. */
    private static final int MAX_BYTES = 64 << 20;

    private final Path path;
    private final JournalProbe questions;
    private final RandomAccessFile file;

    /**
     * A change that somebody has made and not committed.
     *
     * @param id tells it from every other change of the source; of two changes of a row the later one has the larger
     * @param transaction as the journal will name it
     * @param images the bytes of {@link EventImages}
     */
    public record Uncommitted(long id, TransactionId transaction, Bytes images) {}

    /**
     * What stood in the source at one moment.
     *
     * @param question the number of the question that it answers; earlier ones are answered by it, too
     * @param upTo a change that an earlier list had and that this one has not is in the journal at or before this position, or was taken back
     * @param changes those that were not known to be committed, in the order of their ids
     */
    public record Listing(long question, Position upTo, List<Uncommitted> changes) {
        public Listing {
            changes = List.copyOf(changes);
        }

        /** As bytes. */
        public byte[] encoded() {
            int length = HEAD_BYTES;
            for (Uncommitted change : changes) {
                length += CHANGE_BYTES + change.images().length();
            }
            ByteBuffer bytes = ByteBuffer.allocate(length);
            bytes.putLong(question)
                    .putInt(upTo.epoch())
                    .putLong(upTo.sequence())
                    .putInt(changes.size());
            for (Uncommitted change : changes) {
                byte[] images = change.images().array();
                bytes.putLong(change.id())
                        .putLong(change.transaction().opening())
                        .putLong(change.transaction().number())
                        .putInt(images.length)
                        .put(images);
            }
            return bytes.array();
        }

        /** What {@link #encoded} wrote; empty when the bytes make no sense. */
        public static Optional<Listing> decoded(byte[] encoded) {
            try {
                ByteBuffer bytes = ByteBuffer.wrap(encoded);
                long question = bytes.getLong();
                Position upTo = new Position(bytes.getInt(), bytes.getLong());
                int count = bytes.getInt();
                List<Uncommitted> changes = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    long id = bytes.getLong();
                    TransactionId transaction = new TransactionId(bytes.getLong(), bytes.getLong());
                    int length = bytes.getInt();
                    if (length < 0 || length > bytes.remaining()) {
                        return Optional.empty();
                    }
                    byte[] images = new byte[length];
                    bytes.get(images);
                    changes.add(new Uncommitted(id, transaction, Bytes.wrap(images)));
                }
                return Optional.of(new Listing(question, upTo, changes));
            } catch (BufferUnderflowException e) {
                return Optional.empty();
            }
        }
    }

    private UncommittedChanges(Path path, JournalProbe questions, RandomAccessFile file) {
        this.path = path;
        this.questions = questions;
        this.file = file;
    }

    /**
     * Opens the way to a journal's writer, creating its files where there are none.
     *
     * @throws PenumbraException as {@link JournalProbe#open}
     */
    public static UncommittedChanges open(Path directory) {
        JournalProbe questions = JournalProbe.open(directory, FILE);
        Path path = directory.resolve(LIST);
        try {
            OwnerOnly.open(path).close();
            return new UncommittedChanges(path, questions, new RandomAccessFile(path.toFile(), "rw"));
        } catch (IOException e) {
            questions.close();
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("file", path);
        }
    }

    /**
     * Asks; returns the question's number, which is larger than that of every question before.
     *
     * @throws PenumbraException with JOURNAL_NOT_WRITABLE, as all methods here, also once this is closed
     */
    public long ask() {
        return questions.ask();
    }

    /** The number of the latest question; empty before the first, and while one is being asked. */
    public OptionalLong asked() {
        return questions.asked();
    }

    /** Answers a question, and all before it. */
    public synchronized void list(Listing listing) {
        byte[] encoded = listing.encoded();
        byte[] record = ByteBuffer.allocate(FRAME_BYTES + encoded.length)
                .putInt(encoded.length)
                .putInt(Checksum.of(encoded))
                .put(encoded)
                .array();
        try {
            file.seek(0);
            file.write(record);
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("file", path);
        }
        questions.answer(listing.question(), listing.upTo());
    }

    /** The latest list, when it answers a question; empty before, and while one is being written. */
    public synchronized Optional<Listing> listed(long question) {
        if (questions.answer().filter(answer -> answer.question() >= question).isEmpty()) {
            return Optional.empty();
        }
        try {
            byte[] frame = new byte[FRAME_BYTES];
            file.seek(0);
            file.readFully(frame);
            ByteBuffer head = ByteBuffer.wrap(frame);
            int length = head.getInt();
            if (length < HEAD_BYTES || length > MAX_BYTES || length > file.length() - FRAME_BYTES) {
                return Optional.empty();
            }
            byte[] encoded = new byte[length];
            file.readFully(encoded);
            return head.getInt() == Checksum.of(encoded)
                    ? Listing.decoded(encoded).filter(listing -> listing.question() >= question)
                    : Optional.empty();
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("file", path);
        }
    }

    /** Lets go of the files. */
    @Override
    public void close() {
        questions.close();
        try {
            file.close();
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("file", path);
        }
    }
}
