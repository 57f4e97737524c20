package dev.penumbra.shadow.read;

import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One uninterrupted run of a feed, as those see it who read what it has taken from the journal and not yet applied. That is in the memory of
 * one process and is gone with it, so that whatever was proven of it is proven of this run only.
 *
 * <p>{@link #follow}, {@link #leave}, {@link #merge}, {@link #takeReads} and {@link #end} belong to the feed's thread; all else may be called by any thread.
 *
 * @param <K> a row's key
 * @param <R> a row
 */
@Internal
public final class FeedRun<K, R> {
    private static final int MAX_READS = 1_024;

    private final UUID id;
    private final Map<String, PendingRows<K, R>> copies = new ConcurrentHashMap<>();

    /** Guarded by itself. */
    private final List<Merge> asked = new ArrayList<>();

    /** Guarded by {@link #asked}. */
    private boolean ended;

    private volatile boolean isUncommittedWanted;

    /** What readers have read; more of it than fits is not told. */
    private final Queue<Reads<K>> reads = new ArrayBlockingQueue<>(MAX_READS);

    /**
     * Reads of a copy in the datacenter.
     *
     * @param keys of the rows; null where the copy was read as a whole
     * @param times about how often each of them
     */
    public record Reads<K>(String copy, @Nullable Collection<K> keys, double times) {}

    private record Merge(String copy, CompletableFuture<Boolean> merged) {}

    public FeedRun(UUID id) {
        this.id = id;
    }

    /** Tells it from every other run of any feed. */
    public UUID id() {
        return id;
    }

    /** From now on the pending changes of a copy are seen: all that it lacks of what has been taken. */
    public void follow(String copy, PendingRows<K, R> pending) {
        copies.put(copy, pending);
    }

    /** The pending changes of a copy are not seen any more. */
    public void leave(String copy) {
        copies.remove(copy);
    }

    /**
     * What a copy may lack of some rows.
     *
     * @return the newest pending change of each row that has one; empty when the run does not follow the copy
     */
    public Optional<Map<K, Pending.Change<R>>> newest(String copy, Collection<K> keys) {
        PendingRows<K, R> pending = copies.get(copy);
        if (pending == null) {
            return Optional.empty();
        }
        Map<K, Pending.Change<R>> newest = new HashMap<>();
        for (K key : keys) {
            Pending.Change<R> change = pending.newest(key);
            if (change != null) {
                newest.put(key, change);
            }
        }
        // What has left meanwhile may have discarded what it lacked.
        return copies.get(copy) == pending ? Optional.of(newest) : Optional.empty();
    }

    /**
     * What stands in the source of some rows and is likely to be committed. From the first call on the feed has the source asked for it.
     *
     * @return the change of each row that has one; empty when the run does not follow the copy
     */
    public Optional<Map<K, Uncommitted.Intent<K, R>>> uncommitted(String copy, Collection<K> keys) {
        isUncommittedWanted = true;
        PendingRows<K, R> rows = copies.get(copy);
        if (rows == null) {
            return Optional.empty();
        }
        Map<K, Uncommitted.Intent<K, R>> intents = new HashMap<>();
        keys.forEach(key -> rows.uncommitted(key).ifPresent(intent -> intents.put(key, intent)));
        return Optional.of(intents);
    }

    /** Whether anybody has wanted to see what is not committed since the last call. */
    public boolean takeUncommittedWanted() {
        boolean wanted = isUncommittedWanted;
        isUncommittedWanted = false;
        return wanted;
    }

    /** Tells when none of some changes of a copy's table stands any more, as {@link Uncommitted#ended} does. */
    public CompletableFuture<Uncommitted.Ended> ended(String copy, Collection<Long> ids) {
        PendingRows<K, R> rows = copies.get(copy);
        return rows == null ? CompletableFuture.completedFuture(Uncommitted.Ended.UNKNOWN) : rows.ended(ids);
    }

    /** Rows of a copy have been read, of which more may be read soon. */
    public void read(Reads<K> read) {
        var unused = reads.offer(read);
    }

    /** Takes one after the other what has been read; null when there is no more. */
    public @Nullable Reads<K> takeReads() {
        return reads.poll();
    }

    /** How many changes are pending, of all copies. */
    public long pending() {
        return copies.values().stream().mapToLong(PendingRows::size).sum();
    }

    /**
     * Asks to have all that has been taken by now put into a copy, ahead of its turn.
     *
     * @return true when it is there, false when the run does not follow the copy or has ended
     */
    public CompletableFuture<Boolean> merged(String copy) {
        CompletableFuture<Boolean> merged = new CompletableFuture<>();
        read(new Reads<>(copy, null, 1));
        synchronized (asked) {
            if (!ended) {
                asked.add(new Merge(copy, merged));
                return merged;
            }
        }
        merged.complete(false);
        return merged;
    }

    /**
     * Begins what has been asked for, and leaves what cannot begin yet for the next time.
     *
     * @param writing begins to write all that a copy lacks of what has been taken, and completes when it is there; null while an earlier
     *     write of the copy is under way, which must not be overtaken
     */
    public void merge(Function<String, @Nullable CompletableFuture<Void>> writing) {
        Map<String, List<Merge>> byCopy = new HashMap<>();
        synchronized (asked) {
            if (asked.isEmpty()) {
                return;
            }
            // Those who have given up.
            asked.removeIf(merge -> merge.merged().isDone());
            asked.forEach(merge -> byCopy.computeIfAbsent(merge.copy(), copy -> new ArrayList<>())
                    .add(merge));
            asked.clear();
        }
        try {
            begin(byCopy, writing);
        } catch (RuntimeException | Error e) {
            byCopy.values()
                    .forEach(merges -> merges.forEach(merge -> merge.merged().complete(false)));
            throw e;
        }
    }

    private void begin(Map<String, List<Merge>> byCopy, Function<String, @Nullable CompletableFuture<Void>> writing) {
        byCopy.forEach((copy, merges) -> {
            boolean follows = copies.containsKey(copy);
            CompletableFuture<Void> written = follows ? writing.apply(copy) : null;
            if (written != null) {
                var unused = written.whenComplete((done, failure) ->
                        merges.forEach(merge -> merge.merged().complete(failure == null)));
            } else if (follows) {
                synchronized (asked) {
                    asked.addAll(merges);
                }
            } else {
                merges.forEach(merge -> merge.merged().complete(false));
            }
        });
    }

    /** The run ends; nothing of it is seen any more. */
    public void end() {
        synchronized (asked) {
            ended = true;
        }
        copies.clear();
        merge(copy -> null);
    }
}
