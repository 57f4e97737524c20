package dev.penumbra.ignite.sql;

import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.ArchiveRows;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A table as it was.
 *
 * @param schema the schema of the table of all its versions
 * @param columns the table's columns
 * @param at the position; {@link Position#START} where a table is only named
 * @param time the time that was asked for, which fell there; null when the position was asked for
 */
@Internal
public record Archived(
        String schema,
        String table,
        List<String> columns,
        Position at,
        @Nullable Instant time) {
    public Archived {
        columns = List.copyOf(columns);
    }

    /** The same at another position, to which a time may have fallen. */
    Archived at(Position other, @Nullable Instant asked) {
        return new Archived(schema, table, columns, other, asked);
    }

    /** A query of the rows as they were, in parentheses. */
    String sql() {
        return "(SELECT "
                + columns.stream().map(NameRouter::quoted).collect(Collectors.joining(", "))
                + " FROM " + NameRouter.quoted(schema) + "." + NameRouter.quoted(table)
                + " WHERE NOT " + isAfter(ArchiveRows.SINCE_EPOCH, ArchiveRows.SINCE)
                + " AND " + isAfter(ArchiveRows.UNTIL_EPOCH, ArchiveRows.UNTIL) + ")";
    }

    private String isAfter(String epoch, String sequence) {
        String epochs = TableName.quote(epoch);
        return "(" + epochs + " > " + at.epoch() + " OR (" + epochs + " = " + at.epoch() + " AND "
                + TableName.quote(sequence) + " > " + at.sequence() + "))";
    }
}
