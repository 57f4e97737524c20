package dev.penumbra.ignite;

import dev.penumbra.affinity.DatacenterNodes;
import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.ignite.internal.VersionedCache;
import dev.penumbra.model.Datacenter;
import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Catalogue;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.Dictionaries;
import dev.penumbra.shadow.Progress;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.Storage;
import dev.penumbra.shadow.ValueCodec;
import dev.penumbra.shadow.read.CommitChance;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.ignite.Ignite;
import org.apache.ignite.cluster.ClusterNode;
import org.jspecify.annotations.Nullable;

/** What all parts of one node's shipping share. Safe for use by several threads. */
final class ShippingContext {
    private static final long FAREWELL_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private final Ignite ignite;
    private final PenumbraConfiguration configuration;
    private final Catalogue catalogue;
    private final Dictionaries dictionaries;
    private final ValueCodec codec;
    private final MemoryBudget memory;
    private final InstantSource clock;
    private final Executor writers;
    private final @Nullable Datacenter local;
    private final ConcurrentMap<Datacenter, Progress> progress = new ConcurrentHashMap<>();
    private final ConcurrentMap<ShadowName, CommitChance> chances = new ConcurrentHashMap<>();

    /** @param writers write what a copy is given at once by many rows, each some of them */
    ShippingContext(
            Ignite ignite,
            PenumbraConfiguration configuration,
            Catalogue catalogue,
            Dictionaries dictionaries,
            ValueCodec codec,
            MemoryBudget memory,
            InstantSource clock,
            Executor writers) {
        this.ignite = ignite;
        this.configuration = configuration;
        this.catalogue = catalogue;
        this.dictionaries = dictionaries;
        this.codec = codec;
        this.memory = memory;
        this.clock = clock;
        this.writers = writers;
        this.local = DatacenterNodes.datacenterOf(ignite.cluster().localNode()).orElse(null);
    }

    Ignite ignite() {
        return ignite;
    }

    PenumbraConfiguration configuration() {
        return configuration;
    }

    Catalogue catalogue() {
        return catalogue;
    }

    InstantSource clock() {
        return clock;
    }

    Storage storage() {
        return configuration.storage();
    }

    Datacenter home() {
        return configuration.homeDatacenter();
    }

    MemoryBudget memory() {
        return memory;
    }

    /** The datacenter that this node is in; null when it is in none. */
    @Nullable Datacenter local() {
        return local;
    }

    /** Whether this node is in the datacenter that holds the home images. */
    boolean isHome() {
        return home().equals(local);
    }

    /** The progress of a datacenter, whose cache is created when it is not there yet. */
    Progress progress(Datacenter datacenter) {
        return progress.computeIfAbsent(datacenter, key -> new Progress(ignite, key, storage()));
    }

    /** What writes the rows of a copy that is built; creates its caches when they are not there yet. */
    Follower follower(Copy copy, CompressionChoice compression) {
        return follower(copy, compression, true);
    }

    /** The same for one that is being filled: nobody will read what was then. */
    Follower filler(Copy copy, CompressionChoice compression) {
        return follower(copy, compression, false);
    }

    private Follower follower(Copy copy, CompressionChoice compression, boolean keeping) {
        ignite.getOrCreateCache(storage().copy(copy));
        VersionedCache cache = GridInternals.versionedCache(ignite, copy.cacheName(), writers);
        @Nullable ArchiveWriter archive = null;
        if (copy.definition().isArchived()) {
            ignite.getOrCreateCache(storage().archive(copy));
            if (keeping) {
                VersionedCache former = GridInternals.versionedCache(ignite, copy.archiveCacheName(), writers);
                archive = new ArchiveWriter(ignite, copy, former, cache, writers);
            }
        }
        return new Follower(
                copy, new BinaryRows(ignite.binary(), copy), cache, compression, archive, chance(copy.name()));
    }

    /** What this node has learned, since its start, of what becomes of changes of a table that are not committed yet. */
    CommitChance chance(ShadowName name) {
        return chances.computeIfAbsent(name, table -> new CommitChance());
    }

    /** Whether the grid still has the cache of a copy that is built; if not, whoever opens it would find it empty. */
    boolean hasCache(Copy copy) {
        return ignite.cacheNames().containsAll(copy.cacheNames());
    }

    /** Destroys the caches of a copy that is built. */
    void destroy(Copy copy) {
        copy.cacheNames().forEach(ignite::destroyCache);
    }

    /** Destroys the caches that earlier fillings of a copy have left; their SQL name is the copy's. */
    void destroyFormer(Copy copy) {
        ignite.cacheNames().stream().filter(copy::isFormer).forEach(ignite::destroyCache);
    }

    /** Gives up the rows of a shadow until it is refreshed; false when its entry has been changed meanwhile. Takes a while. */
    boolean release(Copy present, Copy.Release why) {
        if (!catalogue.replace(present, present.released(why))) {
            return false;
        }
        // Feeds that write it learn of that first, so that they do not fail.
        LockSupport.parkNanos(FAREWELL_NANOS);
        clear(present);
        return true;
    }

    /** Destroys the cache of a copy that the catalogue has without it now. */
    void clear(Copy former) {
        if (!former.built()) {
            return;
        }
        // In this order: what finds the progress finds the rows.
        if (isPresent(former.name().datacenter())) {
            progress(former.name().datacenter()).forget(former);
        }
        destroy(former);
    }

    /** How old a copy was when that was noted last; empty where nobody has noted it, or its datacenter has no node. */
    Optional<Duration> notedAge(Copy copy) {
        Datacenter datacenter = copy.name().datacenter();
        return isPresent(datacenter) ? progress(datacenter).age(copy) : Optional.empty();
    }

    /** Whether this node is the oldest in its datacenter of the servers that have Penumbra: all of them agree on it without a word. */
    boolean isOldest() {
        ClusterNode node = ignite.cluster().localNode();
        return local != null
                && !node.isClient()
                && DatacenterNodes.in(ignite.cluster(), local).nodes().stream()
                        .filter(other -> other.attribute(PenumbraPluginProvider.SETTINGS) != null)
                        .allMatch(other -> other.order() >= node.order());
    }

    /** Whether a datacenter has a node. */
    boolean isPresent(Datacenter datacenter) {
        return !DatacenterNodes.in(ignite.cluster(), datacenter).nodes().isEmpty();
    }

    /** @param background trains further dictionaries when rows have changed; null not to */
    CompressionChoice compressionChoice(@Nullable Executor background) {
        return new CompressionChoice(ignite, codec, dictionaries, configuration.dictionaryBytes(), background);
    }
}
