package dev.penumbra.journal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueStore;
import net.openhft.chronicle.wire.DocumentContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the frames at the end of a queue's newest file before a writer opens it, and cuts off a torn end.
 *
 * <p>A writer that dies between two files leaves the older one ended and the newer one not there or without a head.
 *
 * <p>When a machine stops, the disk may have kept later pages of a file and not earlier ones. Chronicle would go on behind
 * the hole, and readers would wait before it for ever. The file is then written anew up to the last record that can be
 * reached, unless a commit stands behind the hole: that is damage to the journal, which nobody may cut off.
 *
 * @param tornRecords how many records were cut off; 0 when the end was as it should be
 * @param tornBytes their length
 * @param ended whether the newest file has been ended, so that the next record belongs into a later one
 */
record QueueRecovery(long tornRecords, long tornBytes, boolean ended) {
    private static final Logger LOG = LoggerFactory.getLogger(QueueRecovery.class);
    private static final String DAMAGED_SUFFIX = ".damaged";
    private static final String FRESH_SUFFIX = ".fresh";

    /** How many records before the end the look begins when they can be found. */
    private static final long RECORDS_LOOKED_AT = 1 << 12;

    /** @throws PenumbraException with JOURNAL_CORRUPT when what is damaged is not the end */
    static QueueRecovery run(
            Path queueDirectory, JournalConfiguration configuration, JournalConfiguration.Roll roll, FileForce force) {
        List<Path> files = Files.isDirectory(queueDirectory) ? JournalQueue.files(queueDirectory) : List.of();
        if (files.isEmpty()) {
            return nothingTorn(false);
        }
        Path newest = files.get(files.size() - 1);
        try {
            @Nullable Start start = start(queueDirectory, roll);
            if (start == null) {
                removeUnborn(queueDirectory, roll, newest, force);
                return run(queueDirectory, configuration, roll, force);
            }
            try (QueueFile file = new QueueFile(newest)) {
                QueueFile.Frames frames = file.walk(start.from(), start.lastWritten());
                QueueFile.Remains remains = file.search(frames.end());
                boolean lastIsReached = start.lastWritten() <= start.from() || frames.met();
                boolean framed = lastIsReached && frames.regular() && remains.records() == 0;
                if (framed && (frames.firstDamaged() < 0 || isFollowedByCommit(file, frames.firstDamaged()))) {
                    // What is damaged in the middle stays where it is, for the reader that comes to it to report.
                    return nothingTorn(frames.ended());
                }
                QueueFile.Frames all = file.walk(0, -1);
                long cut = all.firstDamaged() < 0 ? all.end() : all.firstDamaged();
                QueueFile.Remains torn = file.search(cut + QueueFile.FRAME_BYTES);
                if (torn.settling()) {
                    throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT)
                            .with("file", newest)
                            .with("offset", cut)
                            .with("reason", "committed transactions follow the damaged record");
                }
                rewrite(file, queueDirectory, newest, cut, start.cycle(), configuration, roll, force);
                LOG.warn(
                        "cut off {} bytes of journal file {} from offset {}: its end was torn",
                        torn.end() - cut,
                        newest,
                        cut);
                return new QueueRecovery(torn.records() + 1, torn.end() - cut, false);
            }
        } catch (IOException | UncheckedIOException e) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_WRITABLE, e).with("file", newest);
        }
    }

    private static QueueRecovery nothingTorn(boolean ended) {
        return new QueueRecovery(0, 0, ended);
    }

    private static boolean isFollowedByCommit(QueueFile file, long damaged) throws IOException {
        return file.search(damaged + QueueFile.FRAME_BYTES).settling();
    }

    private record Start(int cycle, long from, long lastWritten) {}

    /**
     * A record near the end as Chronicle's index finds it, and where Chronicle believes that the last one stands; null for a file
     * whose head Chronicle does not take for one.
     */
    private static @Nullable Start start(Path queueDirectory, JournalConfiguration.Roll roll) {
        try (SingleChronicleQueue queue = JournalQueue.openForReading(queueDirectory, roll);
                RecordCursor cursor = new RecordCursor(queue)) {
            int cycle = queue.lastCycle();
            SingleChronicleQueueStore store = queue.storeForCycle(cycle, queue.epoch(), false, null);
            if (store == null) {
                return null;
            }
            long lastWritten = store.writePosition();
            queue.closeStore(store);
            return new Start(cycle, from(queue, cursor, cycle), lastWritten);
        }
    }

    /** Takes away a file whose writer died while Chronicle made it; nothing can have been written to it yet. */
    private static void removeUnborn(Path queueDirectory, JournalConfiguration.Roll roll, Path newest, FileForce force)
            throws IOException {
        try (QueueFile file = new QueueFile(newest)) {
            if (file.search(0).records() > 0) {
                throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT)
                        .with("file", newest)
                        .with("reason", "the head of the file is damaged");
            }
        }
        Files.delete(newest);
        force.force(queueDirectory);
        try (SingleChronicleQueue queue = JournalQueue.openForReading(queueDirectory, roll)) {
            queue.refreshDirectoryListing();
        }
    }

    private static long from(SingleChronicleQueue queue, RecordCursor cursor, int cycle) {
        try {
            long sequence = cursor.recordsIn(cycle) - RECORDS_LOOKED_AT;
            long index = queue.rollCycle().toIndex(cycle, Math.max(0, sequence));
            boolean found = sequence > 0
                    && cursor.moveTo(index)
                    && cursor.next()
                    && cursor.index() == index
                    && new RecordFormat().isWhole(cursor.record(), cursor.length());
            return found ? cursor.frame() : 0;
        } catch (RuntimeException | AssertionError e) {
            // Chronicle lost its way in the damage; the walk begins at the file's head then.
            return 0;
        }
    }

    private static void rewrite(
            QueueFile file,
            Path queueDirectory,
            Path newest,
            long cut,
            int cycle,
            JournalConfiguration configuration,
            JournalConfiguration.Roll roll,
            FileForce force)
            throws IOException {
        Path fresh = queueDirectory.resolveSibling(queueDirectory.getFileName() + FRESH_SUFFIX);
        DualJournal.deleteTree(fresh);
        try (SingleChronicleQueue queue = JournalQueue.openForWriting(
                        fresh, configuration, roll, () -> JournalQueue.millisOf(roll, cycle));
                ExcerptAppender appender = queue.createAppender()) {
            file.forEachRecord(cut, record -> {
                byte[] bytes = new byte[record.remaining()];
                record.get(bytes);
                try (DocumentContext document = appender.writingDocument()) {
                    document.wire().bytes().write(bytes);
                }
            });
            // An appender makes its file with the first record, and there must be one to put in place.
            if (appender.currentFile() == null) {
                throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT)
                        .with("file", newest)
                        .with("reason", "no record is whole");
            }
        }
        Path rewritten = fresh.resolve(newest.getFileName());
        force.force(rewritten);
        OwnerOnly.narrow(rewritten);
        Path damaged = newest.resolveSibling(newest.getFileName() + DAMAGED_SUFFIX);
        Files.copy(newest, damaged, StandardCopyOption.REPLACE_EXISTING);
        OwnerOnly.narrow(damaged);
        Files.move(rewritten, newest, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        force.force(queueDirectory);
        DualJournal.deleteTree(fresh);
    }
}
