package dev.penumbra.ignite.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.penumbra.ignite.internal.QueryScript.Engine;
import dev.penumbra.ignite.internal.QueryScript.Explain;
import dev.penumbra.ignite.internal.QueryScript.Step;
import dev.penumbra.ignite.sql.NamedText;
import dev.penumbra.ignite.sql.Script;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.util.ArrayList;
import java.util.List;
import org.apache.ignite.internal.processors.query.IgniteSQLException;
import org.apache.ignite.internal.processors.query.calcite.CalciteQueryProcessor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QueryScriptTest {
    private static final QueryTables TABLES = new QueryTables(CalciteQueryProcessor.FRAMEWORK_CONFIG::getParserConfig);

    private static QueryScript read(String sql, String schema) {
        return QueryScript.read(sql, schema, Script.of(sql, schema), TABLES);
    }

    private static @Nullable NamedText named(Step step) {
        return step instanceof Explain explain ? explain.query() : ((Engine) step).named();
    }

    private static List<String> levels(QueryScript script) {
        List<String> levels = new ArrayList<>();
        for (Step step : script.steps()) {
            NamedText named = named(step);
            levels.add(named == null ? "names no copy" : String.valueOf(named.consistency()));
        }
        return levels;
    }

    @Test
    void level_isThatOfItsStatementAlone() {
        QueryScript script = read(
                "SELECT * FROM SHADOW.T; SELECT * FROM SHADOW.T WITH CONSISTENCY PRIMARY; SELECT 1; EXPLAIN SHADOW SELECT * FROM HOME.T"
                        + " WITH CONSISTENCY BOUNDED '1s'; EXPLAIN SHADOW SELECT * FROM HOME.T",
                "PUBLIC");
        assertThat(levels(script)).containsExactly("null", "PRIMARY", "names no copy", "BOUNDED '1000ms'", "null");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT A FROM SHADOW_EU.T WHERE B = ? ORDER BY A LIMIT 3",
                "(SELECT A FROM HOME.T) UNION ALL (SELECT A FROM U)",
                "WITH CONSISTENCY AS (SELECT A FROM SHADOW.T) SELECT A FROM CONSISTENCY",
                "TABLE SHADOW.T",
                "EXPLAIN PLAN FOR SELECT A FROM SHADOW.T",
                "SELECT 1 FROM U WHERE EXISTS (SELECT 1 FROM SHADOW.T)"
            })
    void queryWithAClause_isTheQueryWithoutIt_butForItsLevel(String sql) {
        QueryScript script = read(sql + " WITH CONSISTENCY EVENTUAL", "PUBLIC");
        assertThat(levels(script)).containsExactly("EVENTUAL");
        NamedText named = named(script.steps().get(0));
        assertThat(named).isNotNull();
        assertThat(named.sql()).isEqualTo(sql);
        assertThat(script.isUntouched()).isFalse();
    }

    @Test
    void copiesOfTheSessionsSchema_areNamedToo() {
        assertThat(levels(read("SELECT * FROM T WITH CONSISTENCY PRIMARY", "SHADOW")))
                .containsExactly("PRIMARY");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            SELECT 1                                         | a query that names none
            SELECT SHADOW FROM HOME                          | a query that names none
            SELECT 'SHADOW.T' FROM U                         | a query that names none
            EXPLAIN SHADOW SELECT 1                          | a query that names none
            SELECT * FROM SHADOW.T; SELECT * FROM U          | a query that names none
            WITH T AS (SELECT 1 A) SELECT A FROM T           | a query that names none
            INSERT INTO U SELECT * FROM SHADOW.T             | a statement that is no query
            UPDATE U SET A = (SELECT 1 FROM SHADOW.T)        | a statement that is no query
            DELETE FROM U WHERE A IN (SELECT A FROM HOME.T)  | a statement that is no query
            DELETE FROM U                                    | a statement that is no query
            EXPLAIN PLAN FOR DELETE FROM U                   | a statement that is no query
            CREATE TABLE U AS SELECT * FROM SHADOW.T         | a statement that is no query
            CREATE VIEW V AS SELECT * FROM HOME.T            | a statement that is no query
            DROP TABLE U                                     | a statement that is no query
            """)
    void clauseWhereNoCopyIsRead_isRefused(String sql, String found) {
        PenumbraException refusal =
                catchThrowableOfType(PenumbraException.class, () -> read(sql + " WITH CONSISTENCY EVENTUAL", "PUBLIC"));
        assertThat(refusal).as(sql).isNotNull();
        assertThat(refusal.code()).isEqualTo(ErrorCode.SQL_SYNTAX);
        assertThat(refusal.context())
                .containsEntry(
                        "expected", "WITH CONSISTENCY behind a query that names a copy: SHADOW, SHADOW_x or HOME")
                .containsEntry("found", found)
                .containsEntry("column", "" + (sql.length() + 2));
    }

    @Test
    void textThatTheEngineRefuses_isNotHandedOnWithItsClause() {
        assertThatThrownBy(() -> read("SELECT FROM U WITH CONSISTENCY EVENTUAL", "PUBLIC"))
                .isInstanceOf(IgniteSQLException.class)
                .hasMessageContaining("line 1, column 8");
        assertThatThrownBy(() -> read("SELECT * FROM (SELECT 1 FROM SHADOW.T WITH CONSISTENCY EVENTUAL", "PUBLIC"))
                .isInstanceOf(IgniteSQLException.class);
    }
}
