package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.CacheWatch;
import dev.penumbra.ignite.sql.Copy;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A copy as one look at the catalogue has listed it, with what does not change for as long as it is listed, and how it stood when that
 * was asked last.
 *
 * <p>Safe for use by several threads.
 */
final class ListedCopy {
    private final dev.penumbra.shadow.Copy copy;
    private final @Nullable Ages ages;
    private final @Nullable CacheWatch watch;
    private final String schema;

    /** Volatile: replaced by whoever finds that it is not so any more. */
    private volatile @Nullable Standing remembered;

    /** Volatile: made by whoever reads first by key. */
    private volatile @Nullable KeyedRows rows;

    private record Standing(long seen, Optional<Copy> copy) {}

    /** @param watch tells whether how it stands is still to be believed; null where nothing does */
    ListedCopy(dev.penumbra.shadow.Copy copy, Ages ages, @Nullable CacheWatch watch) {
        this.copy = copy;
        this.ages = copy.definition().ttl().isZero() ? null : ages;
        this.watch = watch;
        this.schema = copy.sqlSchema();
    }

    dev.penumbra.shadow.Copy copy() {
        return copy;
    }

    /** The SQL schema in which it stands. */
    String schema() {
        return schema;
    }

    /** How it stands now. Only that it can be read is remembered: what hinders that may be gone without a word. */
    Optional<Copy> standing(Function<dev.penumbra.shadow.Copy, Copy> asking) {
        CacheWatch told = watch;
        Standing known = remembered;
        if (told != null && known != null && known.seen() == told.now() && !hasExpired()) {
            return known.copy();
        }
        long seen = told == null ? CacheWatch.UNKNOWN : told.begin();
        Optional<Copy> standing = Optional.of(asking.apply(copy));
        remembered = seen != CacheWatch.UNKNOWN && standing.get().isReady() ? new Standing(seen, standing) : null;
        return standing;
    }

    /** Time alone makes it so, without a word. */
    private boolean hasExpired() {
        Ages known = ages;
        return known != null && known.isOver(copy);
    }

    /** How its rows are read by their keys. */
    KeyedRows rows(Function<dev.penumbra.shadow.Copy, KeyedRows> opening) {
        KeyedRows known = rows;
        if (known == null) {
            known = opening.apply(copy);
            rows = known;
        }
        return known;
    }
}
