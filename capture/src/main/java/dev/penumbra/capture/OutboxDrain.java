package dev.penumbra.capture;

import dev.penumbra.capture.SourceSession.OutboxEntry;
import dev.penumbra.capture.SourceSession.OutboxPage;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Hands out the whole transactions that one snapshot of the outbox holds, in the order of their last changes, in bounded
 * memory.
 *
 * <p>The usual case is one page that holds everything. Otherwise a first walk, over ids alone, cuts the outbox into pages and
 * finds the transactions that reach from one page into another and where they end; at each cut there are at most as many
 * as there were sessions. The second walk hands out each transaction at its last row. A transaction that has grown too large
 * while it waits for its end is read again then.
 */
final class OutboxDrain {
    /** Takes transactions one after the other. */
    interface Sink {
        void transaction(OutboxRow last, Rows rows) throws SQLException;

        /** Everything handed out since the last call may be deleted. */
        void pageDone() throws SQLException;
    }

    /** A transaction's changes in order. */
    interface Rows {
        void forEach(RowTaker taker) throws SQLException;
    }

    /** Takes the rows of a transaction. */
    interface RowTaker {
        void take(OutboxRow row) throws SQLException;
    }

    private static final class Waiting {
        private final List<OutboxRow> rows = new ArrayList<>();
        private long bytes;
        private boolean spilled;
    }

    private final SourceSession session;
    private final RelayConfiguration configuration;
    private final List<Long> pageEnds = new ArrayList<>();
    private final Map<Long, Long> endsOnLaterPage = new HashMap<>();
    private final Map<Long, Waiting> waiting = new HashMap<>();
    private long waitingBytes;

    OutboxDrain(SourceSession session, RelayConfiguration configuration) {
        this.session = session;
        this.configuration = configuration;
    }

    /** Hands out everything; returns how many rows the snapshot's outbox had. */
    long run(Sink sink) throws SQLException {
        OutboxPage first = session.outbox(0, Long.MAX_VALUE, configuration.pageRows(), configuration.pageBytes());
        if (first.complete()) {
            handOut(first.rows(), sink);
            return first.rows().size();
        }
        cutIntoPages();
        long total = 0;
        long after = 0;
        for (long end : pageEnds) {
            List<OutboxRow> page = session.outbox(after, end, Integer.MAX_VALUE, Long.MAX_VALUE)
                    .rows();
            total += page.size();
            handOut(page, sink);
            after = end;
        }
        return total;
    }

    private void cutIntoPages() throws SQLException {
        long pageFirst = 0;
        int rows = 0;
        long bytes = 0;
        long last = 0;
        while (true) {
            List<OutboxEntry> entries = session.outboxIndex(last, configuration.pageRows());
            if (entries.isEmpty()) {
                break;
            }
            for (OutboxEntry entry : entries) {
                if (rows > 0 && (rows == configuration.pageRows() || bytes > configuration.pageBytes())) {
                    pageEnds.add(last);
                    rows = 0;
                    bytes = 0;
                }
                if (rows == 0) {
                    pageFirst = entry.id();
                }
                rows++;
                bytes += entry.bytes();
                last = entry.id();
                // A transaction's number is the first id it was given, so a smaller one began on an earlier page.
                if (entry.transaction() < pageFirst) {
                    endsOnLaterPage.put(entry.transaction(), entry.id());
                }
            }
        }
        pageEnds.add(last);
    }

    private void handOut(List<OutboxRow> page, Sink sink) throws SQLException {
        Map<Long, Long> lastOnPage = new HashMap<>();
        for (OutboxRow row : page) {
            lastOnPage.put(row.transaction(), row.id());
        }
        for (OutboxRow row : page) {
            keep(row);
            boolean lastHere = lastOnPage.getOrDefault(row.transaction(), row.id()) == row.id();
            if (lastHere && endsOnLaterPage.getOrDefault(row.transaction(), row.id()) <= row.id()) {
                release(row, sink);
            }
        }
        sink.pageDone();
    }

    private void keep(OutboxRow row) {
        Waiting transaction = waiting.computeIfAbsent(row.transaction(), id -> new Waiting());
        if (transaction.spilled) {
            return;
        }
        transaction.rows.add(row);
        transaction.bytes += row.images().length();
        waitingBytes += row.images().length();
        if (waitingBytes > 2 * configuration.pageBytes()) {
            spillLargest();
        }
    }

    private void spillLargest() {
        Waiting largest = new Waiting();
        for (Waiting transaction : waiting.values()) {
            if (transaction.bytes > largest.bytes) {
                largest = transaction;
            }
        }
        waitingBytes -= largest.bytes;
        largest.bytes = 0;
        largest.rows.clear();
        largest.spilled = true;
    }

    private void release(OutboxRow last, Sink sink) throws SQLException {
        Waiting transaction = waiting.remove(last.transaction());
        if (transaction == null) {
            throw new IllegalStateException("released twice: " + last.transactionId());
        }
        waitingBytes -= transaction.bytes;
        if (transaction.spilled) {
            sink.transaction(last, taker -> readAgain(last, taker));
        } else {
            sink.transaction(last, taker -> {
                for (OutboxRow row : transaction.rows) {
                    taker.take(row);
                }
            });
        }
    }

    private void readAgain(OutboxRow last, RowTaker taker) throws SQLException {
        long after = last.transaction() - 1;
        while (after < last.id()) {
            OutboxPage page = session.outbox(after, last.id(), configuration.pageRows(), configuration.pageBytes());
            for (OutboxRow row : page.rows()) {
                if (row.transaction() == last.transaction()) {
                    taker.take(row);
                }
                after = row.id();
            }
            if (page.complete()) {
                return;
            }
        }
    }
}
