package dev.penumbra.it;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;

/** What tables hold, read through JDBC. */
final class Tables {
    private Tables() {}

    /** A query's rows, in its order; decimals are equal when their numbers are. */
    static List<List<String>> rows(Connection connection, String query) throws SQLException {
        List<List<String>> rows = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery(query)) {
            int columns = found.getMetaData().getColumnCount();
            while (found.next()) {
                List<String> row = new ArrayList<>();
                for (int i = 1; i <= columns; i++) {
                    row.add(canonical(found.getObject(i)));
                }
                rows.add(row);
            }
        }
        return rows;
    }

    private static String canonical(Object value) {
        return value instanceof BigDecimal decimal
                ? decimal.stripTrailingZeros().toPlainString()
                : String.valueOf(value);
    }

    /** The one value of a query that has one. */
    static String text(Connection connection, String query) throws SQLException {
        return rows(connection, query).get(0).get(0);
    }

    /** Rows by their first column, which is their key. A copy that has a key twice is not a copy. */
    static Map<String, List<String>> byKey(Connection connection, String query) throws SQLException {
        Map<String, List<String>> rows = new TreeMap<>();
        for (List<String> row : rows(connection, query)) {
            if (rows.put(row.get(0), row) != null) {
                throw new AssertionError("key " + row.get(0) + " comes twice: " + query);
            }
        }
        return rows;
    }

    /** What a copy has that its source has not, or the other way round; empty when nothing. */
    static List<String> differences(Map<String, List<String>> source, Map<String, List<String>> copy) {
        List<String> differences = new ArrayList<>();
        TreeSet<String> keys = new TreeSet<>(source.keySet());
        keys.addAll(copy.keySet());
        for (String key : keys) {
            if (!Objects.equals(source.get(key), copy.get(key))) {
                differences.add(key + ": source " + source.get(key) + ", copy " + copy.get(key));
            }
        }
        return differences;
    }
}
