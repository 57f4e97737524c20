package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.ignite.MemoryJournal.Draft;
import dev.penumbra.model.Column;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Row;
import dev.penumbra.model.SessionToken;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.read.Consistency;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.function.Predicate;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Shadows of parts of tables, beside the home images of the whole. */
@NullMarked
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
class CoverageIT {
    private static final long SEED = Long.getLong("penumbra.seed", System.nanoTime());
    private static final int STATEMENTS = Integer.getInteger("penumbra.coverage.statements", 20);
    private static final int PENDING_STATEMENTS = Integer.getInteger("penumbra.pending.statements", 20_000);
    private static final int PENDING_SHAPES = Integer.getInteger("penumbra.pending.shapes", 40);
    private static final int ROWS = 120;

    private static final List<Column> COLUMNS = List.of(
            Orders.column("ID", SqlType.INTEGER),
            Orders.column("REGION", SqlType.VARCHAR),
            Orders.column("A", SqlType.INTEGER),
            Orders.column("TOTAL", SqlType.DECIMAL),
            Orders.column("DAY", SqlType.DATE),
            Orders.column("AT", SqlType.TIMESTAMP),
            Orders.column("B", SqlType.BOOLEAN),
            Orders.column("U", SqlType.UUID));

    private static final LocalDate DAY = LocalDate.of(2024, 2, 27);
    private static final LocalDateTime AT = LocalDateTime.of(2024, 2, 27, 12, 0);

    /** A table, what its shadow covers in words, and the same once more. */
    private record Part(String table, String coverage, Predicate<Row> inside) {
        TableSchema layout() {
            return new TableSchema(name(), COLUMNS, List.of("ID"));
        }

        TableName name() {
            return new TableName("PUBLIC", table);
        }
    }

    private static final List<Part> PARTS = List.of(
            new Part(
                    "P0",
                    "WHERE REGION = 'EU' AND (A < 5 OR A IS NULL)",
                    row -> "EU".equals(row.get(1)) && (row.get(2) == null || (int) number(row, 2) < 5)),
            new Part(
                    "P1",
                    "WHERE ID BETWEEN 20 AND 60 OR REGION IS NULL",
                    row -> row.get(1) == null || (number(row, 0) >= 20 && number(row, 0) <= 60)),
            new Part(
                    "P2",
                    "WHERE DAY >= DATE '2024-02-28' AND AT < TIMESTAMP '2024-02-27 12:00:00.003'",
                    row -> row.get(4) instanceof LocalDate day
                            && !day.isBefore(LocalDate.of(2024, 2, 28))
                            && row.get(5) instanceof LocalDateTime at
                            && at.isBefore(AT.plusNanos(3_000_000))),
            new Part(
                    "P3",
                    "KEYS (1, 2, 3, 5, 8, 13, 999)",
                    row -> List.of(1, 2, 3, 5, 8, 13, 999).contains(row.get(0))),
            new Part(
                    "P4",
                    "WHERE TOTAL > 1.5 AND NOT (REGION IN ('US', 'EU '))",
                    row -> row.get(3) instanceof BigDecimal total
                            && total.compareTo(new BigDecimal("1.5")) > 0
                            && row.get(1) != null
                            && !List.of("US", "EU ").contains(row.get(1))),
            new Part(
                    "P5",
                    "WHERE B = TRUE OR U = '00000000-0000-0001-0000-000000000001'",
                    row -> Boolean.TRUE.equals(row.get(6)) || new UUID(1, 1).equals(row.get(7))),
            new Part(
                    "P6",
                    "SEGMENTS (-1, 0, 3) OF 12",
                    row -> List.of(-1L, 0L, 3L).contains(Math.floorDiv(number(row, 0), 12L))),
            new Part("F", "", row -> true));

    @TempDir
    static Path directory;

    private final PenumbraConfiguration settings = new PenumbraConfiguration();
    private final Random random = new Random(SEED);
    private final MemoryJournal journal = new MemoryJournal("shop");
    private final Grid grid = new Grid();
    private MemoryRelay relay;
    private Ignite home;
    private Ignite eu;

