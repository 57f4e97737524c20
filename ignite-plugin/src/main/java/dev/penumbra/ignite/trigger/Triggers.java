package dev.penumbra.ignite.trigger;

import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.ignite.internal.GridMetadata;
import dev.penumbra.ignite.internal.TableTap;
import dev.penumbra.ignite.internal.TableTaps;
import dev.penumbra.ignite.sql.TriggerDdl;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Operation;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.Copy;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.ignite.Ignite;
import org.jspecify.annotations.Nullable;

/**
 * The triggers of the grid's tables, as every node knows them.
 *
 * <p>A trigger takes effect on all nodes before the call that creates it returns, and on a node that joins later before that
 * node sees its first update. Safe for use by several threads.
 */
@Internal
public final class Triggers implements TriggerDdl {
    static final String PREFIX = "penumbra.trigger.";

    private final GridMetadata metadata;
    private final TableTaps taps;
    private final TriggerRelay relay;
    private final InstantSource clock;

    /** Triggers whose table has been dropped, until the grid has forgotten them. */
    private final Set<Trigger> ending = ConcurrentHashMap.newKeySet();

    /**
     * Captures of tables that had one already when the grid took them up, until whoever created them has removed them. All nodes
     * hear of triggers in one order, so they are the same on all.
     */
    private final Set<Trigger> tooLate = ConcurrentHashMap.newKeySet();

    /** Volatile: set before the node joins the grid. */
    private volatile @Nullable Ignite ignite;

    /** Volatile: set once the node has started. */
    private volatile Runnable onChange = () -> {};

    public Triggers(TableTaps taps, TriggerRelay relay, InstantSource clock) {
        this.metadata = new GridMetadata(PREFIX);
        this.taps = taps;
        this.relay = relay;
        this.clock = clock;
    }

    /** Begins to hear of triggers and tables, on a node that has not joined the grid yet. */
    public void attach(Ignite attached) {
        ignite = attached;
        metadata.attach(attached, this::changed);
        taps.observe(new TableTaps.Observer() {
            @Override
            public void started(TableTap tap) {
                List<Trigger> added = of(tap.cacheName());
                added.forEach(trigger -> relay.add(tap, trigger));
                // Those that were dropped meanwhile had no table to be dropped from.
                added.removeAll(of(tap.cacheName()));
                added.forEach(trigger -> relay.remove(trigger.name()));
            }

            @Override
            public void stopped(TableTap tap, boolean destroyed) {
                relay.stopped(tap, destroyed);
                if (destroyed) {
                    // Exactly these: another table of the name may be given triggers in a moment.
                    List<Trigger> gone = of(tap.cacheName());
                    ending.addAll(gone);
                    relay.background(() -> gone.forEach(trigger -> metadata.remove(trigger.name(), trigger.text())));
                }
            }
        });
    }

    /** Says who is told that a trigger has come or gone; must return at once. */
    public void onChange(Runnable told) {
        onChange = told;
    }

