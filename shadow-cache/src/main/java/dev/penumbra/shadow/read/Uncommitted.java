package dev.penumbra.shadow.read;

import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The changes of one copy's table that stand in the source and are not committed, as far as its feed has been told of them.
 *
 * <p>The source is asked now and then, and answers with a list and a position: what an earlier list had and this one has not is in the journal
 * at or before that position, or was taken back. Between two lists the journal tells: a row that has changed behind a list's position was let
 * go of by whoever held it, so that what the list has of it has come to an end. What became of a change is known when the journal has been
 * taken up to the position of the list that lacks it: it was the row's last in one of the transactions that have come, or it was not.
 *
 * <p>Whoever reads the copy first, and looks here afterwards, is not shown what the copy has left behind.
 *
 * <p>{@link #of}, {@link #ended} and {@link #isAwaited} may be called by any thread; all else belongs to the feed's thread, on which futures
 * are completed.
 *
 * @param <K> a row's key
 * @param <R> a row
 */
@Internal
public final class Uncommitted<K, R> {
    /** Behind so many changed rows with no list between them, nothing is known any more. */
    private static final int MAX_RECENT = 100_000;

    /**
     * A change that somebody has made and not committed.
     *
     * @param id tells it from every other change; of two changes of a row the later one has the larger
     * @param row the row as it would be left; null where it would be removed
     */
    public record Intent<K, R>(long id, K key, @Nullable R row) {}

    private record Gone<K, R>(Position upTo, Intent<K, R> intent) {}

    private record Waiting(Set<Long> ids, CompletableFuture<Position> ended) {}

    private final CommitChance chance;

    /** Whether lists are wanted, and changes noted between them. */
    private volatile boolean wanted;

    // Guarded by this.
    /** Of each row the latest change that stands, as the last list has them. */
    private Map<K, Intent<K, R>> latest = Map.of();

    private Set<Long> standing = Set.of();
    private boolean isListed;
    /** Where the journal ended when the last list was made; before the first, up to where it had been taken when lists became wanted. */
    private Position listedUpTo = Position.START;

    /** The rows that have changed in the journal behind there, and some before, with the positions of their last changes. */
    private final Map<K, Position> changedAt = new HashMap<>();

    private final List<Waiting> waiting = new ArrayList<>();

    // The feed's thread alone uses what follows.
    /** Of the transaction that is being taken: of each row the last change. */
    private final Map<K, Optional<R>> staged = new HashMap<>();

    /** What has left the lists and may be in what has not been taken yet, the oldest first. */
    private final List<Gone<K, R>> gone = new ArrayList<>();

    /** Those of them, and of the latest, that have come as they had been seen. */
    private final Set<Long> held = new HashSet<>();

    /** @param chance learns what becomes of changes */
    public Uncommitted(CommitChance chance) {
        this.chance = chance;
    }

    /**
     * From now on lists are wanted, and given in the order in which they were made; none that was asked for before.
     *
     * @param taken up to where the journal has been taken
     */
    public synchronized void begin(Position taken) {
        if (!wanted) {
            wanted = true;
            listedUpTo = taken;
        }
    }

    /** No lists are wanted any more, or none come: nothing is known from here on, and who waits is told so by {@link Position#START}. */
    public void end() {
        List<Waiting> disappointed;
        synchronized (this) {
            wanted = false;
            isListed = false;
            latest = Map.of();
            standing = Set.of();
            changedAt.clear();
            disappointed = List.copyOf(waiting);
            waiting.clear();
        }
        staged.clear();
        gone.clear();
        held.clear();
        disappointed.forEach(one -> one.ended().complete(Position.START));
    }

    /** Whether anybody waits for the end of a change. */
    public synchronized boolean isAwaited() {
        waiting.removeIf(one -> one.ended().isDone());
        return !waiting.isEmpty();
    }

    /**
     * The source's answer to a question that was asked after {@link #begin}.
     *
     * @param upTo what was in an earlier list and is not in this one is in the journal up to here, or was taken back
     * @param intents all that stands, as far as it is told
     */
    public void listed(Position upTo, Collection<Intent<K, R>> intents) {
        Set<Long> ids = new HashSet<>();
        Map<K, Intent<K, R>> byKey = new HashMap<>();
        for (Intent<K, R> intent : intents) {
            ids.add(intent.id());
            byKey.merge(intent.key(), intent, (one, two) -> one.id() > two.id() ? one : two);
        }
        List<Waiting> over = new ArrayList<>();
        synchronized (this) {
            if (!wanted || listedUpTo.compareTo(upTo) > 0) {
                // It cannot be told what has become of its changes since.
                return;
            }
            for (Intent<K, R> former : latest.values()) {
                Intent<K, R> now = byKey.get(former.key());
                if (!ids.contains(former.id())) {
                    gone.add(new Gone<>(upTo, former));
                } else if (now != null && now.id() != former.id()) {
                    // Changed once more before it is committed.
                    chance.ended(false);
                }
            }
            latest = byKey;
            standing = ids;
            isListed = true;
            listedUpTo = upTo;
            changedAt.values().removeIf(position -> position.compareTo(upTo) <= 0);
            for (Iterator<Waiting> each = waiting.iterator(); each.hasNext(); ) {
                Waiting one = each.next();
                if (one.ids().stream().noneMatch(ids::contains)) {
                    each.remove();
                    over.add(one);
                }
            }
        }
        over.forEach(one -> one.ended().complete(upTo));
    }

    /** No list has come in time: what the last one had is not shown any more. */
    public synchronized void hide() {
        latest = Map.of();
    }

    /** A change of a row in the journal, of a transaction that may not be whole yet. */
    public void changed(K key, @Nullable R row, Position position) {
        if (!wanted) {
            return;
        }
        staged.put(key, Optional.ofNullable(row));
        boolean tooMany;
        synchronized (this) {
            changedAt.put(key, position);
            tooMany = changedAt.size() > MAX_RECENT;
        }
        if (tooMany) {
            end();
        }
    }

    /** The transaction is whole. */
    public void committed() {
        if (staged.isEmpty()) {
            return;
        }
        for (Gone<K, R> one : gone) {
            holds(one.intent());
        }
        Map<K, Intent<K, R>> present;
        synchronized (this) {
            present = latest;
        }
        staged.keySet().stream().map(present::get).filter(Objects::nonNull).forEach(this::holds);
        staged.clear();
    }

    /** Everything in the journal up to a position has been told of. */
    public void taken(Position upTo) {
        while (!gone.isEmpty() && gone.get(0).upTo().compareTo(upTo) <= 0) {
            chance.ended(held.remove(gone.remove(0).intent().id()));
        }
    }

    private void holds(Intent<K, R> intent) {
        Optional<R> last = staged.get(intent.key());
        if (last != null && Objects.equals(last.orElse(null), intent.row())) {
            held.add(intent.id());
        }
    }

    /** The latest change of a row that stands; empty where there is none, or where it is too unlikely to be committed. */
    public Optional<Intent<K, R>> of(K key, double threshold) {
        if (!wanted || chance.estimate() < threshold) {
            return Optional.empty();
        }
        synchronized (this) {
            Intent<K, R> intent = latest.get(key);
            Position changed = changedAt.get(key);
            return intent == null || (changed != null && changed.compareTo(listedUpTo) > 0)
                    ? Optional.empty()
                    : Optional.of(intent);
        }
    }

    /**
     * Tells when none of some changes stands any more.
     *
     * @param ids of changes that were given out
     * @return up to where the journal has those that were committed; {@link Position#START} when that will not be known
     */
    public CompletableFuture<Position> ended(Collection<Long> ids) {
        CompletableFuture<Position> ended = new CompletableFuture<>();
        synchronized (this) {
            if (!wanted) {
                ended.complete(Position.START);
            } else if (isListed && ids.stream().noneMatch(standing::contains)) {
                ended.complete(listedUpTo);
            } else {
                waiting.add(new Waiting(Set.copyOf(ids), ended));
            }
        }
        return ended;
    }
}
