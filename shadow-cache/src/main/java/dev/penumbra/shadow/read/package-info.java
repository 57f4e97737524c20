/** What a read may ask for, and how it is proven that a copy can answer. */
@NullMarked
package dev.penumbra.shadow.read;

import org.jspecify.annotations.NullMarked;
