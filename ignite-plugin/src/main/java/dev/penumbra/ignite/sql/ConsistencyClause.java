package dev.penumbra.ignite.sql;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.read.Consistency;

/**
 * {@code WITH CONSISTENCY} behind a statement.
 *
 * @param consistency what the statement asks for
 * @param place where the clause begins
 */
@Internal
public record ConsistencyClause(Consistency consistency, Place place) {
    /** What the clause is called in errors. */
    public static final String NAME = "WITH CONSISTENCY";

    /** The refusal of a clause that stands where no copy is read: ignored, it would promise what nobody looks after. */
    PenumbraException misplaced(String found) {
        return place.in(new PenumbraException(ErrorCode.SQL_SYNTAX)
                .with("expected", NAME + " behind a query that names a copy: SHADOW, SHADOW_x or HOME")
                .with("found", found));
    }
}
