@org.jspecify.annotations.NullMarked
package dev.penumbra.lincheck;
