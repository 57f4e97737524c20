/**
 * What Penumbra adds to Ignite SQL: its own statements, and names of tables that say which copy is to answer.
 *
 * <p>Nothing here knows Ignite's engine; the engine's parser and plan cache stand behind small interfaces.
 */
@NullMarked
package dev.penumbra.ignite.sql;

import org.jspecify.annotations.NullMarked;
