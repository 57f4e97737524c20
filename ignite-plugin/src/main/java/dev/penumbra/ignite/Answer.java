package dev.penumbra.ignite;

import dev.penumbra.model.Position;
import dev.penumbra.model.api.Incubating;
import dev.penumbra.shadow.read.Consistency;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What was read, and what can be told of it.
 *
 * @param value what was read
 * @param asked what was asked for; the answer has at least that
 * @param source the kind of copy that answered
 * @param copy the copy that answered, as SQL names it: {@code SHADOW_EU.ORDERS}, {@code HOME.ORDERS}
 * @param staleness for how long before the read a commit may be missing, at most; null when nothing could be proven
 * @param position the position up to which the copy had its source's changes; null when it is not known here
 * @param reason why this copy
 */
@Incubating
public record Answer<T>(
        T value,
        Consistency asked,
        Source source,
        String copy,
        @Nullable Duration staleness,
        @Nullable Position position,
        String reason) {
    /** The kinds of copies that answer. */
    public enum Source {
        /** A shadow alone. */
        SHADOW,
        /** A shadow with what was pending of it. */
        PRE_MERGED,
        /** The home image. */
        HOME
    }
}
