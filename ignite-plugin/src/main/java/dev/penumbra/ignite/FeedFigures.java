package dev.penumbra.ignite;

import dev.penumbra.ignite.trigger.FailureText;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.read.EagerOrder;
import java.time.InstantSource;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What one feed counts. Written by the feed's thread, read by any. */
final class FeedFigures implements EagerOrder.Told {
    private final String source;
    private final Datacenter datacenter;
    private final InstantSource clock;
    private final LongAdder changes = new LongAdder();
    private final LongAdder batches = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private final LongAdder gaps = new LongAdder();
    private final LongAdder ahead = new LongAdder();
    private final LongAdder aheadRead = new LongAdder();
    private final LongAdder aheadChanged = new LongAdder();

    // Each is written by one thread and stands for itself.
    private volatile Phase phase = Phase.WAITING;
    private volatile Position applied = Position.START;
    private volatile Position read = Position.START;
    private volatile long waitingSinceMillis;
    private volatile LongConsumer freshness = millis -> {};
    private volatile LongSupplier pending = () -> 0;
    private volatile long gatheredBytes;
    private volatile @Nullable String lastFailure;
    private volatile @Nullable Position lastGap;

    /** What a feed is doing. */
    enum Phase {
        /** The datacenter has no node, or the node that has the journal is not there. */
        WAITING,
        /** Another node runs the feed. */
        STANDBY,
        /** The journal is not the one of this name that another node ships; it is left alone until this node starts again. */
        REFUSED,
        /** It carries changes. */
        RUNNING,
        /** The journal lacks positions that had been applied. */
        GAP
    }

    FeedFigures(String source, Datacenter datacenter, InstantSource clock) {
        this.source = source;
        this.datacenter = datacenter;
        this.clock = clock;
    }

    String source() {
        return source;
    }

    Datacenter datacenter() {
        return datacenter;
    }

    void phase(Phase next) {
        phase = next;
    }

    Phase phase() {
        return phase;
    }

    void applied(Position position) {
        applied = position;
    }

    void applied(Position position, long count, long committedAtMillis) {
        applied = position;
        changes.add(count);
        batches.increment();
        waitingSinceMillis = 0;
        freshness.accept(Math.max(0, clock.millis() - committedAtMillis));
    }

    Position applied() {
        return applied;
    }

    void failed(Throwable failure) {
        failures.increment();
        lastFailure = FailureText.of(failure);
    }

    void gap(Position position) {
        gaps.increment();
        lastGap = position;
        phase = Phase.GAP;
    }

    long changes() {
        return changes.sum();
    }

    long batches() {
        return batches.sum();
    }

    long failures() {
        return failures.sum();
    }

    long gaps() {
        return gaps.sum();
    }

    @Override
    public void ahead(int rows) {
        ahead.add(rows);
    }

    @Override
    public void right(int rows) {
        aheadRead.add(rows);
    }

    @Override
    public void wrong(int rows) {
        aheadChanged.add(rows);
    }

    /** How many rows were written ahead of their turn, because they were likely to be read. */
    long ahead() {
        return ahead.sum();
    }

    /** How many of them were read before their turn. */
    long aheadRead() {
        return aheadRead.sum();
    }

    /** How many of them changed again before they were read. */
    long aheadChanged() {
        return aheadChanged.sum();
    }

    /** Changes have been read, up to a position, of which the oldest was committed so. */
    void read(Position position, long committedAtMillis) {
        read = position;
        if (waitingSinceMillis == 0) {
            waitingSinceMillis = committedAtMillis;
        }
    }

    /** What has been gathered and not written weighs that much, roughly. */
    void gatheredBytes(long bytes) {
        gatheredBytes = bytes;
    }

    long gatheredBytes() {
        return gatheredBytes;
    }

    /** Says who counts the changes that are not known to be applied. */
    void pending(LongSupplier counting) {
        pending = counting;
    }

    long pending() {
        return pending.getAsLong();
    }

    /** Says who is told how old the oldest change of each batch was when the batch had been applied, in milliseconds. */
    void freshness(LongConsumer listener) {
        freshness = listener;
    }

    /** The age of the oldest change that has been read and not applied; 0 when there is none. */
    long lagMillis() {
        long since = waitingSinceMillis;
        return since == 0 ? 0 : Math.max(0, clock.millis() - since);
    }

    /** How many positions have been read and not applied; across epochs those of the newer one. */
    long lagPositions() {
        Position last = read;
        Position done = applied;
        if (last.compareTo(done) <= 0) {
            return 0;
        }
        return last.epoch() == done.epoch() ? last.sequence() - done.sequence() : last.sequence();
    }

    @Nullable String lastFailure() {
        return lastFailure;
    }

    @Nullable Position lastGap() {
        return lastGap;
    }
}
