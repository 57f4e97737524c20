package dev.penumbra.ignite.internal;

import dev.penumbra.model.Row;
import dev.penumbra.model.api.Internal;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One change of a row of an Ignite table as a node that owns the row's partition has seen it.
 *
 * <p>Most changes have a counter: the partition's own count of updates, the same number on every owner. Rows that
 * {@code clear()} and expiry remove have none; each owner removes them by itself. Such a change stands behind the counter
 * that the partition had.
 *
 * <p>Safe for use by several threads.
 */
@Internal
public final class CommittedChange {
    private static final int UNDECIDED = 0;
    private static final int COUNTED_ELSEWHERE = 1;
    private static final int UNCOUNTED = 2;

    private final int partition;
    private final long counter;
    private final boolean own;
    private final @Nullable UUID primary;
    private final Object key;
    private final @Nullable Object before;
    private final @Nullable Object after;
    private final boolean counted;

    /** Volatile: set by the thread that learns that all owners have the change. */
    private volatile boolean confirmed;

    /** Volatile: what a removal without a counter turned out to be; the thread that removed and the relay both write it. */
    private volatile int removal;

    private CommittedChange(
            int partition,
            long counter,
            boolean own,
            @Nullable UUID primary,
            Object key,
            @Nullable Object before,
            @Nullable Object after,
            boolean counted) {
        this.partition = partition;
        this.counter = counter;
        this.own = own;
        this.primary = primary;
        this.key = key;
        this.before = before;
        this.after = after;
        this.counted = counted;
    }

    /** A change with a counter of its own, not confirmed yet. */
    public static CommittedChange counted(
            int partition,
            long counter,
            boolean own,
            @Nullable UUID primary,
            Object key,
            @Nullable Object before,
            @Nullable Object after) {
        return new CommittedChange(partition, counter, own, primary, key, before, after, true);
    }

    /** A removal that may turn out to be part of a change that has a counter. */
    public static CommittedChange removal(
            int partition, long counter, boolean own, @Nullable UUID primary, Object key, Object before) {
        return new CommittedChange(partition, counter, own, primary, key, before, null, false);
    }

    /** A counter that belongs to no row of this table: of a transaction that was rolled back, or of another cache. */
    public static CommittedChange none(int partition, long counter, boolean own, @Nullable UUID primary) {
        CommittedChange none = new CommittedChange(partition, counter, own, primary, "", null, null, true);
        none.confirmed = true;
        return none;
    }

    /** The row's partition. */
    public int partition() {
        return partition;
    }

    /** Where the change stands in its partition. */
    public long counter() {
        return counter;
    }

    /** Whether the change has a counter of its own. */
    public boolean isCounted() {
        return counted;
    }

    /** Whether the node that saw the change was the primary of its partition then. */
    public boolean isOwn() {
        return own;
    }

    /** The node that was the partition's primary then; null when there was none. */
    public @Nullable UUID primary() {
        return primary;
    }

    /** Whether there is no row to it: only its counter matters. */
    public boolean isEmpty() {
        return before == null && after == null;
    }

    /** Whether a crash of this node alone can no longer take the change back. */
    public boolean isConfirmed() {
        return confirmed;
    }

    /** The death of the node that saw the change can no longer take it back. */
    public void confirm() {
        confirmed = true;
    }

    void countedElsewhere() {
        removal = COUNTED_ELSEWHERE;
    }

    /** A removal is one by itself, unless it is known to be part of another change. */
    public void uncounted() {
        if (removal == UNDECIDED) {
            removal = UNCOUNTED;
        }
    }

    boolean isUndecided() {
        return !counted && removal == UNDECIDED;
    }

    /** Whether a removal turned out to be part of a change that has a counter. */
    public boolean isCountedElsewhere() {
        return removal == COUNTED_ELSEWHERE;
    }

    /** The row's key as the cache holds it. */
    public Object key() {
        return key;
    }

    @Nullable Object beforeValue() {
        return before;
    }

    @Nullable Object afterValue() {
        return after;
    }

    /** The row before; null when the table had none. */
    public @Nullable Row before(TableRows rows) {
        return before == null ? null : rows.rowOrNull(key, before);
    }

    /** The row after; null when the table has none. */
    public @Nullable Row after(TableRows rows) {
        return after == null ? null : rows.rowOrNull(key, after);
    }
}
