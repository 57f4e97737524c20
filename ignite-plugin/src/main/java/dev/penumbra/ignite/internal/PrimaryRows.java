package dev.penumbra.ignite.internal;

import dev.penumbra.model.api.Internal;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.IgniteInternalCache;
import org.apache.ignite.internal.processors.cache.KeyCacheObject;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a cache of which this node is the primary.
 *
 * <p>Never from this node's near cache: Ignite may leave a former row there (IGNITE-627). What a node is the primary of it has no near
 * entry of.
 *
 * <p>Safe for use by several threads.
 */
@Internal
public final class PrimaryRows {
    /** Stands for a row that another node is, or may be, the primary of. */
    public static final Object ELSEWHERE = new Object();

    private final GridCacheContext<?, ?> context;
    private final IgniteCache<Object, BinaryObject> cache;

    private PrimaryRows(GridCacheContext<?, ?> context, IgniteCache<Object, BinaryObject> cache) {
        this.context = context;
        this.cache = cache;
    }

    /**
     * Opens a cache; null when this node does not know it.
     *
     * @param cache the same cache, which gives binary objects
     */
    public static @Nullable PrimaryRows open(Ignite ignite, IgniteCache<Object, BinaryObject> cache) {
        @Nullable IgniteInternalCache<?, ?> found = ((IgniteEx) ignite).context().cache().internalCache(cache.getName());
        return found == null ? null : new PrimaryRows(found.context(), cache);
    }

    /**
     * Reads a row.
     *
     * @param key the key as the cache holds it
     * @return a binary object, null when there is no row, or {@link #ELSEWHERE}
     */
    public @Nullable Object read(Object key) {
        // Made once, so that the partition is found once.
        KeyCacheObject made = context.toCacheKeyObject(key);
        int partition = made.partition();
        if (!isPrimary(partition)) {
            return ELSEWHERE;
        }
        @Nullable BinaryObject value = cache.get(made);
        // It may have ceased to be this node's meanwhile.
        return isPrimary(partition) ? value : ELSEWHERE;
    }

    private boolean isPrimary(int partition) {
        return context.affinity()
                .primaryByPartition(
                        context.localNode(), partition, context.affinity().affinityTopologyVersion());
    }
}
