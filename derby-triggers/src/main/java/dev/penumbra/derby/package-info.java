/**
 * Captures Apache Derby databases: {@link dev.penumbra.derby.ChangeTrigger} writes each change into an outbox table, in the
 * user's transaction; one relay an open database journals what was committed.
 *
 * <p>Internals of Derby are used to add to the outbox without locks and to know when a transaction has ended; all such use is
 * in this package, against the one version that {@link dev.penumbra.derby.Capture} checks for.
 */
@NullMarked
package dev.penumbra.derby;

import org.jspecify.annotations.NullMarked;
