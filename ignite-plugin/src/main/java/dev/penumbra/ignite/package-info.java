/**
 * What an Ignite node loads: the plugin, its configuration, and the shipper that carries committed changes from the
 * journals to the copies.
 */
@NullMarked
package dev.penumbra.ignite;

import org.jspecify.annotations.NullMarked;
