package dev.penumbra.simulator;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.read.CommitChance;
import dev.penumbra.shadow.read.FeedName;
import dev.penumbra.shadow.read.FeedRun;
import dev.penumbra.shadow.read.LastChanges;
import dev.penumbra.shadow.read.Pending;
import dev.penumbra.shadow.read.PendingRows;
import dev.penumbra.shadow.read.ProbeDesk;
import dev.penumbra.shadow.read.ProvenStaleness.Captured;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import dev.penumbra.shadow.read.Uncommitted;
import dev.penumbra.shadow.read.Uncommitted.Intent;
import dev.penumbra.shadow.read.UncommittedWatch;
import dev.penumbra.simulator.SimulatedSource.Kind;
import dev.penumbra.simulator.SimulatedSource.Listing;
import dev.penumbra.simulator.SimulatedSource.Transaction;
import dev.penumbra.simulator.SimulatedSource.Written;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Carries the journal to the copy in one datacenter, from a process in that datacenter that may be killed; the journal is at home.
 *
 * <p>As the real one it gathers while a batch is on its way, writes the last change of each key of a batch, in any order, and moves the
 * applied position when all are there; a copy that somebody waits for is written ahead of its turn. Who takes over writes again what may
 * have been written.
 */
final class SimulatedFeed {
    private static final int BATCH = 60;
    /** So many transactions may be gathered and not written. */
    private static final int GATHERED = 200;

    private static final Duration LISTS_EVERY = Duration.ofMillis(60);
    /** Of the source's transactions that stay open a quarter is taken back. */
    private static final double COMMIT_CHANCE = 0.5;

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
    /** How many transactions are applied or pending, and their last position. */
    private int gathered;

    private Position taken = Position.START;
    private Pending<Integer, Integer> pending = new Pending<>();
    private final CommitChance chance = new CommitChance();
    private Uncommitted<Integer, Integer> uncommitted = new Uncommitted<>(chance);
    private UncommittedWatch<Listing> watch;
    private long lists;
    /** Null until what a former run may have written is written again. */
    private @Nullable FeedRun<Integer, Integer> run;
    /** Writes under way. */
    private final List<CompletableFuture<Void>> flights = new ArrayList<>();

    private boolean busy;
    /** What has been gathered waits for more to come. */
    private boolean waiting;

    private long waitsUntil;
    private boolean up = true;
    private boolean filling;
    private int incarnation;
    private int processes;
    private int onTheirWay;

