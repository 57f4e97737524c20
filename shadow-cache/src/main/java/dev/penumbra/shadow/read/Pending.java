package dev.penumbra.shadow.read;

import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The changes of one copy that its feed has taken from the journal and that are not yet known to be in the copy: of each key the last.
 *
 * <p>A reader who looks here first and in the copy afterwards misses nothing of what had been taken when he looked: a change leaves only
 * when it is in the copy, and never before an older one does.
 *
 * <p>{@link #newest} and {@link #size} may be called by any thread; all else belongs to the feed's thread, but for {@link Taken#written}
 * and {@link Ahead#written}, which any thread may call.
 *
 * @param <K> a row's key
 * @param <R> a row
 */
@Internal
public final class Pending<K, R> implements PendingRows<K, R> {
    /**
     * A change of a row.
     *
     * @param row the row as the change left it; null when it removed it
     */
    public record Change<R>(@Nullable R row, Position position) {
        boolean isReplacedBy(Change<R> later) {
            return position.compareTo(later.position()) <= 0;
        }
    }

    /** Of the transaction that is being read: not seen before it is whole. */
    private final Map<K, Change<R>> staged = new LinkedHashMap<>();

    /** The oldest first; the last is the one that is being filled. Replaced as a whole. */
    private volatile List<Taken> layers = List.of(new Taken());

    /** Changes that are written together. */
    public final class Taken {
        private final Map<K, Change<R>> changes = new ConcurrentHashMap<>();
        private boolean written;

        private Taken() {}

        /** The last change of each key. */
        public Map<K, Change<R>> changes() {
            return changes;
        }

        /** They are in the copy, on all nodes. */
        public void written() {
            synchronized (Pending.this) {
                written = true;
                List<Taken> left = new ArrayList<>(layers);
                while (left.get(0).written) {
                    left.remove(0);
                }
                layers = List.copyOf(left);
            }
        }
    }

    /** Changes that are written ahead of those that they have waited with. */
    public final class Ahead {
        private final Taken from = filled();
        private final Map<K, Change<R>> changes = new LinkedHashMap<>();

        private Ahead(Iterable<K> keys) {
            for (K key : keys) {
                Change<R> change = from.changes.get(key);
                if (change != null) {
                    changes.put(key, change);
                }
            }
        }

        /** The last change of each key. */
        public Map<K, Change<R>> changes() {
            return changes;
        }

        /** They are in the copy, on all nodes, and wait no longer; what has come since of the same rows does. */
        public void written() {
            changes.forEach(from.changes::remove);
        }
    }

    /**
     * A change of the transaction that is being read. Of two of a key the one with the larger position counts: a row that is brought may be
     * as old as its change.
     */
    public void stage(K key, @Nullable R row, Position position) {
        put(staged, key, new Change<>(row, position));
    }

    /** The transaction is whole. */
    public void commit() {
        if (!staged.isEmpty()) {
            Map<K, Change<R>> filled = filled().changes;
            staged.forEach((key, change) -> put(filled, key, change));
            staged.clear();
        }
    }

    private static <K, R> void put(Map<K, Change<R>> changes, K key, Change<R> change) {
        changes.merge(key, change, (known, later) -> known.isReplacedBy(later) ? later : known);
    }

    private Taken filled() {
        List<Taken> present = layers;
        return present.get(present.size() - 1);
    }

    /** How many changes wait to be taken. */
    public int waiting() {
        return filled().changes.size() + staged.size();
    }

    /** Takes all that waits, also of a transaction that is not whole yet, to be written to the copy. */
    public Taken take() {
        commit();
        synchronized (this) {
            Taken taken = filled();
            List<Taken> more = new ArrayList<>(layers);
            more.add(new Taken());
            layers = List.copyOf(more);
            return taken;
        }
    }

    /**
     * Some of what waits, of transactions that are whole, to be written to the copy ahead of the rest. No other write of the copy may be under
     * way, and none may begin before this one is done.
     */
    public Ahead ahead(Iterable<K> keys) {
        return new Ahead(keys);
    }

    /** Forgets what waits to be taken: nobody may look here until what makes it needless is in the copy. */
    public void discard() {
        staged.clear();
        filled().changes.clear();
    }

    @Override
    public @Nullable Change<R> newest(K key) {
        Change<R> newest = null;
        for (Taken layer : layers) {
            Change<R> change = layer.changes.get(key);
            if (change != null && (newest == null || newest.isReplacedBy(change))) {
                newest = change;
            }
        }
        return newest;
    }

    @Override
    public int size() {
        int size = 0;
        for (Taken layer : layers) {
            size += layer.changes.size();
        }
        return size;
    }
}
