package dev.penumbra.h2;

import dev.penumbra.capture.JournalledTables;
import dev.penumbra.journal.CommittedTransaction;
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
import java.util.function.Consumer;
import org.h2.jdbc.JdbcConnection;
import org.h2.jdbc.JdbcResultSet;

/** Tables of H2, in a journal and in the database. */
final class H2Tables {
    private H2Tables() {}

    static JournalledTables open(Path journal) {
        return new JournalledTables(journal, "PUBLIC", H2Tables::source);
    }

    static JournalledTables of(Path journal) {
        return of(journal, transaction -> {});
    }

    static JournalledTables of(Path journal, Consumer<CommittedTransaction> afterEach) {
        return open(journal).read(afterEach);
    }

    /** The rows of a table as the database has them now, read with H2's own precision and from the table, not from an index. */
    static Map<Key, Row> source(Connection connection, TableSchema schema) throws SQLException {
        Map<Key, Row> rows = new HashMap<>();
        try (Statement statement = connection.unwrap(JdbcConnection.class).createStatement();
                ResultSet found =
                        statement.executeQuery("SELECT * FROM " + schema.name().quoted() + " USE INDEX ()")) {
            while (found.next()) {
                Row row = H2Rows.row(schema, ((JdbcResultSet) found).getResult().currentRow());
                rows.put(schema.keyOf(row), row);
            }
        }
        return rows;
    }
}
