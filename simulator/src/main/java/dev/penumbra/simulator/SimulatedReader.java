package dev.penumbra.simulator;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.SessionToken;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.Consistency.Level;
import dev.penumbra.shadow.read.FeedName;
import dev.penumbra.shadow.read.Finding;
import dev.penumbra.shadow.read.Freshness;
import dev.penumbra.shadow.read.Pending;
import dev.penumbra.shadow.read.ReadGate;
import dev.penumbra.shadow.read.ReadGate.Asking;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import dev.penumbra.shadow.read.ReadGate.Choice;
import dev.penumbra.shadow.read.ReadSession;
import dev.penumbra.shadow.read.Uncommitted.Ended;
import dev.penumbra.shadow.read.Uncommitted.Intent;
import dev.penumbra.shadow.read.Validations;
import dev.penumbra.shadow.read.Validator;
import dev.penumbra.simulator.History.Answered;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A node whose sessions read, with a clock of its own. */
final class SimulatedReader {
    private static final String TABLE = "T";
    private static final int SESSIONS = 2;
    /** Of one session, so that answers overlap. */
    private static final int THREADS = 2;

    private static final long BEAT = 100 * VirtualTime.MILLI;
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    /** For how long what is pending is waited for. */
    private static final Duration MERGING = Duration.ofMillis(300);
    /** For how long a feed may not notice that a transaction has ended: while a list is late, and one is on its way. */
    private static final Duration UNNOTICED = Duration.ofMillis(1_150);

    private final Random random;
    private final VirtualTime time;
    private final Network network;
    private final History history;
    private final Grid grid;
    private final Datacenter local;
    private final String name;
    private final int keys;

    private int incarnation;
    private boolean resting;
    private long offset;
    private Freshness freshness;
    private ReadGate gate;
    private Validations validations;
    private Validator validator;

    /** What a node sees of the grid. */
    interface Grid {
        Datacenter home();

        SimulatedFeed feed(Datacenter datacenter);

        /** Gives the rows of the database itself, from a process at home; empty where it cannot be asked. */
        void source(Consumer<Optional<Map<Integer, Integer>>> rows);

        /** A node of the home datacenter, which holds findings against the home image. */
        SimulatedReader nodeAtHome();

        /** Tokens of writers, and how many commits each covers. */
        List<Map.Entry<SessionToken, Integer>> tokens();
    }

    /** What a session is to ask for. */
    record Asked(Consistency consistency, int tokenCommits) {}

    SimulatedReader(
            Random random,
            VirtualTime time,
            Network network,
            History history,
            Grid grid,
            Datacenter local,
            String name,
            int keys) {
        this.random = random;
        this.time = time;
        this.network = network;
        this.history = history;
        this.grid = grid;
        this.local = local;
        this.name = name;
        this.keys = keys;
        this.freshness = newFreshness();
        this.gate = new ReadGate(freshness, time::after, Runnable::run);
        this.validations = newValidations();
        this.validator = newValidator();
    }

    boolean isIn(Datacenter datacenter) {
        return local.equals(datacenter);
    }

    private Validations newValidations() {
        int running = incarnation;
        return new Validations(
                (number, findings) -> network.message(
                        local,
                        grid.home(),
                        () -> grid.nodeAtHome()
                                .validate(
                                        findings,
                                        same -> network.message(grid.home(), local, () -> {
                                            if (running == incarnation) {
                                                validations.answered(number, same);
                                            }
                                        }))),
                time::after);
    }

    private Validator newValidator() {
        return new Validator(
                new Images(), freshness, this::clock, task -> time.after(random.nextLong(comparing()), task));
    }

    /** Within what time rows are compared: now and then with a pause of the process before. */
    private long comparing() {
        return random.nextInt(10) == 0 ? 100 * VirtualTime.MILLI : VirtualTime.MILLI;
    }

    private void validate(List<Finding> findings, Consumer<Boolean> answer) {
        var unused =
                validator.validate(findings).whenComplete((same, failure) -> answer.accept(failure == null && same));
    }

    /** The home image, as a node at home sees it. */
    private final class Images implements Validator.HomeImages {
        @Override
        public Optional<Candidate> whole(String table) {
            return grid.feed(grid.home()).candidate(local);
        }

