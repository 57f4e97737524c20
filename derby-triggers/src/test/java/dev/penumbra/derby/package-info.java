@NullMarked
package dev.penumbra.derby;

import org.jspecify.annotations.NullMarked;
