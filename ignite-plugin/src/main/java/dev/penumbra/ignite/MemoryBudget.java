package dev.penumbra.ignite;

import dev.penumbra.affinity.DatacenterNodes;
import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.apache.ignite.Ignite;
import org.apache.ignite.cluster.ClusterGroup;
import org.apache.ignite.configuration.DataPageEvictionMode;
import org.apache.ignite.configuration.DataRegionConfiguration;
import org.apache.ignite.configuration.DataStorageConfiguration;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.lang.IgniteCallable;
import org.apache.ignite.resources.IgniteInstanceResource;
import org.jspecify.annotations.Nullable;

/**
 * How much memory copies use on a node, and may use.
 *
 * <p>Counted are the pages of the data region that holds copies, whatever is in them: rows, indexes, dictionaries where it is the default
 * region, and what others have put there; and what feeds have gathered and not written. A region that is kept on disk has no budget, since
 * Ignite moves its pages out of memory by itself.
 *
 * <p>Safe for use by several threads.
 */
final class MemoryBudget {
    /** Of the region's size, unless configured otherwise: a region that is full ends its node. */
    private static final double SHARE_DEFAULT = 0.9;

    private final Ignite ignite;
    private final DataRegionConfiguration region;
    private final long configured;
    private final LongSupplier gathered;

    /** @param gathered what feeds have gathered and not written, in bytes */
    MemoryBudget(Ignite ignite, IgniteConfiguration node, PenumbraConfiguration configuration, LongSupplier gathered) {
        this.ignite = ignite;
        this.region = region(node, configuration.storage().dataRegion());
        this.configured = configuration.memoryBudgetBytes();
        this.gathered = gathered;
    }

    /**
     * Refuses regions in which rows would go silently.
     *
     * @throws PenumbraException with {@link ErrorCode#INVALID_CONFIGURATION}
     */
    static void check(IgniteConfiguration node, PenumbraConfiguration configuration) {
        @Nullable String name = configuration.storage().dataRegion();
        for (DataRegionConfiguration region : List.of(region(node, null), region(node, name))) {
            if (!region.isPersistenceEnabled() && region.getPageEvictionMode() != DataPageEvictionMode.DISABLED) {
                throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                        .with("setting", "pageEvictionMode")
                        .with("dataRegion", region.getName())
                        .with("value", region.getPageEvictionMode())
                        .with("reason", "copies would lose rows that they are taken to have: set DISABLED");
            }
        }
        DataRegionConfiguration region = region(node, name);
        if (!region.isPersistenceEnabled() && configuration.memoryBudgetBytes() > region.getMaxSize()) {
            throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("setting", "memoryBudgetBytes")
                    .with("value", configuration.memoryBudgetBytes())
                    .with("dataRegion", region.getName())
                    .with("max", region.getMaxSize());
        }
    }

    private static DataRegionConfiguration region(IgniteConfiguration node, @Nullable String name) {
        @Nullable DataStorageConfiguration storage = node.getDataStorageConfiguration();
        if (storage == null) {
            return new DataRegionConfiguration();
        }
        List<DataRegionConfiguration> regions = new ArrayList<>();
        DataRegionConfiguration @Nullable [] further = storage.getDataRegionConfigurations();
        if (further != null) {
            regions.addAll(List.of(further));
        }
        return regions.stream()
                .filter(region -> region.getName().equals(name))
                .findFirst()
                .orElse(storage.getDefaultDataRegionConfiguration());
    }

    /** What may be used, in bytes; {@link Long#MAX_VALUE} where there is no budget. */
    long bytes() {
        return region.isPersistenceEnabled()
                ? Long.MAX_VALUE
                : configured > 0 ? configured : (long) (SHARE_DEFAULT * region.getMaxSize());
    }

    /** What is used, in bytes. */
    long used() {
        return GridInternals.usedBytes(ignite, region.getName()) + gathered.getAsLong();
    }

    boolean isExceeded() {
        return used() > bytes();
    }

    /** Whether the budget of any node of a datacenter is exceeded. Asks them. */
    boolean isExceededIn(Datacenter datacenter) {
        ClusterGroup nodes = DatacenterNodes.in(ignite.cluster(), datacenter);
        if (nodes.nodes().size() == 1 && ignite.cluster().localNode().equals(nodes.node())) {
            return isExceeded();
        }
        Collection<Boolean> exceeded = ignite.compute(nodes).broadcast(new Look());
        return exceeded.contains(true);
    }

    /** Tells whether the budget of the node on which it runs is exceeded. */
    private static final class Look implements IgniteCallable<Boolean> {
        private static final long serialVersionUID = 1L;

        @IgniteInstanceResource
        private transient @Nullable Ignite ignite;

        @Override
        public Boolean call() {
            PenumbraPlugin plugin = Objects.requireNonNull(ignite).plugin(PenumbraPlugin.NAME);
            return plugin.memory().isExceeded();
        }
    }
}
