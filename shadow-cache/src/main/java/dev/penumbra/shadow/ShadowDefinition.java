package dev.penumbra.shadow;

import dev.penumbra.model.api.Incubating;

/**
 * What a user asked a shadow to be.
 *
 * @param name the shadow
 * @param compression how its values are stored
 * @param nearRows how many hot rows each node of its datacenter keeps in its near cache; 0 for no near cache
 */
@Incubating
public record ShadowDefinition(ShadowName name, Compression compression, int nearRows) {
    /** Rows in each node's near cache unless the definition says otherwise. */
    public static final int NEAR_ROWS_DEFAULT = 10_000;

    public ShadowDefinition {
        if (nearRows < 0) {
            throw new IllegalArgumentException("nearRows must not be negative: " + nearRows);
        }
    }
}
