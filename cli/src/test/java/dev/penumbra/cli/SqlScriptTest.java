package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SqlScriptTest {
    @Test
    void statements_areSplitAtSemicolons() {
        assertThat(SqlScript.statements("SELECT 1;\n SELECT 2 ; ")).containsExactly("SELECT 1", "SELECT 2");
    }

    @Test
    void statements_withoutALastSemicolon_areKept() {
        assertThat(SqlScript.statements("SELECT 1; SELECT 2")).containsExactly("SELECT 1", "SELECT 2");
    }

    @Test
    void semicolons_inLiteralsNamesAndComments_splitNothing() {
        String sql = "SELECT 'a;''b;' AS \"x;y\" /* ; */ -- ;\n FROM t";
        assertThat(SqlScript.statements(sql + ";")).containsExactly(sql);
    }

    @Test
    void commentsAlone_areNoStatement() {
        assertThat(SqlScript.statements("-- nothing\n;/* here */;;")).isEmpty();
    }

    @Test
    void anUnfinishedLiteral_reachesTheServerAsItStands() {
        assertThat(SqlScript.statements("SELECT 'a; b")).containsExactly("SELECT 'a; b");
    }
}
