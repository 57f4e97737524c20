/**
 * A simulated grid: what decides about answers is the real thing; time, network, source and caches are not.
 *
 * <p>A run is a function of its seed alone.
 */
@NullMarked
package dev.penumbra.simulator;

import org.jspecify.annotations.NullMarked;
