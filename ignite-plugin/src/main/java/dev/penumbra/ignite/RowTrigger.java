package dev.penumbra.ignite;

import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Incubating;
import org.apache.ignite.Ignite;
import org.jspecify.annotations.Nullable;

/**
 * A user's trigger on an Ignite table: {@code CREATE TRIGGER ... FOR EACH ROW CALL 'class'}.
 *
 * <p>It is called after the change is committed, on the node that is primary for the row. Changes of one key are seen in their
 * order, one at a time; changes of different keys at the same time, so it must be safe for use by several threads. Each node
 * makes one instance for a trigger, by the class's public constructor without parameters.
 *
 * <p>A change is seen at least once: when the primary dies before it could say that a call has returned, its successor calls
 * again, with the same {@link Context#partition()} and {@link Context#counter()}. A call that fails is repeated a few times;
 * after that the change goes to {@code SYS.PENUMBRA_DEAD_LETTERS}, and the changes behind it go on.
 */
@Incubating
@FunctionalInterface
public interface RowTrigger {
    /** A row of the trigger's table. Immutable. */
    interface TableRow {
        /**
         * The value of a column: {@code Long}, {@code String}, {@code BigDecimal}, {@code java.time.LocalDate} and so on.
         *
         * @param column the column's exact name
         * @throws IllegalArgumentException when the table has no such column
         */
        @Nullable Object get(String column);

        /** The names of the columns in the table's order. */
        java.util.List<String> columns();
    }

    /** What goes with a call. */
    interface Context {
        /** The node that the trigger runs on. */
        Ignite ignite();

        /** The row's partition. */
        int partition();

        /** The number of the change in its partition; the same in every call for it. */
        long counter();

        /** Which attempt this is, counted from 1. */
        int attempt();
    }

    /**
     * Deals with one change.
     *
     * @param trigger the trigger's name
     * @param table the table
     * @param before the row before, null for an INSERT
     * @param after the row after, null for a DELETE
     * @throws Exception when it could not; the call is repeated
     */
    void fire(String trigger, TableName table, @Nullable TableRow before, @Nullable TableRow after, Context context)
            throws Exception;
}
