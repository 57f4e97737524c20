package dev.penumbra.simulator;

import dev.penumbra.model.Position;
import dev.penumbra.model.SessionToken;
import dev.penumbra.model.TransactionId;
import dev.penumbra.shadow.read.ProbeDesk;
import dev.penumbra.shadow.read.Uncommitted.Intent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A database with a journal: commits are acknowledged before the relay journals them, pass by pass.
 *
 * <p>The relay keeps to the rules of the real one: a pass sees what had been committed when it began, answers the question that it had
 * seen before it began, and does so when everything it saw is in the journal. What is not committed is listed behind a pass.
 */
final class SimulatedSource {
    static final String NAME = "shop";

    private final Random random;
    private final VirtualTime time;
    private final History history;
    private final int keys;
    private final UUID journalId;

    private final List<Transaction> committed = new ArrayList<>();
    /** What the outbox had of each of them. */
    private final List<List<Intent<Integer, Integer>>> outbox = new ArrayList<>();

    private final List<Open> open = new ArrayList<>();
    private long ids;
    private long transactions;
    private final List<Consumer<Listing>> wantListings = new ArrayList<>();
    private final Map<Integer, Integer> rows = new HashMap<>();
    private final List<Transaction> journal = new ArrayList<>();
    private final List<BiConsumer<SessionToken, Integer>> wantTokens = new ArrayList<>();

    private int journalled;
    private int epoch = 1;
    private long sequence;
    private boolean up = true;
    private int incarnation;
    private boolean anew = true;
    private boolean healthy;
    private boolean quiet;

    private long asked;
    private Optional<ProbeDesk.Said> said = Optional.empty();

    /** A transaction that has written and not ended. */
    private static final class Open {
        private final TransactionId id;
        private final List<Intent<Integer, Integer>> intents = new ArrayList<>();

        Open(TransactionId id) {
            this.id = id;
        }

        private boolean holds(int key) {
            return intents.stream().anyMatch(intent -> intent.key() == key);
        }
    }

    /** What is not known to be in the journal, up to a position. */
    record Listing(Position upTo, List<Intent<Integer, Integer>> intents) {}

    enum Kind {
        ROWS,
        /** The source announces that it brings the table anew. */
        BEGIN,
        END
    }

    /** What was written; the value is null for a deleted row. */
    record Written(int key, @Nullable Integer value) {}

    /** A transaction; its positions are known once it is in the journal. */
    record Transaction(Kind kind, TransactionId id, List<Written> writes, Position first, Position last) {}

    SimulatedSource(Random random, VirtualTime time, History history, int keys) {
        this.random = random;
        this.time = time;
        this.history = history;
        this.keys = keys;
        this.journalId = new UUID(random.nextLong(), random.nextLong());
    }

    void start() {
        nextCommit();
        nextPass();
    }

    UUID journalId() {
        return journalId;
    }

    List<Transaction> journal() {
        return journal;
    }

    /** The relay never pauses for long from here on. */
    void heal() {
        healthy = true;
    }

    /** No more commits from here on. */
    void rest() {
        quiet = true;
    }

    /** The table's rows are to be brought anew. */
    void bringAnew() {
        anew = true;
    }

    /** The database ends, and is opened again. */
    void restart(long downNanos) {
        incarnation++;
        up = false;
        List.copyOf(open).forEach(this::takeBack);
        int opened = incarnation;
        time.after(downNanos, () -> {
            if (opened == incarnation) {
                up = true;
                epoch++;
                sequence = 0;
                nextPass();
            }
        });
    }

    private void nextCommit() {
        time.after(random.nextLong(40 * VirtualTime.MILLI), () -> {
            if (quiet) {
                return;
            }
            if (up && random.nextInt(5) == 0) {
                open();
            } else if (up) {
                commit();
            }
            nextCommit();
        });
    }

    private void commit() {
        Open transaction = new Open(nextId());
        int number = committed.size() + 1;
        for (int key : anyKeys()) {
            transaction.intents.add(
                    new Intent<>(++ids, transaction.id, key, random.nextInt(4) == 0 ? null : (Integer) number));
        }
        if (!transaction.intents.isEmpty()) {
            commit(transaction);
        }
    }

    /** Keys that nobody holds. */
    private List<Integer> anyKeys() {
        List<Integer> free = new ArrayList<>();
        int count = 1 + random.nextInt(3);
        int first = random.nextInt(keys);
        for (int i = 0; i < count; i++) {
            int key = (first + i) % keys;
            if (open.stream().noneMatch(other -> other.holds(key))) {
                free.add(key);
            }
        }
        return free;
    }

    /** A transaction writes, and ends after a while; now and then it writes a row twice, or is taken back. */
    private void open() {
        Open transaction = new Open(nextId());
        for (int key : anyKeys()) {
            write(transaction, key);
        }
        if (transaction.intents.isEmpty()) {
            return;
        }
        open.add(transaction);
        long lasting = random.nextInt(8) == 0
                ? random.nextLong(6_000 * VirtualTime.MILLI)
                : random.nextLong(400 * VirtualTime.MILLI);
        if (random.nextInt(4) == 0) {
            int again = transaction.intents.get(0).key();
            time.after(lasting / 2, () -> {
                if (open.contains(transaction)) {
                    write(transaction, again);
                }
            });
        }
        boolean commits = random.nextInt(4) > 0;
        time.after(lasting, () -> {
            if (!open.contains(transaction)) {
                return;
            }
            if (commits) {
                open.remove(transaction);
                commit(transaction);
                transaction.intents.forEach(intent -> history.ended(intent.id(), time.now()));
            } else {
                takeBack(transaction);
            }
        });
    }

