package dev.penumbra.journal;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** How much space the disk of one folder has left; used by one thread at a time. */
interface FreeSpace {
    /** The bytes that this process may still use. */
    long usableBytes() throws IOException;

    /** The operating system's answer for a folder, which must exist when it is first asked. */
    static FreeSpace of(Path directory) {
        return new FreeSpace() {
            /** Kept: finding a folder's file store reads the whole list of mounts, asking it does not. */
            private @Nullable FileStore store;

            @Override
            public long usableBytes() throws IOException {
                FileStore known = store;
                if (known == null) {
                    known = Files.getFileStore(directory);
                    store = known;
                }
                return known.getUsableSpace();
            }
        };
    }
}
