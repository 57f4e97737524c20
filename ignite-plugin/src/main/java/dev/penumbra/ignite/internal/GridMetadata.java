package dev.penumbra.ignite.internal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.metastorage.DistributedMetaStorage;
import org.apache.ignite.internal.processors.metastorage.DistributedMetastorageLifecycleListener;
import org.apache.ignite.internal.processors.metastorage.ReadableDistributedMetaStorage;
import org.jspecify.annotations.Nullable;

/**
 * Texts that all nodes of the grid know and that a joining node knows before its caches start. On a grid with persistence they
 * survive a restart of the whole grid.
 *
 * <p>Safe for use by several threads.
 */
@Internal
public final class GridMetadata {
    private final String prefix;

    /** Volatile: set by Ignite while the node starts. */
    private volatile @Nullable ReadableDistributedMetaStorage readable;

    private volatile @Nullable DistributedMetaStorage writable;

    /** @param prefix begins the names of all texts that this object sees */
    public GridMetadata(String prefix) {
        this.prefix = prefix;
    }

    /**
     * Attaches it to a node that has not joined the grid yet.
     *
     * @param changed called on every node, in one order, with each text that changes, null for one that is removed; by the
     *     time that a write returns, all nodes have been called
     */
    public void attach(Ignite ignite, BiConsumer<String, @Nullable String> changed) {
        ((IgniteEx) ignite)
                .context()
                .internalSubscriptionProcessor()
                .registerDistributedMetastorageListener(new DistributedMetastorageLifecycleListener() {
                    @Override
                    public void onReadyForRead(ReadableDistributedMetaStorage storage) {
                        readable = storage;
                        storage.listen(
                                key -> key.startsWith(prefix),
                                (key, former, next) -> changed.accept(key.substring(prefix.length()), (String) next));
                    }

                    @Override
                    public void onReadyForWrite(DistributedMetaStorage storage) {
                        writable = storage;
                    }
                });
    }

    /** All texts by name. */
    public Map<String, String> all() {
        Map<String, String> all = new TreeMap<>();
        ReadableDistributedMetaStorage storage = readable;
        if (storage != null) {
            try {
                storage.iterate(prefix, (key, text) -> all.put(key.substring(prefix.length()), (String) text));
            } catch (IgniteCheckedException e) {
                throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE, e);
            }
        }
        return all;
    }

    /** Adds a text; false when the name is taken. Waits for all nodes. */
    public boolean add(String name, String text) {
        try {
            return storage().compareAndSet(prefix + name, null, text);
        } catch (IgniteCheckedException e) {
            throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE, e);
        }
    }

    /** Removes a text; false when the name has another. Waits for all nodes. */
    public boolean remove(String name, String text) {
        try {
            return storage().compareAndRemove(prefix + name, text);
        } catch (IgniteCheckedException e) {
            throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE, e);
        }
    }

    private DistributedMetaStorage storage() {
        DistributedMetaStorage storage = writable;
        if (storage == null) {
            throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE);
        }
        return storage;
    }
}
