package dev.penumbra.capture;

import dev.penumbra.journal.OwnerOnly;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where somebody wants a journal to be. */
@Internal
public final class JournalDirectory {
    private JournalDirectory() {}

    /**
     * The absolute path of a directory, which is there on return.
     *
     * @throws PenumbraException with JOURNAL_NOT_WRITABLE when it cannot be created or written
     */
    public static Path writable(String journalDirectory) {
        Path directory = Path.of(journalDirectory).toAbsolutePath().normalize();
        try {
            OwnerOnly.createDirectories(directory);
        } catch (java.io.IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("directory", directory);
        }
        if (!Files.isWritable(directory)) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE).with("directory", directory);
        }
        return directory;
    }
}
