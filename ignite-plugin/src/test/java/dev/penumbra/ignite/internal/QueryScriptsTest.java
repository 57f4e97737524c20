package dev.penumbra.ignite.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.ignite.sql.TableUses;
import org.apache.ignite.internal.processors.query.calcite.CalciteQueryProcessor;
import org.junit.jupiter.api.Test;

class QueryScriptsTest {
    private final QueryScripts scripts =
            new QueryScripts(new QueryTables(CalciteQueryProcessor.FRAMEWORK_CONFIG::getParserConfig));

    @Test
    void text_isReadOnce_forEachSchemaOfASession() {
        String sql = "SELECT * FROM SHADOW.T";
        QueryScript first = scripts.get(sql, "PUBLIC");
        assertThat(scripts.get("SELECT * FROM " + "SHADOW.T", "PUBLIC")).isSameAs(first);
        assertThat(scripts.get(sql, "HOME")).isNotSameAs(first);
        assertThat(scripts.get(sql, "PUBLIC")).isSameAs(first);
    }

    @Test
    void moreTextsThanAreHeld_areStillReadRight() {
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 3_000; i++) {
                String sql = "SELECT " + i + " FROM SHADOW.T";
                assertThat(scripts.get(sql, "PUBLIC").sql()).isEqualTo(sql);
            }
        }
    }

    @Test
    void aTextWithAnotherClause_isNotParsedAgain() {
        int[] parsed = {0};
        TableUses counting = new TableUses() {
            private final TableUses tables = new QueryTables(CalciteQueryProcessor.FRAMEWORK_CONFIG::getParserConfig);

            @Override
            public Found in(String sql, String schema) {
                parsed[0]++;
                return tables.in(sql, schema);
            }

            @Override
            public Found inQuery(String sql, String schema) {
                return tables.inQuery(sql, schema);
            }
        };
        QueryScripts counted = new QueryScripts(counting);
        QueryScript last = counted.get("SELECT * FROM SHADOW.T WITH CONSISTENCY EVENTUAL", "PUBLIC");
        for (int i = 1; i < 10; i++) {
            QueryScript next = counted.get("SELECT * FROM SHADOW.T WITH CONSISTENCY BOUNDED '" + i + "s'", "PUBLIC");
            assertThat(next.steps()).isNotEqualTo(last.steps());
            last = next;
        }
        assertThat(parsed[0]).isEqualTo(1);
        counted.get("SELECT * FROM SHADOW.T WITH CONSISTENCY EVENTUAL", "HOME");
        assertThat(parsed[0]).isEqualTo(2);
    }

    @Test
    void longText_isNotHeld() {
        String sql = "SELECT '" + "x".repeat(5_000) + "' FROM SHADOW.T";
        assertThat(scripts.get(sql, "PUBLIC")).isNotSameAs(scripts.get(sql, "PUBLIC"));
    }

    @Test
    void refusal_isTheSameEveryTime() {
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> scripts.get("DELETE FROM HOME.T", "PUBLIC"))
                    .hasMessageContaining("PENUMBRA-1030");
        }
    }

    @Test
    void textInWhichTheWordsMeanNothing_isUntouched() {
        for (String sql : new String[] {
            "SELECT HOME FROM P", "SELECT 'SHADOW.T'", "SELECT SHADOW.HOME FROM P AS SHADOW", "SELECT SHADOW FROM WHERE"
        }) {
            assertThat(scripts.get(sql, "PUBLIC").isUntouched()).as(sql).isTrue();
        }
    }
}