        @Override
        public boolean isSame(Finding finding) {
            SimulatedFeed feed = grid.feed(grid.home());
            if (finding instanceof Finding.Rows found) {
                return found.rows().entrySet().stream()
                        .allMatch(row ->
                                feed.copy().positionOf(number(row.getKey())).equals(row.getValue()));
            }
            Finding.Statement read = (Finding.Statement) finding;
            return feed.changes().of(new TableName("S", read.table())).compareTo(read.applied()) <= 0;
        }
    }

    private static int number(Key key) {
        return (Integer) Objects.requireNonNull(key.get(0));
    }

    private Freshness newFreshness() {
        int running = incarnation;
        return new Freshness(
                this::clock,
                (feed, question) -> network.message(
                        local,
                        feed.datacenter(),
                        () -> grid.feed(feed.datacenter())
                                .asked(new SimulatedFeed.Question(
                                        local,
                                        feed.life(),
                                        captured -> {
                                            if (running == incarnation) {
                                                freshness.captured(feed, question, captured);
                                            }
                                        },
                                        captured -> {
                                            if (running == incarnation) {
                                                freshness.answered(feed, question, captured.orElse(null));
                                            }
                                        }))));
    }

    private long clock() {
        return time.now() + offset;
    }

    /** Starts, or starts again as another node would: with another clock, knowing nothing. */
    void start() {
        incarnation++;
        // Clocks of nodes have nothing to do with each other, and may overflow.
        offset = random.nextLong();
        freshness = newFreshness();
        gate = new ReadGate(freshness, time::after, Runnable::run);
        validations = newValidations();
        validator = newValidator();
        beat(incarnation);
        for (int i = 0; i < SESSIONS; i++) {
            ReadSession session = new ReadSession(this::clock);
            for (int thread = 0; thread < THREADS; thread++) {
                read(incarnation, name + "." + incarnation + "." + i, session);
            }
        }
    }

    /** At rest everything that is carried here must be proven to be fresh, or whoever carries it waits for what will not come. */
    void requireProof() {
        FeedName feed = grid.feed(local).name();
        OptionalLong staleness = freshness.staleness(feed);
        if (staleness.isEmpty() || staleness.getAsLong() > 1_000 * VirtualTime.MILLI) {
            history.violation(name + " has no proof of " + feed + " at rest but " + staleness);
        }
    }

    /** No more reads from here on, but for {@link #readAll}. */
    void rest() {
        resting = true;
    }

    private void beat(int running) {
        if (running == incarnation) {
            var present = new HashSet<>(Set.of(grid.feed(local).name()));
            freshness.retain(present);
            present.addAll(freshness.awaited());
            present.forEach(freshness::ask);
            time.after(BEAT, () -> beat(running));
        }
    }

    private List<Candidate> near() {
        return grid.feed(local).candidate(local).stream().toList();
    }

    private List<Candidate> far() {
        return local.equals(grid.home())
                ? List.of()
                : grid.feed(grid.home()).candidate(local).stream().toList();
    }

    private List<Candidate> candidates() {
        List<Candidate> candidates = new ArrayList<>(near());
        candidates.addAll(far());
        return candidates;
    }

    private Asked anything() {
        return switch (random.nextInt(10)) {
            case 0, 1 -> new Asked(Consistency.eventual(), 0);
            case 2 -> new Asked(Consistency.optimistic(Duration.ofMillis(random.nextInt(4_000))), 0);
            case 3, 4 -> new Asked(Consistency.bounded(Duration.ofMillis(random.nextInt(500))), 0);
            case 5, 6 -> token();
            case 7, 8 -> new Asked(Consistency.validated(), 0);
            default -> new Asked(Consistency.primary(), 0);
        };
    }

    private Asked token() {
        List<Map.Entry<SessionToken, Integer>> tokens = grid.tokens();
        if (tokens.isEmpty()) {
            return new Asked(Consistency.session(SessionToken.EMPTY), 0);
        }
        int recent = Math.max(0, tokens.size() - 5);
        var one = tokens.get(recent + random.nextInt(tokens.size() - recent));
        var other = tokens.get(random.nextInt(tokens.size()));
        return new Asked(
                Consistency.session(other.getKey().and(one.getKey())), Math.max(one.getValue(), other.getValue()));
    }

