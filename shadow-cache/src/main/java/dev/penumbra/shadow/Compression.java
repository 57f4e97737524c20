package dev.penumbra.shadow;

import dev.penumbra.model.api.Incubating;

/** How a shadow's values are compressed. */
@Incubating
public enum Compression {
    /** Zstandard with a dictionary trained on the table's own rows. */
    ZSTD,
    /** LZ4, faster and larger. */
    LZ4,
    /** Not at all. */
    NONE
}
