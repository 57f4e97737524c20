package dev.penumbra.journal;

import com.esotericsoftware.kryo.io.KryoBufferOverflowException;
import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;
import org.jspecify.annotations.Nullable;

/**
 * Appends records to one queue: encoding, table layouts, files, free space, and the memory of a failure. Its owner lets
 * one thread in at a time.
 */
final class RecordAppender implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 12;
    /** How many transactions may pass between two looks at the disk's free space. */
    private static final int FREE_SPACE_CHECK_INTERVAL = 1 << 8;

    private static final long MAX_BYTES_UNCHECKED = 16L << 20;

    private final Path queueDirectory;
    private final JournalConfiguration configuration;
    private final Clock clock;
    private final FileForce fileForce;
    private final FreeSpace freeSpace;
    private final JournalRetention retention;
    private final SingleChronicleQueue queue;
    private final ExcerptAppender appender;
    private final RecordFormat format = new RecordFormat();
    private final Output buffer;
    private final JournalTail tail;
    private final Set<Long> definedSchemas = new HashSet<>();
    /** Lets one thread force files at a time; taken before the owner's lock. */
    private final ReentrantLock forcing = new ReentrantLock();

    private final Set<Path> unforcedFiles = new LinkedHashSet<>();
    private final Set<Path> forcedFiles = new HashSet<>();
    private int unforcedFile = Integer.MIN_VALUE;
    private int narrowedFile = Integer.MIN_VALUE;
    private @Nullable TableSchema lastSchema;
    private long fileMillis;
    private int file = Integer.MIN_VALUE;
    private int transactionsUntilSpaceCheck;
    private long bytesUntilSpaceCheck;
    private long recordsInFile;
    private @Nullable PenumbraException broken;
    private boolean closed;

    RecordAppender(
            Path directory,
            Path queueDirectory,
            JournalConfiguration configuration,
            JournalConfiguration.Roll roll,
            Clock clock,
            FileForce fileForce) {
        this(directory, queueDirectory, configuration, roll, clock, fileForce, FreeSpace.of(queueDirectory));
    }

    RecordAppender(
            Path directory,
            Path queueDirectory,
            JournalConfiguration configuration,
            JournalConfiguration.Roll roll,
            Clock clock,
            FileForce fileForce,
            FreeSpace freeSpace) {
        this.freeSpace = freeSpace;
        this.queueDirectory = queueDirectory;
        this.configuration = configuration;
        this.clock = clock;
        this.fileForce = fileForce;
        this.retention = new JournalRetention(directory, queueDirectory, configuration);
        this.buffer = new Output(BUFFER_BYTES, Math.toIntExact(configuration.maxRecordBytes()));
        this.fileMillis = clock.millis();
        QueueRecovery recovery = QueueRecovery.run(queueDirectory, configuration, roll, fileForce);
        this.queue = JournalQueue.openForWriting(queueDirectory, configuration, roll, () -> fileMillis);
        try {
            requireFreeSpace();
            this.tail = JournalTail.read(queue, format).with(recovery);
            if (queue.lastCycle() != Integer.MIN_VALUE) {
                startNotBefore(recovery.ended() ? queue.lastCycle() + 1 : queue.lastCycle());
            }
            this.appender = queue.createAppender();
            appender.singleThreadedCheckDisabled(true);
        } catch (RuntimeException e) {
            queue.close();
            throw e;
        }
    }

    /**
     * Lets the time that chooses the file begin at a file's: when the clock has been set back since, records must not go to a
     * file before those that readers have passed, or to one that was ended.
     */
    private void startNotBefore(int firstFile) {
        fileMillis = Math.max(fileMillis, (long) firstFile * queue.rollCycle().lengthInMillis());
    }

    /** How many records this appender has put into the file of the latest transaction. */
    long recordsInFile() {
        return recordsInFile;
    }

    /** How the queue ended when it was opened. */
    JournalTail tail() {
        return tail;
    }

    /** Looks at the disk and, if it is time, begins a new file: the only place, so that no transaction lies in two. */
    void beginTransaction() {
        requireUsable();
        if (--transactionsUntilSpaceCheck < 0) {
            requireFreeSpace();
        }
        fileMillis = Math.max(fileMillis, clock.millis());
        int fileNow = queue.cycle();
        if (fileNow != file) {
            file = fileNow;
            recordsInFile = 0;
            definedSchemas.clear();
            lastSchema = null;
            if (retention.apply(clock.instant())) {
                // Readers learn from the listing in the queue's metadata where the journal begins now.
                queue.refreshDirectoryListing();
            }
        }
    }

    void append(JournalRecord record) {
        requireUsable();
        format.encode(record, buffer);
        appendBuffer();
    }

    void appendCommit(TransactionId transaction, Position first, Position last, long committedAtMillis) {
        requireUsable();
        RecordFormat.beginRecord(buffer, RecordKind.COMMIT);
        RecordFormat.writeCommit(buffer, transaction, first, last, committedAtMillis);
        format.endRecord(buffer);
        appendBuffer();
    }

    /** Appends an event whose images are encoded, after its layout where this file does not have that yet. */
    void appendEvent(
            TableSchema schema,
            Position position,
            TransactionId transaction,
            long outboxId,
            Origin origin,
            byte[] images) {
        prepareEvent(schema, images.length);
        RecordFormat.beginRecord(buffer, JournalRecord.Event.kind(EventImages.operation(images), origin));
        try {
            RecordFormat.writeEventHead(buffer, position, transaction, outboxId, origin);
            buffer.writeBytes(images);
        } catch (KryoBufferOverflowException e) {
            throw tooLarge(schema, e).with("bytes", images.length);
        }
        format.endRecord(buffer);
        appendBuffer();
    }

    /** Appends an event from its rows, as {@link #appendEvent} does from its images. */
    void appendChange(
            TableSchema schema,
            Position position,
            TransactionId transaction,
            Operation operation,
            Origin origin,
            @Nullable Row before,
            @Nullable Row after) {
        prepareEvent(schema, 0);
        RecordFormat.beginRecord(buffer, JournalRecord.Event.kind(operation, origin));
        try {
            RecordFormat.writeEventHead(buffer, position, transaction, 0, origin);
            EventImages.write(buffer, operation, schema, before, after);
        } catch (KryoBufferOverflowException e) {
            throw tooLarge(schema, e);
        }
        format.endRecord(buffer);
        bytesUntilSpaceCheck -= buffer.position();
        appendBuffer();
    }

    @SuppressWarnings("ReferenceEquality") // A shortcut for the common case; the set of layouts decides.
    private void prepareEvent(TableSchema schema, int bytes) {
        requireUsable();
        bytesUntilSpaceCheck -= bytes;
        if (bytesUntilSpaceCheck < 0) {
            requireFreeSpace();
        }
        if (schema != lastSchema) {
            define(schema);
            lastSchema = schema;
        }
    }

    private void define(TableSchema schema) {
        long fingerprint = schema.fingerprint().value();
        if (definedSchemas.contains(fingerprint)) {
            return;
        }
        try {
            append(new JournalRecord.Schema(schema));
        } catch (KryoBufferOverflowException e) {
            throw tooLarge(schema, e);
        }
        definedSchemas.add(fingerprint);
    }

    private PenumbraException tooLarge(TableSchema schema, KryoBufferOverflowException cause) {
        return new PenumbraException(ErrorCode.RECORD_TOO_LARGE, cause)
                .with("table", schema.name())
                .with("maxBytes", configuration.maxRecordBytes());
    }

    private void appendBuffer() {
        byte[] record = buffer.getBuffer();
        int length = buffer.position();
        try (DocumentContext document = appender.writingDocument()) {
            Bytes<?> bytes = document.wire().bytes();
            try {
                bytes.write(record, 0, length);
            } catch (RuntimeException | Error e) {
                document.rollbackOnClose();
                throw e;
            }
        } catch (RuntimeException | Error e) {
            // InternalError is what the JVM makes of a mapped page that the disk could not back, AssertionError is
            // Chronicle's word for a file that makes no sense; after either nobody knows what stands there.
            throw breakWith(e);
        }
        recordsInFile++;
        if (appender.cycle() != narrowedFile) {
            narrowedFile = appender.cycle();
            OwnerOnly.narrow(appender.currentFile().toPath());
        }
        if (appender.cycle() != unforcedFile) {
            unforcedFile = appender.cycle();
            unforcedFiles.add(appender.currentFile().toPath());
        }
    }

    /**
     * Returns when everything appended before is on the disk. Takes the owner's lock only to ask what there is to force and to
     * tell of a failure, so that appending goes on while the disk works.
     */
    void sync(ReentrantLock ownersLock) {
        forcing.lock();
        try {
            Set<Path> files;
            ownersLock.lock();
            try {
                files = takeUnforced();
            } finally {
                ownersLock.unlock();
            }
            try {
                force(files);
            } catch (IOException | RuntimeException e) {
                ownersLock.lock();
                try {
                    // After a failed force nobody knows what is on the disk, and a second one would not tell.
                    throw breakWith(e);
                } finally {
                    ownersLock.unlock();
                }
            }
        } finally {
            forcing.unlock();
        }
    }

    private Set<Path> takeUnforced() {
        requireUsable();
        Set<Path> taken = new LinkedHashSet<>(unforcedFiles);
        unforcedFile = Integer.MIN_VALUE;
        unforcedFiles.clear();
        return taken;
    }

    private void force(Set<Path> files) throws IOException {
        boolean named = true;
        for (Path written : files) {
            // Retention may have removed an older one.
            if (Files.exists(written)) {
                fileForce.force(written);
                named &= !forcedFiles.add(written);
            }
        }
        if (!named) {
            fileForce.force(queueDirectory);
            forcedFiles.retainAll(files);
        }
    }

    boolean isBroken() {
        return broken != null;
    }

    void requireUsable() {
        if (broken != null) {
            throw broken;
        }
        if (closed) {
            throw new IllegalStateException("the journal is closed");
        }
    }

    private void requireFreeSpace() {
        try {
            long free = freeSpace.usableBytes();
            if (free < configuration.minFreeBytes()) {
                throw new PenumbraException(ErrorCode.JOURNAL_FULL)
                        .with("directory", queueDirectory)
                        .with("freeBytes", free)
                        .with("reserveBytes", configuration.minFreeBytes());
            }
            transactionsUntilSpaceCheck = FREE_SPACE_CHECK_INTERVAL;
            // A few looks before a single large transaction could use up the reserve.
            bytesUntilSpaceCheck =
                    Math.max(BUFFER_BYTES, Math.min(configuration.minFreeBytes() / 4, MAX_BYTES_UNCHECKED));
        } catch (IOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("directory", queueDirectory);
        }
    }

    private PenumbraException breakWith(Throwable cause) {
        broken = new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, cause).with("directory", queueDirectory);
        return broken;
    }

    long sizeBytes() {
        return retention.sizeBytes();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            appender.close();
            queue.close();
        }
    }
}
