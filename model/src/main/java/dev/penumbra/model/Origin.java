package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;

/** Why a {@link Change} is in the stream. The order of the constants is part of the journal format. */
@Incubating
public enum Origin {
    /** A transaction of the source made it. */
    CAPTURED,
    /** The row stood in the table before capture began. */
    SNAPSHOT,
    /** The source came back from a crash without a change that was already journalled, or an audit found a difference. */
    CORRECTION
}
