package dev.penumbra.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.cli.CounterCheck;
import dev.penumbra.h2.Capture;
import dev.penumbra.model.SessionToken;
import dev.penumbra.shadow.read.Consistency.Level;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three datacenters as three JVMs, between which every message takes 40 ms: rows count up in the source, sessions in all datacenters
 * read them at all levels, links are cut, and the node at home is killed. One clock, this process's, tells what each answer had to
 * contain.
 *
 * <p>{@code -Dpenumbra.consistency.seconds=N} sets for how long, {@code -Dpenumbra.consistency.sessions=N} how many sessions each
 * datacenter has, {@code -Dpenumbra.consistency.seed=S} replays the choices.
 */
@TestMethodOrder(OrderAnnotation.class)
class ConsistencyIT {
    private static final int SECONDS = Integer.getInteger("penumbra.consistency.seconds", 150);
    private static final long SEED = Long.getLong("penumbra.consistency.seed", 1);
    private static final int ROUND_TRIP_MILLIS = 80;
    private static final int KEYS = 8;
    private static final int SESSIONS_EACH = Integer.getInteger("penumbra.consistency.sessions", 4);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    static Path directory;

    private static Source source;
    private static ProcessGrid grid;

    private final CounterCheck check = new CounterCheck(KEYS, System::nanoTime);
    private final Map<Level, AtomicLong> answered = new EnumMap<>(Level.class);
    private final Map<Level, AtomicLong> refused = new EnumMap<>(Level.class);
    private final AtomicLong answeredWhileDown = new AtomicLong();
    private final AtomicLong answeredWhileCut = new AtomicLong();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean stopped;
    private volatile boolean down;
    private volatile String cutOff = "";

    @BeforeAll
    static void start() throws Exception {
        source = new Source(directory, 50);
        source.execute("UPDATE ITEMS SET QUANTITY = 0");
        grid = new ProcessGrid("ConsistencyIT", directory, source.journal(), 256, ROUND_TRIP_MILLIS);
        grid.startAll();
        grid.awaitCopies(ProcessGrid.HOME, Source.TABLES.size(), source.settle());
        try (Connection us = grid.node(ProcessGrid.US).connect();
                Statement statement = us.createStatement()) {
            for (String datacenter : List.of(ProcessGrid.EU, ProcessGrid.US)) {
                statement.execute(
                        "CREATE SHADOW OF " + source.name() + ".PUBLIC.ITEMS IN DATACENTER '" + datacenter + "'");
            }
        }
        grid.awaitCopies(ProcessGrid.US, Source.TABLES.size() + 2, source.settle());
    }

    @AfterAll
    static void stop() throws Exception {
        grid.close();
        source.close();
    }

    @Test
    @Order(1)
    void explain_saysWhichCopyAnswersAtEachLevel() throws SQLException {
        String query = "EXPLAIN SHADOW SELECT * FROM SHADOW.ITEMS WITH CONSISTENCY ";
        try (Connection eu = grid.node(ProcessGrid.EU).connect()) {
            assertThat(Tables.rows(eu, query + "EVENTUAL").get(0)).contains("SHADOW_EU.ITEMS", "EVENTUAL");
            assertThat(Tables.rows(eu, query + "BOUNDED '5s'").get(0)).contains("SHADOW_EU.ITEMS", "BOUNDED '5000ms'");
            assertThat(Tables.rows(eu, query + "VALIDATED").get(0))
                    .contains(
                            "SHADOW_EU.ITEMS",
                            "the shadow in datacenter eu is complete; what it gives is held against the home image",
                            "VALIDATED");
            assertThat(Tables.rows(eu, query + "PRIMARY").get(0))
                    .contains("HOME.ITEMS", "PRIMARY is answered at home", "PRIMARY");
        }
    }

