package dev.penumbra.ignite;

import static dev.penumbra.model.TableName.quote;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.TableName;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names that would mean something else in a statement that does not quote them. */
@NullMarked
class HostileNamesIT {
    private static final List<String> NAMES = List.of(
            "T\"; DELETE FROM BYSTANDER; -- it's",
            "\"",
            " ",
            "/* ?1 {fn x}",
            "line\r\nbreak\t\\000a",
            "h\u00e9\u8868\ud83d\ude42\u202e",
            "SELECT",
            "HOME.T");

    @TempDir
    static Path directory;

    private static TriggeredGrid grid = new TriggeredGrid(Path.of("unset"));

    @BeforeAll
    static void start() {
        grid = new TriggeredGrid(directory);
        grid.startIn("home");
        grid.startIn("eu");
        grid.sql("CREATE TABLE BYSTANDER (ID INT PRIMARY KEY, A VARCHAR)");
        grid.sql("INSERT INTO BYSTANDER VALUES (1, 'stands')");
    }

    @AfterAll
    static void stop() {
        grid.close();
    }

    /** A table in every schema, so that some go by another name where their copies are named. */
    private static List<TableName> tables() {
        List<TableName> tables = new ArrayList<>();
        NAMES.forEach(name -> tables.add(new TableName("PUBLIC", name)));
        tables.add(new TableName(Grid.HOSTILE_SCHEMA, "\""));
        return tables;
    }

    private static String trigger(TableName table) {
        return quote(table.table() + table.schema());
    }

    private static String key(TableName table) {
        return engine(table.table().replace('.', '_') + " key");
    }

    private static String column(TableName table) {
        // Ignite does not find columns with a dot in their name.
        return engine(table.table().replace('.', '_'));
    }

    /** A name as Ignite's engine takes it, which knows no line break within quotes. */
    private static String engine(String name) {
        StringBuilder escaped = new StringBuilder("U&\"");
        name.chars().forEach(c -> escaped.append(String.format("\\%04x", c)));
        return name.matches(".*") ? quote(name) : escaped.append('"').toString();
    }

    private static String engine(TableName table) {
        return engine(table.schema()) + "." + engine(table.table());
    }

    @Test
    void namesOfEveryKind_areTakenLetterByLetter_fromTheTableToItsShadowAndBack() {
        for (TableName table : tables()) {
            grid.sql("CREATE TABLE " + engine(table) + " (" + key(table) + " INT PRIMARY KEY, " + column(table)
                    + " VARCHAR)");
            grid.sql("INSERT INTO " + engine(table) + " VALUES (1, ?)", table.toString());
            grid.sql("CREATE TRIGGER " + trigger(table) + " AFTER INSERT, UPDATE, DELETE ON " + table.quoted()
                    + " FOR EACH ROW CAPTURE");
            grid.sql("CREATE SHADOW OF ignite." + table.quoted() + " IN DATACENTER 'eu'");
        }
        Grid.await(() -> grid.sql("SELECT * FROM SYS.PENUMBRA_SHADOWS WHERE PHASE = 'READY'")
                        .size()
                == tables().size());
        for (TableName table : tables()) {
            String sqlTable = (String) grid.sql(
                            "SELECT SQL_TABLE FROM SYS.PENUMBRA_SHADOWS WHERE SCHEMA_NAME = ? AND TABLE_NAME = ?",
                            table.schema(),
                            table.table())
                    .get(0)
                    .get(0);
            assertThat(sqlTable)
                    .isEqualTo(table.schema().equals("PUBLIC") ? table.table() : table.schema() + "_" + table.table());
            for (String schema : List.of("HOME", "SHADOW", "SHADOW_EU")) {
                for (String from : List.of(
                        schema + "." + engine(sqlTable) + " X", schema + " /* */ . " + engine(sqlTable) + " AS X")) {
                    String sql = "SELECT X." + column(table) + " FROM " + from + " WHERE X." + key(table) + " = 1";
                    assertThat(grid.sql(sql)).as(sql).containsExactly(List.of(table.toString()));
                }
                String full = schema + "." + engine(sqlTable);
                String sql =
                        "SELECT " + full + "." + column(table) + ", '" + full.replace("'", "''") + "' FROM " + full;
                assertThat(grid.sql(sql)).as(sql).containsExactly(List.of(table.toString(), full));
                assertThat(grid.sql("EXPLAIN SHADOW SELECT * FROM " + full)).isNotEmpty();
            }
            grid.sql("DROP SHADOW OF ignite." + table.quoted() + " IN DATACENTER 'eu'");
            grid.sql("DROP TRIGGER " + trigger(table));
        }
        assertThat(grid.sql("SELECT * FROM SYS.PENUMBRA_SHADOWS")).isEmpty();
        assertThat(grid.sql("SELECT * FROM SYS.PENUMBRA_TRIGGERS")).isEmpty();
        assertThat(grid.sql("SELECT A FROM BYSTANDER")).containsExactly(List.of("stands"));
    }

    @Test
    void namesWithoutALetter_areRefused() {
        for (String sql : List.of(
                "CREATE TRIGGER \"\" AFTER INSERT, UPDATE, DELETE ON BYSTANDER FOR EACH ROW CAPTURE",
                "CREATE TRIGGER X AFTER INSERT, UPDATE, DELETE ON \"\" FOR EACH ROW CAPTURE",
                "CREATE TRIGGER X AFTER INSERT, UPDATE, DELETE ON \"\".BYSTANDER FOR EACH ROW CAPTURE",
                "CREATE SHADOW OF \"\".PUBLIC.BYSTANDER IN DATACENTER 'eu'",
                "CREATE SHADOW OF ignite.\"\".BYSTANDER IN DATACENTER 'eu'",
                "CREATE SHADOW OF ignite.PUBLIC.\"\" IN DATACENTER 'eu'",
                "DROP SHADOW OF ignite.PUBLIC.\"\" IN DATACENTER 'eu'",
                "DROP TRIGGER \"\"")) {
            assertThatThrownBy(() -> grid.sql(sql)).as(sql).hasStackTraceContaining("PENUMBRA-10");
        }
        for (String sql : List.of("SELECT * FROM SHADOW.\"\"", "SELECT * FROM HOME.\"\"")) {
            assertThatThrownBy(() -> grid.sql(sql)).as(sql).hasMessageContaining("Failed to parse");
        }
    }
}
