package dev.penumbra.ignite;

import dev.penumbra.affinity.DatacenterNodes;
import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.ignite.internal.GridInternals.CopySize;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.ArchiveMarks;
import dev.penumbra.shadow.Catalogue;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.PartitionShares;
import dev.penumbra.shadow.Progress;
import dev.penumbra.shadow.Progress.CopyState;
import dev.penumbra.shadow.Progress.FeedState;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.ShadowStatus;
import dev.penumbra.shadow.Shadows;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cache.CachePeekMode;
import org.jspecify.annotations.Nullable;

/**
 * The grid's shadows as the catalogue and the datacenters' progress tell them.
 *
 * <p>Phase, applied position and the number of rows are read anew by each call. Bytes are as of a few seconds ago, on large
 * shadows longer, since adding them up reads every row; a call that finds them older adds them up again, and waits for that
 * only where it is quick. A copy that is loading has no bytes yet.
 */
final class GridShadows implements Shadows {
    private static final long SIZE_VALID_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    // Measuring may take this part of a node's time: one in twenty.
    private static final long MEASURING_SHARE = 20;

    private final ShippingContext context;
    private final CapturedTables tables;
    private final Ages ages;
    private final Map<String, Sized> sizes = new ConcurrentHashMap<>();

    private final Set<String> measuring = ConcurrentHashMap.newKeySet();
    private final Executor background;

    private record Sized(CopySize size, long tookNanos, long validUntilNanos) {}

    /** @param background runs what no caller waits for */
    GridShadows(ShippingContext context, CapturedTables tables, Ages ages, Executor background) {
        this.context = context;
        this.tables = tables;
        this.ages = ages;
        this.background = background;
    }

    private Catalogue catalogue() {
        return context.catalogue();
    }

    @Override
    public void create(ShadowDefinition definition, boolean ifNotExists) {
        ShadowName name = definition.name();
        DatacenterNodes.require(context.ignite().cluster(), name.datacenter());
        if (!sources().contains(name.source())) {
            throw new PenumbraException(ErrorCode.SOURCE_NOT_FOUND)
                    .with("source", name.source())
                    .with("known", sources());
        }
        boolean known = name.source().equals(tables.source())
                ? tables.capture(name.table()).isPresent()
                : catalogue().homeImage(name.source(), name.table()).isPresent();
        if (!known) {
            throw new PenumbraException(ErrorCode.TABLE_NOT_FOUND)
                    .with("source", name.source())
                    .with("table", name.table());
        }
        requireArchivable(definition);
        layout(name).flatMap(definition.coverage()::misfit).ifPresent(misfit -> {
            throw misfit.with("table", name.table());
        });
        Copy shadow = new Copy(Copy.Role.SHADOW, definition, catalogue().sqlTable(name.source(), name.table()));
        if (!catalogue().add(shadow) && !ifNotExists) {
            throw new PenumbraException(ErrorCode.SHADOW_EXISTS).with("shadow", name);
        }
    }

    /** An Ignite table's partitions are streams of their own, so that no position is one moment of all of them. */
    private void requireArchivable(ShadowDefinition definition) {
        if (definition.isArchived() && definition.name().source().equals(tables.source())) {
            throw new PenumbraException(ErrorCode.NOT_SUPPORTED)
                    .with("clause", "ARCHIVE")
                    .with("reason", "only shadows of H2 and Derby tables keep what was")
                    .with("table", definition.name().table());
        }
    }

    /** The layout that a shadow's table has now; empty where this node cannot tell. */
    Optional<TableSchema> layout(ShadowName name) {
        if (name.source().equals(tables.source())) {
            return GridInternals.layout(context.ignite(), name.table());
        }
        return catalogue().homeImage(name.source(), name.table()).map(Copy::layout);
    }

