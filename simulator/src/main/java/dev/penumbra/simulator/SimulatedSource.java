package dev.penumbra.simulator;

import dev.penumbra.model.Position;
import dev.penumbra.model.SessionToken;
import dev.penumbra.shadow.read.ProbeDesk;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A database with a journal: commits are acknowledged before the relay journals them, pass by pass.
 *
 * <p>The relay keeps to the rules of the real one: a pass sees what had been committed when it began, answers the question that it had
 * seen before it began, and does so when everything it saw is in the journal.
 */
final class SimulatedSource {
    static final String NAME = "shop";

    private final Random random;
    private final VirtualTime time;
    private final History history;
    private final int keys;
    private final UUID journalId;

    private final List<Transaction> committed = new ArrayList<>();
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

    enum Kind {
        ROWS,
        /** The source announces that it brings the table anew. */
        BEGIN,
        END
    }

    /** What was written; the value is null for a deleted row. */
    record Written(int key, @Nullable Integer value) {}

    /** A transaction; its positions are known once it is in the journal. */
    record Transaction(Kind kind, List<Written> writes, Position first, Position last) {}

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
            if (up) {
                commit();
            }
            nextCommit();
        });
    }

    private void commit() {
        List<Written> writes = new ArrayList<>();
        int number = committed.size() + 1;
        int count = 1 + random.nextInt(3);
        int first = random.nextInt(keys);
        for (int i = 0; i < count; i++) {
            int key = (first + i) % keys;
            Integer value = random.nextInt(4) == 0 ? null : number;
            writes.add(new Written(key, value));
            if (value == null) {
                rows.remove(key);
            } else {
                rows.put(key, value);
            }
        }
        committed.add(new Transaction(Kind.ROWS, writes, Position.START, Position.START));
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
        time.after(random.nextLong(5 * VirtualTime.MILLI), () -> {
            if (opened != incarnation) {
                return;
            }
            for (; journalled < seen; journalled++) {
                append(Kind.ROWS, committed.get(journalled).writes());
            }
            if (bring) {
                anew = false;
                append(Kind.BEGIN, List.of());
                content.forEach((key, value) -> append(Kind.ROWS, List.of(new Written(key, value))));
                append(Kind.END, List.of());
            }
            Position end = end();
            said = Optional.of(new ProbeDesk.Said(question, end));
            tokens.forEach(token -> token.accept(SessionToken.of(NAME, journalId, end), seen));
            nextPass();
        });
    }

    private Position end() {
        return journal.isEmpty()
                ? Position.START
                : journal.get(journal.size() - 1).last();
    }

    private void append(Kind kind, List<Written> writes) {
        long first = sequence + 1;
        sequence += Math.max(1, writes.size());
        journal.add(new Transaction(kind, writes, new Position(epoch, first), new Position(epoch, sequence)));
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
