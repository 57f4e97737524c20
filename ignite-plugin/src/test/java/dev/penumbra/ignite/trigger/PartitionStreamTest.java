package dev.penumbra.ignite.trigger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.ignite.internal.CommittedChange;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.LongStream;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@NullMarked
class PartitionStreamTest {
    private static final UUID A = new UUID(0, 1);
    private static final UUID B = new UUID(0, 2);
    private static final long TELLING = 7;

    private final Set<UUID> alive = new HashSet<>(Set.of(A, B));
    private long now;

    private static CommittedChange change(long counter, boolean own, UUID primary) {
        return CommittedChange.counted(0, counter, own, primary, "k", null, "v" + counter);
    }

    private static CommittedChange confirmed(long counter) {
        CommittedChange change = change(counter, true, A);
        change.confirm();
        return change;
    }

    private List<Long> emitted(PartitionStream stream, boolean primary) {
        List<Long> counters = new ArrayList<>();
        for (CommittedChange next = stream.next(primary, alive::contains, CommittedChange::uncounted, now);
                next != null;
                next = stream.next(primary, alive::contains, CommittedChange::uncounted, now)) {
            counters.add(next.counter());
        }
        return counters;
    }

    private static PartitionStream complete(long frontier) {
        PartitionStream stream = new PartitionStream(0, frontier);
        stream.tell(TELLING);
        stream.beginRows(frontier);
        stream.rowsEmitted();
        return stream;
    }

    @Test
    void ownChanges_goInTheOrderOfTheirCounters_andNotBeforeTheyAreConfirmed() {
        PartitionStream stream = complete(0);
        CommittedChange first = change(1, true, A);
        stream.offer(confirmed(2), now);
        stream.offer(first, now);
        assertThat(emitted(stream, true)).isEmpty();
        first.confirm();
        assertThat(emitted(stream, true)).containsExactly(1L, 2L);
        assertThat(stream.frontier()).isEqualTo(2);
    }

    @Test
    void whatAnotherPrimaryHasSeen_isLeftToIt_whileItLives_andEmittedWhenItIsDead() {
        PartitionStream stream = complete(0);
        for (long counter = 1; counter <= 3; counter++) {
            stream.offer(change(counter, false, B), now);
        }
        stream.emittedElsewhere(1, TELLING, 0, true, now);
        assertThat(emitted(stream, true)).isEmpty();
        alive.remove(B);
        assertThat(emitted(stream, false)).isEmpty();
        assertThat(emitted(stream, true)).containsExactly(2L, 3L);
    }

    @Test
    void aCounterThatNeverComes_isPassedOverAfterAWhile_betweenChangesOfOnePrimary() {
        PartitionStream stream = complete(0);
        stream.offer(confirmed(2), now);
        assertThat(emitted(stream, true)).isEmpty();
        now += PartitionStream.MISSING_NANOS;
        assertThat(emitted(stream, true)).containsExactly(2L);
        assertThat(stream.needsRows()).isFalse();
    }

    @Test
    void aCounterThatIsMissingWhenAPrimaryHasDied_bringsTheRowsAnew() {
        PartitionStream stream = complete(0);
        stream.offer(change(2, false, B), now);
        alive.remove(B);
        assertThat(emitted(stream, true)).isEmpty();
        now += PartitionStream.MISSING_NANOS;
        assertThat(emitted(stream, true)).isEmpty();
        assertThat(stream.needsRows()).isTrue();
    }

    @Test
    void aRemovalWithoutCounter_goesBehindTheChangesBeforeIt() {
        PartitionStream stream = complete(0);
        CommittedChange first = change(1, true, A);
        stream.offer(first, now);
        stream.offer(CommittedChange.removal(0, 1, true, A, "k", "v1"), now);
        assertThat(emitted(stream, true)).isEmpty();
        first.confirm();
        CommittedChange one = stream.next(true, alive::contains, CommittedChange::uncounted, now);
        CommittedChange two = stream.next(true, alive::contains, CommittedChange::uncounted, now);
        assertThat(one).isSameAs(first);
        assertThat(two)
                .isNotNull()
                .satisfies(removal -> assertThat(removal.isCounted()).isFalse());
    }

    @Test
    void aChangeWhoseCallIsUnderWay_holdsTheFrontierBack() {
        PartitionStream stream = complete(0);
        stream.offer(confirmed(1), now);
        stream.offer(confirmed(2), now);
        assertThat(emitted(stream, true)).containsExactly(1L, 2L);
        stream.unfinished(1, 2);
        stream.finished(1);
        assertThat(stream.frontier()).isZero();
        stream.finished(1);
        assertThat(stream.frontier()).isEqualTo(2);
    }

    @Test
    void whatWasGivenUp_isNotForgottenBecauseAnotherSaysThatAllIsWell() {
        PartitionStream stream = complete(0);
        stream.giveUp();
        stream.emittedElsewhere(9, TELLING, 0, true, now);
        assertThat(stream.needsRows()).isTrue();
    }

    static LongStream seeds() {
        return LongStream.range(0, Integer.getInteger("penumbra.stream.seeds", 300));
    }

