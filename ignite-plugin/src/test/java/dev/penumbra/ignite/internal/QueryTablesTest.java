package dev.penumbra.ignite.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.ignite.sql.Copies;
import dev.penumbra.ignite.sql.Copy;
import dev.penumbra.ignite.sql.NameRouter;
import dev.penumbra.ignite.sql.NamedText;
import dev.penumbra.ignite.sql.Script;
import dev.penumbra.ignite.sql.Script.Plain;
import dev.penumbra.model.Datacenter;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.util.SqlBasicVisitor;
import org.apache.calcite.sql.util.SqlShuttle;
import org.apache.ignite.internal.processors.query.IgniteSQLException;
import org.apache.ignite.internal.processors.query.calcite.CalciteQueryProcessor;
import org.apache.ignite.internal.processors.query.calcite.util.Commons;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random texts, compared with what the engine's own parser makes of them. */
class QueryTablesTest {
    private static final int TEXTS = 1_000;

    /** Fewer, because each holds others. */
    private static final int QUERIES = 60;

    private static final QueryTables TABLES = new QueryTables(CalciteQueryProcessor.FRAMEWORK_CONFIG::getParserConfig);

    private static final List<String> GAPS = List.of(
            " ",
            "\n",
            "\r\n",
            "\r",
            "\t ",
            " /* ; ' SHADOW.T ? */ ",
            " -- ; \" ?\n",
            " // ' ; SHADOW.T\r\n",
            " /**/ ",
            " /*** ; ***/ ");

    private static final List<String> VALUES = List.of(
            "1",
            "?",
            "'a'",
            "'it''s; ?'",
            "'-- SHADOW.T'",
            "\"C\"",
            "\"a\"\"b ; ?\"",
            "1.5e3",
            "U&'\\0053'",
            "X'0A'",
            "C",
            "$C",
            "Ж",
            "\"SHADOW\"",
            "'/* '",
            "1 / 2 - -3");

