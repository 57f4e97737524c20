package dev.penumbra.journal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.api.Incubating;
import java.util.List;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import org.jspecify.annotations.Nullable;

/**
 * How a journal ends.
 *
 * @param epoch its last epoch, 0 when it is empty
 * @param last its last committed position
 * @param durable the position up to which the source is known to be safe on disk
 * @param tornRecords records after the last whole transaction that are damaged or belong to a transaction that never
 *     committed
 * @param tornBytes their length
 */
@Incubating
public record JournalTail(int epoch, Position last, Position durable, long tornRecords, long tornBytes) {
    /** How many records are read in one piece; Chronicle finds a record by number slowly and the next one fast. */
    private static final long BLOCK_RECORDS = 1 << 10;

    /**
     * Walks back from the end, a block at a time, to the last commit or epoch and on to the last durable mark.
     *
     * @throws PenumbraException with JOURNAL_CORRUPT when a record that was written cannot be reached
     */
    static JournalTail read(SingleChronicleQueue queue, RecordFormat format) {
        Walk walk = new Walk(format);
        if (queue.firstCycle() != Integer.MAX_VALUE) {
            try (RecordCursor cursor = new RecordCursor(queue)) {
                List<Long> files = List.copyOf(queue.listCyclesBetween(queue.firstCycle(), queue.lastCycle()));
                for (int i = files.size() - 1; i >= 0 && !walk.isOver(); i--) {
                    int file = files.get(i).intValue();
                    for (long end = cursor.recordsIn(file); end > 0 && !walk.isOver(); end -= BLOCK_RECORDS) {
                        long begin = Math.max(0, end - BLOCK_RECORDS);
                        walk.block(cursor, queue.rollCycle().toIndex(file, begin), end - begin);
                    }
                }
            }
        }
        return walk.tail();
    }

    JournalTail with(QueueRecovery recovery) {
        return new JournalTail(
                epoch, last, durable, tornRecords + recovery.tornRecords(), tornBytes + recovery.tornBytes());
    }

    private static final class Walk {
        private final RecordFormat format;
        private int epoch;
        private @Nullable Position last;
        private @Nullable Position durable;
        private long tornRecords;
        private long tornBytes;
        private boolean settled;

        Walk(RecordFormat format) {
            this.format = format;
        }

        boolean isOver() {
            return last != null && durable != null;
        }

        /** Reads a block that stands before all that were read; within it later records count more than earlier. */
        void block(RecordCursor cursor, long begin, long records) {
            @Nullable JournalRecord lastSettling = null;
            @Nullable Position lastMark = null;
            boolean settling = false;
            long unsettledRecords = 0;
            long unsettledBytes = 0;
            boolean found = cursor.moveTo(begin);
            for (long i = 0; i < records; i++) {
                if (!found || !cursor.next() || cursor.index() != begin + i) {
                    throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT)
                            .with("reason", "record out of reach")
                            .with("index", Long.toHexString(begin + i));
                }
                @Nullable RecordKind kind = kindOf(cursor);
                boolean commit = kind == RecordKind.COMMIT || kind == RecordKind.EPOCH;
                if (commit && last == null) {
                    lastSettling = format.decode(cursor.record(), cursor.length());
                } else if (kind == RecordKind.DURABLE_MARK
                        && durable == null
                        && format.decode(cursor.record(), cursor.length()) instanceof JournalRecord.DurableMark mark) {
                    lastMark = mark.position();
                }
                if (commit || kind == RecordKind.DURABLE_MARK || kind == RecordKind.ABANDON) {
                    settling = true;
                    unsettledRecords = 0;
                    unsettledBytes = 0;
                } else if (kind != RecordKind.SCHEMA && kind != RecordKind.GAP) {
                    unsettledRecords++;
                    unsettledBytes += cursor.length();
                }
            }
            if (!settled) {
                tornRecords += unsettledRecords;
                tornBytes += unsettledBytes;
                settled = settling;
            }
            if (lastSettling instanceof JournalRecord.Commit commit) {
                last = commit.last();
                epoch = last.epoch();
            } else if (lastSettling instanceof JournalRecord.Epoch begun) {
                last = begun.former();
                epoch = begun.epoch();
            }
            if (lastMark != null) {
                durable = lastMark;
            }
        }

        /** The kind of a whole record of a known kind; what nobody looks at is not checked. */
        private @Nullable RecordKind kindOf(RecordCursor cursor) {
            if (cursor.length() < RecordFormat.HEADER_LENGTH) {
                return null;
            }
            @Nullable RecordKind kind = RecordKind.ofCode(RecordFormat.kindCode(cursor.record()));
            boolean matters = !settled || last == null || kind == RecordKind.DURABLE_MARK;
            return matters && !format.isWhole(cursor.record(), cursor.length()) ? null : kind;
        }

        JournalTail tail() {
            return new JournalTail(
                    epoch,
                    last == null ? Position.START : last,
                    durable == null ? Position.START : durable,
                    tornRecords,
                    tornBytes);
        }
    }
}
