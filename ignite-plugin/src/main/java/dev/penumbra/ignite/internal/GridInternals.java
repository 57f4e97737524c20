package dev.penumbra.ignite.internal;

import dev.penumbra.affinity.DatacenterNodes;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.ValueCodec;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.IgniteException;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.affinity.Affinity;
import org.apache.ignite.cluster.ClusterGroup;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.internal.GridKernalContext;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.IgniteFutureTimeoutCheckedException;
import org.apache.ignite.internal.IgniteInternalFuture;
import org.apache.ignite.internal.cache.transform.CacheObjectTransformerProcessor;
import org.apache.ignite.internal.processors.affinity.AffinityTopologyVersion;
import org.apache.ignite.internal.processors.cache.CacheConflictResolutionManager;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.IgniteInternalCache;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.processors.cache.persistence.DataRegion;
import org.apache.ignite.internal.processors.cache.persistence.IgniteCacheDatabaseSharedManager;
import org.apache.ignite.internal.processors.query.schema.management.TableDescriptor;
import org.apache.ignite.internal.processors.security.IgniteSecurity;
import org.apache.ignite.internal.processors.security.OperationSecurityContext;
import org.apache.ignite.internal.util.typedef.internal.U;
import org.apache.ignite.lang.IgniteCallable;
import org.apache.ignite.plugin.security.SecurityException;
import org.apache.ignite.plugin.security.SecurityPermission;
import org.jspecify.annotations.Nullable;

/** The doors into Ignite's internals. */
@Internal
public final class GridInternals {
    private static final long EXCHANGE_LOOK_MILLIS = 50;

    private GridInternals() {}

    /**
     * A cache of a copy, for writing by position.
     *
     * @param writers run by several threads what is written of many entries at once
     * @throws dev.penumbra.model.PenumbraException with {@link dev.penumbra.model.ErrorCode#SHADOW_NOT_FOUND} when the
     *     grid has no such cache
     */
    public static VersionedCache versionedCache(Ignite ignite, String name, Executor writers) {
        return new GridVersionedCache((IgniteEx) ignite, name, writers);
    }

    /** The component that Ignite asks a plugin for, or null when it asks for one that is not ours. */
    public static @Nullable Object nodeComponent(Ignite ignite, Class<?> type, ValueCodec codec) {
        return type == CacheObjectTransformerProcessor.class
                ? new ValueTransformer(((IgniteEx) ignite).context(), codec)
                : null;
    }

    /**
     * Makes a node that has no part of a table's cache a client of it.
     *
     * @return whether the grid has the table
     */
    public static boolean openCacheOf(Ignite ignite, TableName name) {
        @Nullable TableDescriptor table =
                ((IgniteEx) ignite).context().query().schemaManager().table(name.schema(), name.table());
        return table != null && ignite.cache(table.cacheInfo().name()) != null;
    }

    /**
     * Does something with this node's own permissions, whoever the thread is working for. What is Penumbra's own, and shows
     * nobody's rows, is read and written so.
     */
    @SuppressWarnings("try") // closing it is all that is to be done with it
    public static <T> T asNode(Ignite ignite, Supplier<T> work) {
        GridKernalContext context = ((IgniteEx) ignite).context();
        try (OperationSecurityContext own = context.security().withContext(context.localNodeId())) {
            return work.get();
        }
    }

    /**
     * Whether whoever this thread is working for may read a cache.
     *
     * @param cache its name; null when it is not known, and then nobody may on a grid that has permissions
     */
    public static boolean mayRead(Ignite ignite, @Nullable String cache) {
        IgniteSecurity security = ((IgniteEx) ignite).context().security();
        if (!security.enabled()) {
            return true;
        }
        if (cache == null) {
            return false;
        }
        try {
            security.authorize(cache, SecurityPermission.CACHE_READ);
            return true;
        } catch (SecurityException e) {
            return false;
        }
    }