    @Override
    public void drop(ShadowName name, boolean ifExists) {
        while (true) {
            Copy present = catalogue().find(name, Copy.Role.SHADOW).orElse(null);
            if (present == null) {
                if (ifExists) {
                    return;
                }
                throw new PenumbraException(ErrorCode.SHADOW_NOT_FOUND).with("shadow", name);
            }
            if (catalogue().remove(present)) {
                context.clear(present);
                return;
            }
        }
    }

    @Override
    public void alter(ShadowName name, UnaryOperator<ShadowDefinition> change) {
        replace(name, present -> {
            ShadowDefinition next = change.apply(present.definition());
            requireArchivable(next);
            return present.altered(next);
        });
    }

    @Override
    public void refresh(ShadowName name) {
        replace(name, Copy::unbuilt);
    }

    /** Replaces a shadow by what is made of it, and takes away its rows where it has no cache any more. */
    private void replace(ShadowName name, UnaryOperator<Copy> change) {
        while (true) {
            Copy present = catalogue()
                    .find(name, Copy.Role.SHADOW)
                    .orElseThrow(() -> new PenumbraException(ErrorCode.SHADOW_NOT_FOUND).with("shadow", name));
            Copy next = change.apply(present);
            if (next.equals(present)) {
                return;
            }
            if (catalogue().replace(present, next)) {
                if (!next.built()) {
                    context.clear(present);
                }
                return;
            }
        }
    }

    @Override
    public List<ShadowStatus> all() {
        List<ShadowStatus> all = new ArrayList<>();
        for (Copy copy : catalogue().all()) {
            if (copy.role() == Copy.Role.SHADOW) {
                all.add(status(copy));
            }
        }
        return all;
    }

    @Override
    public Optional<ShadowStatus> find(ShadowName name) {
        return catalogue().find(name, Copy.Role.SHADOW).map(this::status);
    }

    @Override
    public List<String> sources() {
        Set<String> sources = new TreeSet<>(catalogue().sources());
        if (!tables.all().isEmpty()) {
            sources.add(tables.source());
        }
        return List.copyOf(sources);
    }

    /** How a copy of either role stands, with what it holds. */
    ShadowStatus status(Copy copy) {
        ShadowStatus standing = standing(copy).status();
        if (!copy.built() || !context.isPresent(copy.name().datacenter())) {
            return standing;
        }
        try {
            CopySize size = standing.phase() == ShadowStatus.Phase.READY ? size(copy) : CopySize.NONE;
            return new ShadowStatus(
                    standing.definition(),
                    standing.phase(),
                    standing.cacheName(),
                    standing.sqlTable(),
                    standing.applied(),
                    rows(copy),
                    size.rawBytes(),
                    size.storedBytes());
        } catch (IgniteException | javax.cache.CacheException e) {
            // The datacenter's last node is leaving, or the cache is being replaced: nothing can be counted in it.
            return standing;
        }
    }

    /** From where on the archive of a copy has all versions; empty where it has none, or nobody can tell. */
    Optional<ArchiveMarks.Mark> archiveBegin(Copy copy) {
        Datacenter datacenter = copy.name().datacenter();
        if (!copy.built() || !copy.definition().isArchived() || !context.isPresent(datacenter)) {
            return Optional.empty();
        }
        try {
            return context.progress(datacenter).archive(copy).map(ArchiveMarks::begin);
        } catch (IgniteException | javax.cache.CacheException e) {
            // The datacenter's last node is leaving.
            return Optional.empty();
        }
    }

    /**
     * How a copy stands and what tells it from what it was.
     *
     * @param status what it holds is left at zero
     * @param id another one for each filling and for each time that the source brings the table anew
     * @param feed what carries its source's changes to it; null while nothing does
     */
    record Standing(
            ShadowStatus status, String id, @Nullable FeedState feed) {}

