package dev.penumbra.capture;

import dev.penumbra.model.Bytes;
import dev.penumbra.model.TransactionId;
import dev.penumbra.model.api.Internal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A change in a source's outbox.
 *
 * @param id grows with every change; its upper bits are the number of the source's opening
 * @param transaction the id that the transaction's first change got, whether or not that change is still there
 * @param images the bytes of {@link dev.penumbra.journal.EventImages}
 */
@Internal
public record OutboxRow(long id, long transaction, Bytes images) {
    /** How many of an id's lower bits count the changes of one opening. */
    public static final int SEQUENCE_BITS = 40;

    /** The first id of an opening. */
    public static long firstId(long opening) {
        return (opening << SEQUENCE_BITS) + 1;
    }

    /**
     * What stands in an outbox, whether it is committed or not.
     *
     * @param found the outbox's columns ID, TX and IMAGES, in the order of the ids; read as far as needed and not closed
     * @param isKnown tells the ids of rows to be passed over
     * @param maxRows how many at most
     * @param maxBytes how many bytes of images at most; the list ends before the row that would exceed them
     */
    public static List<OutboxRow> unknown(ResultSet found, LongPredicate isKnown, int maxRows, long maxBytes)
            throws SQLException {
        List<OutboxRow> rows = new ArrayList<>();
        long bytes = 0;
        while (rows.size() < maxRows && found.next()) {
            long id = found.getLong(1);
            byte @Nullable [] images = isKnown.test(id) ? null : found.getBytes(3);
            if (images != null) {
                bytes += images.length;
                if (bytes > maxBytes) {
                    return rows;
                }
                rows.add(new OutboxRow(id, found.getLong(2), Bytes.wrap(images)));
            }
        }
        return rows;
    }

    /** The transaction as a journal names it. */
    public TransactionId transactionId() {
        return new TransactionId(transaction >>> SEQUENCE_BITS, transaction & ((1L << SEQUENCE_BITS) - 1));
    }
}
