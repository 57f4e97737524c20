package dev.penumbra.shadow;

import dev.penumbra.affinity.DatacenterAffinity;
import dev.penumbra.affinity.DatacenterFilter;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.api.Internal;
import java.util.List;
import java.util.Locale;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.CacheAtomicityMode;
import org.apache.ignite.cache.CacheMode;
import org.apache.ignite.cache.CacheRebalanceMode;
import org.apache.ignite.cache.CacheWriteSynchronizationMode;
import org.apache.ignite.cache.PartitionLossPolicy;
import org.apache.ignite.cache.eviction.lru.LruEvictionPolicyFactory;
import org.apache.ignite.configuration.CacheConfiguration;
import org.apache.ignite.configuration.NearCacheConfiguration;
import org.jspecify.annotations.Nullable;

/**
 * How the caches of copies are set up.
 *
 * @param partitions how many partitions every copy has; one number for the whole grid, so that a row's partition is the
 *     same in all datacenters
 * @param backups how many further nodes of its datacenter hold each row
 * @param dataRegion the Ignite data region that holds rows and progress, null for the default region
 */
@Internal
public record Storage(int partitions, int backups, @Nullable String dataRegion) {
    /** Partitions of a copy unless configured otherwise. */
    public static final int PARTITIONS_DEFAULT = 64;

    /** Backups of a copy unless configured otherwise. */
    public static final int BACKUPS_DEFAULT = 0;

    private static final String PROGRESS_PREFIX = "penumbra-progress-";

    public Storage {
        if (partitions < 1 || partitions > CacheConfiguration.MAX_PARTITIONS_COUNT) {
            throw new IllegalArgumentException("partitions out of range: " + partitions);
        }
        if (backups < 0) {
            throw new IllegalArgumentException("backups must not be negative: " + backups);
        }
    }

    /** The cache of a copy that is built. */
    public CacheConfiguration<Object, BinaryObject> copy(Copy copy) {
        CacheConfiguration<Object, BinaryObject> configuration = partitioned(copy, copy.cacheName());
        configuration.setSqlSchema(copy.sqlSchema());
        configuration.setQueryEntities(List.of(BinaryRows.queryEntity(copy)));
        configuration.setStatisticsEnabled(true);
        if (copy.nearRows() > 0) {
            configuration.setNearConfiguration(new NearCacheConfiguration<Object, BinaryObject>()
                    .setNearEvictionPolicyFactory(new LruEvictionPolicyFactory<>(copy.nearRows())));
        }
        return configuration;
    }

    /** The cache of what was before each change of an archived copy that is built; on the nodes of the rows, partition by partition. */
    public CacheConfiguration<Object, BinaryObject> archive(Copy copy) {
        CacheConfiguration<Object, BinaryObject> configuration = partitioned(copy, copy.archiveCacheName());
        configuration.setSqlSchema(copy.archiveSchema());
        configuration.setQueryEntities(List.of(ArchiveRows.queryEntity(copy)));
        configuration.setKeyConfiguration(ArchiveRows.affinity(copy));
        return configuration;
    }

    private CacheConfiguration<Object, BinaryObject> partitioned(Copy copy, String name) {
        CacheConfiguration<Object, BinaryObject> configuration = new CacheConfiguration<>(name);
        configuration.setCacheMode(CacheMode.PARTITIONED);
        configuration.setBackups(backups);
        pin(configuration, copy.name().datacenter(), partitions);
        // A lost partition must refuse reads until the copy is filled anew; the default would answer as if it were
        // empty.
        configuration.setPartitionLossPolicy(PartitionLossPolicy.READ_WRITE_SAFE);
        // After the dictionaries: a node that takes over rows restores their values.
        configuration.setRebalanceOrder(2);
        configuration.setSqlEscapeAll(true);
        return configuration;
    }

    static String progressCache(Datacenter datacenter) {
        return PROGRESS_PREFIX + datacenter.name().toLowerCase(Locale.ROOT);
    }

    /** The cache that holds how far a datacenter's copies are, as durable as the rows. */
    CacheConfiguration<String, String> progress(Datacenter datacenter) {
        CacheConfiguration<String, String> configuration = new CacheConfiguration<>(progressCache(datacenter));
        configuration.setCacheMode(CacheMode.REPLICATED);
        pin(configuration, datacenter, 16);
        // Lost progress must read as no progress: the copies are then filled anew.
        configuration.setPartitionLossPolicy(PartitionLossPolicy.IGNORE);
        return configuration;
    }

    private void pin(CacheConfiguration<?, ?> configuration, Datacenter datacenter, int partitionCount) {
        configuration.setNodeFilter(new DatacenterFilter(datacenter));
        configuration.setAffinity(new DatacenterAffinity(datacenter, partitionCount));
        configuration.setAtomicityMode(CacheAtomicityMode.ATOMIC);
        configuration.setWriteSynchronizationMode(CacheWriteSynchronizationMode.FULL_SYNC);
        if (dataRegion != null) {
            configuration.setDataRegionName(dataRegion);
        }
    }

    /** A cache that every server node holds whole. */
    static <K, V> CacheConfiguration<K, V> replicated(String name) {
        CacheConfiguration<K, V> configuration = new CacheConfiguration<>(name);
        configuration.setCacheMode(CacheMode.REPLICATED);
        configuration.setAtomicityMode(CacheAtomicityMode.ATOMIC);
        configuration.setWriteSynchronizationMode(CacheWriteSynchronizationMode.FULL_SYNC);
        // A joining node must know catalogue and dictionaries before it serves rows.
        configuration.setRebalanceMode(CacheRebalanceMode.SYNC);
        configuration.setRebalanceOrder(1);
        return configuration;
    }
}