    /** Where a node that is about to start keeps its files. */
    public static Path workDirectory(IgniteConfiguration node) {
        try {
            return Path.of(U.workDirectory(node.getWorkDirectory(), node.getIgniteHome()));
        } catch (IgniteCheckedException e) {
            throw new IgniteException(e);
        }
    }

    /** The component that Ignite asks a copy's cache for, or null when it asks for one that is not ours. */
    public static @Nullable Object copyComponent(Class<?> type) {
        return type == CacheConflictResolutionManager.class ? new PositionOrder<Object, Object>() : null;
    }

    /**
     * Copies one partition of a home image into a copy of the same layout, on the node that owns it. Waits.
     *
     * @return how many rows the partition had
     */
    public static long transfer(Ignite ignite, Copy from, Copy to, int partition) {
        String targetType = from.valueType().equals(to.valueType()) ? null : to.valueType();
        PartitionTransfer job = new PartitionTransfer(
                from.cacheName(),
                to.cacheName(),
                targetType,
                partition,
                !to.coverage().isWhole());
        return onOwner(ignite, from, partition, job);
    }

    private static <T> T onOwner(Ignite ignite, Copy copy, int partition, IgniteCallable<T> job) {
        ClusterNode owner = ignite.affinity(copy.cacheName()).mapPartitionToNode(partition);
        if (owner == null) {
            throw new PenumbraException(ErrorCode.DATACENTER_NOT_FOUND)
                    .with("datacenter", copy.name().datacenter());
        }
        return ignite.compute(ignite.cluster().forNode(owner)).withNoFailover().call(job);
    }

    /**
     * Keeps, in a copy's archive, the rows of one partition that a change at a position removes all at once. Waits.
     *
     * @param first the first position of the change's transaction
     * @param last the last position of the change's transaction
     */
    public static void archive(
            Ignite ignite,
            Copy copy,
            int partition,
            Position until,
            Position first,
            Position last,
            long committedAtMillis) {
        onOwner(
                ignite,
                copy,
                partition,
                new ArchiveTruncation(copy.cacheName(), partition, until, first, last, committedAtMillis));
    }

    /**
     * The first position of the first transaction that changed a copy's rows and was committed later than at a time of the source's clock, among
     * those that its archive has. Waits.
     *
     * @throws PenumbraException with {@link ErrorCode#GRID_UNAVAILABLE} when the archive is moving between nodes
     */
    public static Optional<Position> firstAfter(Ignite ignite, Copy copy, long atMillis) {
        Affinity<Object> affinity = ignite.affinity(copy.archiveCacheName());
        Map<ClusterNode, List<Integer>> owned = new LinkedHashMap<>();
        affinity.mapPartitionsToNodes(
                        IntStream.range(0, affinity.partitions()).boxed().toList())
                .forEach((partition, node) ->
                        owned.computeIfAbsent(node, key -> new ArrayList<>()).add(partition));
        return owned.entrySet().stream()
                .flatMap(one -> {
                    int[] partitions =
                            one.getValue().stream().mapToInt(Integer::intValue).toArray();
                    long @Nullable [] found = ignite.compute(ignite.cluster().forNode(one.getKey()))
                            .withNoFailover()
                            .call(new ArchiveCut(copy.archiveCacheName(), partitions, atMillis));
                    return found == null ? Stream.empty() : Stream.of(new Position((int) found[0], found[1]));
                })
                .min(Comparator.naturalOrder());
    }

    /**
     * Reads rows of an archived copy as they were at a position. Waits.
     *
     * @param keys as the copy holds them
     * @return the values, as the copy held them, of the rows that were there
     */
    public static Map<Object, BinaryObject> former(Ignite ignite, Copy copy, Collection<Object> keys, Position at) {
        Map<Object, BinaryObject> rows = new HashMap<>();
        ignite.<Object>affinity(copy.cacheName()).mapKeysToNodes(keys).forEach((owner, own) -> {
            Object[] asked = own.toArray();
            @Nullable Object[] found = ignite.compute(ignite.cluster().forNode(owner))
                    .withNoFailover()
                    .call(new FormerRows(copy.cacheName(), copy.archiveCacheName(), asked, at));
            for (int i = 0; i < asked.length; i++) {
                if (found[i] instanceof BinaryObject value) {
                    rows.put(asked[i], value);
                }
            }
        });
        return rows;
    }

