package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.VersionedCache;
import dev.penumbra.ignite.internal.VersionedCache.Write;
import dev.penumbra.journal.EventImages;
import dev.penumbra.journal.UncommittedChanges;
import dev.penumbra.model.Change;
import dev.penumbra.model.Column;
import dev.penumbra.model.Key;
import dev.penumbra.model.Origin;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.coverage.CoveredRows;
import dev.penumbra.shadow.read.CommitChance;
import dev.penumbra.shadow.read.EagerOrder;
import dev.penumbra.shadow.read.FeedRun;
import dev.penumbra.shadow.read.Pending;
import dev.penumbra.shadow.read.PendingRows;
import dev.penumbra.shadow.read.Uncommitted;
import dev.penumbra.shadow.read.UncommittedWatch;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.apache.ignite.binary.BinaryObject;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One filling of a copy as its writer sees it: gathers changes, keeping the last for each key, and writes them.
 *
 * <p>Owned by one thread at a time, but for what is {@linkplain PendingRows pending}, at which any may look.
 */
final class Follower implements PendingRows<Key, BinaryObject>, UncommittedWatch.Told<UncommittedChanges.Listing> {
    private static final Logger LOG = LoggerFactory.getLogger(Follower.class);
    private static final int REMOVAL_BYTES = 32;

    private final Copy copy;
    private final BinaryRows rows;
    private final VersionedCache cache;
    private final CompressionChoice compression;
    /** Null when the copy is not archived, or nobody reads of it yet what was. */
    private final @Nullable ArchiveWriter archive;
    /** Null when the copy holds the whole table. */
    private final @Nullable CoveredRows covered;

    /** By the keys as the cache holds them. */
    private final Pending<Object, Row> pending = new Pending<>();

    private final Uncommitted<Key, Row> uncommitted;

    private CompletableFuture<Void> underWay = CompletableFuture.completedFuture(null);

    /** Null where nothing waits longer than it must. */
    private @Nullable EagerOrder<Object> order;

    /**
     * @param archive keeps what is changed; null not to
     * @param chance learns what becomes of what is not committed
     */
    Follower(
            Copy copy,
            BinaryRows rows,
            VersionedCache cache,
            CompressionChoice compression,
            @Nullable ArchiveWriter archive,
            CommitChance chance) {
        this.archive = archive;
        this.copy = copy;
        this.rows = rows;
        this.cache = cache;
        this.compression = compression;
        this.uncommitted = new Uncommitted<>(chance);
        this.covered = copy.coverage().over(rows.layout()).orElse(null);
    }

    Copy copy() {
        return copy;
    }

    VersionedCache cache() {
        return cache;
    }

    /** Whether rows, or what was before them, have been lost with the nodes that held them. */
    boolean lostRows() {
        ArchiveWriter keeping = archive;
        return cache.lostRows() || (keeping != null && keeping.lostRows());
    }

    /**
     * Gathers a change of a row, translating its images to the copy's layout by the names of columns.
     *
     * @param transaction that of the change
     */
    void gather(Change change, Journal.Transaction transaction) {
        ArchiveWriter keeping = archive;
        if (keeping != null && change.origin() != Origin.SNAPSHOT) {
            keep(keeping, change, transaction);
        }
        gather(change, change.position());
    }

    private void keep(ArchiveWriter keeping, Change change, Journal.Transaction transaction) {
        TableSchema layout = change.schema();
        if (!layout.fingerprint().equals(rows.layout().fingerprint())) {
            // Such a change brings the copy anew.
            return;
        }
        Row before = change.before();
        Row after = change.after();
        Key key = change.key();
        Key former = change.movedFrom();
        Position position = change.position();
        if (key != null && change.origin() == Origin.CORRECTION) {
            // It says what the source has. What copies had before is in them.
            keepStanding(keeping, key, position, transaction);
            if (former != null) {
                keepStanding(keeping, former, position, transaction);
            }
            return;
        }
        boolean had = before != null && covers(before);
        boolean has = after != null && covers(after);
        if (before != null && had && (former != null || after == null || !has || !before.equals(after))) {
            keeping.gather(rows.key(layout.keyOf(before)), rows.value(before), transaction);
        }
        if (after != null && has && (former != null || !had)) {
            keeping.gather(rows.key(layout.keyOf(after)), null, transaction);
        }
    }

    private void keepStanding(ArchiveWriter keeping, Key key, Position position, Journal.Transaction transaction) {
        Pending.Change<Row> waiting = pending.newest(rows.key(key));
        if (waiting == null) {
            keeping.gatherStanding(rows.key(key), position, transaction);
        } else {
            Row row = waiting.row();
            keeping.gather(rows.key(key), row == null ? null : rows.value(row), transaction);
        }
    }

