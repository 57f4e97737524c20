package dev.penumbra.simulator;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.read.FeedName;
import dev.penumbra.shadow.read.LastChanges;
import dev.penumbra.shadow.read.ProbeDesk;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import dev.penumbra.simulator.SimulatedSource.Kind;
import dev.penumbra.simulator.SimulatedSource.Transaction;
import dev.penumbra.simulator.SimulatedSource.Written;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Carries the journal to the copy in one datacenter, from a process in that datacenter that may be killed; the journal is at home.
 *
 * <p>As the real one it writes the last change of each key of a batch, in any order, and moves the applied position when all are
 * there; who takes over writes again what may have been written.
 */
final class SimulatedFeed {
    private static final int BATCH = 60;

    private final Random random;
    private final VirtualTime time;
    private final Network network;
    private final SimulatedSource source;
    private final Datacenter home;
    private final Datacenter datacenter;
    /** Of the process that has the journal; null in that process itself. */
    private final @Nullable SimulatedFeed homeFeed;

    private final int keys;

    // In the datacenter.
    private UUID life;
    private SimulatedCopy copy;
    private Position applied = Position.START;
    private int appliedCount;
    private int generation;

    // In the process.
    private @Nullable SimulatedTail tail;
    private final Deque<Integer> come = new ArrayDeque<>();
    private ProbeDesk<Question> desk;
    private final LastChanges changes = new LastChanges();
    private Position known = Position.START;
    private int next;
    private int written;
    private boolean busy;
    private boolean up = true;
    private boolean filling;
    private int incarnation;
    private int processes;
    private int onTheirWay;

    /** What a node asks, and the way of the answer. */
    record Question(Datacenter from, UUID life, Runnable answered) {}

    /** @param homeFeed the feed of the home image; null for that itself */
    SimulatedFeed(
            Random random,
            VirtualTime time,
            Network network,
            SimulatedSource source,
            Datacenter home,
            Datacenter datacenter,
            @Nullable SimulatedFeed homeFeed,
            int keys) {
        this.keys = keys;
        this.random = random;
        this.time = time;
        this.network = network;
        this.source = source;
        this.home = home;
        this.datacenter = datacenter;
        this.life = newLife();
        this.homeFeed = homeFeed;
        this.copy = new SimulatedCopy(datacenter + "/0", Position.START, false);
        this.desk = newDesk();
    }

    FeedName name() {
        return new FeedName(SimulatedSource.NAME, datacenter, life);
    }

    private UUID newLife() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    private ProbeDesk<Question> newDesk() {
        return new ProbeDesk<>(
                new Writer(),
                questions -> questions.stream()
                        .filter(question -> question.life().equals(name().life()))
                        .forEach(question -> network.message(datacenter, question.from(), question.answered())));
    }

    /** The source: beside this process, or over the tail that is open. */
    private final class Writer implements ProbeDesk.Source {
        private ProbeDesk.Source way() {
            return homeFeed == null
                    ? source.probe()
                    : Objects.requireNonNull(tail).source();
        }

        @Override
        public long ask() {
            return way().ask();
        }

        @Override
        public Optional<ProbeDesk.Said> said() {
            return way().said();
        }
    }

    /** A question has come to the process. */
    void asked(Question question) {
        if (up) {
            desk.asked(question);
        }
    }

    /** The copy, while it may answer. */
    Optional<Candidate> candidate(Datacenter reader) {
        if (!copy.isWhole(applied)) {
            return Optional.empty();
        }
        boolean near = reader.equals(datacenter);
        return Optional.of(new Candidate(
                copy.id(),
                name(),
                homeFeed == null,
                near ? source.journalId() : null,
                near ? applied : Position.START));
    }

    SimulatedCopy copy() {
        return copy;
    }

    /** For the reader each row is a table of its own, so that now and then one is not written to. */
    static TableName table(int key) {
        return new TableName("S", "T" + key);
    }

    /** What the process knows of where rows were written last. */
    LastChanges changes() {
        return changes;
    }

    private void noteAll(Position position) {
        for (int key = 0; key < keys; key++) {
            changes.changed(table(key), position);
        }
    }

    void start() {
        int running = incarnation;
        time.after(random.nextLong(3 * VirtualTime.MILLI), () -> {
            if (running == incarnation) {
                if (reads()) {
                    if (!busy) {
                        step();
                    }
                    look();
                }
                start();
            }
        });
    }

    private void look() {
        if (homeFeed == null || tail != null) {
            desk.look(known);
        }
    }

    /** Takes what has come of the journal, and opens it where that is not so yet; whether it is open and not behind its opening. */
    private boolean reads() {
        SimulatedFeed host = homeFeed;
        if (host == null) {
            come.clear();
            for (int i = next; i < source.journal().size(); i++) {
                come.add(i);
            }
            return true;
        }
        SimulatedTail open = tail;
        if (open != null && open.isBroken()) {
            closeTail();
            open = null;
        }
        if (open == null) {
            if (!busy && host.up) {
                int hosted = host.processes;
                tail = new SimulatedTail(
                        random,
                        time,
                        network,
                        home,
                        datacenter,
                        source,
                        next,
                        () -> host.up && host.processes == hosted);
            }
            return false;
        }
        open.take(come::add);
        return open.hasComeToItsOpening();
    }

    private void closeTail() {
        SimulatedTail open = tail;
        tail = null;
        come.clear();
        desk.forget();
        if (open != null) {
            open.close();
        }
    }

    /** The process is killed, and another takes over once nothing of it is on its way any more. */
    void kill(long downNanos) {
        incarnation++;
        processes++;
        up = false;
        busy = false;
        closeTail();
        int killed = incarnation;
        time.after(downNanos, () -> takeOver(killed));
    }

