package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.penumbra.ignite.sql.Copy;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Progress;
import dev.penumbra.shadow.Progress.CopyState;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.apache.ignite.Ignite;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;

/** What a node remembers of how copies stand, on two nodes of a datacenter and a third that comes and goes. */
@NullMarked
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
class CopyStandingIT {
    private static final Datacenter EU = Datacenter.of("eu");

    private final MemoryJournal journal = new MemoryJournal("shop");
    private final Workload workload = new Workload(journal, 1, 50);
    private final Grid grid = new Grid();
    private Ignite home;
    private Ignite one;
    private Ignite two;

    @BeforeAll
    void start() {
        workload.snapshot(50);
        home = grid.start("home", configuration(), journal);
        one = grid.start("eu", configuration());
        two = grid.start("eu", configuration());
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        Grid.plugin(one)
                .shadows()
                .create(new ShadowDefinition(new ShadowName("shop", Orders.NAME, EU), Compression.NONE, 0), false);
        Grid.awaitCaughtUp(one, journal, Orders.NAME, "eu");
    }

    /** With backups, so that no rows are lost when a node goes. */
    private static PenumbraConfiguration configuration() {
        return new PenumbraConfiguration().setBackups(1);
    }

    @AfterAll
    void stop() {
        grid.close();
    }

    private static Copy standing(Ignite node) {
        return Grid.plugin(node).board().shadow(EU, "ORDERS").orElseThrow();
    }

    /** How often the source had begun to bring the table anew, as the copy's id tells it. */
    private static long takes(Copy copy) {
        return Long.parseLong(copy.id().substring(copy.id().lastIndexOf('/') + 1));
    }

    /** Looks at how the copy stands, on and on, and never sees it as it was before the last write that had returned. */
    private static final class Onlooker implements Callable<Long> {
        private final Ignite node;
        private final AtomicLong written;
        private final BooleanSupplier stop;

        Onlooker(Ignite node, AtomicLong written, BooleanSupplier stop) {
            this.node = node;
            this.written = written;
            this.stop = stop;
        }

        @Override
        public Long call() {
            long looks = 0;
            while (!stop.getAsBoolean()) {
                long returned = written.get();
                assertThat(takes(standing(node))).as("on " + node.name()).isGreaterThanOrEqualTo(returned);
                looks++;
            }
            return looks;
        }
    }