    /** How a copy of either role stands. */
    Standing standing(Copy copy) {
        Position applied = Position.START;
        ShadowStatus.Phase phase = ShadowStatus.Phase.LOADING;
        long takes = 0;
        @Nullable FeedState carrying = null;
        if (copy.built() && context.isPresent(copy.name().datacenter())) {
            try {
                Progress progress = context.progress(copy.name().datacenter());
                // The copy's own state last: what was taken anew before its feed was looked at is seen.
                Optional<FeedState> feed = progress.feed(copy.name().source());
                Optional<CopyState> state = progress.copy(copy);
                if (isWhole(progress, copy) && !lostRows(copy)) {
                    phase = ShadowStatus.Phase.READY;
                }
                if (feed.isPresent() && state.isPresent()) {
                    Position feedApplied = feed.get().applied();
                    carrying = feed.get();
                    takes = state.get().takes();
                    applied = state.get().applied(feedApplied);
                    phase = lostRows(copy)
                            ? ShadowStatus.Phase.LOADING
                            : state.get().phase(feedApplied);
                }
            } catch (IgniteException | javax.cache.CacheException e) {
                // The datacenter's last node is leaving, or the cache is being replaced: nothing can be read from it.
                phase = ShadowStatus.Phase.LOADING;
            }
        }
        Copy.Release released = copy.released();
        if (released != null) {
            phase = released.phase();
        } else if (phase == ShadowStatus.Phase.READY && ages.isOver(copy)) {
            phase = ShadowStatus.Phase.EXPIRED;
        }
        ShadowStatus status =
                new ShadowStatus(copy.definition(), phase, copy.cacheName(), copy.sqlTable(), applied, 0, 0, 0);
        return new Standing(status, copy.filling(takes), carrying);
    }

    /** Whether this is a shadow of an Ignite table that has all of its partitions. */
    private boolean isWhole(Progress progress, Copy copy) {
        return copy.name().source().equals(tables.source())
                && progress.shares(copy).map(PartitionShares::isWhole).orElse(false);
    }

    private long rows(Copy copy) {
        @Nullable IgniteCache<?, ?> cache = context.ignite().cache(copy.cacheName());
        return cache == null ? 0 : cache.sizeLong(CachePeekMode.PRIMARY);
    }

    private boolean lostRows(Copy copy) {
        return copy.cacheNames().stream().anyMatch(name -> {
            @Nullable IgniteCache<?, ?> cache = context.ignite().cache(name);
            return cache == null || !cache.lostPartitions().isEmpty();
        });
    }

    private CopySize size(Copy copy) {
        Sized known = sizes.get(copy.cacheName());
        boolean outdated = known == null || System.nanoTime() >= known.validUntilNanos();
        if (known == null || (outdated && known.tookNanos() < WAIT_NANOS)) {
            return measure(copy);
        }
        if (outdated && measuring.add(copy.cacheName())) {
            background.execute(() -> measureAgain(copy));
        }
        return known.size();
    }

    private void measureAgain(Copy copy) {
        try {
            measure(copy);
        } catch (IgniteException | javax.cache.CacheException e) {
            // The copy or its datacenter is leaving; what was known of it is forgotten with it.
            sizes.remove(copy.cacheName());
        } finally {
            measuring.remove(copy.cacheName());
        }
    }

    /** What a copy held when it was last measured, without waiting. */
    CopySize lastSize(ShadowName name, Copy.Role role) {
        Copy copy = catalogue().find(name, role).orElse(null);
        if (copy == null || !copy.built()) {
            return CopySize.NONE;
        }
        Sized known = sizes.get(copy.cacheName());
        if ((known == null || System.nanoTime() >= known.validUntilNanos()) && measuring.add(copy.cacheName())) {
            background.execute(() -> measureAgain(copy));
        }
        return known == null ? CopySize.NONE : known.size();
    }

    private CopySize measure(Copy copy) {
        long begun = System.nanoTime();
        CopySize size = GridInternals.measure(context.ignite(), copy);
        long ended = System.nanoTime();
        long validNanos = Math.max(SIZE_VALID_NANOS, MEASURING_SHARE * (ended - begun));
        sizes.put(copy.cacheName(), new Sized(size, ended - begun, ended + validNanos));
        return size;
    }
}
