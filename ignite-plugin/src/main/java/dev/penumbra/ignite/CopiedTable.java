package dev.penumbra.ignite;

import dev.penumbra.ignite.sql.AsOf;
import dev.penumbra.model.Key;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.api.Incubating;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.ReadSession;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A captured table as its copies show it to one reader.
 *
 * <p>Safe for use by several threads. Every read may fail with a {@link dev.penumbra.model.PenumbraException}:
 * {@link dev.penumbra.model.ErrorCode#STALENESS} when no copy can prove in time to have what is asked for,
 * {@link dev.penumbra.model.ErrorCode#COPY_REPLACED} when the copy was filled anew meanwhile,
 * {@link dev.penumbra.model.ErrorCode#COPY_LOADING} while no copy is whole,
 * {@link dev.penumbra.model.ErrorCode#INVALID_KEY} when a key's values are not as rows carry them. Nothing has been read then.
 */
@Incubating
public final class CopiedTable {
    private final PenumbraPlugin plugin;
    private final String name;
    private final @Nullable ReadSession session;

    CopiedTable(PenumbraPlugin plugin, String name, @Nullable ReadSession session) {
        this.plugin = plugin;
        this.name = name;
        this.session = session;
    }

    /**
     * Reads one row.
     *
     * @param key the values of the table's key columns, in the types in which rows carry them
     * @param consistency what the answer must contain
     * @return the row, empty when there is none
     */
    public Answer<Optional<Row>> get(Key key, Consistency consistency) {
        return plugin.keyReads().read(seen(), name, key, consistency);
    }

    /**
     * Reads several rows from one copy. They are not a snapshot.
     *
     * @return the rows that are there
     */
    public Answer<Map<Key, Row>> getAll(Collection<Key> keys, Consistency consistency) {
        return plugin.keyReads().readAll(seen(), name, keys, consistency);
    }

    /**
     * The table as it was when a position had been reached, for as long as this datacenter's shadow keeps that.
     *
     * @param position of the source, for example of a token or of another answer
     */
    public FormerTable asOf(Position position) {
        return new FormerTable(plugin, name, seen(), AsOf.Moment.of(position));
    }

    /**
     * The table as it was at a time, for as long as this datacenter's shadow keeps that: before the first change that the source has committed
     * later by its own clock, which is read in milliseconds.
     */
    public FormerTable asOf(Instant time) {
        return new FormerTable(plugin, name, seen(), AsOf.Moment.of(time));
    }

    private ReadSession seen() {
        return session == null ? ReadSession.alone() : session;
    }
}
