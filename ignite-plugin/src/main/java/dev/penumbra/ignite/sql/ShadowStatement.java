package dev.penumbra.ignite.sql;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.Compression;

/** A statement that Penumbra adds to Ignite SQL. */
@Internal
public sealed interface ShadowStatement {
    /**
     * The name of a source as it was typed.
     *
     * @param text the name, not folded
     * @param exact whether it was quoted and therefore must match letter by letter
     * @param place where it stands
     */
    record SourceName(String text, boolean exact, Place place) {}

    /** {@code CREATE SHADOW}. */
    record CreateShadow(
            SourceName source,
            TableName table,
            Datacenter datacenter,
            Compression compression,
            int nearRows,
            boolean ifNotExists)
            implements ShadowStatement {}

    /** {@code DROP SHADOW}. */
    record DropShadow(SourceName source, TableName table, Datacenter datacenter, boolean ifExists)
            implements ShadowStatement {}

    /**
     * {@code EXPLAIN SHADOW}.
     *
     * @param query the query to explain, at its own place in an otherwise blank copy of the text
     */
    record ExplainShadow(String query) implements ShadowStatement {}
}
