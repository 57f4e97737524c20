package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.TableTap;
import dev.penumbra.ignite.trigger.Trigger;
import dev.penumbra.model.Change;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.PartitionShares;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.ignite.cluster.ClusterNode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries the changes that this node journals of the grid's own tables to their shadows in one datacenter.
 *
 * <p>Design note. Every node journals the partitions whose primary it is, and its feed writes those into the shadows: see
 * {@link SharedShadow} for how a partition goes from one writer to the next. There is no home image, since the table is its own.
 * Nor is there anything to resume: whoever begins to write a partition has its rows journalled once more and follows from there. So a
 * feed always begins at its journal's end.
 *
 * <p>A shadow is laid out, and laid out anew when its table's layout changes, by the primary of the table's first partition.
 */
final class TableFeed extends ShippingFeed {
    private static final Logger LOG = LoggerFactory.getLogger(TableFeed.class);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long END_LOOK_MILLIS = 50;
    private static final long END_WAIT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final CapturedTables tables;
    private final CompressionChoice compression;
    private final Map<TableName, FollowedTable> followed = new HashMap<>();

    // Owned by the feed's thread.
    private @Nullable Batch underWay;

    private record Batch(CompletableFuture<Void> written, Position last, long changes, long committedAtMillis) {}

    /**
     * @param background trains further dictionaries
     * @param ended called by the feed's thread when it has ended
     */
    TableFeed(
            ShippingContext context,
            CapturedTables tables,
            Datacenter datacenter,
            Executor background,
            FeedFigures figures,
            Runnable ended) {
        super(context, datacenter, figures, ended);
        this.tables = tables;
        this.compression = context.compressionChoice(background);
    }

    @Override
    void forget() {
        try {
            tables.journal().release(reader());
        } catch (RuntimeException e) {
            LOG.debug("No journal to let go of: datacenter={}", datacenter, e);
        }
    }

    @Override
    void endSession() {
        Batch abandoned = underWay;
        underWay = null;
        awaitAbandoned(abandoned == null ? null : abandoned.written());
        followed.clear();
    }

    @Override
    void session() {
        Position end = journalEnd();
        if (end == null) {
            figures.phase(FeedFigures.Phase.STANDBY);
            dismantle();
            return;
        }
        try (Journal.Tail tail = tables.journal().open(end)) {
            polled = end;
            figures.applied(end);
            figures.phase(FeedFigures.Phase.RUNNING);
            tail.retain(reader(), end);
            carry(tail);
        }
    }

    /** Where this node's journal ends now; null while it captures nothing that has a shadow in the datacenter. */
    private @Nullable Position journalEnd() {
        for (Copy copy : copies()) {
            Trigger capture = tables.capture(copy.name().table()).orElse(null);
            TableTap tap = capture == null ? null : tables.tap(capture);
            CompletableFuture<Position> asked = tap == null ? null : tables.repeatRows(tap, List.of());
            if (asked != null) {
                return await(asked);
            }
        }
        return null;
    }

    private @Nullable Position await(CompletableFuture<Position> asked) {
        long begun = System.nanoTime();
        while (!isStopped() && System.nanoTime() - begun < END_WAIT_NANOS) {
            try {
                return asked.get(END_LOOK_MILLIS, TimeUnit.MILLISECONDS);
            } catch (java.util.concurrent.TimeoutException e) {
                // Looks again whether it is to stop.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return null;
            } catch (java.util.concurrent.ExecutionException e) {
                throw new CompletionException(e.getCause());
            }
        }
        return null;
    }

    private List<Copy> copies() {
        return context.catalogue().of(tables.source()).stream()
                .filter(copy -> copy.role() == Copy.Role.SHADOW
                        && copy.name().datacenter().equals(datacenter)
                        && copy.released() == null)
                .toList();
    }

    private void carry(Journal.Tail tail) {
        Pause pause = new Pause();
        long nextLook = System.nanoTime();
        while (!isStopped()) {
            if (hasCatalogueChanged() || System.nanoTime() - nextLook >= 0) {
                settle();
                tail.retain(reader(), polled);
                if (!reconcile()) {
                    return;
                }
                completePartitions();
                nextLook = System.nanoTime() + LOOK_NANOS;
            }
            boolean gathered = gather(tail);
            settle();
            if (gathered) {
                send();
                pause.reset();
            } else {
                completePartitions();
                pause.await();
            }
        }
        settle();
    }

    private Position polled = Position.START;
    private @Nullable Position gatheredLast;
    private long gatheredChanges;
    private long gatheredCommittedAt;

    /** Gathers whole transactions until there are enough changes or the journal has no more; whether there were any. */
    private boolean gather(Journal.Tail tail) {
        gatheredLast = null;
        gatheredChanges = 0;
        long bytes = 0;
        int batch = context.configuration().batchRows();
        while (gatheredChanges < batch && bytes < Feed.MAX_GATHERED_BYTES) {
            Journal.Transaction transaction = tail.poll();
            if (transaction == null) {
                break;
            }
            if (gatheredLast == null) {
                gatheredCommittedAt = transaction.committedAtMillis();
            }
            for (Change change : transaction) {
                FollowedTable table = followed.get(change.table());
                if (table != null) {
                    table.shadow().accept(change);
                    bytes += Follower.weight(change);
                }
                gatheredChanges++;
            }
            gatheredLast = transaction.last();
            polled = transaction.last();
        }
        return gatheredLast != null;
    }

