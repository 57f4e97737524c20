package dev.penumbra.capture;

import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;

/**
 * What an audit found in one table and mended: the journal's content was compared with the source's rows, both at one instant.
 *
 * @param table the table
 * @param rows how many rows the source has
 * @param missing rows that the journal did not have
 * @param extra rows that the journal had and the source does not
 * @param different rows that both had with different values
 */
@Internal
public record AuditReport(TableName table, long rows, long missing, long extra, long different) {
    /** Whether the journal had the source's content before the audit. */
    public boolean wasEqual() {
        return missing == 0 && extra == 0 && different == 0;
    }
}
