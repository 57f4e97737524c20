package dev.penumbra.ignite.internal;

import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import javax.cache.processor.MutableEntry;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.CacheEntry;
import org.apache.ignite.cache.CacheEntryProcessor;
import org.jspecify.annotations.Nullable;

/**
 * Reads one row of a copy with the position of the change that wrote it, on whichever node owns it, and changes nothing.
 *
 * <p>Gives null where there is no row, and otherwise the value, if it is wanted, and the position's epoch and sequence.
 */
@Internal
public final class PositionedRow implements CacheEntryProcessor<Object, BinaryObject, @Nullable Object @Nullable []> {
    private static final long serialVersionUID = 1L;

    private final boolean withValue;

    /** @param withValue whether the row's value is wanted, too */
    public PositionedRow(boolean withValue) {
        this.withValue = withValue;
    }

    @Override
    public @Nullable Object @Nullable [] process(MutableEntry<Object, BinaryObject> entry, Object... arguments) {
        if (!entry.exists()) {
            return null;
        }
        Position position = GridVersionedCache.positionOf(entry.unwrap(CacheEntry.class));
        return new @Nullable Object[] {withValue ? entry.getValue() : null, position.epoch(), position.sequence()};
    }

    /** The value in what was given; only where it was wanted. */
    public static BinaryObject value(@Nullable Object[] given) {
        return (BinaryObject) java.util.Objects.requireNonNull(given[0]);
    }

    /** The position in what was given. */
    public static Position position(@Nullable Object[] given) {
        return new Position((Integer) java.util.Objects.requireNonNull(given[1]), (Long)
                java.util.Objects.requireNonNull(given[2]));
    }
}
