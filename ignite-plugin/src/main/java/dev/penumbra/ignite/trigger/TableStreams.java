package dev.penumbra.ignite.trigger;

import dev.penumbra.ignite.internal.CommittedChange;
import dev.penumbra.ignite.internal.TableRows;
import dev.penumbra.ignite.internal.TableTap;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The streams of one table's partitions on one node, and where their changes go: into the node's journal and to the calls of
 * the table's triggers.
 *
 * <p>What is tapped comes from any thread; all else is owned by the relay's.
 */
final class TableStreams implements TableTap.Sink {
    private static final Logger LOG = LoggerFactory.getLogger(TableStreams.class);

    /** How many changes may wait before they are given up and the rows brought anew. */
    static final long MAX_WAITING = 1_000_000;

    /** How many calls may be under way before no further changes are emitted. */
    private static final int MAX_CALLS = 10_000;

    private static final long FAILED_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final int MAX_BACKOFF = 6;
    private static final int PAGE_ROWS = 256;
    private static final long PAGE_BYTES = 4L << 20;
    private static final int EMIT_AT_ONCE = 4_096;

    private final TableTap tap;
    private final TableName table;
    private final CaptureJournal journal;
    private final RowCalls calls;
    private final Runnable wake;
    private final ConcurrentLinkedQueue<Object> arrived = new ConcurrentLinkedQueue<>();
    private final AtomicLong arrivedCount = new AtomicLong();

    /** Volatile: read by those who look at the figures. */
    private volatile long waiting;

    private final AtomicLong emitted = new AtomicLong();
    private final AtomicLong givenUp = new AtomicLong();
    private volatile boolean complete;
    private volatile @Nullable String failure;

    /** Volatile, like the failure: why partitions are set aside. */
    private volatile @Nullable String setAsideFor;

    private volatile boolean cacheStopped;

    private volatile boolean destroyed;

    private final List<Trigger> triggers = new ArrayList<>();
    private final PartitionStream[] streams;
    private final Set<PartitionStream> active = new LinkedHashSet<>();
    private final TreeSet<Integer> rowless = new TreeSet<>();
    /** Partitions with a row that the journal cannot hold. */
    private final Map<Integer, SetAside> setAside = new HashMap<>();

    private final Set<Integer> advanced = new TreeSet<>();
    /** Streams of this node's that others have emitted, too. */
    private final Set<Integer> interrupted = new TreeSet<>();

    private final boolean[] primaryHere;
    private final Set<UUID> unanswered = new HashSet<>();
    private @Nullable Object topology;
    private @Nullable TableRows rows;
    private @Nullable TableRows journalled;
    private @Nullable Trigger capture;
    private boolean gap;
    private int callsUnderWay;
    private int failuresInARow;
    private boolean begun;
    private long notBefore;
    private long askedSince;
    private @Nullable RowsUnderWay underWay;
    private final List<Ending> endings = new ArrayList<>();
    private final List<CompletableFuture<Void>> settling = new ArrayList<>();

    /**
     * The rows of one partition on their way into the journal.
     *
     * <p>A page that has been read goes on when all changes that it may have been read with have been seen: a row of which a change
     * is not confirmed is then journalled as it was before that, since the change may yet be as if it had never been. For
     * the same reason the rows are complete only when all changes that were made while they were read have been emitted.
     */
    private static final class RowsUnderWay {
        private final PartitionStream stream;
        private final Iterator<TableTap.Stored> stored;
        private final long counter;
        /** Keys that changes have been emitted for since the page was read. */
        private final Set<Key> changed = new HashSet<>();

        private final List<Row> page = new ArrayList<>();
        private boolean pageIsRead;
        private long pageCounter;
        private long pageRead;

        RowsUnderWay(PartitionStream stream, Iterator<TableTap.Stored> stored, long counter) {
            this.stream = stream;
            this.stored = stored;
            this.counter = counter;
        }
    }

    /** Rows that have all been journalled, and are complete when the stream has come to a counter. */
    private record Ending(RowsUnderWay rows, long upTo, long sinceNanos) {}

