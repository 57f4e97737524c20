package dev.penumbra.journal;

import dev.penumbra.model.Bytes;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Questions to whoever writes a journal for rows of the source itself, and its answers.
 *
 * <p>Who asks has a file of his own in the directory {@code rows} of the journal's, {@code NAME.ask}, and is answered in {@code NAME.answer};
 * each is replaced as a whole. The file {@code rows.asked}, of the form of the {@linkplain JournalProbe probe}, tells the writer that there is
 * something to read. Numbers are big-endian; each file begins with the CRC-32C of what follows (4), the number of the question (8) and how
 * many rows (4):
 *
 * <pre>
 * of each row that is asked for:  fingerprint of the layout (8), length (4), {@link KeyFormat}
 * of each row of the answer:      2 and length (4) and {@link RowFormat}, or 1 where there is no row, or 0 where it cannot be told
 * </pre>
 *
 * <p>One thread at a time uses an opening; one process at a time may answer. Nothing waits here for the other side.
 */
@Internal
public final class SourceRows implements AutoCloseable {
    private static final String DIRECTORY = "rows";
    private static final String ASKED = "rows.asked";
    private static final String ASK = ".ask";
    private static final String ANSWER = ".answer";
    private static final String NEW = ".new";
    private static final int HEAD_BYTES = Integer.BYTES + Long.BYTES + Integer.BYTES;

    /** A row that is asked for. */
    public record Wanted(Fingerprint layout, Bytes key) {}

    /**
     * What there is to say of a row.
     *
     * @param known false when it cannot be told: nobody captures such a table, or somebody is writing to the row
     * @param image the row's image; null when there is no row
     */
    public record Found(boolean known, @Nullable Bytes image) {
        /** It cannot be told. */
        public static final Found UNKNOWN = new Found(false, null);
    }

    /** A question as the writer sees it. */
    public record Question(String asker, long number, List<Wanted> rows) {}

    private final Path directory;
    private final JournalProbe questions;
    private final String name = UUID.randomUUID().toString();
    private long asked;

    private SourceRows(Path directory, JournalProbe questions) {
        this.directory = directory;
        this.questions = questions;
    }

    /**
     * Opens the way to a journal's writer.
     *
     * @throws PenumbraException as {@link JournalProbe#open}
     */
    public static SourceRows open(Path journal) {
        JournalProbe questions = JournalProbe.open(journal, ASKED);
        Path directory = journal.resolve(DIRECTORY);
        try {
            OwnerOnly.createDirectories(directory);
            return new SourceRows(directory, questions);
        } catch (IOException e) {
            questions.close();
            throw broken(directory, e);
        }
    }

    private static PenumbraException broken(Path file, Exception e) {
        return new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("file", file);
    }

    /**
     * Asks for rows as they are now; an earlier question of this opening is not answered any more.
     *
     * @throws PenumbraException with JOURNAL_NOT_WRITABLE, as all methods here
     */
    public void ask(List<Wanted> rows) {
        int length = HEAD_BYTES;
        for (Wanted row : rows) {
            length += Long.BYTES + Integer.BYTES + row.key().length();
        }
        byte[] file = new byte[length];
        ByteBuffer bytes = head(file, ++asked, rows.size());
        for (Wanted row : rows) {
            bytes.putLong(row.layout().value())
                    .putInt(row.key().length())
                    .put(row.key().array());
        }
        replace(name + ASK, file);
        questions.ask();
    }

    /** The answer to the question that was asked last; empty while there is none. In the order of the question. */
    public Optional<List<Found>> answer() {
        return read(directory.resolve(name + ANSWER))
                .filter(bytes -> bytes.getLong() == asked)
                .flatMap(SourceRows::found);
    }

