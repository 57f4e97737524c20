package dev.penumbra.ignite.internal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.UUID;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.internal.processors.affinity.AffinityTopologyVersion;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.GridCacheEntryEx;
import org.apache.ignite.internal.processors.cache.KeyCacheObject;
import org.apache.ignite.internal.processors.cache.distributed.dht.topology.GridDhtLocalPartition;
import org.apache.ignite.internal.processors.cache.distributed.dht.topology.GridDhtPartitionState;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.processors.query.GridQueryTypeDescriptor;
import org.apache.ignite.internal.util.lang.GridIterator;
import org.jspecify.annotations.Nullable;

/**
 * Where the committed changes of one Ignite table are tapped on one node.
 *
 * <p>Design note. Changes come from where Ignite tells its continuous queries of them: under the lock of the entry, on every
 * owner of the row, each with its partition's counter, which is the same on all owners, and with the image before. What
 * {@code clear()} and expiry remove is told to nobody; that comes through an index that holds nothing (see
 * {@link RemovalIndex}). The hook for replication between datacenters, {@code GridCacheDrManager}, knows neither the
 * counter nor the image before, nor whether the backups have the change.
 *
 * <p>Safe for use by several threads.
 */
@Internal
public final class TableTap {
    /** Takes what is tapped; called under the lock of the entry, so it must not wait. */
    public interface Sink {
        /** A change, which may have to be confirmed yet. */
        void arrived(CommittedChange change);

        /** A change that had arrived has been confirmed. */
        void confirmed();

        /** Rows of a partition were loaded past the cache's own protocol: owners number them each for itself. */
        void loaded(int partition);
    }

    private final GridCacheContext<?, ?> context;
    private UUID listenerId = UUID.randomUUID();
    private @Nullable Sink opened;
    private @Nullable RemovalIndex removals;

    TableTap(GridCacheContext<?, ?> context) {
        this.context = context;
    }

    /** The cache that holds the table. */
    public String cacheName() {
        return context.name();
    }

    /** Whether this node may own rows of the table. */
    public boolean holdsRows() {
        return context.affinityNode();
    }

    /** How many partitions the table has. */
    public int partitions() {
        return context.affinity().partitions();
    }

    /** Whether the table was told of by a name; null when the cache has no such table (any more). */
    private @Nullable GridQueryTypeDescriptor descriptor(TableName name) {
        for (GridQueryTypeDescriptor type : context.kernalContext().query().types(cacheName())) {
            if (type.schemaName().equals(name.schema()) && type.tableName().equals(name.table())) {
                return type;
            }
        }
        return null;
    }

    /** How many tables the cache holds. */
    public int tables() {
        return context.kernalContext().query().types(cacheName()).size();
    }

    /** Whether the cache has a table of this name. */
    public boolean has(TableName name) {
        return descriptor(name) != null;
    }

    /**
     * The table's present layout.
     *
     * @param known the layout that the caller has, returned again when it is still the table's
     * @throws PenumbraException with TABLE_NOT_FOUND when there is no such table, or as {@link TableRows} says
     */
    public TableRows rows(TableName name, @Nullable TableRows known) {
        GridQueryTypeDescriptor type = descriptor(name);
        if (type == null) {
            throw new PenumbraException(ErrorCode.TABLE_NOT_FOUND).with("table", name);
        }
        return known != null && known.isLayoutOf(type) ? known : TableRows.of(type, context.cacheObjectContext());
    }

    /**
     * Begins to tap. When it returns, every change whose counter is above the partition's number in the result goes to the
     * sink, and every change up to it is in the table or goes to the sink.
     *
     * @return each partition's counter, -1 for those that this node does not hold
     */
    public synchronized long[] open(Sink sink) {
        end();
        listenerId = UUID.randomUUID();
        opened = sink;
        TapListener listener = new TapListener(context, sink);
        RemovalIndex index = new RemovalIndex(context, listener);
        removals = index;
        index.add();
        UpdateListeners.add(context, listenerId, listener.listener());
        return listener.countersAtRegistration();
    }