    /**
     * A partition whose rows cannot all be journalled, until its row is gone or smaller. Its changes go on, and so do the other
     * partitions; that nobody takes the partition for whole shows that something is missing.
     */
    private record SetAside(int times, long againAt) {}

    private record Added(Trigger trigger) {}

    private record Ended(String name) {}

    private record Loaded(int partition) {}

    private record Finished(int partition, long counter) {}

    private record Repeated(Collection<Integer> partitions, CompletableFuture<Position> behind) {}

    private record Settling(CompletableFuture<Void> settled) {}

    /**
     * How far a partition's stream has been emitted.
     *
     * @param told what has been told completely; see {@link PartitionStream#tell}
     * @param epoch see {@link PartitionStream#epoch}
     */
    record Standing(int partition, long frontier, long told, long epoch) {}

    /**
     * Begins to tap the table.
     *
     * @param others the nodes that may know how far the table's streams have been emitted
     * @param wake called when something has arrived; must not wait
     */
    TableStreams(
            TableTap tap,
            Trigger first,
            CaptureJournal journal,
            RowCalls calls,
            Collection<UUID> others,
            Runnable wake) {
        this.tap = tap;
        this.table = first.table();
        this.journal = journal;
        this.calls = calls;
        this.wake = wake;
        this.unanswered.addAll(others);
        arrived.add(new Added(first));
        long[] counters = tap.open(this);
        streams = new PartitionStream[counters.length];
        primaryHere = new boolean[counters.length];
        for (int partition = 0; partition < counters.length; partition++) {
            streams[partition] = new PartitionStream(partition, counters[partition]);
        }
    }

    TableName table() {
        return table;
    }

    TableTap tap() {
        return tap;
    }

    @Override
    public void arrived(CommittedChange change) {
        arrived.add(change);
        arrivedCount.incrementAndGet();
        wake.run();
    }

    @Override
    public void confirmed() {
        wake.run();
    }

    @Override
    public void loaded(int partition) {
        arrived.add(new Loaded(partition));
    }

    /** A further trigger sees what arrives from now on. By any thread. */
    void add(Trigger trigger) {
        arrived.add(new Added(trigger));
        wake.run();
    }

    /**
     * The rows of partitions are to be journalled once more, as far as this node is their primary. By any thread.
     *
     * @return a position of the node's journal that they come behind
     */
    CompletableFuture<Position> repeatRows(Collection<Integer> partitions) {
        CompletableFuture<Position> behind = new CompletableFuture<>();
        arrived.add(new Repeated(List.copyOf(partitions), behind));
        wake.run();
        return behind;
    }

    /** Completes when all that has arrived so far has been emitted, and all rows that stood. By any thread. */
    CompletableFuture<Void> settled() {
        CompletableFuture<Void> settled = new CompletableFuture<>();
        arrived.add(new Settling(settled));
        wake.run();
        return settled;
    }

    /** Ends tapping. By any thread. */
    void close() {
        tap.close(this);
    }

    /** A trigger, known by its name, sees nothing that arrives from now on. By any thread. */
    void removeNamed(String name) {
        arrived.add(new Ended(name));
        wake.run();
    }

    /** The table's cache has stopped on this node. By any thread. */
    void cacheStopped(boolean tableIsGone) {
        destroyed = tableIsGone;
        cacheStopped = true;
    }

    /** Says in the journal that the table is gone, when that is why there is nothing more to do. */
    void finish() {
        Trigger capturing = capture;
        TableRows known = journalled;
        capture = null;
        if (destroyed && capturing != null && known != null) {
            journal.table(capturing, known.schema(), Operation.DROP);
        }
        for (Trigger trigger : triggers) {
            calls.end(trigger);
        }
        triggers.clear();
        for (Object left : arrived) {
            if (left instanceof Settling asked) {
                settling.add(asked.settled());
            }
        }
        settling.forEach(asked -> asked.complete(null));
    }

