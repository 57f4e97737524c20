package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.TableTap;
import dev.penumbra.ignite.internal.TableTaps;
import dev.penumbra.ignite.trigger.Trigger;
import dev.penumbra.ignite.trigger.TriggerRelay;
import dev.penumbra.ignite.trigger.Triggers;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The Ignite tables that are captured, as what ships their changes sees them. Safe for use by several threads. */
final class CapturedTables {
    private final Triggers triggers;
    private final TriggerRelay relay;
    private final TableTaps taps;

    CapturedTables(Triggers triggers, TriggerRelay relay, TableTaps taps) {
        this.triggers = triggers;
        this.relay = relay;
        this.taps = taps;
    }

    /** The name of the source that all of them belong to. */
    String source() {
        return relay.source();
    }

    /** This node's journal of them. */
    Journal journal() {
        return new ChronicleJournal(relay.journalDirectory());
    }

    /** The directory of this node's journal of them; there may be no journal yet. */
    Path journalDirectory() {
        return relay.journalDirectory();
    }

    List<Trigger> all() {
        return triggers.all().stream().filter(Trigger::captures).toList();
    }

    Optional<Trigger> capture(TableName table) {
        return all().stream().filter(trigger -> trigger.table().equals(table)).findFirst();
    }

    /** Where this node taps a captured table; null when it holds none of its rows. */
    @Nullable TableTap tap(Trigger capture) {
        return taps.all().stream()
                .filter(tap -> tap.cacheName().equals(capture.cache()) && tap.holdsRows() && tap.has(capture.table()))
                .findFirst()
                .orElse(null);
    }

    /** See {@link TriggerRelay#repeatRows}. */
    @Nullable CompletableFuture<Position> repeatRows(TableTap tap, Collection<Integer> partitions) {
        return relay.repeatRows(tap.cacheName(), partitions);
    }
}
