/**
 * From a database's outbox to its journal.
 *
 * <p>A trigger writes each change into the outbox, in the user's transaction. The {@link dev.penumbra.capture.Relay} reads the
 * outbox of one open database, appends whole committed transactions to the journal and deletes what it has appended. What
 * differs between databases stands behind {@link dev.penumbra.capture.Source} and {@link dev.penumbra.capture.SourceSession}.
 */
@NullMarked
package dev.penumbra.capture;

import org.jspecify.annotations.NullMarked;
