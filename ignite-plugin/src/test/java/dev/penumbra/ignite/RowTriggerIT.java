package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.TableName;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullMarked
class RowTriggerIT {
    private static final Queue<String> SEEN = new ConcurrentLinkedQueue<>();
    private static final AtomicInteger FAILURES = new AtomicInteger();

    /** Notes what it sees, and fails on rows that are called poison, and on shaky ones a few times. */
    public static final class Noting implements RowTrigger {
        @Override
        public void fire(
                String trigger, TableName table, @Nullable TableRow before, @Nullable TableRow after, Context context) {
            if (after != null && "poison".equals(after.get("A"))) {
                throw new AssertionError("cannot deal with poison");
            }
            if (after != null && "shaky".equals(after.get("A")) && context.attempt() < 3) {
                FAILURES.incrementAndGet();
                throw new IllegalStateException("not yet");
            }
            SEEN.add(trigger + " " + table + " " + text(before) + " -> " + text(after));
        }

        private static String text(@Nullable TableRow row) {
            return row == null ? "-" : row.get("ID") + "/" + row.get("A");
        }
    }

    /** Is on no list. */
    public static final class Unlisted implements RowTrigger {
        static {
            SEEN.add("loaded");
        }

        @Override
        public void fire(
                String trigger,
                TableName table,
                @Nullable TableRow before,
                @Nullable TableRow after,
                Context context) {}
    }

    @BeforeEach
    void forget() {
        SEEN.clear();
        FAILURES.set(0);
    }

    private static TriggeredGrid grid(Path directory) {
        TriggeredGrid grid = new TriggeredGrid(directory);
        for (int i = 0; i < 2; i++) {
            grid.start(configuration -> configuration
                    .setTriggerClasses(List.of(Noting.class.getName(), String.class.getName()))
                    .setTriggerPauseMillis(1)
                    .setTriggerAttempts(4));
        }
        grid.sql("CREATE TABLE T (ID BIGINT PRIMARY KEY, A VARCHAR) WITH \"cache_name=T,backups=1\"");
        return grid;
    }

    private static String create(String operations, Class<?> called) {
        return "CREATE TRIGGER SEES AFTER " + operations + " ON T FOR EACH ROW CALL '" + called.getName() + "'";
    }

    @Test
    void aUsersTrigger_seesEachCommittedChangeOnce_inTheOrderOfItsKey(@TempDir Path directory) {
        try (TriggeredGrid grid = grid(directory)) {
            grid.sql("INSERT INTO T VALUES (0, 'before')");
            grid.sql(create("INSERT OR UPDATE OR DELETE", Noting.class));
            List<String> expected = new ArrayList<>();
            for (long id = 1; id <= 20; id++) {
                grid.sql("INSERT INTO T VALUES (?, 'a')", id);
                grid.sql("UPDATE T SET A = 'b' WHERE ID = ?", id);
                grid.sql("DELETE FROM T WHERE ID = ?", id);
                expected.add("SEES PUBLIC.T - -> " + id + "/a");
                expected.add("SEES PUBLIC.T " + id + "/a -> " + id + "/b");
                expected.add("SEES PUBLIC.T " + id + "/b -> -");
            }
            Grid.await(() -> SEEN.size() >= expected.size());
            assertThat(SEEN).containsExactlyInAnyOrderElementsOf(expected);
            for (long id = 1; id <= 20; id++) {
                String key = " " + id + "/";
                assertThat(SEEN.stream().filter(line -> line.contains(key)))
                        .containsExactlyElementsOf(expected.stream()
                                .filter(line -> line.contains(key))
                                .toList());
            }
        }
    }

    @Test
    void aTriggerForSomeOperations_seesNoOthers_andAFailedCallIsRepeated(@TempDir Path directory) {
        try (TriggeredGrid grid = grid(directory)) {
            grid.sql(create("UPDATE", Noting.class));
            grid.sql("INSERT INTO T VALUES (1, 'a'), (2, 'b')");
            grid.sql("UPDATE T SET A = 'shaky' WHERE ID = 1");
            grid.sql("DELETE FROM T WHERE ID = 2");
            grid.sql("UPDATE T SET A = 'last' WHERE ID = 1");
            Grid.await(() -> SEEN.size() >= 2);
            assertThat(SEEN).containsExactly("SEES PUBLIC.T 1/a -> 1/shaky", "SEES PUBLIC.T 1/shaky -> 1/last");
            assertThat(FAILURES).hasValue(2);
        }
    }