    private static SqlNodeList parse(String sql) {
        return Commons.parse(sql, CalciteQueryProcessor.FRAMEWORK_CONFIG.getParserConfig());
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void script_countsTheParametersThatTheEngineCounts(long seed) {
        Random random = new Random(seed);
        int parsed = 0;
        for (int i = 0; i < TEXTS; i++) {
            StringBuilder text = new StringBuilder();
            for (int s = random.nextInt(3); s >= 0; s--) {
                text.append("SELECT").append(pick(random, GAPS));
                for (int v = random.nextInt(4); v >= 0; v--) {
                    text.append(pick(random, VALUES)).append(pick(random, GAPS)).append(v > 0 ? "," : "");
                }
                text.append(s > 0 || random.nextBoolean() ? ";" : "").append(pick(random, GAPS));
            }
            String sql = text.toString();
            SqlNodeList statements;
            try {
                statements = parse(sql);
            } catch (IgniteSQLException e) {
                continue;
            }
            parsed++;
            int[] parameters = new int[1];
            statements.accept(new SqlBasicVisitor<Void>() {
                @Override
                public Void visit(SqlDynamicParam parameter) {
                    parameters[0]++;
                    return super.visit(parameter);
                }
            });
            Plain plain = (Plain) Script.of(sql, "PUBLIC").parts().get(0);
            assertThat(plain.parameters()).as(sql).isEqualTo(parameters[0]);

            String own = "DROP SHADOW OF c.s.t IN DATACENTER 'eu'";
            Script mixed = Script.of(own + ";" + sql, "PUBLIC");
            assertThat(mixed.parts()).as(sql).hasSize(2);
            Plain rest = (Plain) mixed.parts().get(1);
            assertThat(rest.parameters()).as(sql).isEqualTo(parameters[0]);
            assertThat(parse(rest.sql()).toString()).as(sql).isEqualTo(statements.toString());
        }
        assertThat(parsed).isGreaterThan(TEXTS / 2);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {4, 5, 6})
    void replacedText_parsesToTheTreeInWhichTheNamesWereReplaced(long seed) {
        Random random = new Random(seed);
        NameRouter router = new NameRouter(
                new Copies() {
                    @Override
                    public Optional<Copy> shadow(Datacenter datacenter, String table) {
                        return Optional.empty();
                    }

                    @Override
                    public Optional<Copy> home(String table) {
                        return Optional.empty();
                    }
                },
                (schema, table) -> true,
                null);
        int replaced = 0;
        for (int i = 0; i < QUERIES; i++) {
            String sql = query(random, 2);
            SqlNodeList original;
            try {
                original = parse(sql);
            } catch (IgniteSQLException e) {
                continue;
            }
            String routed =
                    router.name(NamedText.of(sql, TABLES.in(sql, "PUBLIC"))).sql();
            SqlNode expected = original.accept(new SqlShuttle() {
                @Override
                public SqlNode visit(SqlIdentifier name) {
                    boolean table = name.names.size() > 1
                            && name.names.get(0).equals("SHADOW")
                            && (name.names.get(1).equals("T")
                                    || name.names.get(1).equals("u v"));
                    return table ? name.setName(0, "HOME") : name;
                }
            });
            assertThat(parse(routed).toString()).as(sql).isEqualTo(String.valueOf(expected));
            replaced += routed.equals(sql) ? 0 : 1;
        }
        assertThat(replaced).isGreaterThan(QUERIES / 3);
    }

    private static String query(Random random, int depth) {
        String gap = pick(random, GAPS);
        boolean full = random.nextInt(4) == 0;
        String from = full ? "SHADOW.T" : table(random, depth);
        for (int joins = random.nextInt(3); joins > 0; joins--) {
            from += pick(random, List.of(" JOIN ", " LEFT JOIN ", "\nFULL JOIN ")) + table(random, depth) + gap + "ON "
                    + pick(random, List.of("1 = 1", "SHADOW.C = 'SHADOW.T'", "X.C IN (" + nested(random, depth) + ")"));
        }
        String query = "SELECT" + gap
                + pick(
                        random,
                        List.of(
                                "*",
                                "SHADOW.C",
                                full ? "SHADOW.T.C" : "SHADOW.D",
                                "COUNT(*)",
                                "(" + nested(random, depth) + ")"))
                + gap + "FROM" + gap + from;
        query += pick(
                random,
                List.of(
                        "",
                        gap + "WHERE EXISTS (" + nested(random, depth) + ")",
                        gap + "WHERE C = ? GROUP BY C HAVING MAX(D) > (" + nested(random, depth) + ")",
                        gap + "WHERE (C, D) IN (" + nested(random, depth) + ")"));
        return switch (random.nextInt(8)) {
            case 0 -> "WITH SHADOW AS (" + nested(random, depth) + ")," + gap + "T(A) AS (SELECT 1)" + query;
            case 1 -> query + gap + "UNION ALL" + gap + nested(random, depth);
            case 2 -> query + gap + "ORDER BY (" + nested(random, depth) + ") LIMIT 3";
            default -> query;
        };
    }

    private static String nested(Random random, int depth) {
        return depth == 0 ? "SELECT 1 FROM SHADOW" : query(random, depth - 1);
    }

    private static String table(Random random, int depth) {
        return pick(
                random,
                List.of(
                        "SHADOW.T",
                        "shadow" + pick(random, GAPS) + "." + pick(random, GAPS) + "\"u v\" AS SHADOW",
                        "\"SHADOW\".\"T\" X",
                        "\"shadow\".T",
                        "PUBLIC.SHADOW",
                        "SHADOW",
                        "T SHADOW",
                        "(" + nested(random, depth) + ") SHADOW",
                        "(TABLE SHADOW.T) Y",
                        "LATERAL (" + nested(random, depth) + ") Z",
                        "(VALUES (1), (2)) SHADOW (C)"));
    }

    private static String pick(Random random, List<String> choices) {
        return choices.get(random.nextInt(choices.size()));
    }
}
