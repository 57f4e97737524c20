package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.CacheWatch;
import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.ignite.sql.Copies;
import dev.penumbra.ignite.sql.Copy;
import dev.penumbra.ignite.trigger.Trigger;
import dev.penumbra.model.Column;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.Copy.Role;
import dev.penumbra.shadow.Progress.FeedState;
import dev.penumbra.shadow.ShadowStatus.Phase;
import dev.penumbra.shadow.read.FeedName;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import javax.cache.CacheException;
import org.apache.ignite.IgniteException;
import org.jspecify.annotations.Nullable;

/**
 * The copies as SQL asks for them.
 *
 * <p>Which copies there are is this node's last look at the catalogue, renewed by each change of it. Whether one may answer
 * is asked each time. Of a copy in this node's own datacenter that is remembered for as long as a {@link CacheWatch} tells that nothing
 * it was found from has changed; elsewhere it is read from the copy's datacenter, where the statement is about to read anyway.
 * A copy that has been filled anew meanwhile is taken for one that is loading.
 *
 * <p>Safe for use by several threads.
 */
final class CopyBoard implements Copies {
    private static final UUID NO_LIFE = new UUID(0, 0);

    private final ShippingContext context;
    private final GridShadows shadows;
    private final Ages ages;

    private final CapturedTables tables;
    private final @Nullable Datacenter local;
    private final @Nullable CacheWatch watch;
    private final Map<TableName, String> names = new ConcurrentHashMap<>();

    // Replaced as a whole.
    private volatile Map<String, Table> known = Map.of();
    private volatile Map<String, TableName> ownHomes = Map.of();

    /** The copies of one table. */
    private static final class Table {
        private final Map<Datacenter, ListedCopy> shadows = new HashMap<>();
        private @Nullable ListedCopy home;

        @Nullable ListedCopy in(String schema) {
            ListedCopy image = home;
            if (image != null && image.schema().equals(schema)) {
                return image;
            }
            for (ListedCopy shadow : shadows.values()) {
                if (shadow.schema().equals(schema)) {
                    return shadow;
                }
            }
            return null;
        }
    }

    /**
     * @param local the datacenter of this node; null when it is in none
     * @param watch tells of the progress of that datacenter; null when this node is in none
     */
    CopyBoard(
            ShippingContext context,
            GridShadows shadows,
            Ages ages,
            CapturedTables tables,
            @Nullable Datacenter local,
            @Nullable CacheWatch watch) {
        this.context = context;
        this.shadows = shadows;
        this.ages = ages;
        this.tables = tables;
        this.local = local;
        this.watch = watch;
    }

    void refresh() {
        List<dev.penumbra.shadow.Copy> present = context.catalogue().all();
        Map<String, TableName> homes = new HashMap<>();
        Map<String, Table> listed = new HashMap<>();
        for (Trigger capture : tables.all()) {
            // A name stays once it is given.
            String name = names.computeIfAbsent(
                    capture.table(), table -> context.catalogue().sqlTable(tables.source(), table));
            homes.put(name, capture.table());
        }
        for (dev.penumbra.shadow.Copy copy : present) {
            Datacenter datacenter = copy.name().datacenter();
            ListedCopy one = new ListedCopy(copy, ages, datacenter.equals(local) ? watch : null);
            Table table = listed.computeIfAbsent(copy.sqlTable(), name -> new Table());
            if (copy.role() == Role.SHADOW) {
                table.shadows.put(datacenter, one);
            } else {
                table.home = one;
            }
            if (copy.name().source().equals(tables.source())) {
                homes.put(copy.sqlTable(), copy.name().table());
            }
        }
        ownHomes = Map.copyOf(homes);
        known = listed;
    }

    @Override
    public Optional<Copy> shadow(Datacenter datacenter, String table) {
        ListedCopy shadow = listedShadow(datacenter, table);
        return shadow == null ? Optional.empty() : shadow.standing(this::standing);
    }

