package dev.penumbra.ignite;

import javax.cache.processor.MutableEntry;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.CacheEntryProcessor;
import org.jspecify.annotations.Nullable;

/** Reads one row on whichever node owns it, and changes nothing. */
final class OwnedRow implements CacheEntryProcessor<Object, BinaryObject, @Nullable BinaryObject> {
    private static final long serialVersionUID = 1L;

    @Override
    public @Nullable BinaryObject process(MutableEntry<Object, BinaryObject> entry, Object... arguments) {
        return entry.getValue();
    }
}
