package dev.penumbra.ignite.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.penumbra.ignite.sql.Script.Own;
import dev.penumbra.ignite.sql.Script.Plain;
import dev.penumbra.ignite.sql.ShadowStatement.ExplainShadow;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.SessionToken;
import dev.penumbra.shadow.read.Consistency;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConsistencyClauseTest {
    private static final String SELECT = "SELECT * FROM SHADOW.T";

    private static Plain only(String sql) {
        Script script = Script.of(sql, "PUBLIC");
        assertThat(script.parts()).hasSize(1);
        return (Plain) script.parts().get(0);
    }

    private static ConsistencyClause clause(Script.Part part) {
        return Objects.requireNonNull(part.clause());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            WITH CONSISTENCY EVENTUAL               | EVENTUAL
            with Consistency eventual ;             | EVENTUAL
            WITH CONSISTENCY PRIMARY -- ; or not    | PRIMARY
            WITH /* a */ CONSISTENCY /* b */ PRIMARY /* c */ ; /* d */ | PRIMARY
            WITH CONSISTENCY BOUNDED '200ms'        | BOUNDED '200ms'
            WITH CONSISTENCY BOUNDED'0ms'           | BOUNDED '0ms'
            WITH CONSISTENCY BOUNDED ' 007  S '     | BOUNDED '7000ms'
            WITH CONSISTENCY BOUNDED '3m'           | BOUNDED '180000ms'
            WITH CONSISTENCY BOUNDED '1 h'          | BOUNDED '3600000ms'
            WITH CONSISTENCY BOUNDED '876000h'     | BOUNDED '3153600000000ms'
            WITH CONSISTENCY SESSION ''             | SESSION ''
            """)
    void clause_isReadAndCutOff(String typed, String level) {
        Plain plain = only(SELECT + " " + typed);
        assertThat(clause(plain).consistency().toString()).isEqualTo(level);
        assertThat(clause(plain).place()).isEqualTo(new Place(1, SELECT.length() + 2));
        assertThat(plain.sql()).isEqualTo(SELECT);
    }

    @Test
    void token_isReadAsItWasWritten_andLeavesNoTraceInTheText() {
        SessionToken token = SessionToken.of("it's; a/source", new UUID(7, 8), new Position(3, 1042));
        Plain plain = only(SELECT + "\n WITH CONSISTENCY SESSION '" + token + "'");
        assertThat(clause(plain).consistency()).isEqualTo(Consistency.session(token));
        SessionToken longer = token.and(SessionToken.of("other", new UUID(9, 9), new Position(1, 1)));
        assertThat(only(SELECT + " -- why\n WITH CONSISTENCY SESSION '" + longer + "';")
                        .sql())
                .isEqualTo(plain.sql())
                .isEqualTo(SELECT);
    }

    @Test
    void explainShadow_takesTheClauseOfItsQuery() {
        Script script = Script.of("EXPLAIN SHADOW " + SELECT + " WHERE A = ? WITH CONSISTENCY BOUNDED '1s';", "PUBLIC");
        Own explain = (Own) script.parts().get(0);
        assertThat(script.parts()).hasSize(1);
        assertThat(explain.parameters()).isEqualTo(1);
        assertThat(((ExplainShadow) explain.statement()).query())
                .isEqualTo("               " + SELECT + " WHERE A = ?");
        assertThat(clause(explain).consistency()).isEqualTo(Consistency.bounded(Duration.ofSeconds(1)));
    }

    @Test
    void statementWithAClause_isAPartOfItsOwn_atItsPlaceAndWithItsParameters() {
        String sql = "SELECT ? FROM U; SELECT ?, ? FROM V;\nSELECT ? FROM SHADOW.T WITH CONSISTENCY PRIMARY; "
                + "SELECT ? FROM HOME.T WITH CONSISTENCY EVENTUAL; SELECT 5 FROM U; SELECT ? FROM V";
        Script script = Script.of(sql, "PUBLIC");
        assertThat(script.parts())
                .extracting(part -> ((Plain) part).sql().strip())
                .containsExactly(
                        "SELECT ? FROM U; SELECT ?, ? FROM V",
                        "SELECT ? FROM SHADOW.T",
                        "SELECT ? FROM HOME.T",
                        "SELECT 5 FROM U; SELECT ? FROM V");
        assertThat(script.parts())
                .extracting(part -> ((Plain) part).firstParameter() + "+" + ((Plain) part).parameters())
                .containsExactly("0+3", "3+1", "4+1", "5+1");
        assertThat(script.parts())
                .extracting(part ->
                        part.clause() == null ? "" : String.valueOf(clause(part).consistency()))
                .containsExactly("", "PRIMARY", "EVENTUAL", "");
        for (String word : new String[] {"SHADOW.T", "HOME.T", "5"}) {
            assertThat(script.parts())
                    .anySatisfy(part -> assertThat(((Plain) part).sql())
                            .satisfies(text -> assertThat(text.indexOf(word)).isEqualTo(sql.indexOf(word))));
        }
        assertThat(((Plain) script.parts().get(1)).sql()).contains("\n");
    }

    @Test
    void namedQueryCalledConsistency_isNone_butMayHaveOneBehindIt() {
        String sql = "WITH CONSISTENCY(A) AS (SELECT A FROM SHADOW.T) SELECT * FROM CONSISTENCY";
        assertThat(only(sql).clause()).isNull();
        Plain plain = only(sql + " WITH CONSISTENCY PRIMARY");
        assertThat(plain.sql()).isEqualTo(sql);
        assertThat(clause(plain).consistency()).isEqualTo(Consistency.primary());
    }

    @ParameterizedTest(name = "{0} at {1}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            SELECT 1 WITH CONSISTENCY                           | 26 | EVENTUAL or BOUNDED or SESSION or VALIDATED or PRIMARY
            SELECT 1 WITH CONSISTENCY;                          | 26 | EVENTUAL or BOUNDED or SESSION or VALIDATED or PRIMARY
            SELECT 1 WITH CONSISTENCY STRONG                    | 27 | EVENTUAL or BOUNDED or SESSION or VALIDATED or PRIMARY
            SELECT 1 WITH CONSISTENCY "PRIMARY"                 | 27 | EVENTUAL or BOUNDED or SESSION or VALIDATED or PRIMARY
            SELECT 1 WITH CONSISTENCY 'PRIMARY'                 | 27 | EVENTUAL or BOUNDED or SESSION or VALIDATED or PRIMARY
            SELECT 1 WITH CONSISTENCY ?                         | 27 | EVENTUAL or BOUNDED or SESSION or VALIDATED or PRIMARY
            SELECT 1 WITH CONSISTENCY BOUNDED                   | 34 | a time in single quotes
            SELECT 1 WITH CONSISTENCY BOUNDED 200               | 35 | a time in single quotes
            SELECT 1 WITH CONSISTENCY BOUNDED 200ms             | 35 | a time in single quotes
            SELECT 1 WITH CONSISTENCY BOUNDED "200ms"           | 35 | a time in single quotes
            SELECT 1 WITH CONSISTENCY BOUNDED U&'200ms'         | 35 | a time in single quotes
            SELECT 1 WITH CONSISTENCY BOUNDED '200ms            | 35 | a time in single quotes
            SELECT 1 WITH CONSISTENCY BOUNDED ''                | 35 | a time of at most 100 years
            SELECT 1 WITH CONSISTENCY BOUNDED '200'             | 35 | a time of at most 100 years
            SELECT 1 WITH CONSISTENCY BOUNDED 'ms'              | 35 | a time of at most 100 years
            SELECT 1 WITH CONSISTENCY BOUNDED '-200ms'          | 35 | a time of at most 100 years
            SELECT 1 WITH CONSISTENCY BOUNDED '+200ms'          | 35 | a time of at most 100 years
            SELECT 1 WITH CONSISTENCY BOUNDED '1.5s'            | 35 | a time of at most 100 years
            SELECT 1 WITH CONSISTENCY BOUNDED '1s 2ms'          | 35 | a time of at most 100 years
            SELECT 1 WITH CONSISTENCY BOUNDED '1 d'             | 35 | a time of at most 100 years
            SELECT 1 WITH CONSISTENCY BOUNDED '٢s'              | 35 | a time of at most 100 years
            SELECT 1 WITH CONSISTENCY BOUNDED '2562048h'        | 35 | a time of at most 100 years
            SELECT 1 WITH CONSISTENCY BOUNDED '9223372036854775807h'  | 35 | a time of at most 100 years
            SELECT 1 WITH CONSISTENCY BOUNDED '9223372036854775808ms' | 35 | a time of at most 100 years
            SELECT 1 WITH CONSISTENCY SESSION                   | 34 | a session's token in single quotes
            SELECT 1 WITH CONSISTENCY SESSION PRIMARY           | 35 | a session's token in single quotes
            SELECT 1 WITH CONSISTENCY SESSION U&''              | 35 | a session's token in single quotes
            SELECT 1 WITH CONSISTENCY PRIMARY '1s'              | 35 | end of statement behind WITH CONSISTENCY
            SELECT 1 WITH CONSISTENCY EVENTUAL ORDER BY 1       | 36 | end of statement behind WITH CONSISTENCY
            SELECT 1 WITH CONSISTENCY BOUNDED '1s' 's'          | 40 | end of statement behind WITH CONSISTENCY
            WITH CONSISTENCY PRIMARY SELECT * FROM SHADOW.T     | 26 | end of statement behind WITH CONSISTENCY
            WITH CONSISTENCY PRIMARY AS (SELECT 1) SELECT 1     | 26 | end of statement behind WITH CONSISTENCY
            SELECT /*+ WITH CONSISTENCY PRIMARY */ 1            | 37 | end of statement behind WITH CONSISTENCY
            SELECT * FROM (SELECT 1 WITH CONSISTENCY PRIMARY) X | 49 | end of statement behind WITH CONSISTENCY
            (SELECT * FROM SHADOW.T WITH CONSISTENCY PRIMARY)   | 49 | end of statement behind WITH CONSISTENCY
            (SELECT 1 WITH CONSISTENCY PRIMARY) WITH CONSISTENCY EVENTUAL | 35 | end of statement behind WITH CONSISTENCY
            SELECT 1 WITH CONSISTENCY PRIMARY WITH CONSISTENCY PRIMARY    | 35 | one WITH CONSISTENCY in a statement
            EXPLAIN SHADOW WITH CONSISTENCY PRIMARY             | 15 | a query
            WITH CONSISTENCY PRIMARY                            | 1  | WITH CONSISTENCY behind a query that names a copy
            SELECT 1; WITH CONSISTENCY PRIMARY                  | 11 | WITH CONSISTENCY behind a query that names a copy
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH CONSISTENCY PRIMARY | 43 | WITH CONSISTENCY behind a query that names a copy
            DROP SHADOW OF c.s.t IN DATACENTER 'eu' WITH CONSISTENCY PRIMARY   | 41 | WITH CONSISTENCY behind a query that names a copy
            CREATE TRIGGER x AFTER INSERT ON T FOR EACH ROW CAPTURE WITH CONSISTENCY PRIMARY | 57 | WITH CONSISTENCY behind a query that names a copy
            DROP TRIGGER x WITH CONSISTENCY PRIMARY             | 16 | WITH CONSISTENCY behind a query that names a copy
            ALTER SHADOW x WITH CONSISTENCY PRIMARY             | 16 | WITH CONSISTENCY behind a query that names a copy
            """)
    void badClause_isRefusedWhereItGoesWrong(String sql, int column, String expected) {
        PenumbraException refusal = catchThrowableOfType(PenumbraException.class, () -> Script.of(sql, "PUBLIC"));
        assertThat(refusal).as(sql).isNotNull();
        assertThat(refusal.code()).isEqualTo(ErrorCode.SQL_SYNTAX);
        assertThat(refusal.context()).containsEntry("line", "1").containsEntry("column", "" + column);
        assertThat(refusal.context().get("expected")).startsWith(expected);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            SELECT 1 WITH CONSISTENCY BOUNDED ? | 35 | BOUNDED ? | the text must be a literal
            SELECT 1 WITH CONSISTENCY SESSION ? | 35 | SESSION ? | the text must be a literal
            CREATE SHADOW OF c.s.t IN DATACENTER 'eu' WITH (CONSISTENCY = 'session a/b/1:1') | 63 | CONSISTENCY = 'SESSION' | a token belongs to a session, not to a shadow
            """)
    void whatCouldBeMeantAndCannotBe_isRefusedByName(String sql, int column, String refused, String reason) {
        PenumbraException refusal = catchThrowableOfType(PenumbraException.class, () -> Script.of(sql, "PUBLIC"));
        assertThat(refusal).as(sql).isNotNull();
        assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_SUPPORTED);
        assertThat(refusal.context())
                .containsEntry("line", "1")
                .containsEntry("column", "" + column)
                .containsEntry("clause", refused)
                .containsEntry("reason", reason);
    }

    @Test
    void tokenThatNobodyReturned_isRefusedAtItsPlace_andShownInPart() {
        assertThatThrownBy(() -> only(SELECT + "\n WITH CONSISTENCY SESSION '" + "x".repeat(100_000) + "'"))
                .hasMessageContaining("PENUMBRA-1036")
                .hasMessageContaining("x..., line=2, column=27")
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(300));
    }
}