    private static long number(Row row, int ordinal) {
        return ((Number) Objects.requireNonNull(row.get(ordinal))).longValue();
    }

    @BeforeAll
    void start() {
        System.out.println("penumbra.seed=" + SEED);
        relay = new MemoryRelay(journal, directory);
        for (Part part : PARTS) {
            bring(part.layout(), ROWS);
        }
        home = grid.start("home", journal);
        eu = grid.start("eu", settings);
        for (Part part : PARTS) {
            Grid.awaitCaughtUp(home, journal, part.name(), "home");
            sql("CREATE SHADOW OF shop.PUBLIC." + part.table() + " IN DATACENTER 'eu' " + part.coverage());
        }
        assertCovered();
    }

    @AfterAll
    void stop() {
        relay.close();
        grid.close();
    }

    private void bring(TableSchema layout, int rows) {
        List<Draft> drafts = new ArrayList<>();
        drafts.add(Draft.of(Operation.SCHEMA, layout));
        for (int id = 0; id < rows; id++) {
            drafts.add(Draft.put(layout, row(id)));
        }
        drafts.add(Draft.of(Operation.SNAPSHOT_END, layout));
        journal.append(drafts);
    }

    private Row row(int id) {
        return Row.of(
                id,
                one(null, "", "EU", "EU ", "US", "eu", "APAC"),
                one(null, 3, 4, 5, 6),
                one(null, new BigDecimal("1.49"), new BigDecimal("1.50"), new BigDecimal("1.500"), new BigDecimal("2")),
                one(null, DAY, DAY.plusDays(1), DAY.plusDays(2)),
                one(null, AT, AT.plusNanos(2_999_999), AT.plusNanos(3_000_000), AT.plusNanos(3_500_000)),
                one(null, true, false),
                one(null, new UUID(1, 1), new UUID(-1, -1)));
    }

    private @Nullable Object one(@Nullable Object... values) {
        return values[random.nextInt(values.length)];
    }

    private List<List<?>> sql(String sql, @Nullable Object... parameters) {
        return sql(eu, sql, parameters);
    }

    private static List<List<?>> sql(Ignite node, String sql, @Nullable Object... parameters) {
        return node.cache("penumbra-registry")
                .query(new SqlFieldsQuery(sql).setArgs(parameters))
                .getAll();
    }

    private String copyOf(String query, @Nullable Object... parameters) {
        List<List<?>> answers = sql("EXPLAIN SHADOW " + query, parameters);
        // One datacenter answers all of it.
        assertThat(answers.stream().map(answer -> schema(answer.get(1))).distinct())
                .as(query)
                .hasSize(1);
        return answers.stream()
                .filter(answer -> !answer.get(0).equals("SHADOW.F"))
                .map(answer -> (String) answer.get(1))
                .findFirst()
                .orElseThrow();
    }

    private static String schema(@Nullable Object copy) {
        return String.valueOf(copy).replaceFirst("[.].*", "");
    }

    private void assertCovered() {
        for (Part part : PARTS) {
            Grid.awaitCaughtUp(home, journal, part.name(), "home");
            Grid.awaitCaughtUp(eu, journal, part.name(), "eu");
            Map<Key, Row> inside = new HashMap<>(journal.table(part.name()));
            inside.values().removeIf(part.inside().negate());
            assertThat(Grid.rows(eu, shadow(part)))
                    .as("seed %d, %s", SEED, part)
                    .isEqualTo(inside);
        }
    }

    private Copy shadow(Part part) {
        return Grid.shadow(eu, "shop", part.name(), "eu");
    }

    private void change(int transactions) {
        for (int i = 0; i < transactions; i++) {
            List<Draft> drafts = new ArrayList<>();
            for (int j = 0; j <= random.nextInt(4); j++) {
                Part part = PARTS.get(random.nextInt(PARTS.size()));
                TableSchema layout = part.layout();
                int id = random.nextInt(ROWS);
                Map<Key, Row> present = journal.table(part.name());
                boolean touched =
                        drafts.stream().anyMatch(draft -> draft.schema().equals(layout));
                int free = ROWS + random.nextInt(20);
                if (random.nextInt(6) == 0) {
                    drafts.add(Draft.delete(layout, Key.of(id)));
                } else if (!touched
                        && random.nextInt(6) == 0
                        && present.containsKey(Key.of(id))
                        && !present.containsKey(Key.of(free))) {
                    drafts.add(Draft.move(layout, Key.of(id), row(free)));
                } else {
                    drafts.add(Draft.put(layout, row(id)));
                }
            }
            journal.append(drafts);
        }
    }

