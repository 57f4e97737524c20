package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One layout of a captured table: its columns in order and which of them make its key.
 *
 * <p>Immutable. Two schemas are equal exactly when their {@linkplain #canonicalText() canonical texts} are.
 */
@Incubating
public final class TableSchema {
    private final TableName name;
    private final List<Column> columns;
    private final int[] keyOrdinals;
    private final String canonicalText;
    private final Fingerprint fingerprint;

    /**
     * @param name the table
     * @param columns all columns in the order in which rows carry them, their names unique
     * @param keyColumns the names of the key's columns in key order, at least one
     * @throws IllegalArgumentException when a column appears twice or a key column is missing
     */
    public TableSchema(TableName name, List<Column> columns, List<String> keyColumns) {
        this.name = name;
        this.columns = List.copyOf(columns);
        Set<String> seen = new HashSet<>();
        for (Column column : columns) {
            if (!seen.add(column.name())) {
                throw new IllegalArgumentException("column appears twice: " + column.name());
            }
        }
        if (keyColumns.isEmpty()) {
            throw new IllegalArgumentException("a captured table needs a key");
        }
        this.keyOrdinals = keyColumns.stream().mapToInt(this::requiredOrdinal).toArray();
        if (new HashSet<>(keyColumns).size() != keyColumns.size()) {
            throw new IllegalArgumentException("a key column appears twice");
        }
        this.canonicalText = writeCanonicalText();
        this.fingerprint = digest(canonicalText);
    }

    public TableName name() {
        return name;
    }

    public List<Column> columns() {
        return columns;
    }

    /** How many columns a row of this layout has. */
    public int size() {
        return columns.size();
    }

    /** Where the key's columns stand in a row, in key order. */
    public int[] keyOrdinals() {
        return keyOrdinals.clone();
    }

    /** The key's columns in key order. */
    public List<Column> keyColumns() {
        return java.util.Arrays.stream(keyOrdinals).mapToObj(columns::get).toList();
    }

    /** Where a column stands in a row, or -1 when the table has no such column. */
    public int ordinal(String column) {
        for (int i = 0; i < columns.size(); i++) {
            if (columns.get(i).name().equals(column)) {
                return i;
            }
        }
        return -1;
    }

    private int requiredOrdinal(String column) {
        int ordinal = ordinal(column);
        if (ordinal < 0) {
            throw new IllegalArgumentException("no such key column: " + column);
        }
        return ordinal;
    }

    /** Identifies this layout, see {@link Fingerprint}. */
    public Fingerprint fingerprint() {
        return fingerprint;
    }

    /**
     * The key of a row of this layout.
     *
     * @throws IllegalArgumentException when the row has another number of columns or a key column is null
     */
    public Key keyOf(Row row) {
        if (row.size() != columns.size()) {
            throw new IllegalArgumentException(
                    "row has " + row.size() + " columns, " + name + " has " + columns.size());
        }
        Object[] values = new Object[keyOrdinals.length];
        for (int i = 0; i < values.length; i++) {
            @Nullable Object value = row.get(keyOrdinals[i]);
            if (value == null) {
                throw new IllegalArgumentException(
                        "key column is null: " + columns.get(keyOrdinals[i]).name());
            }
            values[i] = value;
        }
        return Key.wrap(values);
    }

    /**
     * The text that the fingerprint digests: one line for the table, one a column, one for the key. Names are quoted as
     * SQL does, so that no name can imitate another layout.
     */
    public String canonicalText() {
        return canonicalText;
    }

    private String writeCanonicalText() {
        StringBuilder text = new StringBuilder(64 * (columns.size() + 2));
        text.append("table ").append(name.quoted()).append('\n');
        for (Column column : columns) {
            text.append("column ").append(TableName.quote(column.name())).append(' ');
            appendType(text, column.type());
            text.append(column.nullable() ? " null\n" : " not null\n");
        }
        text.append("key");
        for (int ordinal : keyOrdinals) {
            text.append(' ').append(TableName.quote(columns.get(ordinal).name()));
        }
        return text.append('\n').toString();
    }

    private static void appendType(StringBuilder text, ColumnType type) {
        text.append(type.type().name())
                .append('(')
                .append(type.precision())
                .append(',')
                .append(type.scale())
                .append(')');
        ColumnType element = type.element();
        if (element != null) {
            text.append(" of ");
            appendType(text, element);
        }
    }

    private static Fingerprint digest(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return new Fingerprint(ByteBuffer.wrap(digest).getLong());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TableSchema that && canonicalText.equals(that.canonicalText);
    }

    @Override
    public int hashCode() {
        return fingerprint.hashCode();
    }

    @Override
    public String toString() {
        return name + "@" + fingerprint;
    }
}
