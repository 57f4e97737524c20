package dev.penumbra.shadow;

import dev.penumbra.model.api.Incubating;
import dev.penumbra.shadow.coverage.Coverage;
import dev.penumbra.shadow.read.Consistency;

/**
 * What a user asked a shadow to be.
 *
 * @param name the shadow
 * @param compression how its values are stored
 * @param nearRows how many hot rows each node of its datacenter keeps in its near cache; 0 for no near cache
 * @param consistency what the answer to a read of it must contain unless the read says otherwise; never for a session, whose tokens
 *     are its own
 * @param coverage which rows of its table it holds
 */
@Incubating
public record ShadowDefinition(
        ShadowName name, Compression compression, int nearRows, Consistency consistency, Coverage coverage) {
    /** Rows in each node's near cache unless the definition says otherwise. */
    public static final int NEAR_ROWS_DEFAULT = 10_000;

    public ShadowDefinition {
        if (nearRows < 0) {
            throw new IllegalArgumentException("nearRows must not be negative: " + nearRows);
        }
        if (consistency.level() == Consistency.Level.SESSION) {
            throw new IllegalArgumentException("a token belongs to a session, not to a shadow: " + consistency);
        }
    }

    /** A shadow of the whole table. */
    public ShadowDefinition(ShadowName name, Compression compression, int nearRows, Consistency consistency) {
        this(name, compression, nearRows, consistency, Coverage.whole());
    }

    /** A shadow of the whole table whose reads are {@link Consistency#eventual()} unless they say otherwise. */
    public ShadowDefinition(ShadowName name, Compression compression, int nearRows) {
        this(name, compression, nearRows, Consistency.eventual());
    }
}