    /** Gives up what waits when it is more than memory is meant to hold, also while nothing can be emitted. */
    void guardMemory() {
        if (arrivedCount.get() > MAX_WAITING) {
            giveUp();
        }
    }

    /** Whether there is nothing more to do. */
    boolean isOver() {
        return cacheStopped || (begun && arrived.isEmpty() && triggers.isEmpty());
    }

    /** When the next step may be taken, by the clock that steps are given. */
    long notBefore() {
        return notBefore;
    }

    Set<UUID> unanswered() {
        return unanswered;
    }

    /** Whether other nodes have been asked for so long that one of them may never answer. */
    boolean hasAskedForLong(long now) {
        if (askedSince == 0) {
            askedSince = now;
        }
        return now - askedSince > ANSWER_NANOS;
    }

    /** A node has said what it knows of the streams, or that it knows nothing. */
    void answered(UUID node) {
        unanswered.remove(node);
    }

    void emittedElsewhere(UUID node, Standing standing, long now) {
        int partition = standing.partition();
        if (partition >= 0 && partition < streams.length) {
            streams[partition].emittedElsewhere(
                    standing.frontier(), standing.told(), standing.epoch(), node.equals(tap.primary(partition)), now);
            if (primaryHere[partition] && !streams[partition].isContinued()) {
                interrupted.add(partition);
            }
            if (primaryHere[partition] && streams[partition].needsRows()) {
                rowless.add(partition);
            }
        }
    }

    /** What this node knows of the streams. */
    List<Standing> standings() {
        List<Standing> all = new ArrayList<>();
        for (PartitionStream stream : streams) {
            if (stream.frontier() >= 0) {
                all.add(standing(stream));
            }
        }
        return all;
    }

    private static Standing standing(PartitionStream stream) {
        return new Standing(stream.partition(), stream.frontier(), stream.told(), stream.epoch());
    }

    /** The streams whose primary this node is, or which it was the last to emit when it was. */
    List<Standing> standingsHere() {
        List<Standing> all = new ArrayList<>();
        for (PartitionStream stream : streams) {
            if ((primaryHere[stream.partition()] || stream.isContinued()) && stream.frontier() >= 0) {
                all.add(standing(stream));
            }
        }
        return all;
    }

    /** The streams that have been emitted further here since the last call. */
    List<Standing> advanced() {
        List<Standing> all = new ArrayList<>();
        for (int partition : advanced) {
            all.add(standing(streams[partition]));
        }
        advanced.clear();
        return all;
    }

    /** Does what can be done now; whether there is more to do at once. */
    boolean step(Predicate<UUID> alive, long now) {
        lookAtTopology();
        if (setAside.keySet().removeIf(partition -> !primaryHere[partition]) && setAside.isEmpty()) {
            setAsideFor = null;
        }
        boolean more = take(now);
        if (triggers.isEmpty() || cacheStopped) {
            return more;
        }
        if (!lookAtLayout()) {
            return false;
        }
        goOn();
        more |= emit(alive, now);
        more |= bringRows(alive, now);
        settle();
        return more;
    }

    private void settle() {
        if (!settling.isEmpty()
                && (capture == null || complete)
                && Arrays.stream(streams).allMatch(stream -> stream.unsettled() == 0)) {
            settling.forEach(asked -> asked.complete(null));
            settling.clear();
        }
    }

    private void lookAtTopology() {
        Object present = tap.topology();
        if (present.equals(topology)) {
            return;
        }
        topology = present;
        UUID local = tap.localNode();
        for (int partition = 0; partition < streams.length; partition++) {
            primaryHere[partition] = local.equals(tap.primary(partition));
            beginAnewIfLost(partition);
            if (primaryHere[partition] && !streams[partition].isContinued()) {
                interrupted.add(partition);
            }
            if (primaryHere[partition] && streams[partition].needsRows()) {
                rowless.add(partition);
            }
            if (!streams[partition].isIdle()) {
                active.add(streams[partition]);
            }
        }
    }

