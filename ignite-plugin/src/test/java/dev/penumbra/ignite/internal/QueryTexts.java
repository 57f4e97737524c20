package dev.penumbra.ignite.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Varied statements over two small tables, the same for the same seed: every kind of statement that the engine knows,
 * and Penumbra's words in every place where they mean nothing to it.
 */
final class QueryTexts {
    /** Tables and rows that the statements are about. */
    static final List<String> SETUP = List.of(
            "CREATE TABLE P (ID INT PRIMARY KEY, A INT, B VARCHAR, C DECIMAL(10, 2), D DATE, HOME VARCHAR)",
            "CREATE TABLE Q (ID INT, P_ID INT, SHADOW VARCHAR, V DOUBLE, PRIMARY KEY (ID)) WITH \"template=replicated\"",
            "CREATE INDEX P_A ON P (A DESC)",
            "INSERT INTO P VALUES (1, 10, 'one', 1.50, DATE '2024-01-01', 'SHADOW.T'), (2, 20, 'two', NULL, NULL, 'x'),"
                    + " (3, 10, 'HOME', 3.25, DATE '2024-03-01', NULL), (4, NULL, 'it''s', 0, DATE '2023-12-31', '')",
            "INSERT INTO Q VALUES (1, 1, 'dark', 0.5), (2, 1, 'HOME.T', 1.5), (3, 3, NULL, NULL), (4, 9, 'SHADOW', -1)");

    private static final List<String> COLUMNS = List.of("ID", "A", "B", "C", "D", "HOME");
    private static final List<String> NOISE = List.of(
            "",
            "",
            " -- FROM SHADOW.T\n",
            " /* SELECT * FROM HOME.T; */ ",
            " // DROP SHADOW OF c.s.t IN DATACENTER 'eu'\n",
            "\n\t",
            " /*+ DISABLE_RULE('MergeJoinConverter') */ ");

    private final Random random;

    private QueryTexts(long seed) {
        random = new Random(seed);
    }

