/** SQL texts cut into tokens, by the rules of the engine that runs them. */
@NullMarked
package dev.penumbra.shadow.text;

import org.jspecify.annotations.NullMarked;
