package dev.penumbra.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class TableSchemaTest {
    private static final Column ID = new Column("ID", ColumnType.of(SqlType.BIGINT), false);
    private static final Column NAME = new Column("NAME", ColumnType.of(SqlType.VARCHAR, 20, 0), true);

    private static TableSchema schema(List<Column> columns, String... key) {
        return new TableSchema(new TableName("PUBLIC", "T"), columns, List.of(key));
    }

    @Test
    void fingerprint_isTheSameInEveryVersion() {
        assertThat(schema(List.of(ID, NAME), "ID").canonicalText())
                .isEqualTo("table \"PUBLIC\".\"T\"\ncolumn \"ID\" BIGINT(0,0) not null\n"
                        + "column \"NAME\" VARCHAR(20,0) null\nkey \"ID\"\n");
        assertThat(schema(List.of(ID, NAME), "ID").fingerprint()).hasToString("7f15dcda5a46ae80");
    }

    @Test
    void fingerprint_differsWithOrderTypeNullabilityNameAndKey() {
        TableSchema base = schema(List.of(ID, NAME), "ID");
        assertThat(List.of(
                        schema(List.of(NAME, ID), "ID"),
                        schema(List.of(ID, new Column("NAME", ColumnType.of(SqlType.VARCHAR, 21, 0), true)), "ID"),
                        schema(List.of(ID, new Column("NAME", ColumnType.of(SqlType.CLOB, 20, 0), true)), "ID"),
                        schema(List.of(ID, new Column("NAME", NAME.type(), false)), "ID"),
                        schema(List.of(ID, new Column("NAMES", NAME.type(), true)), "ID"),
                        schema(List.of(ID, NAME), "ID", "NAME"),
                        new TableSchema(new TableName("PUBLIC", "U"), List.of(ID, NAME), List.of("ID"))))
                .allSatisfy(other -> {
                    assertThat(other.fingerprint()).isNotEqualTo(base.fingerprint());
                    assertThat(other).isNotEqualTo(base);
                });
    }

    @Test
    void canonicalText_quotesNames_soThatNoNameImitatesAnotherLayout() {
        Column sly = new Column("A\" BIGINT(0,0) null\ncolumn \"B", ColumnType.of(SqlType.BIGINT), true);
        TableSchema one = schema(List.of(ID, sly), "ID");
        TableSchema two = schema(
                List.of(
                        ID,
                        new Column("A", ColumnType.of(SqlType.BIGINT), true),
                        new Column("B", ColumnType.of(SqlType.BIGINT), true)),
                "ID");
        assertThat(one.canonicalText()).isNotEqualTo(two.canonicalText());
    }

    @Test
    void keyOf_takesTheKeyColumnsInKeyOrder() {
        TableSchema composite = schema(List.of(ID, new Column("NAME", NAME.type(), false)), "NAME", "ID");
        assertThat(composite.keyOf(Row.of(7L, "a"))).isEqualTo(Key.of("a", 7L));
    }

    @Test
    void keyOf_refusesARowOfAnotherWidthAndANullKey() {
        TableSchema schema = schema(List.of(ID, NAME), "ID");
        assertThatThrownBy(() -> schema.keyOf(Row.of(7L))).hasMessageContaining("row has 1 columns");
        assertThatThrownBy(() -> schema.keyOf(Row.of(null, "a"))).hasMessageContaining("key column is null: ID");
    }

    @Test
    void constructor_refusesDuplicateColumnsMissingAndRepeatedKeys() {
        assertThatThrownBy(() -> schema(List.of(ID, ID), "ID")).hasMessageContaining("appears twice");
        assertThatThrownBy(() -> schema(List.of(ID), "X")).hasMessageContaining("no such key column: X");
        assertThatThrownBy(() -> schema(List.of(ID))).hasMessageContaining("needs a key");
        assertThatThrownBy(() -> schema(List.of(ID), "ID", "ID")).hasMessageContaining("key column appears twice");
    }
}
