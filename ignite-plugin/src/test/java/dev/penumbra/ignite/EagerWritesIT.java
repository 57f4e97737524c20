package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.ignite.MemoryJournal.Draft;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.read.Consistency;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Changes may wait for five seconds here, and those that readers are about to need do not. */
@NullMarked
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
class EagerWritesIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** On a busy machine a round may take so long that the cold row has its turn, too. */
    private static final int ROUNDS = 12;

    @TempDir
    static Path directory;

    private final MemoryJournal journal = new MemoryJournal("shop");
    private final Random random = new Random(1);
    private final Grid grid = new Grid();
    private MemoryRelay relay;
    private Ignite feeding;
    private Ignite reading;

    @BeforeAll
    void start() {
        relay = new MemoryRelay(journal, directory);
        new Workload(journal, 1, 400).snapshot(300);
        Ignite home = grid.start("home", configured(), journal);
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        feeding = grid.start("eu", configured());
        reading = grid.start("eu", configured());
        Grid.plugin(feeding)
                .shadows()
                .create(
                        new ShadowDefinition(
                                new ShadowName("shop", Orders.NAME, Datacenter.of("eu")), Compression.ZSTD, 100),
                        false);
        Grid.awaitCaughtUp(feeding, journal, Orders.NAME, "eu");
    }

    private static PenumbraConfiguration configured() {
        return new PenumbraConfiguration().setPendingMillis(5_000).setReadPatienceMillis(10_000);
    }

    @AfterEach
    void compare() {
        Grid.assertEqual(feeding, journal, Orders.NAME, "eu");
    }

    @AfterAll
    void stop() {
        relay.close();
        grid.close();
    }

    private Draft changed(long order) {
        return Draft.put(Orders.SCHEMA, Orders.row(order, random));
    }

    private Optional<Row> stored(Key key) {
        return Penumbra.of(reading)
                .table("ORDERS")
                .get(key, Consistency.eventual())
                .value();
    }

    private Optional<Row> expected(Key key) {
        return Optional.ofNullable(journal.table(Orders.NAME).get(key));
    }

    private FeedFigures figures() {
        return Grid.plugin(feeding).shipper().figures().stream()
                .filter(feed -> feed.datacenter().equals(Datacenter.of("eu")))
                .findFirst()
                .orElseThrow();
    }

    @Test
    @Order(1)
    void aRowThatIsReadOnAnyNode_isWrittenBeforeRowsThatNobodyReads() {
        Key hot = Key.of(7L);
        long ahead = figures().ahead();
        int earlier = 0;
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < 200; i++) {
                stored(hot);
            }
            // A row that nobody has read before.
            Key cold = Key.of(50L + round);
            journal.append(changed(50 + round), changed(7));
            await().atMost(PATIENCE).until(() -> stored(hot).equals(expected(hot)));
            earlier += stored(cold).equals(expected(cold)) ? 0 : 1;
        }
        assertThat(earlier).isGreaterThanOrEqualTo(ROUNDS / 2);
        assertThat(figures().ahead()).isGreaterThan(ahead);
        assertThat(figures().aheadRead()).isPositive();
    }

    @Test
    @Order(2)
    void aTableThatStatementsNeed_isWrittenBeforeTheyAsk() {
        for (int i = 0; i < 20; i++) {
            journal.append(changed(i));
            assertThat(summed()).isEqualTo(expectedSum());
        }
        int earlier = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long ahead = figures().ahead();
            journal.append(changed(100 + round));
            Key changed = Key.of(100L + round);
            long begin = System.nanoTime();
            await().atMost(PATIENCE).until(() -> isStored(changed));
            boolean beforeItsTurn =
                    System.nanoTime() - begin < Duration.ofSeconds(4).toNanos();
            earlier += beforeItsTurn && figures().ahead() > ahead ? 1 : 0;
        }
        assertThat(earlier).isGreaterThanOrEqualTo(ROUNDS / 2);
        assertThat(summed()).isEqualTo(expectedSum());
    }

    /** By a statement that does not ask for what is pending, and of which nobody is told. */
    private boolean isStored(Key key) {
        return sql("SELECT TOTALPRICE FROM SHADOW_EU.ORDERS WHERE ORDERKEY = ? WITH CONSISTENCY EVENTUAL", key.get(0))
                .equals(List.of(List.of(
                        Objects.requireNonNull(expected(key).orElseThrow().get(Orders.SCHEMA.ordinal("TOTALPRICE"))))));
    }

    @Test
    @Order(3)
    void rowsThatAreReadAllTheTime_endAsTheSourceHasThem_whateverBecomesOfThemAndOfTheFeed() throws Exception {
        Workload workload = new Workload(journal, 2, 40);
        AtomicBoolean over = new AtomicBoolean();
        long ahead = figures().ahead();
        Thread reader = new Thread(() -> {
            for (long i = 0; !over.get(); i++) {
                stored(Key.of(i % 40));
                LockSupport.parkNanos(200_000);
            }
        });
        reader.start();
        try {
            for (int round = 0; round < 8; round++) {
                for (int i = 0; i < 60; i++) {
                    workload.transactions(1);
                    LockSupport.parkNanos(4_000_000);
                }
                if (round % 4 == 1) {
                    journal.failOnce(new AssertionError("the feed's session ends here"));
                }
                if (round % 4 == 3) {
                    workload.truncate();
                }
            }
        } finally {
            over.set(true);
            reader.join();
        }
        assertThat(figures().ahead()).isGreaterThan(ahead);
    }

    private List<?> summed() {
        return sql("SELECT COUNT(*), SUM(ORDERKEY) FROM SHADOW.ORDERS WITH CONSISTENCY BOUNDED '0ms'")
                .get(0);
    }

    private List<List<?>> sql(String sql, @Nullable Object... values) {
        return reading.cache("penumbra-registry")
                .query(new SqlFieldsQuery(sql).setArgs(values))
                .getAll();
    }

    private List<?> expectedSum() {
        Map<Key, Row> rows = journal.table(Orders.NAME);
        return List.of(
                (long) rows.size(),
                BigDecimal.valueOf(rows.keySet().stream()
                        .mapToLong(key -> (Long) key.get(0))
                        .sum()));
    }
}
