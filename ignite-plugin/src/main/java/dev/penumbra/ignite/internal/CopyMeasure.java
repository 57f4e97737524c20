package dev.penumbra.ignite.internal;

import dev.penumbra.ignite.internal.GridInternals.CopySize;
import java.util.Objects;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.IgniteException;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.binary.BinaryObjectImpl;
import org.apache.ignite.internal.processors.affinity.AffinityTopologyVersion;
import org.apache.ignite.internal.processors.cache.CacheObject;
import org.apache.ignite.internal.processors.cache.GridCacheAdapter;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.util.lang.GridIterator;
import org.apache.ignite.lang.IgniteCallable;
import org.apache.ignite.resources.IgniteInstanceResource;
import org.jspecify.annotations.Nullable;

/** Adds up the rows of a copy that one node is primary for. */
final class CopyMeasure implements IgniteCallable<CopySize> {
    private static final long serialVersionUID = 1L;

    private final String cache;

    @IgniteInstanceResource
    private transient @Nullable Ignite ignite;

    CopyMeasure(String cache) {
        this.cache = cache;
    }

    @Override
    public CopySize call() {
        IgniteEx grid = (IgniteEx) Objects.requireNonNull(ignite);
        GridCacheAdapter<?, ?> adapter = grid.context().cache().internalCache(cache);
        if (adapter == null) {
            return CopySize.NONE;
        }
        GridCacheContext<?, ?> context = adapter.context();
        if (!context.gate().enterIfNotStopped()) {
            return CopySize.NONE;
        }
        try {
            return measure(context);
        } finally {
            context.gate().leave();
        }
    }

    private static CopySize measure(GridCacheContext<?, ?> context) {
        AffinityTopologyVersion topology = context.affinity().affinityTopologyVersion();
        if (!topology.initialized()) {
            // The cache is only just being made.
            return CopySize.NONE;
        }
        long rows = 0;
        long raw = 0;
        long stored = 0;
        try {
            GridIterator<CacheDataRow> iterator =
                    context.offheap().cacheIterator(context.cacheId(), true, false, topology, false);
            while (iterator.hasNext()) {
                CacheObject value = iterator.next().value();
                byte[] bytes = value.valueBytes(context.cacheObjectContext());
                rows++;
                stored += bytes.length;
                raw += value instanceof BinaryObjectImpl object ? object.length() : bytes.length;
            }
        } catch (IgniteCheckedException e) {
            throw new IgniteException(e);
        }
        return new CopySize(rows, raw, stored);
    }
}