    /** Where all owners of a partition have been lost, those who come after them count from the beginning. */
    private void beginAnewIfLost(int partition) {
        PartitionStream stream = streams[partition];
        long counter = tap.counter(partition);
        if (primaryHere[partition] && tap.owns(partition) && counter < stream.emittedUpTo()) {
            LOG.warn("A partition has lost its rows, or counts anew: table={}, partition={}", table, partition);
            stream.beginAnew(counter, journal.nextEpoch(stream.epoch()));
            advanced.add(partition);
        }
    }

    private boolean take(long now) {
        for (int i = 0; i < EMIT_AT_ONCE; i++) {
            Object next = arrived.poll();
            if (next == null) {
                return false;
            }
            if (next instanceof CommittedChange change) {
                arrivedCount.decrementAndGet();
                PartitionStream stream = streams[change.partition()];
                stream.offer(change, now);
                active.add(stream);
            } else if (next instanceof Loaded loaded) {
                streams[loaded.partition()].loaded(now);
            } else if (next instanceof Finished finished) {
                streams[finished.partition()].finished(finished.counter());
                callsUnderWay--;
                advanced.add(finished.partition());
            } else if (next instanceof Repeated repeated) {
                repeat(repeated);
            } else if (next instanceof Settling asked) {
                settling.add(asked.settled());
            } else if (next instanceof Added added) {
                begin(added.trigger());
            } else if (next instanceof Ended ended) {
                triggers.stream()
                        .filter(trigger -> trigger.name().equals(ended.name()))
                        .findFirst()
                        .ifPresent(this::end);
            }
        }
        return true;
    }

    private void repeat(Repeated repeated) {
        // Said before the first of them is journalled, so that whoever reads it knows already.
        repeated.behind().complete(journal.writer().last());
        for (int partition : repeated.partitions()) {
            if (primaryHere[partition]) {
                streams[partition].repeatRows();
                if (streams[partition].needsRows()) {
                    rowless.add(partition);
                }
            }
        }
    }

    private void begin(Trigger trigger) {
        begun = true;
        if (triggers.contains(trigger)) {
            // Told of it by the cache that starts and by the statement that creates it.
            return;
        }
        triggers.add(trigger);
        if (trigger.captures()) {
            capture = trigger;
            journalled = null;
        } else {
            calls.begin(trigger);
        }
    }

    private void end(Trigger trigger) {
        triggers.remove(trigger);
        if (trigger.equals(capture)) {
            complete = false;
            TableRows known = journalled;
            capture = null;
            for (PartitionStream stream : streams) {
                stream.tell(0);
            }
            underWay = null;
            endings.clear();
            rowless.clear();
            setAside.clear();
            setAsideFor = null;
            if (known != null) {
                journal.table(trigger, known.schema(), Operation.DROP);
            }
        } else if (!trigger.captures()) {
            calls.end(trigger);
        }
    }

    /** Takes up a layout that has changed; false when the table is not there. */
    private boolean lookAtLayout() {
        if (!tap.has(table)) {
            // It is being dropped, and its triggers with it.
            return false;
        }
        TableRows present = tap.rows(table, rows);
        rows = present;
        Trigger capturing = capture;
        if (capturing == null || present == journalled) {
            return true;
        }
        if (gap) {
            journal.writer().markGap("changes were given up");
            gap = false;
        }
        journal.table(capturing, present.schema(), Operation.SCHEMA);
        // After ALTER the rows have not been written again, but they read differently.
        long telling = telling(capturing, present.schema());
        for (PartitionStream stream : streams) {
            stream.tell(telling);
            if (primaryHere[stream.partition()] && stream.needsRows()) {
                rowless.add(stream.partition());
            }
        }
        underWay = null;
        endings.clear();
        journalled = present;
        return true;
    }

    private static long telling(Trigger capture, TableSchema layout) {
        return capture.createdAtMillis() * 31 + layout.fingerprint().value();
    }

