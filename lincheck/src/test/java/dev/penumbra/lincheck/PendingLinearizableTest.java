package dev.penumbra.lincheck;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.Position;
import dev.penumbra.shadow.read.Pending;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** An entry of a copy and its pending changes, filled, taken and stored by a feed, are to readers one row that changes at once. */
class PendingLinearizableTest {
    private static final String FEED = "feed";
    private static final String STORE = "store";
    private static final int ROUNDS = 100;
    private static final int RUNS = 500;

    /** A feed's thread, a datacenter's stores, and readers. */
    @Param(name = "key", gen = IntGen.class, conf = "1:2")
    @Param(name = "value", gen = IntGen.class, conf = "1:3")
    public static class CopyAndPending {
        private final Pending<Integer, Integer> pending = new Pending<>();
        private final Map<Integer, Pending.Change<Integer>> copy = new ConcurrentHashMap<>();
        private long sequence;
        /** What is on its way to the copy. */
        private volatile @Nullable Flight flight;

        private record Flight(Map<Integer, Pending.Change<Integer>> changes, Runnable written) {}

        @Operation(nonParallelGroup = FEED)
        public void put(@Param(name = "key") int key, @Param(name = "value") int value) {
            pending.stage(key, value, new Position(1, ++sequence));
            pending.commit();
        }

        @Operation(nonParallelGroup = FEED)
        public void remove(@Param(name = "key") int key) {
            pending.stage(key, null, new Position(1, ++sequence));
            pending.commit();
        }

        /** No write of a copy overtakes another. */
        @Operation(nonParallelGroup = FEED)
        public void take() {
            if (flight == null) {
                Pending<Integer, Integer>.Taken taken = pending.take();
                flight = new Flight(taken.changes(), taken::written);
            }
        }

        @Operation(nonParallelGroup = FEED)
        public void ahead(@Param(name = "key") int key) {
            if (flight == null) {
                Pending<Integer, Integer>.Ahead ahead = pending.ahead(List.of(key));
                flight = new Flight(ahead.changes(), ahead::written);
            }
        }

        @Operation(nonParallelGroup = STORE)
        public void store() {
            Flight landing = flight;
            if (landing != null) {
                landing.changes().forEach(copy::put);
                landing.written().run();
                flight = null;
            }
        }

        @Operation
        public @Nullable Integer read(@Param(name = "key") int key) {
            return found(key);
        }

        @Nullable Integer found(int key) {
            Pending.Change<Integer> change = newest(key);
            LockSupport.parkNanos(1);
            return newer(change, copied(key));
        }

        Pending.@Nullable Change<Integer> newest(int key) {
            return pending.newest(key);
        }

        Pending.@Nullable Change<Integer> copied(int key) {
            return copy.get(key);
        }

        static @Nullable Integer newer(Pending.@Nullable Change<Integer> one, Pending.@Nullable Change<Integer> other) {
            if (one == null || other == null) {
                Pending.Change<Integer> only = one == null ? other : one;
                return only == null ? null : only.row();
            }
            return one.position().compareTo(other.position()) > 0 ? one.row() : other.row();
        }
    }

    /** The same to one who is alone. */
    public static class OneRow {
        private final Map<Integer, Integer> rows = new HashMap<>();

        public void put(int key, int value) {
            rows.put(key, value);
        }

        public void remove(int key) {
            rows.remove(key);
        }

        public void take() {}

        public void ahead(int key) {}

        public void store() {}

        public @Nullable Integer read(int key) {
            return rows.get(key);
        }
    }

    /** A mistake: the copy is looked at first. */
    @Param(name = "key", gen = IntGen.class, conf = "1:2")
    @Param(name = "value", gen = IntGen.class, conf = "1:3")
    public static class CopyFirst extends CopyAndPending {
        @Override
        @Nullable Integer found(int key) {
            Pending.Change<Integer> stored = copied(key);
            LockSupport.parkNanos(1);
            return newer(newest(key), stored);
        }
    }

    // Threads as the machine runs them, who pause between their two looks: Lincheck 3.7's model checker does not let
    // these take turns.
    private static StressOptions threads() {
        return new StressOptions()
                .threads(3)
                .actorsPerThread(3)
                .iterations(ROUNDS)
                .invocationsPerIteration(RUNS)
                .sequentialSpecification(OneRow.class);
    }

    @Test
    void readsAreLinearizable() {
        threads().check(CopyAndPending.class);
    }

    @Test
    void whoLooksInTheCopyFirst_isCaught() {
        assertThatThrownBy(() -> threads().check(CopyFirst.class)).isInstanceOf(LincheckAssertionError.class);
    }
}
