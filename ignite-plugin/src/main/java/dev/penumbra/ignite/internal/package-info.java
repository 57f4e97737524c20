/**
 * The one room in which Ignite's internals are touched; everything else sees the small interfaces that stand here.
 */
@NullMarked
package dev.penumbra.ignite.internal;

import org.jspecify.annotations.NullMarked;