    @Test
    @Order(1)
    void rowsThatMoveInAndOut_comeAndGo_alsoWhenTheFeedBeginsAnew() {
        for (int round = 0; round < 3; round++) {
            change(200);
            if (round % 2 == 1) {
                journal.failOnce(new AssertionError("the feed's session ends here"));
            }
            change(50);
            assertCovered();
        }
    }

    @Test
    @Order(2)
    void aRowThatMovesWhileItIsRead_isThereAsItWasInsideOrNotAtAll() {
        Part part = PARTS.get(0);
        int found = 0;
        for (int i = 0; i < 150 || (found == 0 && i < 5_000); i++) {
            @Nullable Object[] values = row(7).toArray();
            values[1] = i % 3 == 0 ? "US" : "EU";
            values[2] = i % 3 == 0 ? 4 : 3;
            journal.append(Draft.put(part.layout(), Row.of(values)));
            List<List<?>> rows = sql("SELECT A FROM SHADOW_EU.P0 WHERE ID = 7 AND REGION = 'EU' AND A < 5");
            assertThat(rows).isSubsetOf(List.of(List.of(3)));
            found += rows.size();
        }
        assertThat(found).isPositive();
        assertCovered();
    }

    @Test
    @Order(3)
    void aTableThatIsEmptiedOrBroughtAnew_isSoInItsPart() {
        journal.append(Draft.of(Operation.TRUNCATE, PARTS.get(1).layout()));
        assertCovered();
        bring(PARTS.get(1).layout(), ROWS);
        change(20);
        assertCovered();
    }

