package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.ignite.internal.TableRows;
import dev.penumbra.ignite.internal.TableTap;
import dev.penumbra.model.Change;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.PartitionShares;
import dev.penumbra.shadow.Progress;
import java.util.Collection;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An Ignite table that this node holds rows of, and its shadow in one datacenter. Owned by the feed's thread. */
final class FollowedTable implements SharedShadow.Surroundings {
    private static final Logger LOG = LoggerFactory.getLogger(FollowedTable.class);

    private final Ignite ignite;
    private final Progress progress;
    private final Follower follower;
    private final CapturedTables tables;
    private final TableTap tap;
    private final BooleanSupplier stopped;
    private final SharedShadow shadow;
    private @Nullable TableRows layout;

    FollowedTable(
            Ignite ignite,
            Progress progress,
            Follower follower,
            CapturedTables tables,
            TableTap tap,
            BooleanSupplier stopped) {
        this.ignite = ignite;
        this.progress = progress;
        this.follower = follower;
        this.tables = tables;
        this.tap = tap;
        this.stopped = stopped;
        this.shadow = new SharedShadow(
                this, tap.localNode(), tap.partitions(), copy().requiredLayout().fingerprint());
    }

    /** What this node writes of the shadow. */
    SharedShadow shadow() {
        return shadow;
    }

    Copy copy() {
        return follower.copy();
    }

    TableTap tap() {
        return tap;
    }

    boolean lostRows() {
        return follower.cache().lostRows();
    }

    /** Whether the table still has the layout of its shadow. */
    boolean hasLayoutOfTable() {
        TableRows present = tap.rows(copy().name().table(), layout);
        layout = present;
        return present.schema().equals(copy().requiredLayout());
    }

    @Override
    public Object topology() {
        return tap.topology();
    }

    @Override
    public @Nullable UUID primary(int partition) {
        return tap.primary(partition);
    }

    @Override
    public boolean owns(int partition) {
        return tap.owns(partition);
    }

    @Override
    public boolean isAlive(UUID node) {
        return ignite.cluster().node(node) != null;
    }

    @Override
    public boolean awaitExchange() {
        return GridInternals.awaitExchange(ignite, stopped);
    }

    @Override
    public @Nullable PartitionShares shares() {
        return progress.shares(copy()).orElse(null);
    }

    @Override
    public boolean replace(PartitionShares expected, PartitionShares next) {
        return progress.replace(copy(), expected, next);
    }

    @Override
    public @Nullable CompletableFuture<Position> repeatRows(Collection<Integer> partitions) {
        return tables.repeatRows(tap, partitions);
    }

    @Override
    public void gather(Change change, Position position) {
        follower.gather(change, position);
    }

    @Override
    public CompletableFuture<Void> flush() {
        return follower.flush();
    }

    @Override
    public boolean sweep(Map<Integer, Position> limits) {
        try {
            GridInternals.sweep(ignite, copy(), limits);
            return true;
        } catch (IgniteException | PenumbraException e) {
            LOG.debug("Rows of the shadow are moving between nodes: copy={}", copy().id(), e);
            return false;
        }
    }

    @Override
    public long nanos() {
        return System.nanoTime();
    }
}
