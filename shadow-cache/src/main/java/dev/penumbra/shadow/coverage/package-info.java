/**
 * Coverage: which rows of its table a shadow holds, and whether a statement needs no others.
 *
 * <p>Nothing here knows of a grid, a database or the time.
 */
@NullMarked
package dev.penumbra.shadow.coverage;

import org.jspecify.annotations.NullMarked;
