package dev.penumbra.ignite.sql;

import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.ShadowStatus.Phase;

/**
 * How one copy of a table stands at the moment of asking.
 *
 * @param phase whether it may answer reads
 * @param applied the position up to which its source's changes are in it
 */
@Internal
public record Copy(Phase phase, Position applied) {}