    @Test
    @Order(2)
    void whatIsAnswered_holdsWhatItsLevelPromises_whileNodesAreKilled() throws Exception {
        // What is not committed is shown to reads by key only.
        for (Level level : EnumSet.complementOf(EnumSet.of(Level.OPTIMISTIC))) {
            answered.put(level, new AtomicLong());
            refused.put(level, new AtomicLong());
        }
        int sessions = ProcessGrid.DATACENTERS.size() * SESSIONS_EACH;
        ExecutorService threads = Executors.newFixedThreadPool(sessions + 1);
        try {
            List<Future<?>> running = new ArrayList<>();
            running.add(threads.submit(this::write));
            for (int i = 0; i < sessions; i++) {
                String datacenter = ProcessGrid.DATACENTERS.get(i % ProcessGrid.DATACENTERS.size());
                Random random = new Random(SEED * 31 + i);
                running.add(threads.submit(() -> read(datacenter, random)));
            }
            for (String datacenter : List.of(ProcessGrid.US, ProcessGrid.HOME, ProcessGrid.EU)) {
                TimeUnit.MILLISECONDS.sleep(SECONDS * 100L);
                cutOff = datacenter;
                grid.cut(datacenter);
                TimeUnit.MILLISECONDS.sleep(SECONDS * 100L);
                grid.repair(datacenter);
                cutOff = "";
            }
            down = true;
            grid.node(ProcessGrid.HOME).kill();
            TimeUnit.SECONDS.sleep(2);
            grid.start(ProcessGrid.HOME);
            down = false;
            TimeUnit.MILLISECONDS.sleep(SECONDS * 400L);
            awaitAllLevels();
            stopped = true;
            for (Future<?> one : running) {
                one.get();
            }
        } finally {
            stopped = true;
            threads.shutdownNow();
        }
        System.out.printf(
                "seed %d, %d s: answered %s, refused %s, %d answers while home was down, %d in datacenters that were cut off; %d changes%n",
                SEED, SECONDS, answered, refused, answeredWhileDown.get(), answeredWhileCut.get(), check.commits());
        assertThat(failures).isEmpty();
        assertThat(check.violations()).as("seed " + SEED).isEmpty();
        assertThat(answered.values()).allSatisfy(count -> assertThat(count).hasPositiveValue());
        assertThat(answeredWhileDown).hasPositiveValue();
        assertThat(answeredWhileCut).hasPositiveValue();
    }

    /** After a fault every level is answered again in every datacenter. */
    private void awaitAllLevels() {
        for (String datacenter : ProcessGrid.DATACENTERS) {
            for (String level : List.of("EVENTUAL", "BOUNDED '2s'", "VALIDATED", "PRIMARY")) {
                await().atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> {
                    try (Connection connection = grid.node(datacenter).connect()) {
                        assertThat(Tables.text(
                                        connection, "SELECT COUNT(*) FROM SHADOW.ITEMS WITH CONSISTENCY " + level))
                                .isEqualTo("50");
                    }
                });
            }
        }
    }

    private void write() {
        Random random = new Random(SEED);
        try (Connection connection = source.connect();
                PreparedStatement update =
                        connection.prepareStatement("UPDATE ITEMS SET QUANTITY = QUANTITY + 1 WHERE ID = ?")) {
            while (!stopped) {
                int key = random.nextInt(KEYS);
                check.begin(key);
                update.setInt(1, key + 1);
                update.executeUpdate();
                check.committed(key);
                if (random.nextInt(10) == 0) {
                    check.mark(SessionToken.parse(Capture.token(connection)));
                }
                // Now and then long enough for copies to be as far as the source, so that one can be found right.
                TimeUnit.MILLISECONDS.sleep(random.nextInt(100) == 0 ? 400 : random.nextInt(20));
            }
        } catch (SQLException | InterruptedException e) {
            failures.add("the writer has failed: " + e);
        }
    }

    private void read(String datacenter, Random random) {
        while (!stopped) {
            NodeProcess node = grid.node(datacenter);
            if (!node.alive() || !node.isReady()) {
                Thread.onSpinWait();
                continue;
            }
            try (Connection connection = node.connect()) {
                CounterCheck.Session session = check.session(datacenter);
                while (!stopped) {
                    readOne(datacenter, session, connection, random);
                }
            } catch (SQLException e) {
                // The node is being killed, or nothing can be proven to this session; a new connection is a new one.
            }
        }
    }

    /** The stronger, the longer it takes and the less often it is asked for. */
    private static Level anyLevel(Random random) {
        int weight = random.nextInt(40);
        return weight < 2
                ? Level.PRIMARY
                : weight < 4
                        ? Level.VALIDATED
                        : weight < 7 ? Level.SESSION : weight < 16 ? Level.BOUNDED : Level.EVENTUAL;
    }

    private void readOne(String datacenter, CounterCheck.Session session, Connection connection, Random random)
            throws SQLException {
        Level level = anyLevel(random);
        Duration bound = Duration.ofMillis(random.nextInt(1_500));
        int key = random.nextInt(KEYS);
        boolean wasDown = down;
        boolean wasCutOff = cutOff.equals(datacenter);
        CounterCheck.Question question = session.ask(key, level, bound);
        long value;
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT QUANTITY FROM SHADOW.ITEMS WHERE ID = " + (key + 1)
                        + " WITH CONSISTENCY " + question.consistency())) {
            value = row.next() ? row.getLong(1) : CounterCheck.ABSENT;
        } catch (SQLException e) {
            counted(refused, level);
            throw e;
        }
        question.answered(value);
        counted(answered, level);
        if (wasDown && down) {
            answeredWhileDown.incrementAndGet();
        }
        if (wasCutOff && cutOff.equals(datacenter)) {
            answeredWhileCut.incrementAndGet();
        }
    }

    private static void counted(Map<Level, AtomicLong> counts, Level level) {
        AtomicLong count = counts.get(level);
        if (count != null) {
            count.incrementAndGet();
        }
    }
}
