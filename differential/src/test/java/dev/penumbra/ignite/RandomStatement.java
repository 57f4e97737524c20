package dev.penumbra.ignite;

import java.math.BigDecimal;
import java.sql.Date;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** A query over the tables of {@link CoverageIT}, many of which a part of a table can answer. */
@NullMarked
final class RandomStatement {
    /** What often holds of rows inside, table by table. */
    private static final String[][] INSIDE = {
        {"REGION = 'EU'", "A < 5"},
        {"ID BETWEEN 25 AND 60"},
        {"DAY >= DATE '2024-02-28'", "AT < TIMESTAMP '2024-02-27 12:00:00.003'"},
        {"ID IN (2, 5, 13)"},
        {"TOTAL > 1.5", "REGION = 'APAC'"},
        {"B = TRUE"}
    };

    private static final int TYPES = 4;

    private final Random random;
    private final List<@Nullable Object> parameters;
    private final List<Integer> columns = new ArrayList<>();
    private final boolean onlyParameters;

    /** @param parameters filled with the values of the query's dynamic parameters */
    RandomStatement(Random random, List<@Nullable Object> parameters) {
        this(random, parameters, false);
    }

    /** @param onlyParameters whether no value is written into the query, so that it can be run with others */
    RandomStatement(Random random, List<@Nullable Object> parameters, boolean onlyParameters) {
        this.random = random;
        this.parameters = parameters;
        this.onlyParameters = onlyParameters;
    }

    /**
     * Other values of the query's dynamic parameters. Each combination of types is planned by itself, so that a query has few of them: most
     * of the time is to go into answers.
     */
    @Nullable Object[] otherParameters() {
        Random types = new Random(columns.hashCode() + random.nextInt(TYPES));
        return columns.stream().map(column -> parameter(column, types)).toArray();
    }

    private boolean oneIn(int n) {
        return random.nextInt(n) == 0;
    }

    private String one(String... words) {
        return words[random.nextInt(words.length)];
    }

    String query() {
        int t = random.nextInt(INSIDE.length);
        int s = random.nextInt(INSIDE.length);
        return switch (random.nextInt(9)) {
            case 0, 1 -> "SELECT * FROM " + table(t) + " t WHERE " + where("t", t);
            case 2 ->
                "SELECT COUNT(*), SUM(t.A), MIN(t.REGION), MAX(t.TOTAL) FROM " + table(t) + " t WHERE " + where("t", t);
            case 3 -> "SELECT t.REGION, COUNT(*) FROM " + table(t) + " t WHERE " + where("t", t) + " GROUP BY t.REGION";
            case 4 ->
                "SELECT t.ID, s.ID, t.REGION, s.A FROM " + table(t) + " t " + one("", "LEFT ", "RIGHT ", "FULL ")
                        + "JOIN " + table(s) + " s ON t.ID = s.ID" + (oneIn(2) ? " AND " + where("s", s) : "")
                        + " WHERE " + where("t", t) + (oneIn(3) ? " AND s.ID IS NULL" : "");
            case 5 ->
                "SELECT t.ID FROM " + table(t) + " t WHERE " + where("t", t) + " AND " + one("", "NOT ")
                        + "EXISTS (SELECT 1 FROM " + table(s) + " s WHERE s.A = t.A AND " + where("s", s) + ")";
            case 6 ->
                "SELECT t.ID, t.A FROM " + table(t) + " t WHERE " + where("t", t) + one(" UNION ALL ", " EXCEPT ")
                        + "SELECT s.ID, s.A FROM " + table(s) + " s WHERE " + where("s", s);
            case 7 -> "SELECT * FROM (SELECT * FROM " + table(t) + " t WHERE " + where("t", t) + ") q WHERE q.ID < 90";
            default ->
                "SELECT t.ID, s.ID FROM " + table(t) + " t, " + table(s) + " s WHERE t.ID = s.ID AND " + where("t", t)
                        + " AND " + where("s", s);
        };
    }

    private static String table(int t) {
        return "SHADOW.P" + t;
    }

