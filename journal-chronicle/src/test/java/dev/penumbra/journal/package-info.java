@NullMarked
package dev.penumbra.journal;

import org.jspecify.annotations.NullMarked;
