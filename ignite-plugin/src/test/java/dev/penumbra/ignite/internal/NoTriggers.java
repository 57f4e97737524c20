package dev.penumbra.ignite.internal;

import dev.penumbra.ignite.sql.TriggerDdl;
import dev.penumbra.model.Operation;
import dev.penumbra.model.TableName;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** For engines that are not asked for triggers. */
final class NoTriggers implements TriggerDdl {
    @Override
    public void create(
            String name, TableName table, Set<Operation> operations, @Nullable String rowTrigger, boolean ifNotExists) {
        throw new UnsupportedOperationException("no triggers here");
    }

    @Override
    public void drop(String name, boolean ifExists) {
        throw new UnsupportedOperationException("no triggers here");
    }
}
