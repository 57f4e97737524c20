package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets many who read the same at once share few reads, so that a crowd that misses one key does not ask home for it one by one.
 *
 * <p>A read that is under way may have been answered before another began, and so lack what that one must have. Who must have it shares the
 * read after that one, which begins when the one before has ended. So there are at most two of the same at any time.
 *
 * <p>Safe for use by several threads; the reads run on the threads of those who ask.
 *
 * @param <K> what tells reads of the same from others
 * @param <V> what is read
 */
@Internal
public final class SharedReads<K, V> {
    private final Map<K, Reads<V>> underWay = new HashMap<>();

    private static final class Reads<V> {
        private final CompletableFuture<V> present = new CompletableFuture<>();
        private @Nullable Reads<V> next;
    }

    /**
     * Reads, or waits for who does.
     *
     * @param mayHaveBegun whether a read that began before the call will do
     * @param read reads; what it throws is thrown to all who share it
     */
    public V get(K key, boolean mayHaveBegun, Supplier<V> read) {
        Reads<V> own = new Reads<>();
        Reads<V> before = null;
        synchronized (underWay) {
            Reads<V> present = underWay.get(key);
            if (present == null) {
                underWay.put(key, own);
            } else if (mayHaveBegun) {
                own = present;
                before = present;
            } else if (present.next == null) {
                present.next = own;
                before = present;
            } else {
                own = present.next;
                before = own;
            }
        }
        if (before == own) {
            return joined(own);
        }
        if (before != null) {
            before.present.exceptionally(failure -> null).join();
        }
        return run(key, own, read);
    }

    private V run(K key, Reads<V> own, Supplier<V> read) {
        CompletableFuture<V> result = new CompletableFuture<>();
        try {
            result.complete(read.get());
        } catch (RuntimeException | Error e) {
            result.completeExceptionally(e);
        }
        synchronized (underWay) {
            Reads<V> next = own.next;
            if (next == null) {
                underWay.remove(key);
            } else {
                underWay.put(key, next);
            }
        }
        // Not sooner: the next read begins now, and nobody may find it as one that has not.
        var unused = result.whenComplete((value, failure) -> {
            if (failure == null) {
                own.present.complete(value);
            } else {
                own.present.completeExceptionally(failure);
            }
        });
        return joined(own);
    }

    private static <V> V joined(Reads<V> reads) {
        try {
            return reads.present.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            if (e.getCause() instanceof Error failure) {
                throw failure;
            }
            throw e;
        }
    }
}
