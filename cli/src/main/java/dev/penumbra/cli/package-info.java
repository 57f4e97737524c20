/** The {@code penumbra} command: thin commands over the other modules' public API. */
@NullMarked
package dev.penumbra.cli;

import org.jspecify.annotations.NullMarked;
