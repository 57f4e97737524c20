@NullMarked
package dev.penumbra.bench;

import org.jspecify.annotations.NullMarked;
