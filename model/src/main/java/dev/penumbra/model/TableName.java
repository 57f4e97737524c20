package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;

/**
 * A table's schema and name, exactly as the source spells them.
 *
 * @param schema the schema, case-sensitive
 * @param table the table, case-sensitive
 */
@Incubating
public record TableName(String schema, String table) implements Comparable<TableName> {
    public TableName {
        if (schema.isEmpty() || table.isEmpty()) {
            throw new IllegalArgumentException("a table name needs a schema and a table");
        }
    }

    /** The name with both parts in double quotes, ready to stand in a SQL statement. */
    public String quoted() {
        return quote(schema) + "." + quote(table);
    }

    /** One identifier in double quotes, quotes inside it doubled. */
    public static String quote(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    @Override
    public int compareTo(TableName other) {
        int bySchema = schema.compareTo(other.schema);
        return bySchema != 0 ? bySchema : table.compareTo(other.table);
    }

    @Override
    public String toString() {
        return schema + "." + table;
    }
}
