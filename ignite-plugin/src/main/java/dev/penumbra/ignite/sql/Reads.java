package dev.penumbra.ignite.sql;

import dev.penumbra.model.api.Internal;

/**
 * Counts which copies answer reads. Called on the reading thread, by many at once; must not wait or fail.
 */
@FunctionalInterface
@Internal
public interface Reads {
    /** Which kind of copy answered. */
    enum Source {
        SHADOW,
        /** A shadow with what was pending of it. */
        PRE_MERGED,
        HOME,
        /** The database itself. */
        SOURCE,
        /** A shadow's archive. */
        ARCHIVE
    }

    /**
     * A statement has been handed to the engine that reads this copy; called once for each copy that it reads, however
     * often it names it.
     *
     * @param table the copy's table in SQL, without its schema
     */
    void started(Source source, String table);

    /**
     * What a shadow gave was not found to be the primary's answer, and is read at home instead, or refused.
     *
     * @param table the copy's table in SQL, without its schema
     */
    default void discarded(String table) {}

    /**
     * An answer is given out that shows something that is not committed.
     *
     * @param table the table's name in SQL
     */
    default void optimistic(String table) {}

    /**
     * Such an answer was not what has been committed, and has been corrected.
     *
     * @param table the table's name in SQL
     */
    default void corrected(String table) {}
}