    private void read(int running, String session, ReadSession seen) {
        time.after(random.nextLong(20 * VirtualTime.MILLI), () -> {
            if (running == incarnation && !resting) {
                Set<Integer> wanted = new HashSet<>();
                for (int i = 0; i <= random.nextInt(3); i++) {
                    wanted.add(random.nextInt(keys));
                }
                answer(running, session, seen, anything(), wanted, () -> read(running, session, seen), false);
            }
        });
    }

    /** Reads all rows at one level; it must be answered with what is committed now. */
    void readAll(Consistency consistency) {
        Set<Integer> all = new HashSet<>();
        for (int key = 0; key < keys; key++) {
            all.add(key);
        }
        answer(
                incarnation,
                name + " at rest",
                new ReadSession(this::clock),
                new Asked(consistency, 0),
                all,
                () -> {},
                true);
    }

    private void answer(
            int running,
            String session,
            ReadSession seen,
            Asked asked,
            Set<Integer> wanted,
            Runnable then,
            boolean last) {
        Read read = new Read(running, session, seen, asked, wanted, then, last);
        if (asked.consistency().level() == Level.PRIMARY && random.nextBoolean()) {
            read.beginInSource();
        } else {
            read.begin(asked.consistency(), near(), true);
        }
    }

    private void refused(Asked asked, Throwable failure, boolean last) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (!(cause instanceof PenumbraException refusal) || refusal.code() != ErrorCode.STALENESS || last) {
            history.violation(name + " was refused " + asked.consistency() + ": " + cause);
        }
        history.refused(asked.consistency().level());
    }

    /** One read, from the moment at which it is asked for. */
    private final class Read {
        private final int running;
        private final String session;
        private final ReadSession seen;
        private final Asked asked;
        private final Set<Integer> wanted;
        private final Runnable then;
        private final boolean last;
        private final long begun = time.now();
        private final long clockThen = clock();

        Read(
                int running,
                String session,
                ReadSession seen,
                Asked asked,
                Set<Integer> wanted,
                Runnable then,
                boolean last) {
            this.running = running;
            this.session = session;
            this.seen = seen;
            this.asked = asked;
            this.wanted = wanted;
            this.then = then;
            this.last = last;
        }

        /** Asks the database itself, and does without when it does not answer. */
        void beginInSource() {
            CompletableFuture<Optional<Map<Integer, Integer>>> found = new CompletableFuture<>();
            time.after(PATIENCE.toNanos() / 2, () -> found.complete(Optional.empty()));
            network.message(
                    local,
                    grid.home(),
                    () -> grid.source(rows -> network.message(grid.home(), local, () -> found.complete(rows))));
            var unused = found.thenAccept(rows -> {
                if (running != incarnation) {
                    return;
                }
                if (rows.isEmpty()) {
                    begin(asked.consistency(), near(), true);
                    return;
                }
                seen.seenInSource(TABLE);
                Map<Integer, @Nullable Integer> values = new HashMap<>();
                wanted.forEach(key -> values.put(key, rows.get().get(key)));
                answered(new Candidate("source", null, true, null, Position.START), true, values);
            });
        }

        private void answered(Candidate candidate, boolean snapshot, Map<Integer, @Nullable Integer> rows) {
            answered(new Choice(candidate, OptionalLong.of(0), false), snapshot, rows);
        }

        void begin(Consistency consistency, List<Candidate> near, boolean withPending) {
            Asking asking = new Asking(TABLE, consistency, seen, clockThen, PATIENCE);
            CompletableFuture<Choice> choosing = withPending
                    ? gate.choose(asking, near, SimulatedReader.this::far)
                    : gate.chooseAlone(asking, near, SimulatedReader.this::far);
            var unused = choosing.whenComplete((choice, failure) -> {
                if (running != incarnation) {
                    return;
                }
                if (failure == null) {
                    new Reading(this, choice).start(wanted);
                } else {
                    refused(asked, failure, last);
                    then.run();
                }
            });
        }

        void answered(Choice choice, boolean snapshot, Map<Integer, @Nullable Integer> rows) {
            if (asked.consistency().level() == Level.OPTIMISTIC
                    && grid.feed(local).name().equals(choice.candidate().feed())) {
                new Optimistic(this, choice.candidate(), rows).begin();
                return;
            }
            history.answered(answer(choice.candidate(), snapshot, rows));
            if (last) {
                rows.forEach((key, value) -> {
                    if (!Objects.equals(value, history.present(key))) {
                        history.violation(name + " read " + value + " of row " + key + " at rest, which is "
                                + history.present(key));
                    }
                });
            }
            then.run();
        }

        private Answered answer(Candidate candidate, boolean snapshot, Map<Integer, @Nullable Integer> rows) {
            return new Answered(
                    session,
                    asked.consistency(),
                    asked.tokenCommits(),
                    candidate.home(),
                    candidate.isPreMerged(),
                    begun,
                    time.now(),
                    snapshot,
                    rows);
        }

        void unanswered() {
            history.refused(asked.consistency().level());
            if (last) {
                history.violation(name + " got no answer at rest");
            }
            then.run();
        }
    }

    /** An answer that is proven, while what is not committed is laid over it and until that is confirmed. */
    private final class Optimistic {
        private final Read read;
        private final Candidate candidate;
        private final Map<Integer, @Nullable Integer> rows;
        private boolean over;

        Optimistic(Read read, Candidate candidate, Map<Integer, @Nullable Integer> rows) {
            this.read = read;
            this.candidate = candidate;
            this.rows = rows;
        }

        void begin() {
            SimulatedFeed feed = grid.feed(local);
            Set<Integer> wanted = rows.keySet();
            time.after(MERGING.toNanos(), () -> told(Optional.empty()));
            network.message(local, local, () -> {
                Optional<SimulatedFeed.Told> told = feed.uncommitted(candidate.copy(), wanted);
                network.message(local, local, () -> told(told));
            });
        }

        private void told(Optional<SimulatedFeed.Told> told) {
            if (over) {
                return;
            }
            over = true;
            if (read.running != incarnation) {
                return;
            }
            Map<Integer, @Nullable Integer> proven = new HashMap<>(rows);
            told.ifPresent(known -> proven.keySet().removeAll(known.intents().keySet()));
            history.answered(read.answer(candidate, false, proven));
            told.ifPresent(known -> {
                history.shown(read.answer(candidate, false, Map.of()), known.intents(), UNNOTICED.toNanos());
                awaitEnd(known);
            });
            read.then.run();
        }

        private void awaitEnd(SimulatedFeed.Told told) {
            CompletableFuture<Ended> ended = new CompletableFuture<>();
            Set<Long> ids = told.intents().values().stream().map(Intent::id).collect(Collectors.toSet());
            time.after(PATIENCE.toNanos(), () -> ended.complete(Ended.UNKNOWN));
            network.message(local, local, () -> {
                var unused = grid.feed(local)
                        .ended(told.run(), candidate.copy(), ids)
                        .thenAccept(over -> network.message(local, local, () -> ended.complete(over)));
            });
            var unused = ended.thenAccept(over -> confirm(told, over));
        }

        /** The answer that corrects another holds what the transactions have committed that had been shown. */
        private void confirm(SimulatedFeed.Told told, Ended over) {
            if (read.running != incarnation || resting) {
                return;
            }
            if (over.asSeen()) {
                history.committedAsShown(read.session, told.intents().values());
                return;
            }
            UUID journal = Objects.requireNonNull(candidate.journal());
            Position upTo = over.upTo();
            if (!upTo.equals(Position.START)) {
                history.over(read.session, told.intents().values());
            }
            history.corrected();
            int commits = history.commitsOf(told.intents().values());
            Asked settled = upTo.equals(Position.START)
                    ? new Asked(Consistency.primary(), commits)
                    : new Asked(Consistency.session(SessionToken.of(SimulatedSource.NAME, journal, upTo)), commits);
            Read correcting = new Read(read.running, read.session, read.seen, settled, rows.keySet(), () -> {}, false);
            correcting.begin(settled.consistency(), near(), true);
        }
    }

    /** One answer that is being read from the copy that was chosen. */
    private final class Reading {
        private final Read read;
        private final Choice choice;
        private final Datacenter there;
        private final SimulatedCopy copy;
        private final Map<Integer, @Nullable Integer> rows = new HashMap<>();
        private final Map<Integer, Position> positions = new HashMap<>();
        private final Map<Integer, Pending.Change<Integer>> pending = new HashMap<>();
        private boolean showedPending;
        private boolean reading;
        private boolean over;

        Reading(Read read, Choice choice) {
            this.read = read;
            this.choice = choice;
            this.there = choice.candidate().home() ? grid.home() : local;
            this.copy = grid.feed(there).copy();
        }

        void start(Set<Integer> wanted) {
            if (choice.candidate().isPreMerged()) {
                merge(wanted);
            } else {
                readCopy(wanted);
            }
        }

        private void readCopy(Set<Integer> wanted) {
            time.after(500 * VirtualTime.MILLI, this::giveUp);
            network.message(local, there, () -> next(new ArrayDeque<>(wanted)));
        }

        /** Half of such reads are as of statements, whose tables are written first. */
        private void merge(Set<Integer> wanted) {
            SimulatedFeed feed = grid.feed(there);
            Candidate candidate = choice.candidate();
            UUID run = Objects.requireNonNull(candidate.run());
            time.after(MERGING.toNanos(), this::notMerged);
            if (random.nextBoolean()) {
                network.message(local, there, () -> {
                    var unused = feed.merged(run, candidate.copy())
                            .thenAccept(merged -> network.message(there, local, () -> merged(merged, wanted)));
                });
            } else {
                network.message(local, there, () -> {
                    Optional<Map<Integer, Pending.Change<Integer>>> newest = feed.newest(run, candidate.copy(), wanted);
                    network.message(there, local, () -> {
                        newest.ifPresent(pending::putAll);
                        merged(newest.isPresent(), wanted);
                    });
                });
            }
        }

        private void merged(boolean merged, Set<Integer> wanted) {
            if (merged && !over && !reading) {
                reading = true;
                readCopy(wanted);
            } else if (!merged) {
                notMerged();
            }
        }

        /** Then the read begins again, and does without. */
        private void notMerged() {
            if (!over && !reading) {
                over = true;
                if (read.running == incarnation) {
                    read.seen.ended(TABLE, choice.candidate());
                    read.begin(read.asked.consistency(), near(), false);
                }
            }
        }

        private void next(Deque<Integer> left) {
            if (over) {
                return;
            }
            if (copy.isGone()) {
                network.message(there, local, this::giveUp);
                return;
            }
            Integer key = left.poll();
            if (key == null) {
                network.message(there, local, this::end);
                return;
            }
            Pending.Change<Integer> change = pending.get(key);
            if (change == null || change.position().compareTo(copy.positionOf(key)) <= 0) {
                rows.put(key, copy.read(key));
            } else {
                rows.put(key, change.row());
                showedPending = true;
            }
            positions.put(key, copy.positionOf(key));
            time.after(random.nextInt(300_000), () -> next(left));
        }

        private void end() {
            if (over) {
                return;
            }
            try {
                ReadGate.confirm(choice, candidates());
            } catch (PenumbraException e) {
                giveUp();
                return;
            }
            over = true;
            if (read.running == incarnation) {
                if (choice.unproven()) {
                    validate();
                } else {
                    if (showedPending) {
                        read.seen.ended(TABLE, choice.candidate());
                    } else {
                        read.seen.endedAsWithin(TABLE, choice.candidate());
                    }
                    read.answered(choice, false, rows);
                }
            }
        }

        /** Half of such reads are as of statements, which know no positions of rows. */
        private void validate() {
            boolean statement = random.nextBoolean();
            List<Finding> findings = statement ? statements() : found();
            var unused = validations.validate(findings, PATIENCE).whenComplete((same, failure) -> {
                if (read.running != incarnation) {
                    return;
                }
                if (failure != null) {
                    read.unanswered();
                } else if (same) {
                    read.seen.validated(TABLE, choice.candidate(), findings);
                    read.answered(choice, statement, rows);
                } else {
                    read.begin(Consistency.primary(), List.of(), false);
                }
            });
        }

        private List<Finding> found() {
            Map<Key, Position> found = new HashMap<>();
            positions.forEach((key, position) -> found.put(Key.of(key), position));
            return List.of(new Finding.Rows(
                    TABLE, Objects.requireNonNull(choice.candidate().journal()), found));
        }

        private List<Finding> statements() {
            Candidate candidate = choice.candidate();
            UUID journal = Objects.requireNonNull(candidate.journal());
            return rows.keySet().stream()
                    .<Finding>map(key ->
                            new Finding.Statement(SimulatedFeed.table(key).table(), journal, candidate.upTo()))
                    .toList();
        }

        private void giveUp() {
            if (!over) {
                over = true;
                if (read.running == incarnation) {
                    if (!choice.unproven()) {
                        read.seen.ended(TABLE, choice.candidate());
                    }
                    read.unanswered();
                }
            }
        }
    }
}
