@NullMarked
package dev.penumbra.it;

import org.jspecify.annotations.NullMarked;
