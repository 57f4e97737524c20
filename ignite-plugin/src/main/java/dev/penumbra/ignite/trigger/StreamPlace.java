package dev.penumbra.ignite.trigger;

import dev.penumbra.model.TransactionId;
import dev.penumbra.model.api.Internal;

/**
 * Where a journalled change of an Ignite table stands in its partition, as its transaction's id says.
 *
 * @param stream tells the streams of a partition apart: another trigger on the table, or counters that began anew, make another,
 *     with a larger number
 * @param partition the partition; {@link #WHOLE_TABLE} for what concerns all of them
 * @param number twice the partition's counter, and one more for a row that was removed without being counted; in rows that are
 *     brought, twice the counter behind which they were read
 */
@Internal
public record StreamPlace(long stream, int partition, long number) {
    /** Stands for a partition in what concerns the whole of a table. */
    public static final int WHOLE_TABLE = 0xFFFF;

    private static final int PARTITION_BITS = 16;

    /** The place that a transaction's id names. */
    public static StreamPlace of(TransactionId id) {
        return new StreamPlace(id.opening(), (int) (id.opening() & WHOLE_TABLE), id.number());
    }

    /** The id of a place's transaction in the streams that began at a time. */
    static TransactionId transaction(long begunAtMillis, int partition, long number) {
        return new TransactionId(begunAtMillis << PARTITION_BITS | partition, number);
    }
}
