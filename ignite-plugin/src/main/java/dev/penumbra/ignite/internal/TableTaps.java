package dev.penumbra.ignite.internal;

import dev.penumbra.model.api.Internal;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.dr.GridCacheDrManager;
import org.apache.ignite.internal.processors.cache.dr.GridOsCacheDrManager;

/**
 * The users' caches of one node that could be tapped.
 *
 * <p>Safe for use by several threads.
 */
@Internal
public final class TableTaps {
    /** Told of caches while they start and stop; must not wait. */
    public interface Observer {
        /** A cache starts on this node and has seen no update yet. */
        void started(TableTap tap);

        /**
         * A cache stops on this node.
         *
         * @param destroyed whether it stops because the grid destroys it
         */
        void stopped(TableTap tap, boolean destroyed);
    }

    private final Map<String, TableTap> taps = new ConcurrentHashMap<>();

    /** Volatile: set before the node joins the grid. */
    private volatile Observer observer = new Observer() {
        @Override
        public void started(TableTap tap) {}

        @Override
        public void stopped(TableTap tap, boolean destroyed) {}
    };

    /** Says who is told; before the node joins the grid. */
    public void observe(Observer told) {
        observer = told;
    }

    /** The caches that are started on this node. */
    public Collection<TableTap> all() {
        return List.copyOf(taps.values());
    }

    /** What a user's cache is given when Ignite asks for a component. */
    public @org.jspecify.annotations.Nullable Object component(Class<?> type) {
        return type == GridCacheDrManager.class ? new Life() : null;
    }

    /** A cache's manager that replicates nothing: it is told when the cache starts and stops. */
    private final class Life extends GridOsCacheDrManager {
        private @org.jspecify.annotations.Nullable TableTap tap;

        @Override
        public void start(@SuppressWarnings("rawtypes") GridCacheContext context) {
            if (context.userCache() && !context.isNear()) {
                tap = new TableTap(context);
            }
        }

        @Override
        public void onKernalStart() {
            TableTap started = tap;
            if (started != null) {
                taps.put(started.cacheName(), started);
                observer.started(started);
            }
        }

        @Override
        public void stop(boolean cancel, boolean destroy) {
            TableTap stopped = tap;
            if (stopped != null && taps.remove(stopped.cacheName(), stopped)) {
                observer.stopped(stopped, destroy);
            }
        }
    }
}