    private boolean emit(Predicate<UUID> alive, long now) {
        int left = EMIT_AT_ONCE;
        long size = 0;
        long unsettled = 0;
        for (Iterator<PartitionStream> all = active.iterator(); all.hasNext(); ) {
            PartitionStream stream = all.next();
            left -= emit(stream, alive, now, left);
            size += stream.size();
            unsettled += stream.unsettled();
            if (stream.isIdle()) {
                all.remove();
            }
            if (stream.needsRows() && primaryHere[stream.partition()]) {
                rowless.add(stream.partition());
            }
        }
        waiting = unsettled;
        if (size + arrivedCount.get() > MAX_WAITING) {
            giveUp();
        }
        return left <= 0;
    }

    private int emit(PartitionStream stream, Predicate<UUID> alive, long now, int atMost) {
        int count = 0;
        long begun = stream.frontier();
        boolean here = primaryHere[stream.partition()];
        while (count < atMost && callsUnderWay < MAX_CALLS) {
            CommittedChange change = stream.next(here, alive, tap::decide, now);
            if (change == null) {
                break;
            }
            emit(stream, change);
            count++;
        }
        if (stream.frontier() != begun) {
            advanced.add(stream.partition());
        }
        return count;
    }

    private void emit(PartitionStream stream, CommittedChange change) {
        try {
            TableRows layout = java.util.Objects.requireNonNull(rows);
            Row before = change.before(layout);
            Row after = change.after(layout);
            if (before == null && after == null) {
                // The cache holds what is no row of the table.
                return;
            }
            call(stream, change, layout.schema(), before, after);
            capture(stream, change, layout.schema(), before, after);
        } catch (RuntimeException e) {
            // The change has left its stream; the rows, when they can be brought again, make up for it.
            stream.breakOff();
            advanced.add(stream.partition());
            throw e;
        }
        emitted.incrementAndGet();
    }

    private void capture(
            PartitionStream stream,
            CommittedChange change,
            TableSchema schema,
            @Nullable Row before,
            @Nullable Row after) {
        Trigger capturing = capture;
        if (capturing == null) {
            return;
        }
        goOn(capturing, stream, schema);
        try {
            journal.change(capturing, schema, stream.epoch(), change, before, after);
        } catch (PenumbraException e) {
            if (e.code() != ErrorCode.RECORD_TOO_LARGE) {
                throw e;
            }
            // Both images do not fit; the row by itself may.
            LOG.warn("A change is too large for the journal: its partition's rows are brought anew", e);
            stream.breakOff();
            rowless.add(stream.partition());
            advanced.add(stream.partition());
        }
        RowsUnderWay bringing = underWay;
        if (bringing != null && bringing.stream == stream) {
            bringing.changed.add(key(schema, before, after));
        }
    }

    /** Says in the journal that this node goes on with what another has emitted. */
    private void goOn(Trigger capturing, PartitionStream stream, TableSchema schema) {
        if (!stream.isContinued()) {
            journal.table(
                    capturing, schema, stream.epoch(), stream.partition(), stream.emittedUpTo(), Operation.SCHEMA);
            stream.goesOn();
        }
    }

    /** The same for streams of which nothing may be left to emit: whoever follows this journal alone lacks what others have. */
    private void goOn() {
        Trigger capturing = capture;
        TableRows layout = journalled;
        if (capturing == null || layout == null) {
            return;
        }
        for (Iterator<Integer> all = interrupted.iterator(); all.hasNext(); ) {
            PartitionStream stream = streams[all.next()];
            if (primaryHere[stream.partition()] && !stream.needsRows()) {
                goOn(capturing, stream, layout.schema());
            }
            all.remove();
        }
    }

    private void call(
            PartitionStream stream,
            CommittedChange change,
            TableSchema schema,
            @Nullable Row before,
            @Nullable Row after) {
        for (Trigger trigger : triggers) {
            if (!trigger.captures() && trigger.operations().contains(operation(before, after))) {
                stream.unfinished(change.counter(), 1);
                callsUnderWay++;
                calls.call(trigger, change, schema, before, after, () -> {
                    arrived.add(new Finished(stream.partition(), change.counter()));
                    wake.run();
                });
            }
        }
    }

