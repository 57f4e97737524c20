package dev.penumbra.bench;

import dev.penumbra.model.api.Internal;

/** How much work a benchmark does. */
@Internal
public enum Effort {
    /** Just enough to see that it runs; its figures mean nothing. */
    TINY,
    /** Smaller sizes and fewer rounds, for a first look. */
    QUICK,
    /** Sizes and rounds for figures that are to be kept. */
    FULL;

    /** The number for this effort. */
    int of(int tiny, int quick, int full) {
        return switch (this) {
            case TINY -> tiny;
            case QUICK -> quick;
            case FULL -> full;
        };
    }
}