    private TransactionId nextId() {
        return new TransactionId(0, ++transactions);
    }

    private void write(Open transaction, int key) {
        long id = ++ids;
        transaction.intents.stream()
                .filter(former -> former.key() == key)
                .forEach(former -> history.replaced(former.id(), time.now()));
        // No other transaction writes such a value.
        Integer value = random.nextInt(4) == 0 ? null : (Integer) Math.toIntExact(-id);
        transaction.intents.add(new Intent<>(id, transaction.id, key, value));
        history.intended(id, key, value, time.now());
    }

    private void takeBack(Open transaction) {
        open.remove(transaction);
        transaction.intents.forEach(intent -> history.ended(intent.id(), time.now()));
    }

    private void commit(Open transaction) {
        int number = committed.size() + 1;
        List<Written> writes = new ArrayList<>();
        for (Intent<Integer, Integer> intent : transaction.intents) {
            Integer value = intent.row();
            writes.add(new Written(intent.key(), value));
            if (value == null) {
                rows.remove(intent.key());
            } else {
                rows.put(intent.key(), value);
            }
        }
        outbox.add(List.copyOf(transaction.intents));
        committed.add(new Transaction(Kind.ROWS, transaction.id, writes, Position.START, Position.START));
        history.committed(number, writes, time.now());
        time.after(random.nextInt(500_000), () -> history.acknowledged(number, time.now()));
    }

    private void nextPass() {
        int opened = incarnation;
        long pause = !healthy && random.nextInt(200) == 0 ? 400 * VirtualTime.MILLI : 2 * VirtualTime.MILLI;
        time.after(random.nextLong(pause), () -> {
            if (opened == incarnation) {
                pass(opened);
            }
        });
    }

    private void pass(int opened) {
        long question = asked;
        int seen = committed.size();
        Map<Integer, Integer> content = new HashMap<>(rows);
        boolean bring = anew;
        List<BiConsumer<SessionToken, Integer>> tokens = List.copyOf(wantTokens);
        wantTokens.clear();
        List<Consumer<Listing>> listings = List.copyOf(wantListings);
        wantListings.clear();
        time.after(random.nextLong(5 * VirtualTime.MILLI), () -> {
            if (opened != incarnation) {
                return;
            }
            for (; journalled < seen; journalled++) {
                append(
                        Kind.ROWS,
                        committed.get(journalled).id(),
                        committed.get(journalled).writes());
            }
            if (bring) {
                anew = false;
                append(Kind.BEGIN, nextId(), List.of());
                content.forEach((key, value) -> append(Kind.ROWS, nextId(), List.of(new Written(key, value))));
                append(Kind.END, nextId(), List.of());
            }
            Position end = end();
            said = Optional.of(new ProbeDesk.Said(question, end));
            tokens.forEach(token -> token.accept(SessionToken.of(NAME, journalId, end), seen));
            Listing listing = new Listing(end, uncommitted());
            listings.forEach(wanted -> wanted.accept(listing));
            nextPass();
        });
    }

    /** What the outbox has and the journal does not. */
    private List<Intent<Integer, Integer>> uncommitted() {
        List<Intent<Integer, Integer>> intents = new ArrayList<>();
        outbox.subList(journalled, outbox.size()).forEach(intents::addAll);
        open.forEach(transaction -> intents.addAll(transaction.intents));
        return intents;
    }

    /** Lists what is not committed, behind the next pass. */
    void list(Consumer<Listing> wanted) {
        wantListings.add(wanted);
    }

    private Position end() {
        return journal.isEmpty()
                ? Position.START
                : journal.get(journal.size() - 1).last();
    }

    private void append(Kind kind, TransactionId id, List<Written> writes) {
        long first = sequence + 1;
        sequence += Math.max(1, writes.size());
        journal.add(new Transaction(kind, id, writes, new Position(epoch, first), new Position(epoch, sequence)));
    }

    /** The rows as they are now; empty while the database is closed. */
    Optional<Map<Integer, Integer>> rows() {
        return up ? Optional.of(Map.copyOf(rows)) : Optional.empty();
    }

    /** Gives a token for everything committed so far, and how many transactions that are. */
    void token(BiConsumer<SessionToken, Integer> wanted) {
        int had = committed.size();
        wantTokens.add((token, seen) -> wanted.accept(token, had));
    }

    /** The way in which a feed asks; all feeds share one series of questions. */
    ProbeDesk.Source probe() {
        return new ProbeDesk.Source() {
            @Override
            public long ask() {
                return ++asked;
            }

            @Override
            public Optional<ProbeDesk.Said> said() {
                return said;
            }
        };
    }
}
