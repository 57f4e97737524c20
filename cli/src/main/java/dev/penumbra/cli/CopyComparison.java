package dev.penumbra.cli;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A table's rows by key, each as a hash of all its values, to be compared with copies of the table.
 *
 * <p>Decimals are equal when their numbers are, whatever their scale; all else is compared in its JSON form. Holds a key and
 * eight bytes a row. Not safe for use by several threads.
 */
final class CopyComparison {
    private static final int FETCH_ROWS = 4_096;

    private final List<String> columns;
    private final List<String> keyColumns;
    private final Map<List<Object>, Long> rows = new HashMap<>();
    private final MessageDigest digest;

    private CopyComparison(List<String> columns, List<String> keyColumns) {
        this.columns = columns;
        this.keyColumns = keyColumns;
        try {
            this.digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /**
     * Reads the table that copies are to be compared with.
     *
     * @param table its name as SQL spells it
     */
    static CopyComparison of(Connection connection, String table, List<String> columns, List<String> keyColumns)
            throws SQLException {
        CopyComparison comparison = new CopyComparison(columns, keyColumns);
        comparison.read(connection, table, comparison.rows::put);
        return comparison;
    }

    /** How many rows the table has. */
    long size() {
        return rows.size();
    }

    /**
     * What a copy holds.
     *
     * @param rows its rows
     * @param mismatches rows that it lacks, has too many, or has with other values
     */
    record Result(long rows, long mismatches) {}

    /** Reads a copy and compares it row by row. */
    Result compare(Connection connection, String copy) throws SQLException {
        Map<List<Object>, Long> missing = new HashMap<>(rows);
        long[] counts = new long[2];
        read(connection, copy, (key, hash) -> {
            counts[0]++;
            @Nullable Long expected = missing.remove(key);
            if (expected == null || !expected.equals(hash)) {
                counts[1]++;
            }
        });
        return new Result(counts[0], counts[1] + missing.size());
    }

    private interface RowUse {
        void row(List<Object> key, Long hash);
    }

    private void read(Connection connection, String table, RowUse use) throws SQLException {
        StringBuilder sql = new StringBuilder("SELECT ");
        for (String column : columns) {
            sql.append(sql.length() > 7 ? ", " : "").append('"').append(column).append('"');
        }
        sql.append(" FROM ").append(table);
        int[] keyOrdinals = keyColumns.stream().mapToInt(columns::indexOf).toArray();
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(FETCH_ROWS);
            try (ResultSet result = statement.executeQuery(sql.toString())) {
                Object[] values = new Object[columns.size()];
                while (result.next()) {
                    for (int i = 0; i < values.length; i++) {
                        values[i] = canonical(result, i + 1);
                    }
                    Object[] key = new Object[keyOrdinals.length];
                    for (int i = 0; i < key.length; i++) {
                        key[i] = values[keyOrdinals[i]];
                    }
                    use.row(List.of(key), hash(values));
                }
            }
        }
    }

    private static Object canonical(ResultSet row, int column) throws SQLException {
        int type = row.getMetaData().getColumnType(column);
        if (type == Types.DECIMAL || type == Types.NUMERIC) {
            @Nullable BigDecimal decimal = row.getBigDecimal(column);
            return decimal == null
                    ? "null"
                    : decimal.signum() == 0 ? "0" : decimal.stripTrailingZeros().toPlainString();
        }
        return JsonText.of(ValueText.of(row, column, type));
    }

    private long hash(Object[] values) {
        digest.reset();
        byte[] bytes = digest.digest(Arrays.toString(values).getBytes(StandardCharsets.UTF_8));
        long hash = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            hash = (hash << Byte.SIZE) | (bytes[i] & 0xff);
        }
        return hash;
    }
}
