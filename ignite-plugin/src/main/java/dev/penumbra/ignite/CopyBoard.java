package dev.penumbra.ignite;

import dev.penumbra.ignite.sql.Copies;
import dev.penumbra.ignite.sql.Copy;
import dev.penumbra.ignite.trigger.Trigger;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.Copy.Role;
import dev.penumbra.shadow.Progress.FeedState;
import dev.penumbra.shadow.ShadowStatus.Phase;
import dev.penumbra.shadow.read.FeedName;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The copies as SQL asks for them.
 *
 * <p>Which copies there are is this node's last look at the catalogue, renewed by each change of it. Whether one may answer
 * is read anew each time: on a node of the copy's datacenter from its own memory, elsewhere from that datacenter, where the
 * statement is about to read anyway. A copy that has been filled anew meanwhile is taken for one that is loading.
 *
 * <p>Safe for use by several threads.
 */
final class CopyBoard implements Copies {
    private static final UUID NO_LIFE = new UUID(0, 0);

    private final ShippingContext context;
    private final GridShadows shadows;

    private final CapturedTables tables;
    private final Map<TableName, String> names = new ConcurrentHashMap<>();

    // Replaced as a whole.
    private volatile List<dev.penumbra.shadow.Copy> known = List.of();
    private volatile Map<String, TableName> ownHomes = Map.of();

    CopyBoard(ShippingContext context, GridShadows shadows, CapturedTables tables) {
        this.context = context;
        this.shadows = shadows;
        this.tables = tables;
    }

    void refresh() {
        List<dev.penumbra.shadow.Copy> present = context.catalogue().all();
        Map<String, TableName> homes = new HashMap<>();
        for (Trigger capture : tables.all()) {
            // A name stays once it is given.
            String name = names.computeIfAbsent(
                    capture.table(), table -> context.catalogue().sqlTable(tables.source(), table));
            homes.put(name, capture.table());
        }
        for (dev.penumbra.shadow.Copy copy : present) {
            if (copy.name().source().equals(tables.source())) {
                homes.put(copy.sqlTable(), copy.name().table());
            }
        }
        ownHomes = Map.copyOf(homes);
        known = present;
    }

    @Override
    public Optional<Copy> shadow(Datacenter datacenter, String table) {
        return find(copy -> copy.role() == Role.SHADOW
                && copy.sqlTable().equals(table)
                && copy.name().datacenter().equals(datacenter));
    }

    @Override
    public Optional<Copy> home(String table) {
        Predicate<dev.penumbra.shadow.Copy> wanted =
                copy -> copy.role() == Role.HOME_IMAGE && copy.sqlTable().equals(table);
        Optional<Copy> known = find(wanted);
        if (known.isEmpty() && context.catalogue().all().stream().anyMatch(wanted)) {
            // The engine may know the table already; it must not be read unseen.
            refresh();
            return find(wanted);
        }
        return known;
    }

    @Override
    public Optional<TableName> ownHome(String table) {
        return Optional.ofNullable(ownHomes.get(table));
    }

    /** The copy behind a name in SQL, when it has a cache. */
    Optional<dev.penumbra.shadow.Copy> built(String schema, String table) {
        return known.stream()
                .filter(copy -> copy.built()
                        && copy.sqlTable().equals(table)
                        && copy.sqlSchema().equals(schema))
                .findFirst();
    }

    /** Why a shadow cannot be filled: of one that is ready, its own layout counts; of another, its table's. */
    private @Nullable PenumbraException misfit(dev.penumbra.shadow.Copy copy, Phase phase) {
        if (copy.coverage().isWhole()) {
            return null;
        }
        Optional<TableSchema> layout =
                phase == Phase.READY ? Optional.ofNullable(copy.layout()) : shadows.layout(copy.name());
        return layout.flatMap(copy.coverage()::misfit)
                .or(() -> Optional.ofNullable(copy.layout()).flatMap(copy.coverage()::misfit))
                .orElse(null);
    }

    private Optional<Copy> find(Predicate<dev.penumbra.shadow.Copy> wanted) {
        for (dev.penumbra.shadow.Copy copy : known) {
            if (wanted.test(copy)) {
                GridShadows.Standing standing = shadows.standing(copy);
                @Nullable FeedState feed = standing.feed();
                // Of what no feed carries nothing can be proven.
                UUID life = feed == null ? NO_LIFE : feed.life();
                @Nullable PenumbraException misfit = misfit(copy, standing.status().phase());
                boolean ofGrid = copy.name().source().equals(tables.source());
                return Optional.of(new Copy(
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
                        misfit));
            }
        }
        return Optional.empty();
    }
}
