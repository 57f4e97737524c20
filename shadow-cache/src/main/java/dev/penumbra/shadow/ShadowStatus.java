package dev.penumbra.shadow;

import dev.penumbra.model.Position;
import dev.penumbra.model.api.Incubating;

/**
 * How a shadow stands right now.
 *
 * @param definition what it is to be
 * @param phase whether it may answer reads
 * @param cacheName the Ignite cache that holds its rows
 * @param sqlTable the name of its table in the SQL schema of its datacenter and in {@code SHADOW} and {@code HOME}
 * @param applied the position up to which its source's changes are in it
 * @param rows how many rows it holds
 * @param rawBytes the size of its values before compression
 * @param storedBytes the size of its values as stored
 */
@Incubating
public record ShadowStatus(
        ShadowDefinition definition,
        Phase phase,
        String cacheName,
        String sqlTable,
        Position applied,
        long rows,
        long rawBytes,
        long storedBytes) {
    /** Whether a shadow may answer reads. */
    public enum Phase {
        /** Incomplete: reads go to the home image. */
        LOADING,
        /** Complete up to its applied position. */
        READY,
        /** Its time to live is over and its rows are gone: reads go to the home image until it is refreshed. */
        EXPIRED,
        /** Its rows had to make room in its datacenter's memory: reads go to the home image until it is refreshed. */
        DISPLACED
    }
}
