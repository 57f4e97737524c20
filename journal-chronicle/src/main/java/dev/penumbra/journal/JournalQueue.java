package dev.penumbra.journal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import net.openhft.chronicle.bytes.SyncMode;
import net.openhft.chronicle.queue.RollCycle;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.TableStore;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.impl.single.TableStoreWriteLock;
import net.openhft.chronicle.queue.impl.table.Metadata;
import net.openhft.chronicle.queue.impl.table.SingleTableBuilder;
import net.openhft.chronicle.queue.rollcycles.LegacyRollCycles;
import net.openhft.chronicle.threads.BusyTimedPauser;

/** Opens the Chronicle queues that journals are made of, always in the same way. */
final class JournalQueue {
    static {
        // Chronicle greets on standard output and reports usage unless told otherwise before its first class loads.
        setUnlessSet("chronicle.announcer.disable", "true");
        setUnlessSet("chronicle.analytics.disable", "true");
        // The journal watches the free space itself, and refuses before Chronicle would warn.
        setUnlessSet("chronicle.disk.monitor.disable", "true");
    }

    /** How long Chronicle waits for a record that another process has begun before it takes the writer for dead. */
    private static final long INCOMPLETE_RECORD_TIMEOUT_MILLIS = 1_000;

    private static final String FILE_SUFFIX = ".cq4";

    private JournalQueue() {}

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    static SingleChronicleQueue openForWriting(
            Path directory, JournalConfiguration configuration, JournalConfiguration.Roll roll, LongSupplier millis) {
        try {
            OwnerOnly.createDirectories(directory);
            OwnerOnly.narrow(directory);
            releaseWriteLocks(directory);
            SingleChronicleQueue queue = builder(directory, configuration.blockBytes())
                    .rollCycle(rollCycle(roll))
                    .timeProvider(millis::getAsLong)
                    .build();
            try {
                OwnerOnly.narrowAll(directory);
            } catch (IOException | RuntimeException e) {
                queue.close();
                throw e;
            }
            return queue;
        } catch (IOException | UncheckedIOException | IllegalStateException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("directory", directory);
        }
    }

    /**
     * Takes the locks that a killed writer still holds in the queue's metadata. Chronicle would wait for them, and for ever
     * where the killed process's number now belongs to another process. The caller holds the journal's own lock file, which
     * the operating system has released, so nobody else can be writing.
     */
    private static void releaseWriteLocks(Path directory) {
        Path metadata = directory.resolve(SingleChronicleQueue.QUEUE_METADATA_FILE);
        if (!Files.exists(metadata)) {
            return;
        }
        SingleChronicleQueueBuilder.addAliases();
        try (TableStore<Metadata.NoMeta> store =
                SingleTableBuilder.binary(metadata, Metadata.NoMeta.INSTANCE).build()) {
            release(new TableStoreWriteLock(store, BusyTimedPauser::new, 0L));
            release(new TableStoreWriteLock(store, BusyTimedPauser::new, 0L, TableStoreWriteLock.APPEND_LOCK_KEY));
        }
    }

    private static void release(TableStoreWriteLock lock) {
        try (lock) {
            lock.forceUnlock();
        }
    }

    /** Makes an empty queue, so that whoever opens it first, to read or to write, finds the same one. */
    static void create(Path directory, JournalConfiguration configuration, JournalConfiguration.Roll roll) {
        openForWriting(directory, configuration, roll, () -> 0).close();
    }

    static SingleChronicleQueue openForReading(Path directory, JournalConfiguration.Roll roll) {
        if (!Files.isDirectory(directory)) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_FOUND).with("directory", directory);
        }
        // Not readOnly: Chronicle then refuses a directory whose metadata is not there yet and never sees new files.
        return builder(directory, JournalConfiguration.BLOCK_BYTES_DEFAULT)
                .rollCycle(rollCycle(roll))
                .build();
    }

    private static SingleChronicleQueueBuilder builder(Path directory, long blockBytes) {
        return SingleChronicleQueueBuilder.binary(directory)
                .blockSize(blockBytes)
                .timeoutMS(INCOMPLETE_RECORD_TIMEOUT_MILLIS)
                // A writer forces its files itself: Chronicle would force only the part that is mapped at the time, and
                // make appends and readers wait for the disk whenever they leave a part.
                .syncMode(SyncMode.NONE);
    }

    private static RollCycle rollCycle(JournalConfiguration.Roll roll) {
        return switch (roll) {
            case MINUTE -> LegacyRollCycles.MINUTELY;
            case HOUR -> RollCycles.FAST_HOURLY;
            case DAY -> RollCycles.FAST_DAILY;
        };
    }

    /** When the file with a number begins, in milliseconds since 1970. */
    static long millisOf(JournalConfiguration.Roll roll, int cycle) {
        return (long) cycle * rollCycle(roll).lengthInMillis();
    }

    /** The queue's files, oldest first. */
    static List<Path> files(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(FILE_SUFFIX))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_FOUND, e).with("directory", directory);
        }
    }
}
