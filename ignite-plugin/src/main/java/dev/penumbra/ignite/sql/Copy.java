package dev.penumbra.ignite.sql;

import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.ShadowStatus.Phase;
import org.jspecify.annotations.Nullable;

/**
 * How one copy of a table stands at the moment of asking.
 *
 * @param phase whether it may answer reads
 * @param applied the position up to which its source's changes are in it
 * @param table the Ignite table that this is a copy of, whose readers alone may read it; null when it is of a database's
 */
@Internal
public record Copy(Phase phase, Position applied, @Nullable TableName table) {
    /** A copy of a database's table. */
    public Copy(Phase phase, Position applied) {
        this(phase, applied, null);
    }
}
