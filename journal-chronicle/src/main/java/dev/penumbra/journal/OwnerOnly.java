package dev.penumbra.journal;

import dev.penumbra.model.api.Internal;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes files and directories that only their owner can read and write, where the file system knows permissions.
 *
 * <p>Chronicle makes the files of a queue itself and as wide as the process's umask allows. So a queue's directory is closed
 * before there is anything in it, and each file once it is there: nobody can reach it in between.
 */
@Internal
public final class OwnerOnly {
    private static final Logger LOG = LoggerFactory.getLogger(OwnerOnly.class);
    private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> DIRECTORY = PosixFilePermissions.fromString("rwx------");

    private OwnerOnly() {}

    /** Makes a directory and those above it that are not there; what is there stays as it is. */
    public static void createDirectories(Path directory) throws IOException {
        Files.createDirectories(directory, attributes(directory, DIRECTORY));
    }

    /** Makes an empty file, in the place of one of that name. */
    static FileChannel replace(Path file) throws IOException {
        // Not opened over it: whoever has the former one open would read what is written here.
        Files.deleteIfExists(file);
        return FileChannel.open(
                file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes(file, FILE));
    }

    /** Opens a file to write, creating it where there is none. */
    static FileChannel open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(
                file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), attributes(file, FILE));
        narrow(file);
        return channel;
    }

    /** Closes a directory or file of ours that is there. What cannot be closed, because it is somebody else's, stays in use. */
    static void narrow(Path path) {
        if (!knowsPermissions(path)) {
            return;
        }
        Set<PosixFilePermission> wanted = Files.isDirectory(path) ? DIRECTORY : FILE;
        try {
            if (!Files.getPosixFilePermissions(path).equals(wanted)) {
                Files.setPosixFilePermissions(path, wanted);
            }
        } catch (IOException e) {
            LOG.warn("others than its owner may be able to read {}", path, e);
        }
    }

    /** Closes a directory of ours and the files in it. */
    static void narrowAll(Path directory) throws IOException {
        narrow(directory);
        try (var files = Files.list(directory)) {
            files.forEach(OwnerOnly::narrow);
        }
    }

    private static FileAttribute<?>[] attributes(Path path, Set<PosixFilePermission> permissions) {
        return knowsPermissions(path)
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(permissions)}
                : new FileAttribute<?>[0];
    }

    private static boolean knowsPermissions(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }
}
