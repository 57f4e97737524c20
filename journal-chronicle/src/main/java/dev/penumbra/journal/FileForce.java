package dev.penumbra.journal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Makes what was written to a file, or the names in a folder, survive the end of the machine. */
interface FileForce {
    /** Returns once the file's or folder's content is on the disk. */
    void force(Path path) throws IOException;

    /** The operating system's. */
    FileForce SYSTEM = path -> {
        // An interrupt closes a channel in the middle of the call; the caller finds it again afterwards.
        boolean interrupted = Thread.interrupted();
        StandardOpenOption mode = Files.isDirectory(path) ? StandardOpenOption.READ : StandardOpenOption.WRITE;
        try (FileChannel channel = FileChannel.open(path, mode)) {
            channel.force(true);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    };
}
