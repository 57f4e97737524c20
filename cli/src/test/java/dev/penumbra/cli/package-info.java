@NullMarked
package dev.penumbra.cli;

import org.jspecify.annotations.NullMarked;
