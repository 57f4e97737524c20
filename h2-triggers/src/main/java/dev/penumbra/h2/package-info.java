/**
 * Captures H2 databases: {@link dev.penumbra.h2.ChangeTrigger} writes each change into an outbox table, in the user's
 * transaction; one relay an open database journals what was committed.
 *
 * <p>Internals of H2 are used where its public API loses precision or time; all such use is in this package, against the one
 * version that {@link dev.penumbra.h2.Capture} checks for.
 */
@NullMarked
package dev.penumbra.h2;

import org.jspecify.annotations.NullMarked;
