package dev.penumbra.ignite.internal;

import org.apache.ignite.internal.processors.cache.CacheConflictResolutionManager;
import org.apache.ignite.internal.processors.cache.CacheObjectValueContext;
import org.apache.ignite.internal.processors.cache.GridCacheManagerAdapter;
import org.apache.ignite.internal.processors.cache.version.CacheVersionConflictResolver;
import org.apache.ignite.internal.processors.cache.version.GridCacheVersionConflictContext;
import org.apache.ignite.internal.processors.cache.version.GridCacheVersionedEntryEx;

/**
 * Lets a write into a copy take effect exactly when its position is larger than the entry's.
 *
 * <p>Without a resolver Ignite drops the version that a write brings along and uses one of its own.
 */
final class PositionOrder<K, V> extends GridCacheManagerAdapter<K, V> implements CacheConflictResolutionManager<K, V> {
    private static final CacheVersionConflictResolver LARGER_WINS = new LargerWins();

    @Override
    public CacheVersionConflictResolver conflictResolver() {
        return LARGER_WINS;
    }

    private static final class LargerWins implements CacheVersionConflictResolver {
        @Override
        public <K, V> GridCacheVersionConflictContext<K, V> resolve(
                CacheObjectValueContext context,
                GridCacheVersionedEntryEx<K, V> present,
                GridCacheVersionedEntryEx<K, V> next,
                boolean atomicVersions) {
            GridCacheVersionConflictContext<K, V> outcome =
                    new GridCacheVersionConflictContext<>(context, present, next);
            if (!present.isStartVersion() && next.version().compareTo(present.version()) <= 0) {
                outcome.useOld();
            } else {
                outcome.useNew();
            }
            return outcome;
        }
    }
}
