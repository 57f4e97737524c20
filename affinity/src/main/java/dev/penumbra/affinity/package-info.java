/**
 * Datacenters in a grid: which nodes are in one, and caches whose partitions never leave it.
 *
 * <p>Public API of Ignite only.
 */
@NullMarked
package dev.penumbra.affinity;

import org.jspecify.annotations.NullMarked;
