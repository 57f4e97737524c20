package dev.penumbra.capture;

import dev.penumbra.model.Bytes;
import dev.penumbra.model.TransactionId;
import dev.penumbra.model.api.Internal;

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

    /** The transaction as a journal names it. */
    public TransactionId transactionId() {
        return new TransactionId(transaction >>> SEQUENCE_BITS, transaction & ((1L << SEQUENCE_BITS) - 1));
    }
}
