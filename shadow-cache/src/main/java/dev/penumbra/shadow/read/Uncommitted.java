package dev.penumbra.shadow.read;

import dev.penumbra.model.Position;
import dev.penumbra.model.TransactionId;
import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
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
 * <p>{@link #of}, {@link #ended} and {@link #isAwaited} may be called by any thread; all else belongs to the feed's thread. Futures are
 * completed on any of them.
 *
 * @param <K> a row's key
 * @param <R> a row
 */
@Internal
public final class Uncommitted<K, R> {
    /** Behind so many changed rows with no list between them, nothing is known any more. */
    private static final int MAX_CHANGED = 100_000;

    /** Of so many changes it is remembered what has become of them, for those who ask late. */
    private static final int MAX_OUTCOMES = 10_000;

    /** So many may wait, and so many changes be waited for; those beyond learn that it will not be known. */
    private static final int MAX_WAITING = 10_000;

    private static final int MAX_GONE = 100_000;

    /**
     * A change that somebody has made and not committed.
     *
     * @param id tells it from every other change; of two changes of a row the later one has the larger
     * @param transaction as the journal will name it
     * @param row the row as it would be left; null where it would be removed
     */
    public record Intent<K, R>(
            long id,
            TransactionId transaction,
            K key,
            @Nullable R row) {}

    /**
     * What has become of changes of which none stands any more.
     *
     * @param upTo where the journal has those that were committed, at or before; {@link Position#START} when that is not known
     * @param asSeen whether each of them was committed, and left its row as it was seen
     */
    public record Ended(Position upTo, boolean asSeen) {
        /** It will not be known. */
        public static final Ended UNKNOWN = new Ended(Position.START, false);
    }

    private record Staged<R>(
            TransactionId transaction, @Nullable R row) {}

    private record Gone<K, R>(Position upTo, Intent<K, R> intent) {}

    private record Waiting(Set<Long> ids, CompletableFuture<Ended> ended) {}

    private final CommitChance chance;

    /** Whether lists are wanted, and changes noted between them. */
    private volatile boolean wanted;

    // Guarded by this.
    /** Of each row the latest change that stands, as the last list has them. */
    private Map<K, Intent<K, R>> latest = Map.of();

    private Set<Long> standing = Set.of();
    private boolean isListed;
    /** The next list is late: what the last one had is not shown any more. */
    private boolean isLate;
    /** Where the journal ended when the last list was made; before the first, up to where it had been taken when lists became wanted. */
    private Position listedUpTo = Position.START;

    /** The rows that have changed in the journal behind there, and some before, with the positions of their last changes. */
    private final Map<K, Position> changedAt = new HashMap<>();

    private final List<Waiting> waiting = new ArrayList<>();

    /** What has left the lists and may be in what has not been taken yet, the oldest first. */
    private final List<Gone<K, R>> gone = new ArrayList<>();

    /** Those of them, and of the latest, that have come as they had been seen. One change may be of two rows, where it moves one. */
    private final Set<Intent<K, R>> held = new HashSet<>();

    /** Whether changes that were once the latest of their rows have come as they had been seen. */
    private final Map<Long, Boolean> outcomes = new LinkedHashMap<>();

    // The feed's thread alone uses what follows.
    /** Of the transaction that is being taken: of each row the last change. */
    private final Map<K, Staged<R>> staged = new HashMap<>();

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

    /** No lists are wanted any more, or none come: nothing is known from here on, and who waits is told so. */
    public void end() {
        List<Waiting> disappointed;
        synchronized (this) {
            wanted = false;
            isListed = false;
            latest = Map.of();
            standing = Set.of();
            changedAt.clear();
            gone.clear();
            held.clear();
            outcomes.clear();
            disappointed = List.copyOf(waiting);
            waiting.clear();
        }
        staged.clear();
        disappointed.forEach(one -> one.ended().complete(Ended.UNKNOWN));
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
        boolean tooMany;
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
                    learn(former.id(), false);
                }
            }
            latest = byKey;
            standing = ids;
            isListed = true;
            isLate = false;
            listedUpTo = upTo;
            changedAt.values().removeIf(position -> position.compareTo(upTo) <= 0);
            tooMany = gone.size() > MAX_GONE;
        }
        if (tooMany) {
            end();
        } else {
            tellWhoWaits();
        }
    }

    private void learn(long id, boolean asSeen) {
        chance.ended(asSeen);
        // One change may be of two rows.
        outcomes.merge(id, asSeen, Boolean::logicalAnd);
        if (outcomes.size() > MAX_OUTCOMES) {
            outcomes.remove(outcomes.keySet().iterator().next());
        }
    }

    private void tellWhoWaits() {
        Map<CompletableFuture<Ended>, Ended> over = new LinkedHashMap<>();
        synchronized (this) {
            for (Iterator<Waiting> each = waiting.iterator(); each.hasNext(); ) {
                Waiting one = each.next();
                Ended ended = one.ended().isDone() ? Ended.UNKNOWN : outcome(one.ids());
                if (ended != null) {
                    each.remove();
                    over.put(one.ended(), ended);
                }
            }
        }
        over.forEach(CompletableFuture::complete);
    }

    /** Null while one of the changes stands, or may be in what has not been taken yet. */
    private @Nullable Ended outcome(Set<Long> ids) {
        boolean isOver = isListed
                && ids.stream().noneMatch(standing::contains)
                && gone.stream().noneMatch(one -> ids.contains(one.intent().id()));
        return isOver ? new Ended(listedUpTo, ids.stream().allMatch(id -> outcomes.getOrDefault(id, false))) : null;
    }

    /** No list has come in time: what the last one had is not shown any more. */
    public synchronized void hide() {
        isLate = true;
    }

    /** A change of a row in the journal, of a transaction that may not be whole yet. */
    public void changed(K key, @Nullable R row, Position position, TransactionId transaction) {
        if (!wanted) {
            return;
        }
        staged.put(key, new Staged<>(transaction, row));
        boolean tooMany;
        synchronized (this) {
            changedAt.put(key, position);
            tooMany = changedAt.size() > MAX_CHANGED;
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
        synchronized (this) {
            for (Gone<K, R> one : gone) {
                holds(one.intent());
            }
            staged.keySet().stream().map(latest::get).filter(Objects::nonNull).forEach(this::holds);
        }
        staged.clear();
    }

    /** Everything in the journal up to a position has been told of. */
    public void taken(Position upTo) {
        if (!wanted) {
            return;
        }
        boolean anyOver = false;
        synchronized (this) {
            while (!gone.isEmpty() && gone.get(0).upTo().compareTo(upTo) <= 0) {
                Intent<K, R> over = gone.remove(0).intent();
                learn(over.id(), held.remove(over));
                anyOver = true;
            }
        }
        if (anyOver) {
            tellWhoWaits();
        }
    }

    private void holds(Intent<K, R> intent) {
        Staged<R> last = staged.get(intent.key());
        // Another may have left the row so that has written after this one was taken back.
        if (last != null
                && last.transaction().equals(intent.transaction())
                && Objects.equals(last.row(), intent.row())) {
            held.add(intent);
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
            return intent == null || isLate || (changed != null && changed.compareTo(listedUpTo) > 0)
                    ? Optional.empty()
                    : Optional.of(intent);
        }
    }

    /**
     * Tells when none of some changes stands any more, and what has become of them.
     *
     * @param ids of changes that were given out
     */
    public CompletableFuture<Ended> ended(Collection<Long> ids) {
        Set<Long> changes = Set.copyOf(ids);
        CompletableFuture<Ended> ended = new CompletableFuture<>();
        @Nullable Ended known;
        synchronized (this) {
            known = !wanted || waiting.size() >= MAX_WAITING ? Ended.UNKNOWN : outcome(changes);
            if (known == null) {
                waiting.add(new Waiting(changes, ended));
            }
        }
        if (known != null) {
            ended.complete(known);
        }
        return ended;
    }
}
