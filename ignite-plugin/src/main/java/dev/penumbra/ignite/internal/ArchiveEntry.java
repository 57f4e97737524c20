package dev.penumbra.ignite.internal;

import dev.penumbra.model.Position;
import dev.penumbra.shadow.ArchiveRows;
import java.util.Objects;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.internal.processors.cache.CacheObject;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRowAdapter;
import org.apache.ignite.internal.processors.cache.version.GridCacheVersion;
import org.jspecify.annotations.Nullable;

/**
 * An entry of an archive, read.
 *
 * @param row the row's key as the copy holds it
 * @param until the last position of the transaction until which it was so
 * @param first that transaction's first position
 * @param committedAtMillis when it was committed, by the source's clock
 * @param value the row as the copy held it; null for none
 */
record ArchiveEntry(
        Object row,
        Position until,
        Position first,
        long committedAtMillis,
        @Nullable BinaryObject value) {
    static ArchiveEntry of(GridCacheContext<?, ?> archive, CacheDataRow stored) {
        BinaryObject key = (BinaryObject) object(archive, stored);
        BinaryObject value = (BinaryObject) archive.unwrapBinaryIfNeeded(stored.value(), true, false, null);
        boolean isAbsent = value.type().typeName().equals(ArchiveRows.ABSENT_TYPE);
        return new ArchiveEntry(
                Objects.requireNonNull(key.<Object>field(ArchiveRows.ROW)),
                new Position(key.<Integer>field(ArchiveRows.EPOCH), key.<Long>field(ArchiveRows.LAST)),
                new Position(key.<Integer>field(ArchiveRows.EPOCH), key.<Long>field(ArchiveRows.FIRST)),
                key.<Long>field(ArchiveRows.COMMITTED),
                isAbsent ? null : value);
    }

    /** The key of an entry of a cache, as whoever uses the cache sees it. */
    static Object object(GridCacheContext<?, ?> context, CacheDataRow stored) {
        return context.unwrapBinaryIfNeeded(stored.key(), true, false, null);
    }

    /** This as the copy held it. */
    CacheDataRow asRow(GridCacheContext<?, ?> copy, BinaryObject held) {
        CacheObject stored = copy.toCacheObject(held);
        return new CacheDataRowAdapter(copy.toCacheKeyObject(row), stored, (GridCacheVersion) null, 0);
    }
}
