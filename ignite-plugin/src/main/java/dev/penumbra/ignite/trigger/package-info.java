/** Triggers on Ignite tables: what is defined, how a table's changes become streams, where they go. */
@NullMarked
package dev.penumbra.ignite.trigger;

import org.jspecify.annotations.NullMarked;