    /** What a change did to a row with these images. */
    static Operation operation(@Nullable Row before, @Nullable Row after) {
        return after == null ? Operation.DELETE : before == null ? Operation.INSERT : Operation.UPDATE;
    }

    private static Key key(TableSchema schema, @Nullable Row before, @Nullable Row after) {
        return schema.keyOf(java.util.Objects.requireNonNull(after == null ? before : after));
    }

    /** Brings a page of the rows of a partition whose stream begins here. */
    private boolean bringRows(Predicate<UUID> alive, long now) {
        Trigger capturing = capture;
        TableRows layout = rows;
        if (capturing == null || layout == null || !unanswered.isEmpty()) {
            return false;
        }
        endRows(capturing, layout, now);
        RowsUnderWay bringing = underWay;
        if (bringing == null) {
            takeUpAgain(now);
            bringing = beginRows(capturing, layout, now);
            if (bringing == null) {
                complete = rowless.isEmpty() && endings.isEmpty() && setAside.isEmpty();
                return false;
            }
            complete = false;
            underWay = bringing;
        }
        if (!primaryHere[bringing.stream.partition()]) {
            underWay = null;
            return true;
        }
        if (!bringing.pageIsRead) {
            readPage(bringing, layout, now);
        }
        // What has changed since the page was read goes before it, and is newer.
        while (take(now)) {}
        emit(bringing.stream, alive, now, Integer.MAX_VALUE);
        if (underWay != bringing) {
            return true;
        }
        if (!bringing.stream.hasSeen(bringing.pageCounter, bringing.pageRead, now)) {
            return false;
        }
        try {
            writePage(capturing, bringing, layout);
        } catch (PenumbraException e) {
            if (e.code() != ErrorCode.RECORD_TOO_LARGE) {
                throw e;
            }
            setAside(bringing.stream.partition(), e, now);
            underWay = null;
            return true;
        }
        if (!bringing.stored.hasNext()) {
            endings.add(new Ending(bringing, tap.counter(bringing.stream.partition()), now));
            underWay = null;
        }
        return true;
    }

    private void setAside(int partition, PenumbraException tooLarge, long now) {
        SetAside before = setAside.get(partition);
        int times = before == null ? 0 : before.times() + 1;
        setAside.put(partition, new SetAside(times, now + (FAILED_NANOS << Math.min(MAX_BACKOFF, times))));
        setAsideFor = tooLarge.getMessage();
        if (times == 0) {
            LOG.warn("A row is too large for the journal: partition={}", partition, tooLarge);
        }
    }

    /** Tries partitions again that were set aside, the later the oftener they were. */
    private void takeUpAgain(long now) {
        for (Map.Entry<Integer, SetAside> entry : setAside.entrySet()) {
            if (now - entry.getValue().againAt() >= 0) {
                rowless.add(entry.getKey());
            }
        }
    }

    private void readPage(RowsUnderWay bringing, TableRows layout, long now) {
        bringing.changed.clear();
        long bytes = 0;
        while (bringing.page.size() < PAGE_ROWS && bytes < PAGE_BYTES && bringing.stored.hasNext()) {
            Row row = bringing.stored.next().row(layout);
            if (row != null) {
                bringing.page.add(row);
                bytes += row.weight();
            }
        }
        bringing.pageCounter = tap.counter(bringing.stream.partition());
        bringing.pageRead = now;
        bringing.pageIsRead = true;
    }

    private void writePage(Trigger capturing, RowsUnderWay bringing, TableRows layout) {
        TableSchema schema = layout.schema();
        Map<Key, CommittedChange> unsettled = new HashMap<>();
        for (CommittedChange change : bringing.stream.waiting()) {
            if (!change.isEmpty()) {
                Row before = change.before(layout);
                Row after = change.after(layout);
                if (before != null || after != null) {
                    unsettled.putIfAbsent(key(schema, before, after), change);
                }
            }
        }
        List<Row> settled = new ArrayList<>();
        for (Row row : bringing.page) {
            Key key = schema.keyOf(row);
            CommittedChange change = unsettled.get(key);
            Row known = change == null ? row : change.before(layout);
            if (known != null && !bringing.changed.contains(key)) {
                settled.add(known);
            }
        }
        bringing.page.clear();
        bringing.pageIsRead = false;
        journal.rows(
                capturing, schema, bringing.stream.epoch(), bringing.stream.partition(), bringing.counter, settled);
    }

