package dev.penumbra.ignite.internal;

import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.ignite.binary.BinaryObject;
import org.jspecify.annotations.Nullable;

/**
 * A cache whose entries carry the position of the change that wrote them.
 *
 * <p>A write takes effect only where its position is larger than the entry's, so writing again what was written before
 * changes nothing. Safe for use by several threads.
 */
@Internal
public interface VersionedCache {
    /**
     * One write.
     *
     * @param key the key as the cache holds it
     * @param value the value, null to remove the entry
     * @param position the position of the change
     */
    record Write(Object key, @Nullable BinaryObject value, Position position) {}

    /**
     * Writes entries with different keys, in no order.
     *
     * @return completes when all nodes that hold the entries have them; when it completes exceptionally some may be
     *     written, none is under way any more
     */
    CompletableFuture<Void> write(List<Write> writes);

    /**
     * Removes all entries that were written before a position. Waits.
     *
     * @throws dev.penumbra.model.PenumbraException when a node does not answer; calling again completes the work
     */
    void truncate(Position position);

    /** Whether rows have been lost with the nodes that held them. */
    boolean lostRows();

    /**
     * What stands under a key.
     *
     * @param position the position of the change that wrote it
     */
    record Standing(BinaryObject value, Position position) {}

    /** What stands under a key; null when there is no such entry. Waits. */
    @Nullable Standing standing(Object key);

    /** A value's bytes before compression. */
    byte[] rawBytes(BinaryObject value);
}