    private String where(String alias, int t) {
        List<String> all = new ArrayList<>();
        for (String inside : INSIDE[t]) {
            if (!oneIn(4)) {
                all.add(alias + "." + inside);
            }
        }
        for (int i = random.nextInt(3); i > 0 || all.isEmpty(); i--) {
            all.add(random.nextInt(all.size() + 1), condition(alias, 2));
        }
        return String.join(" AND ", all);
    }

    private String condition(String alias, int depth) {
        if (depth > 0 && oneIn(2)) {
            String left = condition(alias, depth - 1);
            return switch (random.nextInt(3)) {
                case 0 -> "(" + left + " AND " + condition(alias, depth - 1) + ")";
                case 1 -> "(" + left + " OR " + condition(alias, depth - 1) + ")";
                default -> "NOT (" + left + ")";
            };
        }
        int c = random.nextInt(8);
        String column = alias + "."
                + one(List.of("ID", "REGION", "A", "TOTAL", "DAY", "AT", "B", "U")
                        .get(c));
        if (oneIn(8)) {
            return column + one(" IS NULL", " IS NOT NULL");
        }
        String operator = c >= 6 ? one("=", "<>") : one("=", "=", "<>", "<", "<=", ">", ">=");
        if (oneIn(5)) {
            return column + one(" IN (", " NOT IN (") + value(c) + ", " + value(c) + ")";
        }
        if (c < 6 && oneIn(6)) {
            return column + one(" BETWEEN ", " NOT BETWEEN ") + value(c) + " AND " + value(c);
        }
        return oneIn(8) ? value(c) + " = " + column : column + " " + operator + " " + value(c);
    }

    private String value(int column) {
        if (onlyParameters || oneIn(5)) {
            columns.add(column);
            parameters.add(parameter(column, random));
            return "?";
        }
        return switch (column) {
            case 0 -> one("1", "2", "5", "20", "40", "60", "61", "999", "-1");
            case 1 -> one("''", "'EU'", "'EU '", "'US'", "'eu'", "'APAC'", "'A'");
            case 2 -> one("3", "4", "5", "6", "4.5");
            case 3 -> one("1.49", "1.5", "1.500", "2", "1");
            case 4 -> one("DATE '2024-02-27'", "DATE '2024-02-28'", "DATE '2024-02-29'", "'2024-02-28'");
            case 5 ->
                one(
                        "TIMESTAMP '2024-02-27 12:00:00'",
                        "TIMESTAMP '2024-02-27 12:00:00.002'",
                        "TIMESTAMP '2024-02-27 12:00:00.003'",
                        "TIMESTAMP '2024-02-27 12:00:01'");
            case 6 -> one("TRUE", "FALSE");
            default ->
                one(
                        "CAST('00000000-0000-0001-0000-000000000001' AS UUID)",
                        "'00000000-0000-0001-0000-000000000001'",
                        "CAST('ffffffff-ffff-ffff-ffff-ffffffffffff' AS UUID)");
        };
    }

    /** @param types decides about the value's type, and whether it is null */
    private @Nullable Object parameter(int column, Random types) {
        if (types.nextInt(12) == 0) {
            return null;
        }
        return switch (column) {
            case 0 -> {
                int id = List.of(2, 40, 60, 61).get(random.nextInt(4));
                yield List.<Object>of(id, (long) id, (short) id).get(types.nextInt(3));
            }
            case 1 -> one("EU", "EU ", "US", "APAC");
            case 2 -> random.nextBoolean() ? 4 : Integer.valueOf(5);
            case 3 -> new BigDecimal(one("1.5", "1.500", "2"));
            case 4 -> Date.valueOf(one("2024-02-27", "2024-02-28"));
            case 5 -> Timestamp.valueOf(one("2024-02-27 12:00:00.002", "2024-02-27 12:00:00.003"));
            case 6 -> random.nextBoolean();
            default -> random.nextBoolean() ? new UUID(1, 1) : new UUID(-1, -1);
        };
    }
}
