/** How a journal's tail goes over a network: in order, without gaps, and no faster than it is taken. */
@NullMarked
package dev.penumbra.shadow.tail;

import org.jspecify.annotations.NullMarked;