    /** Ends tapping for a sink; without effect when another has been opened since, or the cache is gone. */
    public synchronized void close(Sink sink) {
        if (opened == sink) {
            end();
        }
    }

    private void end() {
        opened = null;
        RemovalIndex index = removals;
        removals = null;
        if (index != null) {
            UpdateListeners.remove(context, listenerId);
            index.remove();
        }
    }

    /** This node. */
    public UUID localNode() {
        return context.localNodeId();
    }

    /** How many updates a partition has counted; -1 when this node does not hold it. */
    public long counter(int partition) {
        return counter(context, partition);
    }

    static long counter(GridCacheContext<?, ?> context, int partition) {
        @Nullable GridDhtLocalPartition held = context.topology().localPartition(partition, AffinityTopologyVersion.NONE, false);
        return held == null ? -1 : held.updateCounter();
    }

    /** The node that is a partition's primary now; null when there is none. */
    public @Nullable UUID primary(int partition) {
        return primary(context, partition);
    }

    static @Nullable UUID primary(GridCacheContext<?, ?> context, int partition) {
        @Nullable ClusterNode node = context.affinity().primaryByPartition(partition, AffinityTopologyVersion.NONE);
        return node == null ? null : node.id();
    }

    /** Tells this cache from an earlier one of the same name; the same on all nodes. */
    public String id() {
        return String.valueOf(context.dynamicDeploymentId());
    }

    /** The topology for which {@link #primary} answers; changes whenever owners do. */
    public Object topology() {
        return context.affinity().affinityTopologyVersion();
    }

    /** Whether this node holds a partition completely. */
    public boolean owns(int partition) {
        return owns(context, partition);
    }

    static boolean owns(GridCacheContext<?, ?> context, int partition) {
        @Nullable GridDhtLocalPartition local = context.topology().localPartition(partition, AffinityTopologyVersion.NONE, false);
        return local != null && local.state() == GridDhtPartitionState.OWNING;
    }

    /**
     * Finds out whether a removal without a counter was one: waits for the entry's lock, which is held for a moment only.
     */
    public void decide(CommittedChange removal) {
        if (!removal.isUndecided()) {
            return;
        }
        @Nullable GridCacheEntryEx entry = context.cache().peekEx(cacheKey(removal.key()));
        if (entry != null) {
            entry.lockEntry();
            entry.unlockEntry();
        }
        // Whoever removed the row has let go of the entry, and would have said so before.
        removal.uncounted();
    }

    private KeyCacheObject cacheKey(Object key) {
        return key instanceof KeyCacheObject stored ? stored : context.toCacheKeyObject(key);
    }

    /** A row as it stands in the table. */
    public static final class Stored {
        private final Object key;
        private final Object value;

        private Stored(Object key, Object value) {
            this.key = key;
            this.value = value;
        }

        /** The key as the cache holds it. */
        public Object key() {
            return key;
        }

        /** The row; null when it is no row of the table. */
        public @Nullable Row row(TableRows rows) {
            return rows.rowOrNull(key, value);
        }
    }

    /** The rows of a partition as they stand when each is read; they are detached from the cache's memory. */
    public Iterator<Stored> scan(int partition) {
        GridIterator<CacheDataRow> rows;
        try {
            rows = context.offheap().cachePartitionIterator(context.cacheId(), partition, false);
        } catch (IgniteCheckedException e) {
            throw new IgniteException(e);
        }
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return rows.hasNext();
            }

            @Override
            public Stored next() {
                if (!rows.hasNext()) {
                    throw new NoSuchElementException();
                }
                CacheDataRow row = rows.next();
                return new Stored(row.key(), row.value());
            }
        };
    }

    /** Whether the table holds a row of this key now. */
    public boolean contains(Object key) {
        try {
            @Nullable CacheDataRow row = context.offheap().read(context, cacheKey(key));
            return row != null;
        } catch (IgniteCheckedException e) {
            throw new IgniteException(e);
        }
    }
}