    /** Removes from one partition of a copy's archive what was before a position or there, if this node is the one that answers for it. Waits. */
    public static void forget(Ignite ignite, Copy copy, int partition, Position begin) {
        String archive = copy.archiveCacheName();
        IgniteEx grid = (IgniteEx) ignite;
        if (!grid.localNode().equals(grid.affinity(archive).mapPartitionToNode(partition))) {
            return;
        }
        GridVersionedCache target = new GridVersionedCache(grid, archive);
        OwnedPartition.with(
                grid,
                archive,
                partition,
                context -> target.remove(context, partition, row -> {
                    Position until = ArchiveEntry.of(context, row).until();
                    // Larger than that of the entry, which is its own position.
                    return until.compareTo(begin) <= 0 ? GridVersionedCache.version(until.next()) : null;
                }));
    }

    /**
     * Sums up the rows of one partition of a copy, on the node that owns it. Waits.
     *
     * @param covering a shadow; only rows that it covers count
     * @param listed whether the rows are wanted one by one
     */
    public static PartitionListing.Listing list(
            Ignite ignite, Copy copy, Copy covering, int partition, boolean listed) {
        return onOwner(
                ignite,
                copy,
                partition,
                new PartitionListing(copy.cacheName(), covering.cacheName(), partition, listed));
    }

    /** The layout that an Ignite table has now, whichever nodes hold its rows; empty when this node knows of no such table. */
    public static Optional<TableSchema> layout(Ignite ignite, TableName table) {
        TableDescriptor found =
                ((IgniteEx) ignite).context().query().schemaManager().table(table.schema(), table.table());
        return found == null
                ? Optional.empty()
                : Optional.of(TableRows.of(found.type(), null).schema());
    }

    /**
     * Removes, from a shadow of an Ignite table, the rows of some of the table's partitions that are older than a position. Waits.
     *
     * @param limits a position of {@link PartitionPosition} for each of the table's partitions concerned
     * @return how many rows were removed
     */
    public static long sweep(Ignite ignite, Copy copy, Map<Integer, Position> limits) {
        int[] partitions = limits.keySet().stream().mapToInt(p -> p).toArray();
        int[] epochs = limits.values().stream().mapToInt(Position::epoch).toArray();
        long[] sequences =
                limits.values().stream().mapToLong(Position::sequence).toArray();
        Affinity<Object> affinity = ignite.affinity(copy.cacheName());
        long removed = 0;
        for (int partition = 0; partition < affinity.partitions(); partition++) {
            removed += onOwner(
                    ignite,
                    copy,
                    partition,
                    new PartitionSweep(copy.cacheName(), partition, partitions, epochs, sequences));
        }
        return removed;
    }

    /**
     * How much a copy holds.
     *
     * <p>A class, because Ignite cannot carry records between nodes.
     */
    public static final class CopySize implements Serializable {
        /** Nothing. */
        public static final CopySize NONE = new CopySize(0, 0, 0);

        private static final long serialVersionUID = 1L;

        private final long rows;
        private final long rawBytes;
        private final long storedBytes;

        CopySize(long rows, long rawBytes, long storedBytes) {
            this.rows = rows;
            this.rawBytes = rawBytes;
            this.storedBytes = storedBytes;
        }

        /** Its rows. */
        public long rows() {
            return rows;
        }

        /** The size of its values before compression. */
        public long rawBytes() {
            return rawBytes;
        }

        /** The size of its values as stored. */
        public long storedBytes() {
            return storedBytes;
        }
    }