    @Override
    public Optional<Copy> home(String table) {
        ListedCopy home = listedHome(table);
        if (home == null
                && context.catalogue().all().stream()
                        .anyMatch(copy -> copy.role() == Role.HOME_IMAGE
                                && copy.sqlTable().equals(table))) {
            // The engine may know the table already; it must not be read unseen.
            refresh();
            home = listedHome(table);
        }
        return home == null ? Optional.empty() : home.standing(this::standing);
    }

    @Override
    public Optional<Archive> archive(Datacenter datacenter, String table) {
        ListedCopy shadow = listedShadow(datacenter, table);
        return shadow != null
                        && shadow.copy().built()
                        && shadow.copy().definition().isArchived()
                ? Optional.of(new KeptVersions(shadow.copy()))
                : Optional.empty();
    }

    /** What is kept of one shadow. */
    private final class KeptVersions implements Archive {
        private final dev.penumbra.shadow.Copy copy;

        KeptVersions(dev.penumbra.shadow.Copy copy) {
            this.copy = copy;
        }

        @Override
        public List<String> columns() {
            return copy.requiredLayout().columns().stream().map(Column::name).toList();
        }

        @Override
        public Optional<Begin> begin() {
            return shadows.archiveBegin(copy).map(mark -> new Begin(mark.position(), mark.committedUpToMillis()));
        }

        @Override
        public Optional<Position> firstAfter(Instant time) {
            try {
                return GridInternals.firstAfter(context.ignite(), copy, time.toEpochMilli());
            } catch (IgniteException | CacheException e) {
                throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE, e).with("copy", copy.id());
            }
        }
    }

    private @Nullable ListedCopy listedShadow(Datacenter datacenter, String table) {
        Table found = known.get(table);
        return found == null ? null : found.shadows.get(datacenter);
    }

    private @Nullable ListedCopy listedHome(String table) {
        Table found = known.get(table);
        return found == null ? null : found.home;
    }

    @Override
    public Optional<TableName> ownHome(String table) {
        return Optional.ofNullable(ownHomes.get(table));
    }

    /** The copy behind a name in SQL, when it has a cache. */
    @Nullable ListedCopy built(String schema, String table) {
        Table found = known.get(table);
        ListedCopy listed = found == null ? null : found.in(schema);
        return listed != null && listed.copy().built() ? listed : null;
    }

    /** Why a shadow cannot be filled: of one that is ready, its own layout counts; of another, its table's. */
    private @Nullable PenumbraException misfit(dev.penumbra.shadow.Copy copy, Phase phase) {
        if (copy.coverage().isWhole() || copy.released() != null) {
            return null;
        }
        Optional<TableSchema> layout = phase == Phase.READY || phase == Phase.EXPIRED
                ? Optional.ofNullable(copy.layout())
                : shadows.layout(copy.name());
        return layout.flatMap(copy.coverage()::misfit)
                .or(() -> Optional.ofNullable(copy.layout()).flatMap(copy.coverage()::misfit))
                .orElse(null);
    }

    private Copy standing(dev.penumbra.shadow.Copy copy) {
        GridShadows.Standing standing = shadows.standing(copy);
        @Nullable FeedState feed = standing.feed();
        @Nullable PenumbraException misfit = misfit(copy, standing.status().phase());
        // Of what no feed carries nothing can be proven.
        UUID life = feed == null ? NO_LIFE : feed.life();
        boolean ofGrid = copy.name().source().equals(tables.source());
        return new Copy(
                standing.id(),
                misfit == null ? standing.status().phase() : Phase.LOADING,
                standing.status().applied(),
                ofGrid ? copy.name().table() : null,
                new FeedName(copy.name().source(), copy.name().datacenter(), life),
                feed == null ? null : feed.journal(),
                copy.consistency(),
                copy.layout() == null || misfit != null
                        ? null
                        : copy.coverage().over(copy.requiredLayout()).orElse(null),
                misfit);
    }
}