    /** Keeps all rows before they are removed at once. Waits. */
    void truncated(Change change, Journal.Transaction transaction) {
        ArchiveWriter keeping = archive;
        if (keeping == null || change.origin() == Origin.SNAPSHOT) {
            // What was to be written goes, too.
            discard();
        } else {
            flush().join();
            keeping.truncated(change.position(), transaction);
        }
        cache.truncate(change.position());
    }

    /** The same for a copy whose rows have positions of another kind than the journal's. */
    void gather(Change change, Position position) {
        TableSchema layout = change.schema();
        if (!sameKey(layout, rows.layout())) {
            // Such a row has no place here; the copy stays incomplete until the source has delivered its rows again.
            return;
        }
        Row before = change.before();
        Row after = change.after();
        Key former = change.movedFrom();
        TransactionId transaction = change.transaction();
        if (after != null) {
            Row translated = translate(layout, after);
            Key key = rows.layout().keyOf(translated);
            if (former != null && before != null) {
                Key formerKey = rows.layout().keyOf(translate(layout, before));
                if (!formerKey.equals(key)) {
                    gather(formerKey, null, position, transaction);
                }
            }
            if (covers(translated)) {
                gather(key, translated, position, transaction);
            } else if (former != null || before == null || covers(translate(layout, before))) {
                // What stands under the key is not known to be outside: it is not there any more.
                gather(key, null, position, transaction);
            }
        } else if (before != null) {
            Row translated = translate(layout, before);
            if (covers(translated)) {
                gather(rows.layout().keyOf(translated), null, position, transaction);
            }
        } else if (change.key() != null) {
            // A correction may not know the row that it removes. Its key's columns are those of its own layout.
            gather(change.key(), null, position, transaction);
        }
    }

    private void gather(Key key, @Nullable Row row, Position position, TransactionId transaction) {
        Object stored = rows.key(key);
        pending.stage(stored, row, position);
        EagerOrder<Object> known = order;
        if (known != null) {
            known.waits(stored);
        }
        uncommitted.changed(key, row, position, transaction);
    }

    /** What was gathered is of whole transactions: whoever looks at what is pending may see it. */
    void commit() {
        pending.commit();
        uncommitted.committed();
    }

    @Override
    public void listsBegin(Position taken) {
        uncommitted.begin(taken);
    }

    @Override
    public void listed(UncommittedChanges.Listing listing) {
        uncommitted.listed(
                listing.upTo(),
                listing.changes().stream()
                        .flatMap(change -> intents(change).stream())
                        .toList());
    }

    @Override
    public void listsTaken(Position upTo) {
        uncommitted.taken(upTo);
    }

    @Override
    public void listsLate() {
        uncommitted.hide();
    }

    @Override
    public void listsEnd() {
        uncommitted.end();
    }

    @Override
    public boolean isAwaited() {
        return uncommitted.isAwaited();
    }

    /** What a change that is not committed would leave of the copy's rows; empty when it is of another table or layout. */
    private List<Uncommitted.Intent<Key, Row>> intents(UncommittedChanges.Uncommitted change) {
        byte[] images = change.images().array();
        TableSchema layout = rows.layout();
        if (!EventImages.operation(images).isRowOperation()
                || !EventImages.schema(images).equals(layout.fingerprint())) {
            return List.of();
        }
        Row before = EventImages.before(images, layout);
        Row after = EventImages.after(images, layout);
        List<Uncommitted.Intent<Key, Row>> intents = new ArrayList<>();
        boolean leaves = after == null
                || !covers(after)
                || (before != null && !layout.keyOf(after).equals(layout.keyOf(before)));
        if (before != null && covers(before) && leaves) {
            intents.add(new Uncommitted.Intent<>(change.id(), change.transaction(), layout.keyOf(before), null));
        }
        if (after != null && covers(after)) {
            intents.add(new Uncommitted.Intent<>(change.id(), change.transaction(), layout.keyOf(after), after));
        }
        return intents;
    }

    @Override
    public Optional<Uncommitted.Intent<Key, BinaryObject>> uncommitted(Key key) {
        rows.requiredKey(key);
        return uncommitted
                .of(key, copy.definition().commitChance())
                .map(intent -> new Uncommitted.Intent<>(
                        intent.id(),
                        intent.transaction(),
                        key,
                        intent.row() == null ? null : rows.value(intent.row())));
    }

    @Override
    public CompletableFuture<Uncommitted.Ended> ended(Collection<Long> ids) {
        return uncommitted.ended(ids);
    }

    /** The row as the copy will hold it. */
    @Override
    public Pending.@Nullable Change<BinaryObject> newest(Key key) {
        Pending.Change<Row> change = pending.newest(rows.requiredKey(key));
        if (change == null) {
            return null;
        }
        Row row = change.row();
        return new Pending.Change<>(row == null ? null : rows.value(row), change.position());
    }

    @Override
    public int size() {
        return pending.size();
    }

    private boolean covers(Row row) {
        return covered == null || covered.contains(row);
    }

    /** About how many bytes of memory a change's row takes. */
    static long weight(Change change) {
        Row row = change.after();
        return row == null ? REMOVAL_BYTES : row.weight();
    }

