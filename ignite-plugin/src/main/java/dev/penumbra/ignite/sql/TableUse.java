package dev.penumbra.ignite.sql;

import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.coverage.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One place where a statement names a copy.
 *
 * @param statement counts the text's statements from 0
 * @param schema the schema as SQL sees it, one of Penumbra's; the session's when the text names none
 * @param table the table as SQL sees it
 * @param start offset of the schema's first character, or of the table's when the text names no schema
 * @param end offset behind the schema's last character; equal to {@code start} when the text names no schema
 * @param tableEnd offset behind the table's last character
 * @param renamed whether an alias stands for the table, so that its columns do not go by its own name
 * @param asOf the moment as of which it is read; null for now
 * @param filter what is true of each row of the table that the statement needs here, whatever else it asks
 */
@Internal
public record TableUse(
        int statement,
        Role role,
        String schema,
        String table,
        int start,
        int end,
        int tableEnd,
        boolean renamed,
        @Nullable AsOf asOf,
        Predicate filter) {
    /** A use of whose rows nothing is known. */
    TableUse(int statement, Role role, String schema, String table, int start, int end, int tableEnd, boolean renamed) {
        this(statement, role, schema, table, start, end, tableEnd, renamed, null, new Predicate.Unknown());
    }

    /** What a statement does with a table that it names. */
    public enum Role {
        /** Reads it. */
        READ,
        /** Names one of its columns, or all of them, by the table's full name. */
        COLUMN,
        /** Inserts into it, updates it, deletes from it or merges into it. */
        WRITE,
        /** Creates, alters or drops a table or view of this name. */
        DEFINE,
        /** Reads it in the query of a view that is being created. */
        VIEW
    }
}
