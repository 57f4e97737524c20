package dev.penumbra.ignite.sql;

import dev.penumbra.model.api.Internal;
import java.util.List;

/**
 * Finds the places where a text names copies, by the grammar of the engine that is going to run it.
 *
 * <p>Safe for use by several threads.
 */
@Internal
public interface TableUses {
    /**
     * What a text does with copies.
     *
     * @param uses in no particular order; empty when the text names no copy
     * @param executed whether running the text reads what it names; false when it only explains a plan
     * @param onlyReads whether every statement of the text is a query or explains the plan of one
     */
    record Found(List<TableUse> uses, boolean executed, boolean onlyReads) {
        public Found {
            uses = List.copyOf(uses);
        }
    }

    /**
     * Looks at a text of one or more statements.
     *
     * @param schema the session's schema, in which names without one are looked up
     * @throws RuntimeException the engine's own error when the text does not parse
     */
    Found in(String sql, String schema);

    /** Looks at a text that must be a single query. The same, but refuses anything else with a syntax error. */
    Found inQuery(String sql, String schema);
}
