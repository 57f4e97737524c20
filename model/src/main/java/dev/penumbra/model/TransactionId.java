package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;

/**
 * Identifies a transaction of one source, never reused by that source.
 *
 * @param opening which opening of the source the transaction ran in, counted from 1
 * @param number the transaction's number within that opening
 */
@Incubating
public record TransactionId(long opening, long number) {
    @Override
    public String toString() {
        return opening + "-" + number;
    }
}