    private List<Trigger> of(String cache) {
        return all().stream()
                .filter(trigger -> trigger.cache().equals(cache))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    /** By the one thread that tells this node of the grid's metadata. */
    private void changed(String name, @Nullable String text) {
        onChange.run();
        if (text == null) {
            ending.removeIf(gone -> gone.name().equals(name));
            if (!tooLate.removeIf(gone -> gone.name().equals(name))) {
                relay.remove(name);
            }
            return;
        }
        Trigger trigger = Trigger.read(text);
        if (trigger.captures() && captureOf(trigger.cache(), trigger) != null) {
            tooLate.add(trigger);
            return;
        }
        for (TableTap tap : taps.all()) {
            if (tap.cacheName().equals(trigger.cache())) {
                relay.add(tap, trigger);
            }
        }
    }

    /** All triggers. */
    public Collection<Trigger> all() {
        return metadata.all().values().stream()
                .map(Trigger::read)
                .filter(trigger -> !ending.contains(trigger) && !tooLate.contains(trigger))
                .toList();
    }

    /** What captures a cache's table, besides a trigger; null when nothing does. */
    private @Nullable Trigger captureOf(String cache, @Nullable Trigger besides) {
        return all().stream()
                .filter(trigger -> trigger.captures() && trigger.cache().equals(cache) && !trigger.equals(besides))
                .findFirst()
                .orElse(null);
    }

    private static PenumbraException alreadyCaptured(TableName table, Trigger capture) {
        return new PenumbraException(ErrorCode.ALREADY_CAPTURED)
                .with("table", table)
                .with("trigger", capture.name());
    }

    /**
     * Creates a trigger.
     *
     * @param rowTrigger the class that it calls; null when it captures the table
     * @throws PenumbraException with TRIGGER_EXISTS, TABLE_NOT_FOUND, ALREADY_CAPTURED, COPY_WRITTEN for a copy of Penumbra's,
     *     NOT_SUPPORTED, CLASS_NOT_ALLOWED or CLASS_NOT_CALLABLE, or because the table cannot be captured; nothing has changed
     *     then
     */
    @Override
    public void create(
            String name, TableName table, Set<Operation> operations, @Nullable String rowTrigger, boolean ifNotExists) {
        // They must not stand in the way of those of a table that has the name now.
        ending.forEach(gone -> metadata.remove(gone.name(), gone.text()));
        if (metadata.all().containsKey(name)) {
            if (ifNotExists) {
                return;
            }
            throw new PenumbraException(ErrorCode.TRIGGER_EXISTS).with("trigger", name);
        }
        TableTap tap = table(table);
        // Reads the layout, so that a table that cannot be read is refused here and not by a thread in the background.
        tap.rows(table, null);
        if (rowTrigger == null) {
            if (!operations.equals(Set.of(Operation.INSERT, Operation.UPDATE, Operation.DELETE))) {
                throw new PenumbraException(ErrorCode.NOT_SUPPORTED)
                        .with("clause", "CAPTURE")
                        .with("reason", "a captured table needs AFTER INSERT, UPDATE, DELETE");
            }
            Trigger other = captureOf(tap.cacheName(), null);
            if (other != null) {
                throw alreadyCaptured(table, other);
            }
        } else {
            relay.allowed().instance(rowTrigger);
        }
        Trigger trigger = new Trigger(name, table, tap.cacheName(), operations, rowTrigger, clock.millis());
        if (!metadata.add(name, trigger.text()) && !ifNotExists) {
            throw new PenumbraException(ErrorCode.TRIGGER_EXISTS).with("trigger", name);
        }
        if (tooLate.contains(trigger)) {
            Trigger first = captureOf(tap.cacheName(), trigger);
            metadata.remove(name, trigger.text());
            throw alreadyCaptured(table, first == null ? trigger : first);
        }
    }

    private TableTap table(TableName name) {
        List<TableTap> found = named(name);
        if (found.isEmpty() && GridInternals.openCacheOf(Objects.requireNonNull(ignite), name)) {
            found = named(name);
        }
        if (found.isEmpty()) {
            throw new PenumbraException(ErrorCode.TABLE_NOT_FOUND).with("table", name);
        }
        TableTap tap = found.get(0);
        if (tap.cacheName().startsWith(Copy.CACHE_PREFIX)) {
            throw new PenumbraException(ErrorCode.COPY_WRITTEN).with("table", name);
        }
        if (tap.tables() > 1) {
            throw new PenumbraException(ErrorCode.NOT_SUPPORTED)
                    .with("table", name)
                    .with("reason", "the cache holds several tables");
        }
        return tap;
    }

    private List<TableTap> named(TableName name) {
        return taps.all().stream().filter(tap -> tap.has(name)).toList();
    }

    /**
     * Drops a trigger.
     *
     * @throws PenumbraException with TRIGGER_NOT_FOUND
     */
    @Override
    public void drop(String name, boolean ifExists) {
        @Nullable String text = metadata.all().get(name);
        boolean dropped = text != null && metadata.remove(name, text);
        if (!dropped && !ifExists) {
            throw new PenumbraException(ErrorCode.TRIGGER_NOT_FOUND).with("trigger", name);
        }
    }
}
