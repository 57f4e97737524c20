package dev.penumbra.ignite.internal;

import dev.penumbra.model.api.Internal;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ignite.Ignite;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.affinity.AffinityTopologyVersion;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.GridCachePartitionExchangeManager;
import org.apache.ignite.internal.processors.cache.IgniteInternalCache;
import org.apache.ignite.internal.processors.cache.distributed.dht.preloader.GridDhtPartitionsExchangeFuture;
import org.apache.ignite.internal.processors.cache.distributed.dht.preloader.PartitionsExchangeAware;
import org.apache.ignite.internal.processors.cache.distributed.dht.topology.GridDhtLocalPartition;
import org.apache.ignite.internal.processors.cache.distributed.dht.topology.GridDhtPartitionState;
import org.apache.ignite.internal.processors.cache.query.continuous.CacheContinuousQueryListener;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether what a node remembers of a cache still is what the cache says.
 *
 * <p>Design note. The cache is atomic, replicated and FULL_SYNC, so a write returns when every owner has it. Each owner counts the write
 * where Ignite tells its continuous queries of it: on the thread of the update, under the lock of the entry, behind the storing. So the
 * number that is read after a write has returned is another one than any that was read before the write was stored, and what is
 * remembered with a number that is still the present one has not been written since. That holds only where this node owns all
 * partitions, and for the cache to which the listener was added. Whatever changes either is an exchange: it is counted, too, and takes
 * the number away until {@link #begin()} has looked again. Only what has come by an exchange may change the lost partitions of any cache,
 * and start and stop caches; so these can be remembered with the same number.
 *
 * <p>Safe for use by several threads.
 */
@Internal
public final class CacheWatch implements AutoCloseable {
    /** No number: nothing may be remembered now. */
    public static final long UNKNOWN = -1;

    private final IgniteEx ignite;
    private final String cacheName;
    private final UUID listenerId = UUID.randomUUID();
    private final AtomicLong changes = new AtomicLong();
    private final AtomicLong exchanges = new AtomicLong();
    private final Exchanges listening = new Exchanges();

    /** Volatile: replaced by whoever looks again, read by all who ask. */
    private volatile @Nullable Held held;

    private volatile boolean closed;
    private @Nullable GridCacheContext<?, ?> listened;

    /** What this node held of the cache after so many exchanges. */
    private static final class Held {
        private final long exchange;
        private final GridDhtLocalPartition[] partitions;

        Held(long exchange, GridDhtLocalPartition[] partitions) {
            this.exchange = exchange;
            this.partitions = partitions;
        }

        boolean isWhole() {
            for (GridDhtLocalPartition partition : partitions) {
                if (partition.state() != GridDhtPartitionState.OWNING) {
                    return false;
                }
            }
            return true;
        }
    }

    /** @param cacheName a cache that every node of those that hold it holds whole; this node may not have it, and it need not exist */
    public CacheWatch(Ignite ignite, String cacheName) {
        this.ignite = (IgniteEx) ignite;
        this.cacheName = cacheName;
        exchange().registerExchangeAwareComponent(listening);
    }

    private GridCachePartitionExchangeManager<?, ?> exchange() {
        return ignite.context().cache().context().exchange();
    }

    /**
     * The number with which may be remembered what is read from the cache after this call.
     *
     * @return {@link #UNKNOWN} when this node does not own the whole cache
     */
    public long begin() {
        Held present = held;
        if (present == null || present.exchange != exchanges.get()) {
            look();
        }
        return now();
    }

    /** The number with which what is remembered must have been remembered to be still right. */
    public long now() {
        Held present = held;
        return present != null && present.exchange == exchanges.get() && present.isWhole() ? changes.get() : UNKNOWN;
    }

    private synchronized void look() {
        long exchange = exchanges.get();
        held = null;
        @Nullable IgniteInternalCache<?, ?> cache = ignite.context().cache().internalCache(cacheName);
        if (closed
                || cache == null
                || !cache.context().affinityNode()
                || cache.context().isNear()) {
            return;
        }
        GridCacheContext<?, ?> context = cache.context();
        if (listened != context) {
            UpdateListeners.add(context, listenerId, listener());
            listened = context;
        }
        GridDhtLocalPartition[] partitions =
                new GridDhtLocalPartition[context.affinity().partitions()];
        for (int partition = 0; partition < partitions.length; partition++) {
            @Nullable GridDhtLocalPartition local =
                    context.topology().localPartition(partition, AffinityTopologyVersion.NONE, false);
            if (local == null) {
                return;
            }
            partitions[partition] = local;
        }
        held = new Held(exchange, partitions);
    }

    /** The interface is public, and the class of its events is not; so it is a proxy. */
    private CacheContinuousQueryListener<?, ?> listener() {
        return (CacheContinuousQueryListener<?, ?>) Proxy.newProxyInstance(
                CacheContinuousQueryListener.class.getClassLoader(),
                new Class<?>[] {CacheContinuousQueryListener.class},
                this::told);
    }

    private @Nullable Object told(Object proxy, Method method, Object @Nullable [] arguments) {
        return switch (method.getName()) {
            case "keepBinary" -> true;
            case "oldValueRequired", "notifyExisting", "isPrimaryOnly" -> false;
            case "equals" -> arguments != null && proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            case "toString" -> "penumbra-watch:" + cacheName;
            case "skipUpdateCounter" -> {
                changes.incrementAndGet();
                yield arguments == null ? null : arguments[1];
            }
            case "onEntryUpdated", "skipUpdateEvent", "onPartitionEvicted" -> {
                changes.incrementAndGet();
                yield null;
            }
            // What else there is concerns the queues of continuous queries.
            default -> null;
        };
    }

    /** Counts exchanges, on the thread that makes them. */
    private final class Exchanges implements PartitionsExchangeAware {
        private void count() {
            exchanges.incrementAndGet();
            changes.incrementAndGet();
        }

        @Override
        public void onInitBeforeTopologyLock(GridDhtPartitionsExchangeFuture exchange) {
            count();
        }

        @Override
        public void onInitAfterTopologyLock(GridDhtPartitionsExchangeFuture exchange) {
            count();
        }

        @Override
        public void onDoneBeforeTopologyUnlock(GridDhtPartitionsExchangeFuture exchange) {
            count();
        }

        @Override
        public void onDoneAfterTopologyUnlock(GridDhtPartitionsExchangeFuture exchange) {
            count();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        exchanges.incrementAndGet();
        exchange().unregisterExchangeAwareComponent(listening);
        GridCacheContext<?, ?> context = listened;
        if (context != null) {
            listened = null;
            UpdateListeners.remove(context, listenerId);
        }
    }
}