    static List<String> of(long seed, int count) {
        QueryTexts texts = new QueryTexts(seed);
        List<String> statements = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            statements.add(texts.next(i));
        }
        return statements;
    }

    private String next(int i) {
        return switch (i % 16) {
            case 0 ->
                "SELECT" + hint() + " " + columns() + " FROM" + noise() + " P WHERE " + condition("P") + " ORDER BY ID";
            case 1 ->
                "SELECT P.B, SHADOW.V FROM P " + pick("", "LEFT ", "INNER ") + "JOIN Q AS SHADOW ON SHADOW.P_ID = P.ID"
                        + noise() + " AND SHADOW.V " + pick("<", ">", "<>") + " " + random.nextInt(3);
            case 2 ->
                "SELECT A, " + pick("COUNT(*)", "SUM(ID)", "MAX(B)", "AVG(C)") + " AS HOME FROM P" + noise()
                        + " GROUP BY A HAVING COUNT(*) " + pick(">", ">=") + " " + random.nextInt(3) + " ORDER BY A";
            case 3 ->
                "SELECT * FROM P WHERE " + pick("", "NOT ")
                        + "EXISTS (SELECT 1 FROM Q HOME WHERE HOME.P_ID = P.ID AND HOME.SHADOW "
                        + pick("IS NULL", "= 'SHADOW'", "LIKE 'HOME%'") + ") ORDER BY ID";
            case 4 ->
                "WITH SHADOW AS (SELECT ID, B FROM P WHERE " + condition("P") + "), HOME(X) AS (SELECT P_ID FROM Q)"
                        + " SELECT SHADOW.B FROM SHADOW JOIN HOME ON HOME.X = SHADOW.ID";
            case 5 ->
                "SELECT " + column() + " FROM P " + pick("UNION", "UNION ALL", "INTERSECT", "EXCEPT") + " SELECT "
                        + column() + " FROM P WHERE " + condition("P");
            case 6 ->
                "INSERT INTO P (ID, A, B) VALUES (" + (100 + i) + ", " + random.nextInt(50) + ", 'SHADOW_EU.T; '"
                        + " || '" + i + "')" + noise();
            case 7 -> "UPDATE P SET HOME = 'HOME.' || B, A = A + " + random.nextInt(5) + " WHERE " + condition("P");
            case 8 -> "DELETE FROM P" + noise() + " WHERE ID = " + (100 + random.nextInt(Math.max(1, i)));
            case 9 ->
                "MERGE INTO P DST USING Q SRC ON DST.ID = SRC.ID WHEN MATCHED THEN UPDATE SET A = " + random.nextInt(9)
                        + " WHEN NOT MATCHED THEN INSERT (ID, B) VALUES (SRC.ID, SRC.SHADOW)";
            case 10 ->
                pick(
                        "EXPLAIN PLAN FOR SELECT HOME FROM P WHERE ID = " + random.nextInt(9),
                        "SELECT TABLE_NAME, SCHEMA_NAME FROM SYS.TABLES ORDER BY 1, 2",
                        "SELECT SCHEMA_NAME FROM SYS.SCHEMAS WHERE SCHEMA_NAME <> 'HOME' ORDER BY 1",
                        "SELECT NAME FROM SYS.VIEWS ORDER BY 1",
                        "SELECT INDEX_NAME FROM SYS.INDEXES ORDER BY 1");
            case 11 -> wrong(i);
            case 12 -> definition(i);
            case 13 ->
                "SELECT CASE WHEN A > " + random.nextInt(30) + " THEN 'SHADOW' ELSE B END AS \"HOME\", "
                        + pick(
                                "UPPER(HOME)",
                                "COALESCE(HOME, 'SHADOW.T')",
                                "CAST(C AS VARCHAR)",
                                "D + INTERVAL '1' DAY")
                        + " FROM P P" + noise() + " ORDER BY ID " + pick("", "DESC ") + "LIMIT "
                        + (1 + random.nextInt(5))
                        + pick("", " OFFSET 1");
            case 14 ->
                "SELECT Q.*, (SELECT MAX(P.A) FROM P WHERE P.ID = Q.P_ID) FROM Q WHERE Q.P_ID IN (SELECT ID FROM P WHERE "
                        + condition("P") + ") OR \"SHADOW\" = 'SHADOW'";
            default ->
                pick(
                        "VALUES (1, 'SHADOW.T'), (2, 'HOME.T')",
                        "SELECT * FROM TABLE(SYSTEM_RANGE(1, " + (1 + random.nextInt(9)) + ")) HOME",
                        "SELECT U&'\\0053HADOW' FROM P WHERE U&\"\\0041\" = 10",
                        "SELECT 1 AS \"SHADOW.T\", 2 AS \"HOME\"\"T\"",
                        "SELECT SHADOW FROM Q; SELECT HOME FROM P",
                        "SELECT 'SHADOW'; INSERT INTO Q (ID) VALUES (" + (100 + i) + "); SELECT COUNT(*) FROM Q",
                        "SELECT COUNT(DISTINCT HOME) FROM P");
        };
    }

    private String wrong(int i) {
        return pick(
                "SELECT * FROM NOWHERE" + i,
                "SELECT HOME. FROM P",
                "SELECT NO_SUCH_COLUMN FROM P -- SHADOW",
                "SELECT * FROM SHADOWS.T",
                "SELCT SHADOW FROM Q",
                "INSERT INTO P (ID, A) VALUES (1, 1)",
                "INSERT INTO P (ID, NOPE) VALUES (1, 'HOME')",
                "SELECT HOME FROM P WHERE A / 0 = 1",
                "SELECT 'SHADOW",
                "SELECT 1 /* HOME",
                "CREATE TABLE HOME (A INT)",
                "DROP TABLE SHADOW",
                "SELECT CAST('HOME' AS INT) FROM Q",
                "SELECT * FROM P P, P P",
                ";",
                "SELECT HOME FROM P; SELCT");
    }

    private String definition(int i) {
        return switch (random.nextInt(6)) {
            case 0 -> "CREATE TABLE SHADOW" + i + " (HOME INT PRIMARY KEY, V VARCHAR)";
            case 1 -> "CREATE VIEW HOME" + i + " AS SELECT ID, HOME FROM P WHERE " + condition("P");
            case 2 -> "CREATE TABLE COPY" + i + " AS SELECT ID, 'SHADOW' AS S FROM Q";
            case 3 -> "ALTER TABLE P ADD COLUMN SHADOW" + i + " VARCHAR";
            case 4 -> "CREATE INDEX IF NOT EXISTS SHADOW_" + i + " ON Q (SHADOW, V)";
            default -> "DROP TABLE IF EXISTS SHADOW" + (i - 16);
        };
    }

    private String columns() {
        return column() + ", " + column() + " AS SHADOW, P." + column();
    }

    private String column() {
        return COLUMNS.get(random.nextInt(COLUMNS.size()));
    }

    private String condition(String table) {
        return pick(
                table + ".ID > " + random.nextInt(4),
                table + ".A = 10 OR " + table + ".B = 'HOME'",
                table + ".HOME IS NOT NULL",
                table + ".C BETWEEN 0 AND " + random.nextInt(5),
                table + ".B LIKE '%o%' -- SHADOW.T\n",
                table + ".D < DATE '2024-02-01'",
                table + ".ID IN (1, 2, " + random.nextInt(200) + ")");
    }

    private String hint() {
        return pick("", "", " /*+ QUERY_ENGINE('calcite') */", " /*+ DISABLE_RULE('HashJoinConverter') */");
    }

    private String noise() {
        return NOISE.get(random.nextInt(NOISE.size()));
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