    @Test
    @Order(4)
    void aStatement_isAnsweredByThePartOnlyWhereItIsProvenToNeedNoMore() {
        String inside = "t.REGION = 'EU' AND t.A < 5";
        List<String> proven = List.of(
                "SELECT * FROM SHADOW.P0 t WHERE " + inside,
                "SELECT * FROM SHADOW.P0 WHERE REGION = 'EU' AND 5 > A",
                "SELECT SHADOW.P0.ID FROM SHADOW.P0 WHERE SHADOW.P0.REGION = 'EU' AND P0.A IN (3, 4)",
                "SELECT COUNT(*) FROM SHADOW.P0 WHERE A IS NULL AND REGION IN ('EU')",
                "SELECT * FROM SHADOW.P0 t, SHADOW.F u WHERE t.ID = u.ID AND " + inside,
                "SELECT * FROM SHADOW.F u JOIN SHADOW.P0 t ON t.ID = u.ID AND t.REGION = 'EU' WHERE t.A = 3",
                "SELECT * FROM SHADOW.P0 t LEFT JOIN SHADOW.F u ON t.ID = u.ID WHERE u.ID IS NULL AND " + inside,
                "SELECT * FROM SHADOW.F u WHERE NOT EXISTS (SELECT 1 FROM SHADOW.P0 t WHERE t.ID = u.ID AND " + inside
                        + ")",
                "SELECT * FROM SHADOW.F WHERE ID IN (SELECT ID FROM SHADOW.P0 t WHERE " + inside + ")",
                "WITH q AS (SELECT * FROM SHADOW.P0 t WHERE " + inside + ") SELECT COUNT(*) FROM q",
                "SELECT ID FROM SHADOW.P0 t WHERE " + inside + " UNION ALL SELECT ID FROM SHADOW.P0 t WHERE " + inside,
                "SELECT ID FROM SHADOW.P1 WHERE ID BETWEEN 30 AND 40",
                "SELECT ID FROM SHADOW.P3 WHERE ID = 5 OR ID = 13",
                "SELECT ID FROM SHADOW.P3 WHERE ID = 999");
        List<String> not = List.of(
                "SELECT * FROM SHADOW.P0",
                "SELECT * FROM SHADOW.P0 t WHERE t.REGION = 'EU'",
                "SELECT * FROM SHADOW.P0 t WHERE t.REGION = 'EU' OR t.A < 5",
                "SELECT * FROM SHADOW.P0 t WHERE UPPER(t.REGION) = 'EU' AND t.A < 5",
                "SELECT * FROM SHADOW.P0 t WHERE t.REGION = 'EU' AND t.A < t.ID",
                "SELECT * FROM SHADOW.F u LEFT JOIN SHADOW.P0 t ON t.ID = u.ID AND " + inside + " WHERE t.ID IS NULL",
                "SELECT * FROM SHADOW.F u LEFT JOIN SHADOW.P0 t ON t.ID = u.ID WHERE " + inside,
                "SELECT * FROM SHADOW.P0 t RIGHT JOIN SHADOW.F u ON t.ID = u.ID WHERE " + inside,
                "SELECT * FROM SHADOW.P0 t FULL JOIN SHADOW.F u ON t.ID = u.ID WHERE " + inside,
                "SELECT * FROM SHADOW.P0 t LEFT JOIN SHADOW.F u ON " + inside,
                "SELECT * FROM SHADOW.P0 t, SHADOW.F u WHERE u.REGION = 'EU' AND u.A < 5",
                "SELECT * FROM SHADOW.P0 t, SHADOW.P0 s WHERE s.ID = t.ID AND " + inside,
                "SELECT * FROM SHADOW.P0 t, HOME.F u WHERE t.ID = u.ID AND " + inside,
                "SELECT * FROM SHADOW.P0 t, SHADOW.P3 s WHERE t.ID = s.ID AND " + inside,
                "SELECT * FROM SHADOW.P0 AS t(ID, A, REGION, X1, X2, X3, X4, X5) WHERE t.REGION = 3 AND t.A = 'EU'",
                "SELECT * FROM (SELECT * FROM SHADOW.P0) t WHERE " + inside,
                "SELECT ID FROM SHADOW.P0 t WHERE " + inside + " UNION ALL SELECT ID FROM SHADOW.P0",
                "SELECT MAX(ID) FROM SHADOW.P0 GROUP BY REGION, A HAVING REGION = 'EU' AND A < 5",
                "SELECT ID FROM SHADOW.P3 WHERE ID = 4",
                "SELECT ID FROM SHADOW.P3 WHERE REGION = 'EU'");
        for (String query : proven) {
            assertThat(copyOf(query)).as(query).startsWith("SHADOW_EU.");
            assertSame(query);
        }
        for (String query : not) {
            // Those with a mistake in them are refused by the engine, whatever copy is named.
            if (!query.contains("AS t(")) {
                assertThat(copyOf(query)).as(query).startsWith("HOME.");
                assertSame(query);
            }
            if (!query.contains("HOME.F")) {
                assertThatThrownBy(() -> sql(query.replace("SHADOW.", "SHADOW_EU.")))
                        .as(query)
                        .hasMessageContaining("PENUMBRA-1043");
            }
        }
        assertThat(sql("EXPLAIN SHADOW " + proven.get(0)).get(0).get(2).toString())
                .contains("covers all rows that are needed");
        assertThat(sql("EXPLAIN SHADOW " + not.get(0)).get(0).get(2).toString()).contains("WHERE \"REGION\" = 'EU'");
    }

    private void assertSame(String query, @Nullable Object... parameters) {
        assertThat(answer(query, parameters))
                .as("seed %d: %s", SEED, query)
                .isEqualTo(answer(query.replace("SHADOW.", "HOME."), parameters));
    }

    /** Rows in an order of their own. */
    private List<String> answer(String query, @Nullable Object... parameters) {
        return answer(eu, query, parameters);
    }

    private static List<String> answer(Ignite node, String query, @Nullable Object... parameters) {
        return sql(node, query, parameters).stream()
                .map(Object::toString)
                .sorted()
                .toList();
    }

