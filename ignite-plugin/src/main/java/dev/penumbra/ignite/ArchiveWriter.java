package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.ignite.internal.VersionedCache;
import dev.penumbra.ignite.internal.VersionedCache.Write;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.ArchiveRows;
import dev.penumbra.shadow.Copy;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.apache.ignite.Ignite;
import org.apache.ignite.binary.BinaryObject;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what was before each change of an archived copy.
 *
 * <p>It is in the archive, on all nodes, before the change is in the copy: so whoever reads first the copy and then the archive finds what was
 * there at any moment between those that the archive and the copy have. Owned by one thread at a time.
 */
final class ArchiveWriter {
    private final Ignite ignite;
    private final Copy copy;
    private final ArchiveRows rows;
    private final VersionedCache archive;
    private final VersionedCache cache;
    private final Executor writers;
    private Map<Object, Write> gathered = new LinkedHashMap<>();

    /**
     * @param cache the copy's rows
     * @param writers go on with the copy when the archive is written
     */
    ArchiveWriter(Ignite ignite, Copy copy, VersionedCache archive, VersionedCache cache, Executor writers) {
        this.ignite = ignite;
        this.copy = copy;
        this.rows = new ArchiveRows(ignite.binary(), copy);
        this.archive = archive;
        this.cache = cache;
        this.writers = writers;
    }

    /**
     * Gathers what was under a key before a change. Of several changes of one transaction the first counts.
     *
     * @param key as the copy holds it
     * @param before the row as the copy held it; null for none
     * @param transaction that of the change
     */
    void gather(Object key, @Nullable BinaryObject before, Journal.Transaction transaction) {
        BinaryObject entry = rows.key(key, transaction.first(), transaction.last(), transaction.committedAtMillis());
        // What has been written is not replaced, since its position is the same.
        gathered.putIfAbsent(entry, new Write(entry, rows.value(before), transaction.last()));
    }

    /**
     * The same for a change that does not say itself what it changed. Waits.
     *
     * <p>When the change is in the copy already, what was before it is in the archive already.
     */
    void gatherStanding(Object key, Position position, Journal.Transaction transaction) {
        VersionedCache.Standing standing = cache.standing(key);
        if (standing == null) {
            gather(key, null, transaction);
        } else if (standing.position().compareTo(position) < 0) {
            gather(key, standing.value(), transaction);
        }
    }

    /** Writes what has been gathered, and then goes on; fails where either does. */
    CompletableFuture<Void> before(Supplier<CompletableFuture<Void>> next) {
        if (gathered.isEmpty()) {
            return next.get();
        }
        List<Write> writes = List.copyOf(gathered.values());
        gathered = new LinkedHashMap<>();
        CompletableFuture<Void> written = archive.write(writes);
        // Not on the thread of Ignite's that has completed it.
        return written.isDone() && !written.isCompletedExceptionally()
                ? next.get()
                : written.thenComposeAsync(done -> next.get(), writers);
    }

    boolean lostRows() {
        return archive.lostRows();
    }

    /** Keeps all rows that are about to be removed at once. Waits. */
    void truncated(Position position, Journal.Transaction transaction) {
        for (int partition = 0; partition < ignite.affinity(copy.cacheName()).partitions(); partition++) {
            GridInternals.archive(
                    ignite,
                    copy,
                    partition,
                    position,
                    transaction.first(),
                    transaction.last(),
                    transaction.committedAtMillis());
        }
    }
}
