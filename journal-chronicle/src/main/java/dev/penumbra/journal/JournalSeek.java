package dev.penumbra.journal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableSchema;
import java.util.ArrayList;
import java.util.List;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import org.jspecify.annotations.Nullable;

/**
 * Finds positions in a queue: by file first, then by halving the file, then by walking over the last few transactions.
 *
 * <p>Correct because positions grow along the queue and no transaction lies in two files.
 */
final class JournalSeek {
    /** Below this many records a part of a file is walked rather than halved. */
    private static final long WALK_LIMIT = 256;

    private final SingleChronicleQueue queue;
    private final RecordCursor cursor;
    private final RecordFormat format;

    JournalSeek(SingleChronicleQueue queue, RecordCursor cursor, RecordFormat format) {
        this.queue = queue;
        this.cursor = cursor;
        this.format = format;
    }

    /** The last committed position before the oldest transaction that is left; START when nothing was removed. */
    Position oldest() {
        for (long cycle : queue.listCyclesBetween(queue.firstCycle(), queue.lastCycle())) {
            // A file may hold marks only, which say nothing of where it stands.
            @Nullable Position before = committedBefore((int) cycle);
            if (before != null) {
                return before;
            }
        }
        return Position.START;
    }

    /**
     * Puts the cursor behind the last transaction that ends at or before a position, and returns where that is.
     *
     * @throws PenumbraException with POSITION_GONE when the journal begins after the position, JOURNAL_GAP when it ends
     *     before it
     */
    Position moveBehind(Position after) {
        Position oldest = oldest();
        if (after.compareTo(oldest) < 0) {
            throw new PenumbraException(ErrorCode.POSITION_GONE)
                    .with("position", after)
                    .with("oldest", oldest);
        }
        int file = queue.firstCycle();
        Position base = oldest;
        List<Long> cycles = new ArrayList<>(queue.listCyclesBetween(queue.firstCycle(), queue.lastCycle()));
        for (int i = cycles.size() - 1; i > 0; i--) {
            int cycle = cycles.get(i).intValue();
            @Nullable Position before = committedBefore(cycle);
            if (before != null && before.compareTo(after) <= 0) {
                file = cycle;
                base = before;
                break;
            }
        }
        if (base.equals(after)) {
            cursor.moveTo(indexOf(file, 0));
            return after;
        }
        return walk(halve(file, after), base, after);
    }

    /** The last committed position before a file's first transaction, as the file itself tells; null if it has none. */
    private @Nullable Position committedBefore(int cycle) {
        if (!cursor.moveTo(indexOf(cycle, 0))) {
            return null;
        }
        while (cursor.next() && cursor.cycle() == cycle) {
            @Nullable JournalRecord record = decodeKnown();
            if (record instanceof JournalRecord.Epoch epoch) {
                return epoch.former();
            }
            if (record instanceof JournalRecord.Event event) {
                return new Position(event.position().epoch(), event.position().sequence() - 1);
            }
        }
        return null;
    }

    /** An index in the file such that every transaction that ends before it ends at or before the position. */
    private long halve(int cycle, Position after) {
        long low = indexOf(cycle, 0);
        long high = indexOf(cycle, cursor.recordsIn(cycle));
        while (high - low > WALK_LIMIT) {
            long middle = low + (high - low) / 2;
            JournalRecord.@Nullable Commit commit = firstCommit(middle, high);
            if (commit != null && commit.last().compareTo(after) <= 0) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private JournalRecord.@Nullable Commit firstCommit(long from, long limit) {
        if (!cursor.moveTo(from)) {
            return null;
        }
        while (cursor.next() && cursor.index() < limit) {
            if (decodeKnown() instanceof JournalRecord.Commit commit) {
                return commit;
            }
        }
        return null;
    }

    private Position walk(long from, Position base, Position after) {
        Position best = base;
        long behind = -1;
        JournalRecord.@Nullable Commit beyond = null;
        cursor.moveTo(from);
        while (beyond == null && cursor.next()) {
            @Nullable JournalRecord record = decodeKnown();
            if (record instanceof JournalRecord.Commit commit) {
                if (commit.last().compareTo(after) <= 0) {
                    best = commit.last();
                    behind = cursor.index();
                } else {
                    beyond = commit;
                }
            } else if (record instanceof JournalRecord.Epoch epoch) {
                if (epoch.epoch() > after.epoch()) {
                    break;
                }
                if (after.equals(new Position(epoch.epoch(), 0))) {
                    best = after;
                    behind = cursor.index();
                }
            }
        }
        boolean insideTransaction = beyond != null && beyond.first().compareTo(after) <= 0;
        if (!best.equals(after) && !insideTransaction) {
            throw new PenumbraException(ErrorCode.JOURNAL_GAP)
                    .with("position", after)
                    .with("lastBefore", best);
        }
        if (behind < 0) {
            cursor.moveTo(from);
        } else {
            cursor.moveTo(behind);
            cursor.next();
        }
        return best;
    }

    private @Nullable JournalRecord decodeKnown() {
        boolean known = format.isWhole(cursor.record(), cursor.length())
                && RecordKind.ofCode(RecordFormat.kindCode(cursor.record())) != null;
        return known ? format.decode(cursor.record(), cursor.length()) : null;
    }

    private long indexOf(int cycle, long sequence) {
        return queue.rollCycle().toIndex(cycle, sequence);
    }

    /** The layout with a fingerprint, from the records between the head of an index's file and the index. */
    static TableSchema findSchema(
            SingleChronicleQueue queue, RecordFormat format, Fingerprint fingerprint, long beforeIndex) {
        try (RecordCursor search = new RecordCursor(queue)) {
            int cycle = queue.rollCycle().toCycle(beforeIndex);
            if (search.moveTo(queue.rollCycle().toIndex(cycle, 0))) {
                while (search.next() && search.index() < beforeIndex) {
                    if (RecordFormat.kindCode(search.record()) == RecordKind.SCHEMA.code()
                            && format.isWhole(search.record(), search.length())
                            && format.decode(search.record(), search.length()) instanceof JournalRecord.Schema found
                            && found.schema().fingerprint().equals(fingerprint)) {
                        return found.schema();
                    }
                }
            }
        }
        throw new PenumbraException(ErrorCode.JOURNAL_CORRUPT)
                .with("reason", "no schema record")
                .with("fingerprint", fingerprint);
    }
}
