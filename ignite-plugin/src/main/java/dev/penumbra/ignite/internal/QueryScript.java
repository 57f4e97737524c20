package dev.penumbra.ignite.internal;

import dev.penumbra.ignite.sql.ConsistencyClause;
import dev.penumbra.ignite.sql.NamedText;
import dev.penumbra.ignite.sql.Script;
import dev.penumbra.ignite.sql.Script.Own;
import dev.penumbra.ignite.sql.Script.Part;
import dev.penumbra.ignite.sql.Script.Plain;
import dev.penumbra.ignite.sql.ShadowStatement;
import dev.penumbra.ignite.sql.ShadowStatement.ExplainShadow;
import dev.penumbra.ignite.sql.TableUses;
import dev.penumbra.model.PenumbraException;
import java.util.ArrayList;
import java.util.List;
import org.apache.ignite.internal.processors.query.IgniteSQLException;
import org.jspecify.annotations.Nullable;

/**
 * A text in which a word of Penumbra's occurs, read once: what all its executions share. No copy is chosen here.
 *
 * @param sql the text as it was typed
 * @param schema the session's schema
 * @param steps what to do, in order
 */
record QueryScript(String sql, String schema, List<Step> steps) {
    /** A part of a text, read. */
    sealed interface Step {
        int firstParameter();

        int parameters();
    }

    /**
     * Statements for the engine.
     *
     * @param sql what to run when no copy is named
     * @param named the same with the places of copies' names; null when it names none
     */
    record Engine(String sql, @Nullable NamedText named, int firstParameter, int parameters) implements Step {}

    /** {@code EXPLAIN SHADOW}. */
    record Explain(NamedText query, int firstParameter, int parameters) implements Step {}

    /** {@code CREATE SHADOW} or {@code DROP SHADOW}. */
    record Ddl(ShadowStatement statement, int firstParameter, int parameters) implements Step {}

    QueryScript {
        steps = List.copyOf(steps);
    }

    /**
     * Reads a text.
     *
     * @throws PenumbraException when it is not valid, or does with copies what SQL must not
     * @throws IgniteSQLException when the engine's parser refuses a part of a text that has parts of Penumbra's; a text
     *     without any is left to the engine to refuse
     */
    static QueryScript of(String sql, String schema, TableUses tables) {
        Script script = Script.of(sql, schema);
        return read(sql, schema, script, tables);
    }

    /** What {@link #of} reads, levels and all. */
    static QueryScript read(String sql, String schema, Script script, TableUses tables) {
        List<Step> steps = new ArrayList<>();
        for (Part part : script.parts()) {
            if (part instanceof Plain plain) {
                steps.add(new Engine(
                        plain.sql(), named(script, plain, schema, tables), plain.firstParameter(), plain.parameters()));
            } else if (part instanceof Own own) {
                if (own.statement() instanceof ExplainShadow explain) {
                    NamedText query = NamedText.of(explain.query(), tables.inQuery(explain.query(), schema));
                    ConsistencyClause clause = explain.clause();
                    query = clause == null ? query : query.with(clause);
                    steps.add(new Explain(query, own.firstParameter(), own.parameters()));
                } else {
                    steps.add(new Ddl(own.statement(), own.firstParameter(), own.parameters()));
                }
            }
        }
        return new QueryScript(sql, schema, steps);
    }

    private static @Nullable NamedText named(Script script, Plain plain, String schema, TableUses tables) {
        ConsistencyClause clause = plain.clause();
        boolean asTyped = script.parts().size() == 1 && clause == null;
        if (!script.namesCopies() && asTyped) {
            return null;
        }
        TableUses.Found found;
        try {
            found = tables.in(plain.sql(), schema);
        } catch (IgniteSQLException e) {
            if (asTyped) {
                return null;
            }
            throw e;
        }
        NamedText text = NamedText.of(plain.sql(), found);
        if (clause != null) {
            return text.with(clause);
        }
        return text.namesCopies() ? text : null;
    }

    /** Whether the engine is to run the text as it was typed. */
    boolean isUntouched() {
        return steps.size() == 1 && steps.get(0) instanceof Engine engine && engine.named() == null;
    }
}
