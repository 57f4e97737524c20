package dev.penumbra.ignite.internal;

import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Catalogue;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.coverage.CoveredRows;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.binary.BinaryObjectBuilder;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.cache.CacheObject;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.KeyCacheObject;
import org.apache.ignite.internal.processors.cache.dr.GridCacheDrInfo;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.util.lang.GridIterator;
import org.apache.ignite.lang.IgniteCallable;
import org.apache.ignite.resources.IgniteInstanceResource;
import org.jspecify.annotations.Nullable;

/**
 * Copies the rows of one partition from the node that owns it, each with the position it carries.
 *
 * <p>Rows of the same binary type keep their compressed bytes; otherwise they are built anew under the target's type. Two
 * batches are in memory at a time.
 */
final class PartitionTransfer implements IgniteCallable<Long> {
    private static final long serialVersionUID = 1L;

    private static final int BATCH = 1_024;

    private final String from;
    private final String to;
    private final @Nullable String targetType;
    private final int partition;
    private final boolean partial;

    @IgniteInstanceResource
    private transient @Nullable Ignite ignite;

    /** @param partial whether the target holds only some of the rows, as its entry in the catalogue says */
    PartitionTransfer(String from, String to, @Nullable String targetType, int partition, boolean partial) {
        this.from = from;
        this.to = to;
        this.targetType = targetType;
        this.partition = partition;
        this.partial = partial;
    }

    @Override
    public Long call() {
        IgniteEx grid = (IgniteEx) java.util.Objects.requireNonNull(ignite);
        GridVersionedCache target = new GridVersionedCache(grid, to);
        return OwnedPartition.with(grid, from, partition, source -> copy(grid, source, target));
    }

    private long copy(IgniteEx grid, GridCacheContext<?, ?> source, GridVersionedCache target)
            throws IgniteCheckedException {
        GridIterator<CacheDataRow> rows = source.offheap().cachePartitionIterator(source.cacheId(), partition, false);
        CompletableFuture<Void> underWay = CompletableFuture.completedFuture(null);
        List<Map.Entry<KeyCacheObject, GridCacheDrInfo>> batch = new ArrayList<>(BATCH);
        long count = 0;
        @Nullable Selection selection = partial ? new Selection(grid, source) : null;
        while (rows.hasNext()) {
            CacheDataRow row = rows.next();
            if (selection != null && !selection.contains(row)) {
                continue;
            }
            CacheObject value = targetType == null ? row.value() : renamed(grid, target, row.value());
            batch.add(Map.entry(
                    row.key(), new GridCacheDrInfo(value, row.version().conflictVersion())));
            count++;
            if (batch.size() == BATCH) {
                underWay.join();
                underWay = target.write(batch, List.of());
                batch = new ArrayList<>(BATCH);
            }
        }
        underWay.join();
        target.write(batch, List.of()).join();
        return count;
    }

    /** Which rows the target holds. */
    private final class Selection {
        private final GridCacheContext<?, ?> source;
        private final BinaryRows rows;
        private final CoveredRows covered;

        Selection(IgniteEx grid, GridCacheContext<?, ?> source) {
            List<Copy> copies = new Catalogue(grid).all();
            Copy home = PartitionListing.copy(copies, from);
            Copy shadow = PartitionListing.copy(copies, to);
            this.source = source;
            this.rows = new BinaryRows(grid.binary(), home);
            this.covered = shadow.coverage()
                    .over(home.requiredLayout())
                    .orElseThrow(() -> new IllegalStateException("not a partial copy: " + shadow.id()));
        }

        boolean contains(CacheDataRow row) {
            Object key = source.unwrapBinaryIfNeeded(row.key(), true, false, null);
            return covered.contains(rows.row(key, (BinaryObject) row.value()));
        }
    }

    private CacheObject renamed(IgniteEx grid, GridVersionedCache target, CacheObject value) {
        BinaryObject row = (BinaryObject) value;
        BinaryObjectBuilder builder = grid.binary().builder(java.util.Objects.requireNonNull(targetType));
        for (String field : row.type().fieldNames()) {
            Object content = row.field(field);
            if (content != null) {
                builder.setField(field, content);
            }
        }
        return target.cacheObject(builder.build());
    }
}