    /**
     * Two owners of a partition, whose primary is killed again and again while it writes, emits and tells; the dead node's
     * place is taken by a fresh one. What is emitted must be the history of the table: all of it, nothing else, in order.
     */
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void simulatedOwners_emitTheTablesHistory_whoeverDies(long seed) {
        Simulation simulation = new Simulation(new Random(seed));
        for (int step = 0; step < 400; step++) {
            simulation.step();
        }
        simulation.settle();
        assertThat(simulation.journalled).as("seed %d", seed).isEqualTo(simulation.table);
        assertThat(simulation.contradictions).as("seed %d", seed).isEmpty();
    }

    /** A node that owns the partition: its copy of the history, its stream, and what is on its way to it. */
    private static final class Owner {
        private final UUID id;
        private final TreeMap<Long, String> history = new TreeMap<>();
        private final PartitionStream stream;
        private final Deque<Runnable> arriving = new ArrayDeque<>();

        Owner(UUID id, long frontier) {
            this.id = id;
            this.stream = new PartitionStream(0, frontier);
            stream.tell(TELLING);
        }
    }

    private static final class Simulation {
        private final Random random;
        private final Set<UUID> living = new HashSet<>();
        private final Map<Long, String> journalled = new HashMap<>();
        private final List<String> contradictions = new ArrayList<>();
        private final Map<Long, CommittedChange> unconfirmed = new TreeMap<>();
        private Map<Long, String> table = new HashMap<>();
        private long now;
        private long lastNode;
        private long values;
        private long rowsUpTo = -1;
        private Owner primary;
        private @Nullable Owner backup;

        Simulation(Random random) {
            this.random = random;
            primary = owner(0);
            backup = owner(0);
        }

        private Owner owner(long frontier) {
            Owner owner = new Owner(new UUID(1, ++lastNode), frontier);
            living.add(owner.id);
            return owner;
        }

        void step() {
            now += 1_000_000;
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3 -> write();
                case 4, 5, 6 -> arrive();
                case 7, 8, 9 -> emit(1 + random.nextInt(3));
                case 10 -> tell();
                default -> {
                    if (random.nextInt(3) == 0) {
                        changeOwners();
                    }
                }
            }
        }

        private void write() {
            long counter = primary.history.isEmpty() ? 1 : primary.history.lastKey() + 1;
            String value = "v" + ++values;
            primary.history.put(counter, value);
            CommittedChange own = CommittedChange.counted(0, counter, true, primary.id, "k", null, value);
            primary.stream.offer(own, now);
            Owner second = backup;
            if (second == null) {
                own.confirm();
                return;
            }
            unconfirmed.put(counter, own);
            UUID by = primary.id;
            second.arriving.add(() -> {
                second.history.put(counter, value);
                second.stream.offer(CommittedChange.counted(0, counter, false, by, "k", null, value), now);
                own.confirm();
                unconfirmed.remove(counter, own);
            });
        }

        private void arrive() {
            Owner second = backup;
            if (second != null && !second.arriving.isEmpty()) {
                second.arriving.poll().run();
            }
        }

        private void emit(int atMost) {
            if (rowsUpTo < 0 && primary.stream.needsRows()) {
                bringRows();
            }
            for (int i = 0; i < atMost; i++) {
                CommittedChange next = primary.stream.next(true, living::contains, CommittedChange::uncounted, now);
                if (next == null) {
                    break;
                }
                String value = String.valueOf(primary.history.get(next.counter()));
                String former = journalled.put(next.counter(), value);
                if (former != null && !former.equals(value)) {
                    contradictions.add(next.counter() + ": " + former + " and " + value);
                }
            }
            if (rowsUpTo >= 0 && primary.stream.emittedUpTo() >= rowsUpTo) {
                primary.stream.rowsEmitted();
                rowsUpTo = -1;
            }
        }

        /** As the table's streams do it: a row whose change is not confirmed is told of as it was before. */
        private void bringRows() {
            long counter = primary.history.isEmpty() ? 0 : primary.history.lastKey();
            primary.stream.beginRows(counter);
            journalled.clear();
            journalled.putAll(primary.history);
            primary.stream.waiting().forEach(change -> journalled.remove(change.counter()));
            rowsUpTo = counter;
        }

        private void tell() {
            Owner second = backup;
            if (second != null) {
                long frontier = primary.stream.frontier();
                long told = primary.stream.told();
                second.arriving.add(() -> second.stream.emittedElsewhere(frontier, told, 0, true, now));
            }
        }

        private void changeOwners() {
            Owner second = backup;
            if (second == null) {
                join();
            } else if (random.nextBoolean()) {
                // The primary is killed; of what is on its way some arrives and the rest is lost.
                living.remove(primary.id);
                for (int i = random.nextInt(second.arriving.size() + 1); i > 0; i--) {
                    arrive();
                }
                second.arriving.clear();
                unconfirmed.clear();
                rowsUpTo = -1;
                primary = second;
                backup = null;
            } else {
                living.remove(second.id);
                backup = null;
                // The way to a backup that is gone is over.
                unconfirmed.values().forEach(CommittedChange::confirm);
                unconfirmed.clear();
            }
        }

        private void join() {
            Owner fresh = owner(-1);
            fresh.history.putAll(primary.history);
            backup = fresh;
            if (random.nextBoolean()) {
                tell();
            }
        }

        void settle() {
            for (int round = 0; round < 20; round++) {
                now += PartitionStream.MISSING_NANOS;
                while (backup != null && !backup.arriving.isEmpty()) {
                    arrive();
                }
                emit(Integer.MAX_VALUE);
                tell();
            }
            table = new HashMap<>(primary.history);
        }
    }
}
