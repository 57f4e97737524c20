package dev.penumbra.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes a journal's oldest files when they are too old or too many and no registered reader needs them.
 *
 * <p>The newest file always stays. A reader that has stopped for good must be forgotten
 * ({@link JournalReader#forget}), or its files stay for ever.
 */
final class JournalRetention {
    private static final Logger LOG = LoggerFactory.getLogger(JournalRetention.class);

    private final Path directory;
    private final Path queueDirectory;
    private final JournalConfiguration configuration;

    JournalRetention(Path directory, Path queueDirectory, JournalConfiguration configuration) {
        this.directory = directory;
        this.queueDirectory = queueDirectory;
        this.configuration = configuration;
    }

    /** Returns whether any file was removed. */
    boolean apply(Instant now) {
        List<Path> files = JournalQueue.files(queueDirectory);
        if (files.size() < 2) {
            return false;
        }
        Optional<String> oldestNeeded = ReaderRegister.oldestNeededFile(directory, queueDirectory);
        long total = files.stream().mapToLong(JournalRetention::bytesOf).sum();
        boolean removed = false;
        for (Path file : files.subList(0, files.size() - 1)) {
            boolean needed =
                    oldestNeeded.isPresent() && file.getFileName().toString().compareTo(oldestNeeded.get()) >= 0;
            if (needed || !(isOld(file, now) || total > configuration.retentionBytes())) {
                return removed;
            }
            long bytes = bytesOf(file);
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                LOG.warn("journal file {} is past its retention but cannot be removed", file, e);
                return removed;
            }
            LOG.info("removed journal file {} of {} bytes, past its retention", file, bytes);
            total -= bytes;
            removed = true;
        }
        return removed;
    }

    private boolean isOld(Path file, Instant now) {
        try {
            return Files.getLastModifiedTime(file).toInstant().isBefore(now.minus(configuration.retentionAge()));
        } catch (IOException e) {
            return false;
        }
    }

    long sizeBytes() {
        return JournalQueue.files(queueDirectory).stream()
                .mapToLong(JournalRetention::bytesOf)
                .sum();
    }

    /** The file's length: what is written and the rest of its last block. */
    private static long bytesOf(Path file) {
        return file.toFile().length();
    }
}
