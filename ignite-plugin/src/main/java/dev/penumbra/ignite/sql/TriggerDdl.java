package dev.penumbra.ignite.sql;

import dev.penumbra.model.Operation;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Creates and drops the triggers that SQL asks for. Safe for use by several threads. */
@Internal
public interface TriggerDdl {
    /**
     * Creates a trigger.
     *
     * @param rowTrigger the class that it calls; null when it captures the table
     * @throws dev.penumbra.model.PenumbraException when it cannot be created; nothing has changed then
     */
    void create(
            String name, TableName table, Set<Operation> operations, @Nullable String rowTrigger, boolean ifNotExists);

    /**
     * Drops a trigger.
     *
     * @throws dev.penumbra.model.PenumbraException with TRIGGER_NOT_FOUND unless it may be missing
     */
    void drop(String name, boolean ifExists);
}
