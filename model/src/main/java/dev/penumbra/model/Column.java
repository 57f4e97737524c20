package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;

/**
 * A column of a captured table.
 *
 * @param name the name exactly as the source spells it
 * @param type the SQL type with its bounds
 * @param nullable whether the source allows NULL in it
 */
@Incubating
public record Column(String name, ColumnType type, boolean nullable) {
    public Column {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a column needs a name");
        }
    }
}
