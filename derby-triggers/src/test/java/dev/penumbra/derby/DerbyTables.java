package dev.penumbra.derby;

import com.esotericsoftware.kryo.io.Input;
import dev.penumbra.capture.JournalledTables;
import dev.penumbra.journal.RowFormat;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;

/** Tables of Derby, in a journal and in the database. */
final class DerbyTables {
    private DerbyTables() {}

    static JournalledTables open(Path journal) {
        return new JournalledTables(journal, "APP", DerbyTables::source);
    }

    static JournalledTables of(Path journal) {
        return open(journal).read(transaction -> {});
    }

    static Map<Key, Row> source(Connection connection, TableSchema schema) throws SQLException {
        Map<Key, Row> rows = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet found =
                        statement.executeQuery("SELECT * FROM " + schema.name().quoted())) {
            while (found.next()) {
                Row row =
                        RowFormat.read(new Input(DerbyRows.image(schema, found).array()), schema);
                rows.put(schema.keyOf(row), row);
            }
        }
        return rows;
    }
}
