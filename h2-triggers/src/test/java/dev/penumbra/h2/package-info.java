@NullMarked
package dev.penumbra.h2;

import org.jspecify.annotations.NullMarked;
