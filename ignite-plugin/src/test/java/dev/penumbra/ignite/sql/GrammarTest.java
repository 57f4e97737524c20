package dev.penumbra.ignite.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.penumbra.ignite.sql.Script.Own;
import dev.penumbra.ignite.sql.Script.Plain;
import dev.penumbra.ignite.sql.ShadowStatement.AlterShadow;
import dev.penumbra.ignite.sql.ShadowStatement.CreateShadow;
import dev.penumbra.ignite.sql.ShadowStatement.DropShadow;
import dev.penumbra.ignite.sql.ShadowStatement.ExplainShadow;
import dev.penumbra.ignite.sql.ShadowStatement.Options;
import dev.penumbra.ignite.sql.ShadowStatement.SourceName;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.coverage.Coverage;
import dev.penumbra.shadow.read.Consistency;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GrammarTest {
    private static ShadowStatement only(String sql) {
        Script script = Script.of(sql, "PUBLIC");
        assertThat(script.parts()).hasSize(1);
        return ((Own) script.parts().get(0)).statement();
    }

    @Test
    void create_withoutOptions_hasTheDefaults() {
        assertThat(only("CREATE SHADOW OF crm.public.orders IN DATACENTER 'eu'"))
                .isEqualTo(new CreateShadow(
                        new SourceName("crm", false, new Place(1, 18)),
                        new TableName("PUBLIC", "ORDERS"),
                        new Datacenter("eu"),
                        Coverage.whole(),
                        new Options(null, null, null, null, null, null),
                        false));
    }

    @Test
    void options_areLaidOverWhatAShadowIs_andLeaveTheRest() {
        ShadowDefinition present = new ShadowDefinition(
                new ShadowName("c", new TableName("S", "T"), new Datacenter("eu")),
                Compression.LZ4,
                7,
                Consistency.primary(),
                Coverage.parse("KEYS (1)"),
                Duration.ofHours(1),
                60);
        assertThat(new Options(null, null, null, null, null, null).over(present))
                .isEqualTo(present);
        assertThat(new Options(Compression.NONE, 0, Consistency.eventual(), Duration.ZERO, 50, Duration.ofHours(2))
                        .over(present))
                .isEqualTo(new ShadowDefinition(
                        present.name(),
                        Compression.NONE,
                        0,
                        Consistency.eventual(),
                        present.coverage(),
                        Duration.ZERO,
                        50,
                        Duration.ofHours(2)));
    }

    @Test
    void create_withOptions_takesThemInAnyOrderAndLetterCase() {
        CreateShadow create = (CreateShadow)
                only(
                        "create shadow if not exists of crm.app.t in datacenter 'US'\n with (near_rows=0, COMPRESSION = 'lz4', consistency = ' bounded 2 S ', Ttl = ' 90 M ', commit_percent = 75);");
        assertThat(create.options())
                .isEqualTo(new Options(
                        Compression.LZ4,
                        0,
                        Consistency.bounded(Duration.ofSeconds(2)),
                        Duration.ofMinutes(90),
                        75,
                        null));
        assertThat(create.ifNotExists()).isTrue();
        assertThat(create.datacenter()).isEqualTo(new Datacenter("us"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "WHERE region = 'EU' AND id BETWEEN 1 AND 5 | WHERE \"REGION\" = 'EU' AND \"ID\" >= 1 AND \"ID\" <= 5",
                "KEYS (1, -2) | KEYS (1, -2)",
                "segments (3, -1, 3) | SEGMENTS (-1, 3)",
                "SEGMENTS (0) OF 50000 | SEGMENTS (0) OF 50000",
                "KEYS ((1, 'a'), (2, 'b')) | KEYS ((1, 'a'), (2, 'b'))"
            })
    void create_withCoverage_takesItBeforeTheOptions(String coverage, String text) {
        CreateShadow create = (CreateShadow)
                only("CREATE SHADOW OF c.s.t IN DATACENTER 'eu' " + coverage + " WITH (COMPRESSION = 'NONE')");
        assertThat(create.coverage().text()).isEqualTo(text);
        assertThat(create.options().compression()).isEqualTo(Compression.NONE);
        assertThat(((CreateShadow) only("CREATE SHADOW OF c.s.t IN DATACENTER 'eu' " + coverage)).coverage())
                .isEqualTo(create.coverage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "WHERE A = B | 53 | COVERAGE_EXPRESSION",
                "WHERE UPPER(A) = 'X' | 54 | COVERAGE_EXPRESSION",
                "WHERE A = ? | 53 | COVERAGE_EXPRESSION",
                "WHERE A = DATE '2024-13-01' | 58 | COVERAGE_LITERAL",
                "WHERE A > 1 GROUP BY A | 55 | SQL_SYNTAX",
                "KEYS (A) | 49 | COVERAGE_EXPRESSION",
                "SEGMENTS (A) | 53 | COVERAGE_EXPRESSION",
                "SEGMENTS (1.5) | 53 | COVERAGE_EXPRESSION",
                "SEGMENTS (1) OF 0 | 59 | COVERAGE_EXPRESSION",
                "SEGMENTS (9223372036854775807) | 52 | COVERAGE_EXPRESSION"
            })
    void create_withCoverageThatCannotBe_saysWhere(String coverage, int column, ErrorCode code) {
        assertThatThrownBy(() -> only("CREATE SHADOW OF c.s.t IN DATACENTER 'eu' " + coverage))
                .isInstanceOfSatisfying(PenumbraException.class, e -> {
                    assertThat(e.code()).isEqualTo(code);
                    assertThat(e).hasMessageContaining("column=" + column);
                });
    }

    @Test
    void names_inQuotes_areKeptLetterByLetter() {
        CreateShadow create =
                (CreateShadow) only("CREATE SHADOW OF \"Crm\".\"a \"\"b\"\"\".\"straße.Ω\" IN DATACENTER 'eu'");
        assertThat(create.source()).isEqualTo(new SourceName("Crm", true, new Place(1, 18)));
        assertThat(create.table()).isEqualTo(new TableName("a \"b\"", "straße.Ω"));
    }

    @Test
    void names_withoutQuotes_foldToUpperCaseInEveryAlphabet() {
        CreateShadow create = (CreateShadow) only("CREATE SHADOW OF crm.öffentlich.заказы IN DATACENTER 'eu'");
        assertThat(create.table()).isEqualTo(new TableName("ÖFFENTLICH", "ЗАКАЗЫ"));
    }

    @Test
    void names_mayBeWordsOfTheGrammar() {
        DropShadow drop = (DropShadow) only("DROP SHADOW OF of.in.datacenter IN DATACENTER 'eu'");
        assertThat(drop.source().text()).isEqualTo("of");
        assertThat(drop.table()).isEqualTo(new TableName("IN", "DATACENTER"));
    }

    @Test
    void drop_ifExists_isRead() {
        assertThat(only("/* off */ DROP -- it goes\n SHADOW IF EXISTS OF c.s.t // now\n IN DATACENTER 'eu' ; -- done"))
                .isEqualTo(new DropShadow(
                        new SourceName("c", false, new Place(2, 22)),
                        new TableName("S", "T"),
                        new Datacenter("eu"),
                        true));
    }

    @Test
    void alter_saysWhatItSays_andNothingElse() {
        SourceName source = new SourceName("c", false, new Place(1, 17));
        TableName table = new TableName("S", "T");
        assertThat(only("ALTER SHADOW OF c.s.t IN DATACENTER 'eu' SET (NEAR_ROWS = 0, COMPRESSION = 'none')"))
                .isEqualTo(new AlterShadow(
                        source, table, new Datacenter("eu"), new Options(Compression.NONE, 0, null, null, null, null)));
        assertThat(only("alter shadow of c.s.t in datacenter 'eu' set (consistency = 'bounded 2s');"))
                .isEqualTo(new AlterShadow(
                        source,
                        table,
                        new Datacenter("eu"),
                        new Options(null, null, Consistency.bounded(Duration.ofSeconds(2)), null, null, null)));
        assertThat(only("ALTER SHADOW OF c.s.t IN DATACENTER 'eu' SET (TTL = 'none')"))
                .isEqualTo(new AlterShadow(
                        source, table, new Datacenter("eu"), new Options(null, null, null, Duration.ZERO, null, null)));
        assertThat(only("ALTER SHADOW OF c.s.t IN DATACENTER 'eu' SET (ARCHIVE = '24h')"))
                .isEqualTo(new AlterShadow(
                        source,
                        table,
                        new Datacenter("eu"),
                        new Options(null, null, null, null, null, Duration.ofHours(24))));
    }

    @Test
    void explain_keepsTheQueryAtItsPlace() {
        assertThat(only("EXPLAIN SHADOW\nSELECT ';' FROM SHADOW.T;"))
                .isEqualTo(new ExplainShadow("              \nSELECT ';' FROM SHADOW.T", null));
    }

    @ParameterizedTest(name = "{0} at {1}:{2}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            CREATE SHADOW                                                              | 1 | 14 | OF
            CREATE SHADOW crm.public.t IN DATACENTER 'eu'                              | 1 | 15 | OF
            CREATE SHADOW IF EXISTS OF c.s.t IN DATACENTER 'eu'                        | 1 | 18 | NOT
            CREATE SHADOW IF NOT OF c.s.t IN DATACENTER 'eu'                           | 1 | 22 | EXISTS
            CREATE SHADOW OF                                                           | 1 | 17 | the source's name
            CREATE SHADOW OF 'c'.s.t IN DATACENTER 'eu'                                | 1 | 18 | the source's name
            CREATE SHADOW OF "".s.t IN DATACENTER 'eu'                                 | 1 | 18 | the source's name
            CREATE SHADOW OF U&"c".s.t IN DATACENTER 'eu'                              | 1 | 18 | the source's name
            CREATE SHADOW OF c IN DATACENTER 'eu'                                      | 1 | 20 | '.' of source.schema.table
            CREATE SHADOW OF c.t IN DATACENTER 'eu'                                    | 1 | 22 | '.' of source.schema.table
            CREATE SHADOW OF c..t IN DATACENTER 'eu'                                   | 1 | 20 | the schema's name
            CREATE SHADOW OF c.s. IN DATACENTER 'eu'                                   | 1 | 26 | IN
            CREATE SHADOW OF c.s.1 IN DATACENTER 'eu'                                  | 1 | 22 | the table's name
            CREATE SHADOW OF c.s.t.u IN DATACENTER 'eu'                                | 1 | 23 | source.schema.table and nothing more
            CREATE SHADOW OF c.s.t                                                     | 1 | 23 | IN
            CREATE SHADOW OF c.s.t; IN DATACENTER 'eu'                                 | 1 | 23 | IN
            CREATE SHADOW OF c.s.t IN 'eu'                                             | 1 | 27 | DATACENTER
            CREATE SHADOW OF c.s.t IN DATACENTER                                       | 1 | 37 | the datacenter's name in single quotes
            CREATE SHADOW OF c.s.t IN DATACENTER eu                                    | 1 | 38 | the datacenter's name in single quotes
            CREATE SHADOW OF c.s.t IN DATACENTER "eu"                                  | 1 | 38 | the datacenter's name in single quotes
            CREATE SHADOW OF c.s.t IN DATACENTER ?                                     | 1 | 38 | the datacenter's name in single quotes
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu                                   | 1 | 38 | the datacenter's name in single quotes
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' x                                | 1 | 43 | end of statement
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' 'us'                             | 1 | 43 | end of statement
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH                             | 1 | 47 | '('
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH ()                          | 1 | 49 | COMPRESSION or NEAR_ROWS or CONSISTENCY
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (SPEED = 1)                 | 1 | 49 | COMPRESSION or NEAR_ROWS or CONSISTENCY
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH ('NEAR_ROWS' = 1)           | 1 | 49 | COMPRESSION or NEAR_ROWS or CONSISTENCY
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (NEAR_ROWS 1)               | 1 | 59 | '='
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (NEAR_ROWS = -1)            | 1 | 61 | a whole number
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (NEAR_ROWS = 1.5)           | 1 | 61 | a whole number
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (NEAR_ROWS = 1e3)           | 1 | 61 | a whole number
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (NEAR_ROWS = 2147483648)    | 1 | 61 | a whole number
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (NEAR_ROWS = '1')           | 1 | 61 | a whole number
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (COMPRESSION = ZSTD)        | 1 | 63 | 'ZSTD' or 'LZ4' or 'NONE'
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (COMPRESSION = 'GZIP')      | 1 | 63 | 'ZSTD' or 'LZ4' or 'NONE'
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (NEAR_ROWS = 1              | 1 | 62 | ')'
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (NEAR_ROWS = 1,)            | 1 | 63 | COMPRESSION or NEAR_ROWS or CONSISTENCY
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (NEAR_ROWS = 1, NEAR_ROWS = 2) | 1 | 64 | each option once
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (NEAR_ROWS = 1) WITH (NEAR_ROWS = 1) | 1 | 64 | end of statement
            CREATE SHADOW /* OF c.s.t                                                  | 1 | 15 | OF
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (CONSISTENCY 'PRIMARY')     | 1 | 61 | '='
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (CONSISTENCY = PRIMARY)     | 1 | 63 | 'EVENTUAL' or 'BOUNDED 200ms' or 'VALIDATED' or 'PRIMARY'
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (CONSISTENCY = ?)           | 1 | 63 | 'EVENTUAL' or 'BOUNDED 200ms' or 'VALIDATED' or 'PRIMARY'
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (CONSISTENCY = U&'PRIMARY') | 1 | 63 | 'EVENTUAL' or 'BOUNDED 200ms' or 'VALIDATED' or 'PRIMARY'
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (CONSISTENCY = '')          | 1 | 63 | 'EVENTUAL' or 'BOUNDED 200ms' or 'VALIDATED' or 'PRIMARY'
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (CONSISTENCY = 'STRONG')    | 1 | 63 | 'EVENTUAL' or 'BOUNDED 200ms' or 'VALIDATED' or 'PRIMARY'
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (CONSISTENCY = 'BOUNDED')   | 1 | 63 | a time of at most 100 years as a whole number and ms, s, m or h
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (CONSISTENCY = 'PRIMARY 5s') | 1 | 63 | EVENTUAL, BOUNDED with a time
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (CONSISTENCY = 'PRIMARY', CONSISTENCY = 'PRIMARY') | 1 | 74 | each option once
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH CONSISTENCY (PRIMARY)       | 1 | 48 | '('
            DROP SHADOW                                                                | 1 | 12 | OF
            DROP SHADOW IF NOT EXISTS OF c.s.t IN DATACENTER 'eu'                      | 1 | 16 | EXISTS
            DROP SHADOW OF c.s.t IN DATACENTER 'eu' CASCADE                            | 1 | 41 | end of statement
            DROP SHADOW OF c.s.t IN DATACENTER 'eu' WITH (NEAR_ROWS = 1)               | 1 | 41 | end of statement
            ALTER SHADOW OF c.s.t IN DATACENTER 'eu' (NEAR_ROWS = 1)                   | 1 | 42 | SET
            ALTER SHADOW OF c.s.t IN DATACENTER 'eu' SET NEAR_ROWS = 1                 | 1 | 46 | '('
            ALTER SHADOW OF c.s.t IN DATACENTER 'eu' SET ()                            | 1 | 47 | COMPRESSION
            ALTER SHADOW IF EXISTS OF c.s.t IN DATACENTER 'eu' SET (NEAR_ROWS = 1)     | 1 | 14 | OF
            ALTER SHADOW OF c.s.t IN DATACENTER 'eu' SET (TTL = 5)                     | 1 | 53 | a time
            ALTER SHADOW OF c.s.t IN DATACENTER 'eu' SET (COMMIT_PERCENT = 0)          | 1 | 64 | a whole number from 1 to 100
            ALTER SHADOW OF c.s.t IN DATACENTER 'eu' SET (COMMIT_PERCENT = 101)        | 1 | 64 | a whole number from 1 to 100
            ALTER SHADOW OF c.s.t IN DATACENTER 'eu' SET (COMMIT_PERCENT = '50')       | 1 | 64 | a whole number from 1 to 100
            ALTER SHADOW OF c.s.t IN DATACENTER 'eu' SET (TTL = '5')                   | 1 | 53 | a time
            ALTER SHADOW OF c.s.t IN DATACENTER 'eu' SET (TTL = '0s')                  | 1 | 53 | a time above zero
            ALTER SHADOW OF c.s.t IN DATACENTER 'eu' SET (ARCHIVE = 5)                 | 1 | 57 | a time
            ALTER SHADOW OF c.s.t IN DATACENTER 'eu' SET (ARCHIVE = '0h')              | 1 | 57 | a time above zero
            REFRESH SHADOW OF c.s.t IN DATACENTER 'eu' NOW                             | 1 | 44 | end of statement
            EXPLAIN SHADOW                                                             | 1 | 15 | a query
            EXPLAIN SHADOW;                                                            | 1 | 15 | a query
            SELECT 1; DROP SHADOW x                                                    | 1 | 23 | OF
            """)
    void badInput_isRefusedWhereItGoesWrong(String sql, int line, int column, String expected) {
        assertThat(refused(sql, ErrorCode.SQL_SYNTAX, line, column).get("expected"))
                .startsWith(expected);
    }

    /** What the refusal of a text says beside its code and its place. */
    private static Map<String, String> refused(String sql, ErrorCode code, int line, int column) {
        PenumbraException refusal = catchThrowableOfType(PenumbraException.class, () -> Script.of(sql, "PUBLIC"));
        assertThat(refusal).as(sql).isNotNull();
        assertThat(refusal.code()).isEqualTo(code);
        assertThat(refusal.context()).containsEntry("line", "" + line).containsEntry("column", "" + column);
        return refusal.context();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            CREATE OR REPLACE SHADOW OF c.s.t IN DATACENTER 'eu'                       | 1 | 8  | CREATE OR REPLACE
            CREATE TRIGGER x BEFORE INSERT ON T FOR EACH ROW CAPTURE                   | 1 | 18 | BEFORE
            CREATE TRIGGER x AFTER UPDATE OF A ON T FOR EACH ROW CAPTURE               | 1 | 31 | UPDATE OF
            CREATE TRIGGER x AFTER INSERT ON T FOR EACH STATEMENT CAPTURE              | 1 | 45 | FOR EACH STATEMENT
            ALTER TRIGGER x DISABLE                                                    | 1 | 1  | ALTER TRIGGER
            """)
    void clausesOfTheLaterContract_areRefusedByNameAndPlace(String sql, int line, int column, String refused) {
        assertThat(refused(sql, ErrorCode.NOT_SUPPORTED, line, column))
                .containsEntry("clause", refused)
                .containsEntry("reason", "not supported in this version");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (CONSISTENCY = 'optimistic 1s') | 1 | 63
            SELECT * FROM SHADOW.T WITH CONSISTENCY optimistic                         | 1 | 41
            EXPLAIN SHADOW SELECT * FROM SHADOW.T WITH CONSISTENCY OPTIMISTIC          | 1 | 56
            """)
    void whatIsNotCommitted_isRefusedToStatements(String sql, int line, int column) {
        Map<String, String> said = refused(sql, ErrorCode.NOT_SUPPORTED, line, column);
        assertThat(said).containsEntry("clause", "OPTIMISTIC");
        assertThat(said.get("reason")).contains("by their keys");
    }

    @Test
    void position_countsLinesAndColumnsAsEditorsDo() {
        assertThatThrownBy(() -> Script.of("SELECT 'a\nb';\r\n-- note\r\tCREATE\n\n  SHADOW\tOUF c.s.t", "PUBLIC"))
                .hasMessageContaining("PENUMBRA-1009")
                .hasMessageContaining("found=OUF")
                .hasMessageContaining("line=6, column=10");
    }

    @Test
    void datacenter_withABadName_isRefusedAtItsPlace() {
        assertThatThrownBy(() -> Script.of("CREATE SHADOW OF c.s.t IN DATACENTER 'e-u'", "PUBLIC"))
                .hasMessageContaining("PENUMBRA-1002")
                .hasMessageContaining("datacenter=e-u, line=1, column=38");
    }

    @Test
    void message_showsOnlyTheBeginningOfALongLiteral() {
        assertThatThrownBy(() -> Script.of("CREATE SHADOW OF '" + "x".repeat(100_000) + "'", "PUBLIC"))
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(300));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 'CREATE SHADOW' FROM T",
                "SELECT 1 -- ; DROP SHADOW x",
                "SELECT 1 // ; DROP SHADOW x",
                "SELECT /* ; CREATE SHADOW */ 1",
                "SELECT \"; CREATE SHADOW\" FROM T",
                "CREATE TABLE SHADOW(ID INT PRIMARY KEY)",
                "SELECT SHADOW FROM T; SELECT HOME FROM U",
                "WITH CONSISTENCY AS (SELECT 1 A) SELECT A FROM CONSISTENCY",
                "WITH CONSISTENCY(A) AS (SELECT 1) SELECT A FROM CONSISTENCY",
                "EXPLAIN PLAN FOR SELECT * FROM SHADOW.T",
                "",
                ";",
                "'"
            })
    void otherTexts_areOnePlainPart_asTyped(String sql) {
        assertThat(Script.of(sql, "PUBLIC").parts())
                .singleElement()
                .isInstanceOfSatisfying(
                        Plain.class, plain -> assertThat(plain.sql()).isSameAs(sql));
    }

    @Test
    void severalStatements_areCutWithTheirParametersAndKeepTheirPlaces() {
        String sql = "SELECT ?, '?' ;\nSELECT \"?\", ? /* ? */;\nCREATE SHADOW OF c.s.t IN DATACENTER 'eu';;\n"
                + "EXPLAIN SHADOW SELECT * FROM SHADOW.T WHERE A = ?; DELETE FROM U WHERE B = ?";
        Script script = Script.of(sql, "PUBLIC");
        assertThat(script.parts()).hasSize(4);
        Plain first = (Plain) script.parts().get(0);
        assertThat(first.sql()).isEqualTo("SELECT ?, '?' ;\nSELECT \"?\", ? /* ? */");
        assertThat(first.firstParameter()).isZero();
        assertThat(first.parameters()).isEqualTo(2);
        assertThat(((Own) script.parts().get(1)).statement()).isInstanceOf(CreateShadow.class);
        Own explain = (Own) script.parts().get(2);
        assertThat(explain.firstParameter()).isEqualTo(2);
        assertThat(explain.parameters()).isEqualTo(1);
        Plain last = (Plain) script.parts().get(3);
        assertThat(last.firstParameter()).isEqualTo(3);
        assertThat(last.parameters()).isEqualTo(1);
        assertThat(last.sql()).hasSameSizeAs(sql).endsWith("; DELETE FROM U WHERE B = ?".replace(';', ' '));
        assertThat(last.sql().strip()).isEqualTo("DELETE FROM U WHERE B = ?");
    }
}