    /** Counts the rows of a copy and their bytes, by reading them all on the nodes that hold them. Waits. */
    public static CopySize measure(Ignite ignite, Copy copy) {
        ClusterGroup nodes = DatacenterNodes.in(ignite.cluster(), copy.name().datacenter());
        if (nodes.nodes().isEmpty()) {
            return CopySize.NONE;
        }
        long rows = 0;
        long raw = 0;
        long stored = 0;
        for (CopySize part : ignite.compute(nodes).broadcast(new CopyMeasure(copy.cacheName()))) {
            rows += part.rows();
            raw += part.rawBytes();
            stored += part.storedBytes();
        }
        return new CopySize(rows, raw, stored);
    }

    /**
     * Waits until every node has completed the exchange that follows the last node to join or leave. From then on no node
     * acts on a request of a node that left before the call.
     *
     * @return false when {@code giveUp} became true first
     */
    public static boolean awaitExchange(Ignite ignite, BooleanSupplier giveUp) {
        IgniteEx grid = (IgniteEx) ignite;
        AffinityTopologyVersion version =
                new AffinityTopologyVersion(ignite.cluster().topologyVersion());
        IgniteInternalFuture<?> ready =
                grid.context().cache().context().exchange().affinityReadyFuture(version);
        try {
            while (!ready.isDone()) {
                if (giveUp.getAsBoolean()) {
                    return false;
                }
                awaitBriefly(ready);
            }
        } catch (IgniteCheckedException e) {
            throw new IgniteException(e);
        }
        return true;
    }

    private static void awaitBriefly(IgniteInternalFuture<?> future) throws IgniteCheckedException {
        try {
            future.get(EXCHANGE_LOOK_MILLIS);
        } catch (IgniteFutureTimeoutCheckedException e) {
            // The caller looks whether it is to give up.
        }
    }

    /**
     * A value that this node stores itself, also while it is still starting; null when it does not store the key. Whether the node is one
     * that should store it does not matter: one that has been filled a moment ago is not listed among those yet.
     *
     * @param cacheName a cache that this node may not have yet
     */
    public static byte @Nullable [] held(Ignite ignite, String cacheName, Integer key) {
        @Nullable IgniteInternalCache<Integer, byte[]> cache =
                ((IgniteEx) ignite).context().cache().internalCache(cacheName);
        if (cache == null) {
            return null;
        }
        GridCacheContext<Integer, byte[]> context = cache.context();
        if (!context.gate().enterIfNotStopped()) {
            return null;
        }
        context.shared().database().checkpointReadLock();
        try {
            @Nullable CacheDataRow row = context.offheap().read(context, context.toCacheKeyObject(key));
            return row == null ? null : row.value().value(context.cacheObjectContext(), false);
        } catch (IgniteCheckedException e) {
            throw new IgniteException(e);
        } finally {
            context.shared().database().checkpointReadUnlock();
            context.gate().leave();
        }
    }

    /** Whether nodes are agreeing just now on who has what, as they do when nodes and caches come and go. */
    public static boolean isExchanging(Ignite ignite) {
        return !((IgniteEx) ignite)
                .context()
                .cache()
                .context()
                .exchange()
                .lastTopologyFuture()
                .isDone();
    }

    /**
     * What the pages of a data region that are not empty take on this node, in bytes; 0 on one that has no such region. Of one that is kept on
     * disk, what its pages in memory take.
     */
    public static long usedBytes(Ignite ignite, String dataRegion) {
        IgniteCacheDatabaseSharedManager database =
                ((IgniteEx) ignite).context().cache().context().database();
        try {
            @Nullable DataRegion region = database == null ? null : database.dataRegion(dataRegion);
            if (region == null) {
                return 0;
            }
            // Ignite fails to count the pages of a region on disk where the grid has caches of which this node holds
            // nothing.
            return region.config().isPersistenceEnabled()
                    ? region.metrics().getPhysicalMemorySize()
                    : region.metrics().getTotalUsedSize();
        } catch (IgniteCheckedException e) {
            // There is no region of this name.
            return 0;
        }
    }
}