    /** What a node asks, and the way of the answer. */
    record Question(Datacenter from, UUID life, Consumer<Captured> captured, Consumer<Optional<Captured>> answered) {}

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
        this.copy = new SimulatedCopy(time, datacenter + "/0", Position.START, false);
        this.desk = newDesk();
        this.watch = newWatch();
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
                questions -> captured()
                        .ifPresent(captured -> questions.stream()
                                .filter(question -> question.life().equals(life)
                                        && question.from().equals(datacenter))
                                .forEach(question -> network.message(
                                        datacenter,
                                        question.from(),
                                        () -> question.captured().accept(captured)))),
                questions -> {
                    Optional<Captured> captured = captured();
                    questions.stream()
                            .filter(question -> question.life().equals(life))
                            .forEach(question -> network.message(
                                    datacenter,
                                    question.from(),
                                    () -> question.answered()
                                            .accept(captured.filter(
                                                    known -> question.from().equals(datacenter)))));
                });
    }

    private Optional<Captured> captured() {
        return Optional.ofNullable(run).map(present -> new Captured(present.id(), taken));
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
                    gather();
                    if (!busy) {
                        step();
                    }
                    merge();
                    writeAhead();
                    look();
                }
                start();
            }
        });
    }

    private void look() {
        if (homeFeed == null || tail != null) {
            desk.look(taken, known);
            FeedRun<Integer, Integer> present = run;
            if (present != null) {
                watch.look(present.takeUncommittedWanted(), taken, () -> List.of(new Copied(uncommitted)));
            }
        }
    }

    private UncommittedWatch<Listing> newWatch() {
        return new UncommittedWatch<>(time::now, LISTS_EVERY, Listings::new);
    }

    /** What the copy lacks, and what is not committed. */
    private final class Rows implements PendingRows<Integer, Integer> {
        private final Pending<Integer, Integer> rows = pending;
        private final Uncommitted<Integer, Integer> intents = uncommitted;

        @Override
        public Pending.@Nullable Change<Integer> newest(Integer key) {
            return rows.newest(key);
        }

        @Override
        public int size() {
            return rows.size();
        }

        @Override
        public Optional<Intent<Integer, Integer>> uncommitted(Integer key) {
            return intents.of(key, COMMIT_CHANCE);
        }

        @Override
        public CompletableFuture<Uncommitted.Ended> ended(Collection<Long> ids) {
            return intents.ended(ids);
        }
    }

    private record Copied(Uncommitted<Integer, Integer> intents) implements UncommittedWatch.Told<Listing> {
        @Override
        public void listsBegin(Position upTo) {
            intents.begin(upTo);
        }

        @Override
        public void listed(Listing listing) {
            intents.listed(listing.upTo(), listing.intents());
        }

        @Override
        public void listsTaken(Position upTo) {
            intents.taken(upTo);
        }

        @Override
        public void listsLate() {
            intents.hide();
        }

        @Override
        public void listsEnd() {
            intents.end();
        }

        @Override
        public boolean isAwaited() {
            return intents.isAwaited();
        }
    }

    /** The way to the source, on which questions and answers are lost, late, and come twice. */
    private final class Listings implements UncommittedWatch.Listings<Listing> {
        private long asked;
        private @Nullable Listing answer;

        @Override
        public void ask() {
            long question = ++lists;
            asked = question;
            answer = null;
            int running = processes;
            network.message(
                    datacenter,
                    home,
                    () -> source.list(listing -> network.message(home, datacenter, () -> {
                        if (running == processes && asked == question) {
                            asked = 0;
                            answer = listing;
                        }
                    })));
        }

        @Override
        public @Nullable Listing listed() {
            Listing come = answer;
            answer = null;
            return come;
        }

        @Override
        public void close() {
            asked = 0;
        }
    }

    /** What stands in the source of rows of a copy, and the run that tells. */
    record Told(UUID run, Map<Integer, Intent<Integer, Integer>> intents) {}

    /** What is likely to be committed; empty where there is nothing. */
    Optional<Told> uncommitted(String wanted, Collection<Integer> rows) {
        FeedRun<Integer, Integer> present = run;
        return up && present != null
                ? present.uncommitted(wanted, rows)
                        .filter(intents -> !intents.isEmpty())
                        .map(intents -> new Told(present.id(), intents))
                : Optional.empty();
    }

    /** Tells when none of some changes stands any more. */
    CompletableFuture<Uncommitted.Ended> ended(UUID of, String wanted, Collection<Long> ids) {
        FeedRun<Integer, Integer> present = run;
        return up && present != null && present.id().equals(of)
                ? present.ended(wanted, ids)
                : CompletableFuture.completedFuture(Uncommitted.Ended.UNKNOWN);
    }

    /** The pending changes of rows, for a reader who has been told of a run; empty when that is over. */
    Optional<Map<Integer, Pending.Change<Integer>>> newest(UUID of, String wanted, Collection<Integer> rows) {
        FeedRun<Integer, Integer> present = run;
        return up && present != null && present.id().equals(of) ? present.newest(wanted, rows) : Optional.empty();
    }

    /** Has the copy written ahead of its turn. */
    CompletableFuture<Boolean> merged(UUID of, String wanted) {
        FeedRun<Integer, Integer> present = run;
        return up && present != null && present.id().equals(of)
                ? present.merged(wanted)
                : CompletableFuture.completedFuture(false);
    }

    private void merge() {
        FeedRun<Integer, Integer> present = run;
        if (present != null) {
            present.merge(wanted -> {
                if (isFlying()) {
                    return null;
                }
                writeTaken();
                return allWritten();
            });
        }
    }

    /** Now and then what has been gathered waits for more. */
    private boolean mayWait() {
        if (!waiting) {
            waiting = true;
            waitsUntil = time.now() + (random.nextInt(8) == 0 ? random.nextLong(150 * VirtualTime.MILLI) : 0);
        }
        return run != null && homeFeed != null && !filling && come.isEmpty() && time.now() < waitsUntil;
    }

    /** Now and then rows that wait are likely to be read. */
    private void writeAhead() {
        if (run == null || isFlying() || random.nextInt(4) != 0) {
            return;
        }
        List<Integer> likely = IntStream.range(0, keys)
                .filter(key -> random.nextBoolean())
                .boxed()
                .toList();
        Pending<Integer, Integer>.Ahead ahead = pending.ahead(likely);
        if (!ahead.changes().isEmpty()) {
            write(ahead.changes(), ahead::written);
        }
    }

    private boolean isWriting() {
        return busy || isFlying();
    }

    private boolean isFlying() {
        return !allWritten().isDone();
    }

    private CompletableFuture<Void> allWritten() {
        return CompletableFuture.allOf(flights.toArray(CompletableFuture[]::new));
    }

    /** What is pending is lost, and with it what was proven of it. */
    private void endRun() {
        FeedRun<Integer, Integer> present = run;
        run = null;
        if (present != null) {
            present.end();
        }
        pending = new Pending<>();
        waiting = false;
        watch.end();
        watch = newWatch();
        uncommitted = new Uncommitted<>(chance);
        flights.clear();
        gathered = next;
        taken = known;
        come.clear();
    }

    private void beginRun() {
        if (run == null && next >= written) {
            run = new FeedRun<>(newLife());
            run.follow(copy.id(), new Rows());
        }
    }

    /** Takes what has come of the journal, and opens it where that is not so yet; whether it is open and not behind its opening. */
    private boolean reads() {
        SimulatedFeed host = homeFeed;
        if (host == null) {
            come.clear();
            for (int i = gathered; i < source.journal().size(); i++) {
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
            if (!isWriting() && host.up) {
                endRun();
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
        endRun();
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
        endRun();
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
        copy = new SimulatedCopy(time, datacenter + "/" + ++generation, Position.START, false);
        life = newLife();
        applied = Position.START;
        changes.begin(applied);
        appliedCount = 0;
        known = Position.START;
        next = 0;
        written = 0;
        busy = false;
        closeTail();
        endRun();
        start();
    }

    /** The session ends for a failure that passes, and begins again. */
    void fail() {
        if (up && !isWriting()) {
            closeTail();
            endRun();
        }
    }

    /** Takes rows of whole transactions, also while others are on their way. */
    private void gather() {
        List<Transaction> journal = source.journal();
        while (!come.isEmpty()
                && gathered - next < Math.max(GATHERED, written - next)
                && journal.get(come.getFirst()).kind() == Kind.ROWS) {
            int index = come.remove();
            Transaction transaction = journal.get(index);
            long sequence = transaction.first().sequence();
            for (Written one : transaction.writes()) {
                Position position = new Position(transaction.first().epoch(), sequence++);
                changes.changed(table(one.key()), position);
                pending.stage(one.key(), one.value(), position);
                uncommitted.changed(one.key(), one.value(), position, transaction.id());
            }
            pending.commit();
            uncommitted.committed();
            gathered = index + 1;
            taken = transaction.last();
            if (!busy && gathered >= written && random.nextInt(BATCH) == 0) {
                return;
            }
        }
    }

    private void step() {
        if (isFlying()) {
            return;
        }
        Integer begun = come.peek();
        if (gathered > next && begun != null && source.journal().get(begun).kind() == Kind.BEGIN) {
            // What the table held before need not be written any more.
            FeedRun<Integer, Integer> present = run;
            if (present != null) {
                present.leave(copy.id());
            }
            pending.discard();
            next = gathered;
        }
        if (gathered > next) {
            if (mayWait()) {
                return;
            }
            waiting = false;
            int upTo = gathered;
            busy = true;
            int running = incarnation;
            writeTaken();
            var unused = allWritten().thenRun(() -> {
                if (running == incarnation) {
                    flights.removeIf(CompletableFuture::isDone);
                    advance(upTo, () -> {});
                }
            });
            return;
        }
        if (begun != null) {
            come.remove();
            next = begun;
            gathered = begun;
            control(source.journal().get(begun));
        } else {
            beginRun();
        }
    }

    private void writeTaken() {
        Pending<Integer, Integer>.Taken layer = pending.take();
        write(layer.changes(), layer::written);
    }

    /** Now and then the datacenter's stores are slow. */
    private void write(Map<Integer, Pending.Change<Integer>> rows, Runnable done) {
        written = Math.max(written, gathered);
        SimulatedCopy target = copy;
        int running = incarnation;
        CompletableFuture<Void> flight = new CompletableFuture<>();
        flights.add(flight);
        int[] missing = {rows.size()};
        long pause = random.nextInt(8) == 0 ? random.nextLong(250 * VirtualTime.MILLI) : 0;
        Runnable arrived = () -> {
            if (missing[0] == 0 && running == incarnation) {
                done.run();
                flight.complete(null);
            }
        };
        rows.forEach((key, change) -> {
            onTheirWay++;
            time.after(
                    pause == 0 ? 0 : random.nextLong(pause),
                    () -> network.reliable(datacenter, datacenter, () -> {
                        onTheirWay--;
                        target.write(key, change.row(), change.position());
                        network.reliable(datacenter, datacenter, () -> {
                            missing[0]--;
                            arrived.run();
                        });
                    }));
        });
        arrived.run();
    }

    private void control(Transaction transaction) {
        noteAll(transaction.last());
        SimulatedCopy target = copy;
        FeedRun<Integer, Integer> present = run;
        if (present != null) {
            present.leave(target.id());
        }
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
                    if (gathered < next) {
                        gathered = next;
                        taken = last;
                    }
                    FeedRun<Integer, Integer> present = run;
                    if (present != null) {
                        present.follow(copy.id(), new Rows());
                    }
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
            SimulatedCopy fresh = new SimulatedCopy(time, datacenter + "/" + ++generation, before(from.written), true);
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
        if (busy || !up || next < since || gathered != next) {
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
        FeedRun<Integer, Integer> present = run;
        if (present != null) {
            present.leave(copy.id());
            present.follow(fresh.id(), new Rows());
        }
        copy = fresh;
        filling = false;
    }

    private boolean controlBetween(int from, int to) {
        return source.journal().subList(from, Math.max(from, to)).stream()
                .anyMatch(transaction -> transaction.kind() != Kind.ROWS);
    }
}
