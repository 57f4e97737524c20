package dev.penumbra.ignite;

import java.util.Objects;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.CachePeekMode;
import org.apache.ignite.lang.IgniteCallable;
import org.apache.ignite.resources.IgniteInstanceResource;
import org.jspecify.annotations.Nullable;

/** Reads one row on the node that owns it, where Ignite keeps its partition for as long as this runs. */
final class OwnedRow implements IgniteCallable<@Nullable BinaryObject> {
    private static final long serialVersionUID = 1L;

    private final String cache;
    private final Object key;

    @IgniteInstanceResource
    private transient @Nullable Ignite ignite;

    OwnedRow(String cache, Object key) {
        this.cache = cache;
        this.key = key;
    }

    @Override
    public @Nullable BinaryObject call() {
        IgniteCache<Object, BinaryObject> rows = Objects.requireNonNull(ignite)
                .<Object, BinaryObject>cache(cache)
                .withKeepBinary();
        return rows.localPeek(key, CachePeekMode.PRIMARY);
    }
}