    @Test
    @Order(5)
    void aParameter_decidesAnewInEveryExecution() {
        String query = "SELECT ID FROM SHADOW.P1 WHERE ID >= ? AND ID < ?";
        for (int round = 0; round < 3; round++) {
            for (int from = 0; from < 80; from += 10) {
                boolean within = from >= 20 && from + 10 <= 61;
                assertThat(copyOf(query, from, from + 10)).isEqualTo(within ? "SHADOW_EU.P1" : "HOME.P1");
                assertSame(query, from, from + 10);
            }
        }
        assertThat(copyOf(query, 30, null)).isEqualTo("HOME.P1");
        assertThatThrownBy(() -> sql("SELECT ID FROM SHADOW_EU.P1 WHERE ID = ?", 90))
                .hasMessageContaining("PENUMBRA-1043");
        assertThat(sql("SELECT COUNT(*) FROM SHADOW_EU.P1 WHERE ID = ?", 999_999 - 999_959))
                .isNotEmpty();
    }

    @Test
    @Order(6)
    void aKey_isReadFromThePartOnlyWhereItDecidesAlone() {
        CopiedTable keys = Penumbra.of(eu).table("P3");
        assertThat(keys.get(Key.of(999), Consistency.eventual()).copy()).isEqualTo("SHADOW_EU.P3");
        assertThat(keys.get(Key.of(999), Consistency.eventual()).value()).isEmpty();
        assertThat(keys.get(Key.of(4), Consistency.eventual()).copy()).isEqualTo("HOME.P3");
        assertThat(keys.getAll(List.of(Key.of(5), Key.of(4)), Consistency.eventual())
                        .copy())
                .isEqualTo("HOME.P3");
        CopiedTable regions = Penumbra.of(eu).table("P0");
        assertThat(regions.get(Key.of(5), Consistency.eventual()).copy()).isEqualTo("HOME.P0");
        Map<Key, Row> all = journal.table(PARTS.get(3).name());
        for (int id = 0; id < 20; id++) {
            Key key = Key.of(id);
            assertThat(keys.get(key, Consistency.eventual()).value().orElse(null))
                    .isEqualTo(all.get(key));
        }
    }

    @Test
    @Order(7)
    void anyStatement_isAnsweredAsAtHome() {
        int shadow = 0;
        int answered = 0;
        for (int i = 0; i < STATEMENTS; i++) {
            List<@Nullable Object> parameters = new ArrayList<>();
            String query = new RandomStatement(random, parameters).query();
            @Nullable Object[] values = parameters.toArray();
            List<String> atHome;
            try {
                atHome = answer(query.replace("SHADOW.", "HOME."), values);
            } catch (RuntimeException e) {
                // The engine cannot do it.
                continue;
            }
            answered++;
            assertThat(answer(query, values))
                    .as("seed %d: %s %s", SEED, query, parameters)
                    .isEqualTo(atHome);
            shadow += sql("EXPLAIN SHADOW " + query, values).stream()
                            .anyMatch(row -> row.get(1).toString().startsWith("SHADOW_EU"))
                    ? 1
                    : 0;
        }
        System.out.printf("statements=%d answered=%d partly by a shadow=%d%n", STATEMENTS, answered, shadow);
        assertThat(answered).isGreaterThan(STATEMENTS / 2);
        assertThat(shadow).isGreaterThan(answered / 20);
    }