    private void takeOver(int killed) {
        if (killed != incarnation) {
            return;
        }
        if (onTheirWay > 0) {
            time.after(5 * VirtualTime.MILLI, () -> takeOver(killed));
            return;
        }
        up = true;
        desk = newDesk();
        known = applied;
        next = appliedCount;
        changes.begin(applied);
        start();
    }

    /** The datacenter has lost its memory: the feed begins anew from the oldest there is, and the copy is made from that. */
    void beginAnew() {
        if (!up || filling) {
            return;
        }
        incarnation++;
        copy.end();
        copy = new SimulatedCopy(datacenter + "/" + ++generation, Position.START, false);
        life = newLife();
        applied = Position.START;
        changes.begin(applied);
        appliedCount = 0;
        known = Position.START;
        next = 0;
        written = 0;
        busy = false;
        closeTail();
        start();
    }

    /** The session ends for a failure that passes, and begins again. */
    void fail() {
        if (up && !busy) {
            closeTail();
        }
    }

    private void step() {
        List<Transaction> journal = source.journal();
        Integer begun = come.peek();
        if (begun == null) {
            return;
        }
        Transaction first = journal.get(begun);
        if (first.kind() != Kind.ROWS) {
            next = begun;
            come.remove();
            control(first);
            return;
        }
        Map<Integer, Map.Entry<Written, Position>> last = new LinkedHashMap<>();
        int limit = Math.max(written, begun + 1 + random.nextInt(BATCH));
        int end = begun;
        while (!come.isEmpty()
                && come.getFirst() < limit
                && journal.get(come.getFirst()).kind() == Kind.ROWS) {
            end = come.remove();
            Transaction transaction = journal.get(end);
            long sequence = transaction.first().sequence();
            for (Written one : transaction.writes()) {
                Position position = new Position(transaction.first().epoch(), sequence++);
                changes.changed(table(one.key()), position);
                last.put(one.key(), Map.entry(one, position));
            }
            end++;
        }
        written = Math.max(written, end);
        int upTo = end;
        SimulatedCopy target = copy;
        busy = true;
        int running = incarnation;
        int[] missing = {last.size()};
        last.values().forEach(write -> {
            onTheirWay++;
            network.reliable(datacenter, datacenter, () -> {
                onTheirWay--;
                target.write(write.getKey().key(), write.getKey().value(), write.getValue());
                network.reliable(datacenter, datacenter, () -> {
                    if (--missing[0] == 0 && running == incarnation) {
                        advance(upTo, () -> {});
                    }
                });
            });
        });
    }

    private void control(Transaction transaction) {
        noteAll(transaction.last());
        SimulatedCopy target = copy;
        busy = true;
        written = Math.max(written, next + 1);
        int running = incarnation;
        onTheirWay++;
        network.reliable(datacenter, datacenter, () -> {
            onTheirWay--;
            if (running != incarnation) {
                return;
            }
            if (transaction.kind() == Kind.END) {
                advance(next + 1, target::complete);
                return;
            }
            target.begin();
            onTheirWay++;
            time.after(random.nextLong(2 * VirtualTime.MILLI), () -> {
                onTheirWay--;
                if (running == incarnation) {
                    target.empty(transaction.last());
                    advance(next + 1, () -> {});
                }
            });
        });
    }

    /** Notes in the datacenter, then here, that everything before the given transaction is applied. */
    private void advance(int upTo, Runnable alongWith) {
        Position last = source.journal().get(upTo - 1).last();
        int running = incarnation;
        onTheirWay++;
        network.reliable(datacenter, datacenter, () -> {
            onTheirWay--;
            if (running != incarnation) {
                return;
            }
            alongWith.run();
            applied = last;
            appliedCount = upTo;
            network.reliable(datacenter, datacenter, () -> {
                if (running == incarnation) {
                    next = upTo;
                    known = last;
                    busy = false;
                    look();
                }
            });
        });
    }

    /** The shadow's cache is gone; it is filled anew from the home image. */
    void refill() {
        SimulatedFeed from = homeFeed;
        if (from == null || filling || !up || !from.copy.isWhole(from.applied)) {
            return;
        }
        filling = true;
        copy.end();
        fill(from);
    }

    private void fill(SimulatedFeed from) {
        int since = from.appliedCount;
        String copied = from.copy.id();
        time.after(random.nextLong(80 * VirtualTime.MILLI), () -> {
            SimulatedCopy fresh = new SimulatedCopy(datacenter + "/" + ++generation, before(from.written), true);
            from.copy.copyTo(fresh);
            join(from, fresh, since, copied);
        });
    }

    private Position before(int count) {
        return count == 0 ? Position.START : source.journal().get(count - 1).last();
    }

    private void join(SimulatedFeed from, SimulatedCopy fresh, int since, String copied) {
        boolean same = from.copy.isWhole(from.applied) && from.copy.id().equals(copied);
        if (!same || controlBetween(since, Math.max(next, from.written))) {
            time.after(20 * VirtualTime.MILLI, () -> fill(from));
            return;
        }
        if (busy || !up || next < since) {
            time.after(3 * VirtualTime.MILLI, () -> join(from, fresh, since, copied));
            return;
        }
        for (int i = since; i < next; i++) {
            Transaction transaction = source.journal().get(i);
            long sequence = transaction.first().sequence();
            for (Written one : transaction.writes()) {
                fresh.write(
                        one.key(), one.value(), new Position(transaction.first().epoch(), sequence++));
            }
        }
        copy = fresh;
        filling = false;
    }

    private boolean controlBetween(int from, int to) {
        return source.journal().subList(from, Math.max(from, to)).stream()
                .anyMatch(transaction -> transaction.kind() != Kind.ROWS);
    }
}