    @Test
    void aPoisonChange_goesToTheDeadLetters_andThoseBehindItGoOn(@TempDir Path directory) {
        try (TriggeredGrid grid = grid(directory)) {
            grid.sql(create("INSERT, UPDATE, DELETE", Noting.class));
            grid.sql("INSERT INTO T VALUES (1, 'poison')");
            grid.sql("UPDATE T SET A = 'healed' WHERE ID = 1");
            Grid.await(() -> !SEEN.isEmpty());
            assertThat(SEEN).containsExactly("SEES PUBLIC.T 1/poison -> 1/healed");
            assertThat(
                            grid.sql(
                                    "SELECT TRIGGER_NAME, TABLE_NAME, OPERATION, OLD_ROW, NEW_ROW, ATTEMPTS, REASON FROM SYS.PENUMBRA_DEAD_LETTERS"))
                    .singleElement()
                    .satisfies(letter -> assertThat(letter.toString())
                            .isEqualTo("[SEES, T, INSERT, null, ID=1, A=poison, 4, java.lang.AssertionError:"
                                    + " cannot deal with poison]"));
        }
    }

    @Test
    void aClassThatIsNotOnTheList_isRefusedBeforeItIsLoaded_andTheErrorNamesTheList(@TempDir Path directory) {
        try (TriggeredGrid grid = grid(directory)) {
            assertThatThrownBy(() -> grid.sql(create("INSERT", Unlisted.class)))
                    .hasMessageContaining("PENUMBRA-1022")
                    .hasMessageContaining(Noting.class.getName());
            assertThat(SEEN).isEmpty();
            assertThatThrownBy(() -> grid.sql(create("INSERT", String.class))).hasMessageContaining("PENUMBRA-1023");
            assertThat(grid.sql("SELECT * FROM SYS.PENUMBRA_TRIGGERS")).isEmpty();
        }
    }

    @Test
    void badStatements_areRefused_andSayWhy(@TempDir Path directory) {
        try (TriggeredGrid grid = grid(directory)) {
            String capture = " AFTER INSERT, UPDATE, DELETE ON T FOR EACH ROW CAPTURE";
            grid.sql("CREATE TRIGGER ONE" + capture);
            grid.sql("CREATE TRIGGER IF NOT EXISTS ONE" + capture);
            assertThatThrownBy(() -> grid.sql("CREATE TRIGGER ONE" + capture)).hasMessageContaining("PENUMBRA-1020");
            assertThatThrownBy(() -> grid.sql("CREATE TRIGGER TWO" + capture)).hasMessageContaining("PENUMBRA-1015");
            assertThatThrownBy(() -> grid.sql("CREATE TRIGGER TWO AFTER INSERT ON NONE FOR EACH ROW CAPTURE"))
                    .hasMessageContaining("PENUMBRA-1003");
            assertThatThrownBy(() -> grid.sql("DROP TRIGGER TWO")).hasMessageContaining("PENUMBRA-1021");
            grid.sql("DROP TRIGGER IF EXISTS TWO");
            grid.sql("DROP TRIGGER ONE");
            assertThatThrownBy(() -> grid.sql("CREATE TRIGGER TWO AFTER INSERT ON T FOR EACH ROW CAPTURE"))
                    .hasMessageContaining("PENUMBRA-1016");
            grid.sql("CREATE TABLE \"we;ird\" (\"i.d\" BIGINT PRIMARY KEY, \"a\"\"b\" VARCHAR)");
            grid.sql(
                    "CREATE TRIGGER \"t; DROP TABLE T\" AFTER INSERT, UPDATE, DELETE ON \"we;ird\" FOR EACH ROW CAPTURE");
            grid.sql("INSERT INTO \"we;ird\" VALUES (1, 'x')");
            grid.awaitEqual(new TableName("PUBLIC", "we;ird"), 2);
        }
    }
}
