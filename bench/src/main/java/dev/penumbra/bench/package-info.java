/** What Penumbra costs, measured side by side with what it is compared with. */
@NullMarked
package dev.penumbra.bench;

import org.jspecify.annotations.NullMarked;
