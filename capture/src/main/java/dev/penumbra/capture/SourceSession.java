package dev.penumbra.capture;

import dev.penumbra.model.Bytes;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.Key;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The relay's way into a source: one transaction at a time, each of which sees the whole database at one instant.
 *
 * <p>Belongs to one thread. Every method may throw {@link SQLException}; the relay then rolls back and tries again later.
 */
@Internal
public interface SourceSession extends AutoCloseable {
    /**
     * Begins a transaction. The outbox that it shows is as of one moment, whole transactions of others only, and {@link #rows}
     * that are read before the outbox is looked at for the first time are not newer than that. In a source with snapshots
     * everything is as of this call. The first call on the first session of an opening sees the database as it was before any
     * captured change of this opening was committed.
     */
    void begin() throws SQLException;

    /** Outbox rows with ids above one and up to another, in id order, cut behind a number of rows or of bytes. */
    OutboxPage outbox(long afterId, long uptoId, int maxRows, long maxBytes) throws SQLException;

    /** The next outbox rows behind an id without their images, in id order. */
    List<OutboxEntry> outboxIndex(long afterId, int maxRows) throws SQLException;

    /**
     * Outbox rows as they stand now, in id order, also those of transactions that are open; to be called between {@link #end} and
     * {@link #begin}. A row that has been shown is shown again until it is deleted or its transaction takes it back.
     *
     * @param isKnown tells the ids of rows to be passed over
     * @param maxRows how many at most
     * @param maxBytes how many bytes of images at most; the list ends before the row that would exceed them
     */
    List<OutboxRow> uncommitted(LongPredicate isKnown, int maxRows, long maxBytes) throws SQLException;

    /**
     * Deletes outbox rows in a transaction of its own, which is committed on return and notes up to where the journal has
     * everything that has left the outbox. Rows that are gone are passed over.
     */
    void delete(List<Long> outboxIds, Position settled) throws SQLException;

    /** The position that the latest {@link #delete} noted; START before the first. */
    Position settled() throws SQLException;

    /**
     * The outbox rows of earlier openings of which the source cannot say whether they were committed, because a crash has torn
     * them from their transactions. {@link #outbox} may or may not show them. The same rows until they are discarded.
     */
    List<OutboxRow> leftovers() throws SQLException;

    /** Removes what {@link #leftovers} returns. */
    void discardLeftovers() throws SQLException;

    /** The layout that a fingerprint in the outbox stands for. */
    Optional<TableSchema> layout(Fingerprint fingerprint) throws SQLException;

    /**
     * The tables that carry a change trigger right now, with their present layouts.
     *
     * @return null while somebody is changing tables; the relay tries again in a later pass
     */
    @Nullable List<TriggeredTable> triggeredTables() throws SQLException;

    /**
     * Waits until every transaction that wrote to a table before its trigger was there has ended.
     *
     * @return false when one is still open after the source's short limit; the relay tries again in a later pass
     */
    boolean barrier(TableName table) throws SQLException;

    /**
     * The next rows of a table behind a row number, in the order of row numbers; fewer than asked for, or none, when it ends or when
     * somebody is writing to the next one.
     *
     * @param afterRowNumber {@link Long#MIN_VALUE} or the number of the last row that this session returned for the table
     */
    RowPage rows(TableSchema schema, long afterRowNumber, int maxRows) throws SQLException;

    /**
     * Keeps a table's content as it is until {@link #end}, for this session's eyes at least; to be called before the outbox is looked
     * at.
     *
     * @return false when somebody is writing to it; to be tried again in a later transaction
     */
    boolean hold(TableName table) throws SQLException;

    /** The row with a key, or null when there is none. */
    @Nullable Row row(TableSchema schema, Key key) throws SQLException;

    /** What the relay noted of each table with {@link #note}. */
    Map<TableName, TableNote> notes() throws SQLException;

    /** Notes a table's state in a transaction of its own; null forgets the table. */
    void note(TableName table, @Nullable TableNote note) throws SQLException;

    /**
     * Whether the outbox as this transaction shows it has everything that had been committed when {@link #begin} was called; where not, a
     * later one's will. Asked after the outbox has been looked at.
     */
    boolean showsAllCommitted();

    /** Ends the transaction; nothing that it read is held any more. */
    void end() throws SQLException;

    @Override
    void close();

    /**
     * A part of the outbox.
     *
     * @param rows in id order
     * @param complete whether the range asked for has no more rows
     */
    record OutboxPage(List<OutboxRow> rows, boolean complete) {}

    /**
     * An outbox row without its images.
     *
     * @param id as in {@link OutboxRow}
     * @param transaction as in {@link OutboxRow}
     * @param bytes the length of the images
     */
    record OutboxEntry(long id, long transaction, long bytes) {}

    /**
     * A part of a table.
     *
     * @param rows in the order of row numbers
     * @param last whether no row follows
     */
    record RowPage(List<NumberedRow> rows, boolean last) {}

    /**
     * A row of a table being copied.
     *
     * @param number grows within the table and does not change while the row stays
     * @param image the row's encoded image
     * @param key the row's key
     */
    record NumberedRow(long number, Bytes image, Key key) {}

    /**
     * A table that carries a change trigger.
     *
     * @param schema its present layout
     * @param table tells the table from every other of the database, also when names are exchanged
     * @param trigger {@link #OPENED_WITH} or a number that no other trigger of this opening has
     */
    record TriggeredTable(TableSchema schema, long table, long trigger) {
        /** The trigger was there when the database was opened. */
        public static final long OPENED_WITH = 0;
    }

    /**
     * What the relay keeps in the source about a captured table.
     *
     * @param fingerprint the layout that the journal has for it
     * @param complete whether all its rows are in the journal
     * @param table as in {@link TriggeredTable}
     */
    record TableNote(Fingerprint fingerprint, boolean complete, long table) {
        /** This note of a table that has to be brought anew. */
        public TableNote incomplete() {
            return new TableNote(fingerprint, false, table);
        }
    }
}