    private void endRows(Trigger capturing, TableRows layout, long now) {
        for (Iterator<Ending> all = endings.iterator(); all.hasNext(); ) {
            Ending ending = all.next();
            PartitionStream stream = ending.rows().stream;
            if (!primaryHere[stream.partition()]) {
                all.remove();
            } else if (stream.emittedUpTo() >= ending.upTo()
                    || (stream.isIdle() && now - ending.sinceNanos() > PartitionStream.MISSING_NANOS)) {
                all.remove();
                stream.rowsEmitted();
                if (setAside.remove(stream.partition()) != null && setAside.isEmpty()) {
                    setAsideFor = null;
                }
                if (stream.needsRows()) {
                    rowless.add(stream.partition());
                }
                journal.table(
                        capturing,
                        layout.schema(),
                        stream.epoch(),
                        stream.partition(),
                        ending.rows().counter,
                        Operation.SNAPSHOT_END);
                advanced.add(stream.partition());
            }
        }
    }

    private @Nullable RowsUnderWay beginRows(Trigger capturing, TableRows layout, long now) {
        while (true) {
            Integer partition = rowless.pollFirst();
            if (partition == null) {
                return null;
            }
            PartitionStream stream = streams[partition];
            SetAside aside = setAside.get(partition);
            if (aside != null && now - aside.againAt() < 0) {
                continue;
            }
            boolean ending = endings.stream().anyMatch(rows -> rows.rows().stream == stream);
            if (primaryHere[partition] && stream.needsRows() && !ending) {
                if (!tap.owns(partition)) {
                    rowless.add(partition);
                    return null;
                }
                beginAnewIfLost(partition);
                stream.beginRows(tap.counter(partition));
                long counter = stream.emittedUpTo();
                journal.table(capturing, layout.schema(), stream.epoch(), partition, counter, Operation.TRUNCATE);
                return new RowsUnderWay(stream, tap.scan(partition), counter);
            }
        }
    }

    /** So much waits that memory would not hold it; the rows are brought anew instead. */
    private void giveUp() {
        givenUp.addAndGet(waiting());
        Object next = arrived.poll();
        List<Object> kept = new ArrayList<>();
        while (next != null) {
            if (next instanceof CommittedChange) {
                arrivedCount.decrementAndGet();
            } else {
                kept.add(next);
            }
            next = arrived.poll();
        }
        arrived.addAll(kept);
        for (PartitionStream stream : streams) {
            stream.giveUp();
            advanced.add(stream.partition());
            if (primaryHere[stream.partition()] && stream.needsRows()) {
                rowless.add(stream.partition());
            }
        }
        active.clear();
        endings.clear();
        underWay = null;
        gap = capture != null;
        journalled = null;
    }

    /** The last step went well. */
    void succeeded() {
        failure = null;
        failuresInARow = 0;
    }

    /** The last step failed for a reason and is taken again after a while, the longer the oftener it fails. */
    void failed(Throwable reason, long now) {
        notBefore = now + (FAILED_NANOS << Math.min(MAX_BACKOFF, failuresInARow));
        failuresInARow++;
        if (underWay != null) {
            rowless.add(underWay.stream.partition());
            underWay = null;
        }
        failure = FailureText.of(reason);
    }

    long waiting() {
        return waiting + arrivedCount.get();
    }

    long emitted() {
        return emitted.get();
    }

    long givenUp() {
        return givenUp.get();
    }

    boolean isComplete() {
        return complete && waiting() == 0;
    }

    @Nullable String failure() {
        String stopping = failure;
        return stopping == null ? setAsideFor : stopping;
    }
}
