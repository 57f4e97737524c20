/**
 * The words Penumbra's modules speak to each other in: immutable values that depend on the JDK alone.
 *
 * <p>Every type here is safe to share between threads and refuses null unless a component is marked nullable.
 */
@NullMarked
package dev.penumbra.model;

import org.jspecify.annotations.NullMarked;
