package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;
import org.jspecify.annotations.Nullable;

/**
 * What a copy may lack of what its feed has taken from the journal. Safe for use by several threads.
 *
 * @param <K> a row's key
 * @param <R> a row
 */
@Internal
public interface PendingRows<K, R> {
    /** The newest change of a row that may not be in the copy; null when all of its changes are. */
    Pending.@Nullable Change<R> newest(K key);

    /** How many changes are not known to be in the copy. */
    int size();
}
