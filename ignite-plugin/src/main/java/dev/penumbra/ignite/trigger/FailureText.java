package dev.penumbra.ignite.trigger;

import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;

/**
 * A failure as a system view may show it to everybody: without the keys and values that Ignite and drivers put into their
 * messages. The log has those.
 */
@Internal
public final class FailureText {
    private static final int MAX_CAUSES = 8;

    private FailureText() {}

    /** A failure of Penumbra's in full, since it names no values; of any other the classes of it and of its causes. */
    public static String of(Throwable failure) {
        StringBuilder text = new StringBuilder();
        Throwable each = failure;
        for (int i = 0; each != null && i < MAX_CAUSES; i++) {
            text.append(i == 0 ? "" : ": ");
            if (each instanceof PenumbraException known) {
                return text.append(known.getMessage()).toString();
            }
            text.append(each.getClass().getName());
            each = each.getCause();
        }
        return text.toString();
    }
}