    private void send() {
        Position last = Objects.requireNonNull(gatheredLast);
        figures.read(last, gatheredCommittedAt);
        List<CompletableFuture<Void>> writes = new ArrayList<>();
        for (FollowedTable table : followed.values()) {
            writes.add(table.shadow().flush());
        }
        underWay = new Batch(
                CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new)),
                last,
                gatheredChanges,
                gatheredCommittedAt);
    }

    /** Waits for the batch under way. */
    private void settle() {
        Batch batch = underWay;
        if (batch == null) {
            return;
        }
        try {
            batch.written().join();
        } finally {
            underWay = null;
        }
        followed.values().forEach(table -> table.shadow().written());
        succeeded();
        figures.applied(batch.last(), batch.changes(), batch.committedAtMillis());
    }

    private void completePartitions() {
        for (FollowedTable table : followed.values()) {
            table.shadow().completePartitions();
        }
    }

    /** Brings what is followed in line with catalogue and triggers; false when there is nothing to follow. Nothing is under way. */
    private boolean reconcile() {
        looksAtCatalogue();
        dismantle();
        List<Copy> wanted = copies();
        followed.values()
                .removeIf(table -> wanted.stream().noneMatch(table.copy()::isSameFilling)
                        || table.shadow().isOutdated()
                        || !isTapped(table));
        boolean any = false;
        for (Copy copy : wanted) {
            Trigger capture = tables.capture(copy.name().table()).orElse(null);
            TableTap tap = capture == null ? null : tables.tap(capture);
            if (capture != null && tap != null) {
                any = true;
                follow(copy, capture, tap);
            }
        }
        return any;
    }

    private boolean isTapped(FollowedTable table) {
        return tables.capture(table.copy().name().table())
                .map(tables::tap)
                .filter(tap -> tap == table.tap())
                .isPresent();
    }

    private void follow(Copy copy, Trigger capture, TableTap tap) {
        TableName name = copy.name().table();
        boolean first = context.ignite().cluster().localNode().id().equals(tap.primary(0));
        if (first) {
            compression.trainOn(copy);
        }
        FollowedTable table = followed.get(name);
        if (table == null && copy.built() && context.hasCache(copy)) {
            PartitionShares shares = progress().shares(copy).orElse(null);
            if (shares != null
                    && shares.capture() == capture.createdAtMillis()
                    && shares.partitions() == tap.partitions()
                    && copy.requiredLayout().equals(tap.rows(name, null).schema())) {
                table = open(copy, tap);
            }
        }
        if (table == null || table.lostRows() || !table.hasLayoutOfTable()) {
            followed.remove(name);
            if (first) {
                build(copy, capture, tap);
            }
            return;
        }
        followed.put(name, table);
        table.shadow().share();
    }

    private @Nullable FollowedTable open(Copy copy, TableTap tap) {
        Follower follower = context.follower(copy, compression);
        if (!context.catalogue().holds(copy)) {
            // Dropped before there was a cache that could be destroyed with it.
            context.destroy(copy);
            return null;
        }
        return new FollowedTable(context.ignite(), progress(), follower, tables, tap, this::isStopped);
    }

    /** Gives a shadow a cache in the table's present layout. */
    private void build(Copy present, Trigger capture, TableTap tap) {
        TableSchema layout = tap.rows(present.name().table(), null).schema();
        if (present.coverage().misfit(layout).isPresent()) {
            // It answers nobody until its table has such columns again.
            clear(present);
            return;
        }
        Copy next = present.rebuilt(context.catalogue().nextNumber("generation"), layout);
        if (!context.catalogue().replace(present, next)) {
            return;
        }
        if (present.built()) {
            progress().forget(present);
            context.destroy(present);
        }
        context.destroyFormer(next);
        context.follower(next, compression);
        progress().begin(next, PartitionShares.none(capture.createdAtMillis(), tap.partitions()));
        if (!context.catalogue().holds(next)) {
            context.destroy(next);
            progress().forget(next);
        }
        catalogueChanged();
    }

    /** Takes their rows from shadows whose table is not captured any more. */
    private void dismantle() {
        for (Copy copy : copies()) {
            if (copy.built() && tables.capture(copy.name().table()).isEmpty() && isOldest()) {
                LOG.info("A shadow has lost its table's capture: copy={}", copy.id());
                clear(copy);
            }
        }
    }

    private void clear(Copy copy) {
        if (copy.built() && context.catalogue().replace(copy, copy.unbuilt())) {
            context.destroy(copy);
            progress().forget(copy);
        }
    }

    /** Whether this is the oldest of the nodes that ship. */
    private boolean isOldest() {
        ClusterNode oldest = context.ignite()
                .cluster()
                .forServers()
                .forAttribute(PenumbraPluginProvider.SETTINGS, null)
                .forOldest()
                .node();
        return oldest != null && oldest.isLocal();
    }
}
