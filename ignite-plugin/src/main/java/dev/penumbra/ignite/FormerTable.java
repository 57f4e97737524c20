package dev.penumbra.ignite;

import dev.penumbra.ignite.sql.AsOf;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.model.api.Incubating;
import dev.penumbra.shadow.read.ReadSession;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A captured table as it was at a moment, read from the archive of this datacenter's shadow of it.
 *
 * <p>All reads of one position are of one snapshot of the table. Of a time, the position is found anew in each read, and told by
 * {@link Answer#position()}. Safe for use by several threads. Every read may fail with a {@link dev.penumbra.model.PenumbraException}:
 * {@link dev.penumbra.model.ErrorCode#NO_ARCHIVE} when there is no shadow here that keeps what was,
 * {@link dev.penumbra.model.ErrorCode#ARCHIVE_MOMENT} when what it keeps begins later or it has not come so far,
 * {@link dev.penumbra.model.ErrorCode#STALENESS} when it cannot prove in time that it has come so far, and as {@link CopiedTable} says. Nothing
 * has been read then.
 */
@Incubating
public final class FormerTable {
    private final PenumbraPlugin plugin;
    private final String name;
    private final ReadSession session;
    private final AsOf.Moment moment;

    FormerTable(PenumbraPlugin plugin, String name, ReadSession session, AsOf.Moment moment) {
        this.plugin = plugin;
        this.name = name;
        this.session = session;
        this.moment = moment;
    }

    /**
     * Reads one row.
     *
     * @param key the values of the table's key columns, in the types in which rows carry them
     * @return the row, empty when there was none
     */
    public Answer<Optional<Row>> get(Key key) {
        Answer<Map<Key, Row>> all = getAll(List.of(key));
        return new Answer<>(
                Optional.ofNullable(all.value().get(key)),
                all.asked(),
                all.source(),
                all.copy(),
                all.staleness(),
                all.position(),
                all.reason());
    }

    /**
     * Reads several rows.
     *
     * @return the rows that were there
     */
    public Answer<Map<Key, Row>> getAll(Collection<Key> keys) {
        return plugin.formerReads().read(session, name, keys, moment);
    }
}
