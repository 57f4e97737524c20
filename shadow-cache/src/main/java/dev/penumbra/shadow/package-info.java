/**
 * Shadows: compressed copies of captured tables in the datacenters that read them, and the catalogue that knows them.
 *
 * <p>Public API of Ignite only; what needs its internals stands in the plugin module.
 */
@NullMarked
package dev.penumbra.shadow;

import org.jspecify.annotations.NullMarked;
