package dev.penumbra.ignite.internal;

import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;

/**
 * Positions of the rows in a shadow of an Ignite table: each also tells the table's partition that the row belongs to.
 *
 * <p>A row's partition never changes, so positions of one row compare as their numbers do.
 */
@Internal
public final class PartitionPosition {
    private static final int PARTITION_BITS = 16;
    private static final long PARTITION = (1L << PARTITION_BITS) - 1;

    private PartitionPosition() {}

    /**
     * A row's position.
     *
     * @param taking which taking of the partition wrote it
     * @param number where the change stands in the partition, at most 2^47
     */
    public static Position of(int taking, int partition, long number) {
        return new Position(taking, number << PARTITION_BITS | partition);
    }

    static int partition(long sequence) {
        return (int) (sequence & PARTITION);
    }
}
