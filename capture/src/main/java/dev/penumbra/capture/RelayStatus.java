package dev.penumbra.capture;

import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import java.util.Collections;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * How a relay stands.
 *
 * @param journalled the last position it appended
 * @param durable the position up to which the source is known to survive a crash
 * @param outboxRows rows waiting in the outbox, committed or not, roughly
 * @param changes changes appended since the relay started
 * @param corrections changes among them that brought the journal back to what the source recovered
 * @param cpuNanos processor time that the relay's thread has used
 * @param tables every captured table and whether all its rows are in the journal
 * @param failure why the relay cannot work at the moment, or null
 */
@Internal
public record RelayStatus(
        Position journalled,
        Position durable,
        long outboxRows,
        long changes,
        long corrections,
        long cpuNanos,
        SortedMap<TableName, Boolean> tables,
        @Nullable String failure) {
    /** That of a relay which does not run. */
    public static RelayStatus notStarted(String reason) {
        return new RelayStatus(Position.START, Position.START, 0, 0, 0, 0, Collections.emptySortedMap(), reason);
    }

    /** This status with other tables. */
    public RelayStatus with(SortedMap<TableName, Boolean> newTables) {
        return new RelayStatus(journalled, durable, outboxRows, changes, corrections, cpuNanos, newTables, failure);
    }
}