    private Row translate(TableSchema from, Row row) {
        return from.fingerprint().equals(rows.layout().fingerprint()) ? row : Translation.of(from, rows.layout(), row);
    }

    /** Settles how values are stored before the first of them is written. */
    void prepare() {
        compression.prepare(copy, cache, List.of());
    }

    /** Forgets what was gathered. Nobody may look at what is pending until what makes it needless is in the copy. */
    void discard() {
        pending.discard();
    }

    boolean idle() {
        return gathered() == 0;
    }

    /** How many changes wait to be written. */
    int gathered() {
        return pending.waiting();
    }

    /**
     * Writes what was gathered, unless a write is under way, which another must not overtake.
     *
     * @return completes when all that was gathered by now is in the copy, and fails when a write has failed; null while it cannot begin
     */
    @Nullable CompletableFuture<Void> merged() {
        if (idle() || underWay.isCompletedExceptionally()) {
            return underWay;
        }
        return underWay.isDone() ? flush() : null;
    }

    /** Completes when nothing that was begun is being written any more. */
    CompletableFuture<Void> underWay() {
        return underWay;
    }

    /** Writes what was gathered; completes when it is in the copy on all nodes. */
    CompletableFuture<Void> flush() {
        if (idle()) {
            return CompletableFuture.completedFuture(null);
        }
        Pending<Object, Row>.Taken taken = pending.take();
        EagerOrder<Object> known = order;
        if (known == null) {
            underWay = write(taken.changes(), key -> false);
        } else {
            known.turn();
            underWay = write(taken.changes(), known::isLikely);
        }
        underWay = underWay.thenRun(taken::written);
        return underWay;
    }

    private CompletableFuture<Void> write(Map<Object, Pending.Change<Row>> changes, Predicate<Object> first) {
        List<Write> writes = new ArrayList<>(changes.size());
        List<Write> others = new ArrayList<>(changes.size());
        changes.forEach((key, change) -> {
            Row row = change.row();
            (first.test(key) ? writes : others)
                    .add(new Write(key, row == null ? null : rows.value(row), change.position()));
        });
        writes.addAll(others);
        compression.prepare(copy, cache, writes);
        ArchiveWriter keeping = archive;
        return keeping == null ? cache.write(writes) : keeping.before(() -> cache.write(writes));
    }

    /** From now on rows that are likely to be read are written before others, and ahead of their turn where they would wait. */
    void order(EagerOrder<Object> by) {
        order = by;
    }

    /** Readers in the datacenter have read rows of the copy. */
    void read(FeedRun.Reads<Key> reads) {
        EagerOrder<Object> known = order;
        Collection<Key> keys = reads.keys();
        if (known == null) {
            return;
        }
        if (keys == null) {
            known.readAll();
            return;
        }
        for (Key key : keys) {
            try {
                Object stored = rows.requiredKey(key);
                known.read(stored, reads.times(), pending.newest(stored) != null);
            } catch (PenumbraException e) {
                LOG.debug("A row was read of a copy that had another layout: copy={}", copy.id(), e);
            }
        }
    }

    /**
     * Writes what waits of rows that are likely to be read, unless a write is under way.
     *
     * @param beginning called before anything is written
     * @return completes when it is in the copy, and fails when the write has failed; null when nothing is written
     */
    @Nullable CompletableFuture<Void> ahead(Runnable beginning) {
        EagerOrder<Object> known = order;
        if (known == null || !known.isEager() || !underWay.isDone() || underWay.isCompletedExceptionally()) {
            return null;
        }
        Pending<Object, Row>.Ahead ahead = pending.ahead(known.take());
        if (ahead.changes().isEmpty()) {
            return null;
        }
        beginning.run();
        known.ahead(ahead.changes().keySet());
        underWay = write(ahead.changes(), key -> true).thenRun(ahead::written);
        return underWay;
    }

    /** Whether rows of one layout can be translated to another without guessing what a column holds. */
    static boolean lossless(TableSchema from, TableSchema to) {
        if (!sameKey(from, to)) {
            return false;
        }
        for (Column column : to.columns()) {
            int ordinal = from.ordinal(column.name());
            if (ordinal < 0
                    || !Translation.sameValues(from.columns().get(ordinal).type(), column.type())) {
                return false;
            }
        }
        return true;
    }

    private static boolean sameKey(TableSchema from, TableSchema to) {
        if (from.fingerprint().equals(to.fingerprint())) {
            return true;
        }
        List<Column> one = from.keyColumns();
        List<Column> other = to.keyColumns();
        if (one.size() != other.size()) {
            return false;
        }
        for (int i = 0; i < one.size(); i++) {
            if (!one.get(i).name().equals(other.get(i).name())
                    || !Translation.sameValues(one.get(i).type(), other.get(i).type())) {
                return false;
            }
        }
        return true;
    }
}