    private static Optional<List<Found>> found(ByteBuffer bytes) {
        try {
            int count = bytes.getInt();
            List<Found> found = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int kind = bytes.get();
                found.add(kind == 0 ? Found.UNKNOWN : new Found(true, kind == 1 ? null : sized(bytes)));
            }
            return Optional.of(found);
        } catch (BufferUnderflowException e) {
            return Optional.empty();
        }
    }

    private static Bytes sized(ByteBuffer bytes) {
        int length = bytes.getInt();
        if (length < 0 || length > bytes.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] array = new byte[length];
        bytes.get(array);
        return Bytes.wrap(array);
    }

    /** The number of the latest question of anybody; empty before the first, and while one is being asked. */
    public OptionalLong asked() {
        return questions.asked();
    }

    /** The questions that are there, answered or not. */
    public List<Question> questions() {
        List<Question> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + ASK)) {
            for (Path file : files) {
                String asker = file.getFileName().toString();
                read(file)
                        .flatMap(bytes -> question(asker.substring(0, asker.length() - ASK.length()), bytes))
                        .ifPresent(found::add);
            }
            return found;
        } catch (IOException | DirectoryIteratorException e) {
            throw broken(directory, e);
        }
    }

    private static Optional<Question> question(String asker, ByteBuffer bytes) {
        try {
            long number = bytes.getLong();
            int count = bytes.getInt();
            List<Wanted> rows = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                rows.add(new Wanted(new Fingerprint(bytes.getLong()), sized(bytes)));
            }
            return Optional.of(new Question(asker, number, rows));
        } catch (BufferUnderflowException e) {
            return Optional.empty();
        }
    }

    /** Takes away whatever is asked and answered: who has asked of a former writer asks again. */
    public void clear() {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            files.forEach(SourceRows::delete);
        } catch (IOException | DirectoryIteratorException e) {
            throw broken(directory, e);
        }
    }

    /** Takes a question away, which is to be answered. */
    public void take(Question question) {
        Path file = directory.resolve(question.asker() + ASK);
        // Who has given up may have asked another meanwhile.
        if (read(file).filter(bytes -> bytes.getLong() == question.number()).isPresent()) {
            delete(file);
        }
    }

    /** Answers a question. */
    public void answer(Question question, List<Found> rows) {
        int length = HEAD_BYTES;
        for (Found row : rows) {
            Bytes image = row.image();
            length += 1 + (image == null ? 0 : Integer.BYTES + image.length());
        }
        byte[] file = new byte[length];
        ByteBuffer bytes = head(file, question.number(), rows.size());
        for (Found row : rows) {
            Bytes image = row.image();
            bytes.put((byte) (!row.known() ? 0 : image == null ? 1 : 2));
            if (image != null) {
                bytes.putInt(image.length()).put(image.array());
            }
        }
        replace(question.asker() + ANSWER, file);
    }

    private static ByteBuffer head(byte[] file, long number, int count) {
        return ByteBuffer.wrap(file).putInt(0).putLong(number).putInt(count);
    }

    private void replace(String file, byte[] bytes) {
        ByteBuffer whole = ByteBuffer.wrap(bytes).putInt(0, crc(bytes));
        Path made = directory.resolve(file + NEW);
        try {
            try (FileChannel channel = OwnerOnly.replace(made)) {
                channel.write(whole);
            }
            Files.move(made, directory.resolve(file), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw broken(made, e);
        }
    }

    private static int crc(byte[] bytes) {
        return Checksum.of(bytes, Integer.BYTES, bytes.length - Integer.BYTES);
    }

    /** What stands behind a file's checksum; empty when there is no such file, or not all of it. */
    private static Optional<ByteBuffer> read(Path file) {
        byte[] bytes;
        try {
            bytes = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
        } catch (IOException e) {
            // Taken away meanwhile.
            return Optional.empty();
        }
        if (bytes.length < HEAD_BYTES) {
            return Optional.empty();
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return buffer.getInt() == crc(bytes) ? Optional.of(buffer) : Optional.empty();
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw broken(file, e);
        }
    }

    /** Takes away what this opening has asked and was answered. */
    @Override
    public void close() {
        try {
            delete(directory.resolve(name + ASK));
            delete(directory.resolve(name + ANSWER));
        } finally {
            questions.close();
        }
    }
}
