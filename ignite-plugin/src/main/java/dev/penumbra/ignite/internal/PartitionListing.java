package dev.penumbra.ignite.internal;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Catalogue;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.coverage.CoveredRows;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.util.lang.GridIterator;
import org.apache.ignite.lang.IgniteCallable;
import org.apache.ignite.resources.IgniteInstanceResource;
import org.jspecify.annotations.Nullable;

/** Sums up the rows of one partition of a copy, as far as a shadow covers them, and lists them if that is wanted. */
@Internal
public final class PartitionListing implements IgniteCallable<PartitionListing.Listing> {
    private static final long serialVersionUID = 1L;

    private final String cache;
    private final String shadowCache;
    private final int partition;
    private final boolean listed;

    @IgniteInstanceResource
    private transient @Nullable Ignite ignite;

    /**
     * What a partition holds.
     *
     * <p>A class, because Ignite cannot carry records between nodes.
     */
    @Internal
    public static final class Listing {
        private long rows;
        private long digest;
        private final @Nullable Map<Key, Stored> listed;

        private Listing(@Nullable Map<Key, Stored> listed) {
            this.listed = listed;
        }

        private void add(Key key, Row row, Position position) {
            rows++;
            int content = row.hashCode();
            // A sum, since two copies hold their rows in different orders.
            digest += mixed(mixed(((long) key.hashCode() << Integer.SIZE) ^ (content & 0xffff_ffffL))
                    ^ mixed(position.sequence() * 31 + position.epoch()));
            if (listed != null) {
                listed.put(key, new Stored(position.epoch(), position.sequence(), content));
            }
        }

        /** The finaliser of MurmurHash3, https://github.com/aappleby/smhasher. */
        private static long mixed(long value) {
            long bits = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
            bits = (bits ^ (bits >>> 33)) * 0xc4ceb9fe1a85ec53L;
            return bits ^ (bits >>> 33);
        }

        /** How many rows there are. */
        public long rows() {
            return rows;
        }

        /**
         * Whether another copy has the same rows of the same positions. What differs in a key's or a row's content alone is overlooked
         * with a chance of one in 2^32, since that is how many hash codes there are.
         */
        public boolean isAs(Listing other) {
            return rows == other.rows && digest == other.digest;
        }

        /** The rows, where they were wanted. */
        public Map<Key, Stored> listed() {
            return Objects.requireNonNull(listed);
        }
    }

    /** What is known of a row without its content. */
    @Internal
    public static final class Stored {
        private final int epoch;
        private final long sequence;
        private final int content;

        private Stored(int epoch, long sequence, int content) {
            this.epoch = epoch;
            this.sequence = sequence;
            this.content = content;
        }

        /** Whether both were written by the same change. */
        public boolean isOfSameChange(Stored other) {
            return epoch == other.epoch && sequence == other.sequence;
        }

        /** Whether both have the same content; wrongly so only with a chance of one in 2^32. */
        public boolean hasSameContent(Stored other) {
            return content == other.content;
        }
    }

    /** @param shadowCache of the shadow whose coverage counts */
    PartitionListing(String cache, String shadowCache, int partition, boolean listed) {
        this.cache = cache;
        this.shadowCache = shadowCache;
        this.partition = partition;
        this.listed = listed;
    }

    @Override
    public Listing call() {
        IgniteEx grid = (IgniteEx) Objects.requireNonNull(ignite);
        return OwnedPartition.with(grid, cache, partition, context -> list(grid, context));
    }

    private Listing list(IgniteEx grid, GridCacheContext<?, ?> context) throws IgniteCheckedException {
        List<Copy> copies = new Catalogue(grid).all();
        Copy copy = copy(copies, cache);
        BinaryRows form = new BinaryRows(grid.binary(), copy);
        @Nullable CoveredRows covered =
                copy(copies, shadowCache).coverage().over(form.layout()).orElse(null);
        Listing listing = new Listing(listed ? new HashMap<>() : null);
        GridIterator<CacheDataRow> rows = context.offheap().cachePartitionIterator(context.cacheId(), partition, false);
        while (rows.hasNext()) {
            CacheDataRow stored = rows.next();
            Object key = context.unwrapBinaryIfNeeded(stored.key(), true, false, null);
            Row row = form.row(key, (BinaryObject) stored.value());
            if (covered == null || covered.contains(row)) {
                listing.add(
                        form.layout().keyOf(row),
                        row,
                        GridVersionedCache.position(stored.version().conflictVersion()));
            }
        }
        return listing;
    }

    /** The copy that a cache belongs to. */
    static Copy copy(List<Copy> copies, String cache) {
        return copies.stream()
                .filter(copy -> copy.cacheName().equals(cache))
                .findFirst()
                .orElseThrow(() -> new PenumbraException(ErrorCode.GRID_UNAVAILABLE).with("cache", cache));
    }
}
