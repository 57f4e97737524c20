package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What a copy may lack of what its feed has taken from the journal, and of what is not committed yet. Safe for use by several threads.
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

    /** The change of a row that stands in the source and is likely to be committed; empty when there is none, or none is known of. */
    default Optional<Uncommitted.Intent<K, R>> uncommitted(K key) {
        return Optional.empty();
    }

    /** Tells when none of some changes stands any more, as {@link Uncommitted#ended} does. */
    default CompletableFuture<Uncommitted.Ended> ended(Collection<Long> ids) {
        return CompletableFuture.completedFuture(Uncommitted.Ended.UNKNOWN);
    }
}