    /**
     * Writes states of the copy, as its feed does when the source brings a table anew, until told to stop; after each write looks at it
     * on all nodes.
     *
     * @param readers may change meanwhile
     * @param more called after each write; whether to go on
     */
    private void hammer(long seed, List<Ignite> readers, BooleanSupplier more) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        dev.penumbra.shadow.Copy copy = Grid.shadow(one, "shop", Orders.NAME, "eu");
        List<Progress> writers = Stream.of(home, one, two)
                .map(node -> new Progress(node, EU, configuration().storage()))
                .toList();
        CopyState ready = writers.get(0).copy(copy).orElseThrow();
        AtomicLong written = new AtomicLong(ready.takes());
        AtomicBoolean stop = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        List<Future<Long>> onlookers = Stream.of(one, two)
                .map(node -> threads.submit(new Onlooker(node, written, stop::get)))
                .toList();
        CopyState last = ready;
        try {
            do {
                // Of three that follow each other one cannot be read.
                long takes = last.takes() + 1;
                last = new CopyState(true, ready.applied(), ready.readyFrom(), takes % 3 != 0, true, takes);
                writers.get(random.nextInt(writers.size())).put(copy, last);
                written.set(takes);
                for (Ignite node : readers) {
                    Copy seen = standing(node);
                    assertThat(takes(seen))
                            .as("seed %d, on %s", seed, node.name())
                            .isEqualTo(takes);
                    assertThat(seen.isReady())
                            .as("seed %d, on %s", seed, node.name())
                            .isEqualTo(last.complete());
                }
            } while (more.getAsBoolean());
        } finally {
            stop.set(true);
            for (Future<Long> onlooker : onlookers) {
                assertThat(onlooker.get(10, TimeUnit.SECONDS)).isPositive();
            }
            threads.shutdown();
            writers.get(0).put(copy, new CopyState(true, ready.applied(), ready.readyFrom(), true, true, last.takes()));
        }
    }

    @Test
    void aStateThatHasBeenWritten_isSeenByEveryLaterLook_onEveryNode() throws Exception {
        AtomicLong rounds = new AtomicLong();
        hammer(7, List.of(one, two), () -> rounds.incrementAndGet() < 2_000);
    }

    /** Each time it comes the third takes over a part of what is known of copies, and is itself asked how they stand. */
    @Test
    void aStateThatHasBeenWritten_isSeenByEveryLaterLook_whileANodeComesAndGoes() throws Exception {
        List<Ignite> readers = new CopyOnWriteArrayList<>(List.of(one, two));
        AtomicLong rounds = new AtomicLong();
        ExecutorService operator = Executors.newSingleThreadExecutor();
        Future<Void> comings = operator.submit(() -> {
            for (int coming = 0; coming < 2; coming++) {
                Ignite third = grid.start("eu", configuration());
                readers.add(third);
                awaitRounds(rounds, 100);
                readers.remove(third);
                awaitRounds(rounds, 2);
                grid.stop(third);
            }
            return null;
        });
        operator.shutdown();
        hammer(8, readers, () -> {
            rounds.incrementAndGet();
            return !comings.isDone();
        });
        comings.get();
    }

    private static void awaitRounds(AtomicLong rounds, long more) {
        long end = rounds.get() + more;
        Grid.await(() -> rounds.get() >= end);
    }

    @Test
    void aCopyWhoseProgressIsForgotten_cannotBeReadAnyMore_onAnyNode() {
        dev.penumbra.shadow.Copy copy = Grid.shadow(one, "shop", Orders.NAME, "eu");
        Progress progress = new Progress(home, EU, configuration().storage());
        CopyState ready = progress.copy(copy).orElseThrow();
        for (int round = 0; round < 200; round++) {
            for (Ignite node : List.of(one, two)) {
                assertThat(standing(node).isReady()).isTrue();
            }
            progress.forget(copy);
            for (Ignite node : List.of(one, two)) {
                assertThat(standing(node).isReady()).isFalse();
            }
            progress.put(copy, ready);
        }
    }

    /** What is remembered is looked up, and not asked for: the same answer comes as the same object. */
    @Test
    void aCopyOfWhichNothingHasChanged_isAnsweredFromMemory() {
        for (Ignite node : List.of(one, two)) {
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                Copy first = standing(node);
                assertThat(standing(node)).isSameAs(first);
            });
        }
        assertThat(Grid.plugin(home).board().shadow(EU, "ORDERS").orElseThrow())
                .isNotSameAs(Grid.plugin(home).board().shadow(EU, "ORDERS").orElseThrow());
    }

    /** Last, since it takes the feed away, which would say so as well. */
    @Test
    @Order(Integer.MAX_VALUE)
    void aCopyWhoseRowsAreGone_cannotBeReadAnyMore_thoughItsProgressSaysNothing() {
        dev.penumbra.shadow.Copy copy = Grid.shadow(one, "shop", Orders.NAME, "eu");
        grid.stop(home);
        for (Ignite node : List.of(one, two)) {
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                Copy first = standing(node);
                assertThat(first.isReady()).isTrue();
                assertThat(standing(node)).isSameAs(first);
            });
        }
        List<KeyedRows> opened =
                Stream.of(one, two).map(node -> KeyedRows.open(node, copy)).toList();
        one.destroyCache(copy.cacheName());
        for (Ignite node : List.of(one, two)) {
            await().atMost(Duration.ofSeconds(10))
                    .untilAsserted(() -> assertThat(standing(node).isReady()).isFalse());
        }
        for (KeyedRows rows : opened) {
            assertThatThrownBy(() -> rows.get(Key.of(1L)))
                    .isInstanceOfSatisfying(
                            PenumbraException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.COPY_REPLACED));
        }
    }
}
