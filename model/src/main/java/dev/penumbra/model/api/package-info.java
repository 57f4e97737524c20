/** What a user of a public type may rely on. */
@NullMarked
package dev.penumbra.model.api;

import org.jspecify.annotations.NullMarked;