    @Test
    @Order(8)
    void anyStatement_isAnsweredAsAtHome_whileChangesArePending() {
        settings.setPendingMillis(5_000);
        long merged = Grid.plugin(eu).reads().preMerged();
        Map<String, RandomStatement> shapes = new HashMap<>();
        while (shapes.size() < PENDING_SHAPES) {
            RandomStatement statement = new RandomStatement(random, new ArrayList<>(), true);
            shapes.put(statement.query(), statement);
        }
        List<String> queries = new ArrayList<>(shapes.keySet());
        int answered = 0;
        while (answered < PENDING_STATEMENTS && !queries.isEmpty()) {
            if (random.nextInt(8) == 0) {
                change(1 + random.nextInt(12));
            }
            String query = queries.get(random.nextInt(queries.size()));
            @Nullable Object[] values = Objects.requireNonNull(shapes.get(query)).otherParameters();
            String written =
                    " WITH CONSISTENCY SESSION '" + SessionToken.of("shop", journal.id(), journal.last()) + "'";
            List<String> atHome;
            try {
                atHome = answer(home, query.replace("SHADOW.", "HOME.") + written, values);
            } catch (RuntimeException e) {
                // The engine cannot do it.
                queries.remove(query);
                continue;
            }
            answered++;
            assertThat(answer(eu, query + written, values))
                    .as("seed %d: %s %s", SEED, query, Arrays.toString(values))
                    .isEqualTo(atHome);
        }
        long preMerged = Grid.plugin(eu).reads().preMerged() - merged;
        System.out.printf("shapes=%d answered=%d copies pre-merged=%d%n", queries.size(), answered, preMerged);
        assertThat(answered).isEqualTo(PENDING_STATEMENTS);
        assertThat(preMerged).isGreaterThan(answered / 20);
        settings.setPendingMillis(0);
        assertCovered();
    }

    @Test
    @Order(9)
    void whatCannotBeCovered_isRefusedWithItsReason() {
        assertRefused("WHERE CITY = 'X'", "PENUMBRA-1040");
        assertRefused("WHERE A = 'X'", "PENUMBRA-1041");
        assertRefused("WHERE A = ID", "PENUMBRA-1042");
        assertRefused("KEYS (1, 'x')", "PENUMBRA-1041");
        assertRefused("SEGMENTS (1.5)", "PENUMBRA-1042");
        assertThat(sql("SELECT COVERAGE FROM SYS.PENUMBRA_SHADOWS WHERE TABLE_NAME = 'P3' ORDER BY ROLE"))
                .isEqualTo(List.of(List.of(""), List.of("KEYS (1, 2, 3, 5, 8, 13, 999)")));
    }

    private void assertRefused(String coverage, String code) {
        assertThatThrownBy(() -> sql("CREATE SHADOW OF shop.PUBLIC.P0 IN DATACENTER 'home' " + coverage))
                .hasMessageContaining(code);
    }

    @Test
    @Order(10)
    void aLayoutWithoutTheColumn_silencesTheShadow_untilItFitsAgain() {
        Part part = PARTS.get(0);
        String query = "SELECT ID FROM SHADOW.P0 WHERE REGION = 'EU' AND A = 3";
        TableSchema without = new TableSchema(part.name(), COLUMNS.subList(2, 3), List.of("A"));
        TableSchema retyped = new TableSchema(
                part.name(),
                List.of(COLUMNS.get(0), Orders.column("REGION", SqlType.INTEGER), COLUMNS.get(2)),
                List.of("ID"));
        for (TableSchema layout : List.of(without, retyped)) {
            journal.append(Draft.of(Operation.DROP, layout), Draft.of(Operation.SCHEMA, layout));
            journal.append(
                    layout.size() == 1 ? Draft.put(layout, Row.of(3)) : Draft.put(layout, Row.of(1, 5, 3)),
                    Draft.of(Operation.SNAPSHOT_END, layout));
            Grid.awaitCaughtUp(home, journal, part.name(), "home");
            Grid.await(() -> sql("EXPLAIN SHADOW SELECT A FROM SHADOW.P0 WHERE A = 3")
                    .get(0)
                    .get(2)
                    .toString()
                    .contains("does not fit"));
            assertThat(sql("SELECT A FROM SHADOW.P0")).isEqualTo(List.of(List.of(3)));
            assertThatThrownBy(() -> sql("SELECT A FROM SHADOW_EU.P0 WHERE A = 3"))
                    .hasMessageContaining("PENUMBRA-1044");
        }
        journal.append(Draft.of(Operation.DROP, part.layout()));
        bring(part.layout(), ROWS);
        Grid.await(() -> copyOf(query).equals("SHADOW_EU.P0"));
        assertCovered();
        assertSame(query);
    }
}
