package dev.penumbra.journal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The files below a journal's {@code readers} folder: one a registered reader, holding the queue and the name of the
 * oldest file that the reader still needs. Replaced as a whole, so that a crash leaves the old or the new one.
 */
final class ReaderRegister {
    private static final String FOLDER = "readers";
    private static final String FRESH = ".new";

    private ReaderRegister() {}

    static void write(Path directory, String reader, Path queueDirectory, String file) {
        Path folder = directory.resolve(FOLDER);
        Path entry = folder.resolve(checkName(reader));
        try {
            OwnerOnly.createDirectories(folder);
            OwnerOnly.narrow(folder);
            Path fresh = folder.resolve(reader + FRESH);
            String text = queueDirectory.getFileName() + "\n" + file + "\n";
            try (FileChannel channel = OwnerOnly.replace(fresh)) {
                ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }
            Files.move(fresh, entry, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("file", entry);
        }
    }

    static void remove(Path directory, String reader) {
        Path entry = directory.resolve(FOLDER).resolve(checkName(reader));
        try {
            Files.deleteIfExists(entry);
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("file", entry);
        }
    }

    static Set<String> names(Path directory) {
        Path folder = directory.resolve(FOLDER);
        if (!Files.isDirectory(folder)) {
            return Set.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> !name.endsWith(FRESH))
                    .collect(Collectors.toSet());
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("directory", folder);
        }
    }

    private static String checkName(String reader) {
        if (!reader.matches("[A-Za-z0-9_.@-]{1,100}") || reader.endsWith(FRESH)) {
            throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("setting", "reader name")
                    .with("value", reader);
        }
        return reader;
    }

    /** The name of the oldest file of a queue that any registered reader needs. */
    static Optional<String> oldestNeededFile(Path directory, Path queueDirectory) {
        Path folder = directory.resolve(FOLDER);
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry -> !entry.toString().endsWith(FRESH))
                    .flatMap(entry -> neededFile(entry, queueDirectory))
                    .min(String::compareTo);
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("directory", folder);
        }
    }

    private static Stream<String> neededFile(Path entry, Path queueDirectory) {
        try {
            List<String> lines = Files.readAllLines(entry, StandardCharsets.UTF_8);
            boolean same = lines.size() == 2
                    && lines.get(0).equals(queueDirectory.getFileName().toString());
            return same ? Stream.of(lines.get(1)) : Stream.empty();
        } catch (NoSuchFileException e) {
            return Stream.empty();
        } catch (IOException e) {
            // Unknown is treated as "needs everything": nothing is removed under a reader.
            return Stream.of("");
        }
    }
}
