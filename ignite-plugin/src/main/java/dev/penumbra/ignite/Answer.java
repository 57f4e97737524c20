package dev.penumbra.ignite;

import dev.penumbra.model.Position;
import dev.penumbra.model.api.Incubating;
import dev.penumbra.shadow.read.Consistency;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What was read, and what can be told of it.
 *
 * @param value what was read
 * @param asked what was asked for; the answer has at least that
 * @param source the kind of copy that answered
 * @param copy the copy that answered, as SQL names it: {@code SHADOW_EU.ORDERS}, {@code HOME.ORDERS}; of a table in the database itself its
 *     source's name and its own
 * @param staleness for how long before the read a commit may be missing, at most; null when nothing could be proven
 * @param position the position up to which the copy had its source's changes; null when it is not known here
 * @param reason why this copy
 * @param confirmation at {@link Consistency.Level#OPTIMISTIC}, where something that is not committed is in the answer, completes once all of
 *     that has been committed or taken back: with this answer, when all of it was committed as it is here, and otherwise with a corrected one,
 *     which holds whatever has been committed by then. Completes exceptionally, because of a
 *     {@link dev.penumbra.model.PenumbraException}, when nothing can be proven in time. Completed on a thread of Penumbra's, which must not
 *     be held up. Null where nothing needs to be confirmed
 */
@Incubating
public record Answer<T>(
        T value,
        Consistency asked,
        Source source,
        String copy,
        @Nullable Duration staleness,
        @Nullable Position position,
        String reason,
        @Nullable CompletionStage<Answer<T>> confirmation) {
    /** An answer that needs no confirmation. */
    public Answer(
            T value,
            Consistency asked,
            Source source,
            String copy,
            @Nullable Duration staleness,
            @Nullable Position position,
            String reason) {
        this(value, asked, source, copy, staleness, position, reason, null);
    }

    /** This answer once it is confirmed or corrected, which is now where nothing needs to be. */
    public CompletionStage<Answer<T>> confirmed() {
        return confirmation == null ? CompletableFuture.completedStage(this) : confirmation;
    }

    /** The kinds of copies that answer. */
    public enum Source {
        /** A shadow alone. */
        SHADOW,
        /** A shadow with what was pending of it. */
        PRE_MERGED,
        /** The home image. */
        HOME,
        /** The database itself. */
        SOURCE,
        /** A shadow's archive: the row as it was at the answer's position. */
        ARCHIVE
    }
}
