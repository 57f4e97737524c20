package dev.penumbra.model;

import dev.penumbra.model.api.Stable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A failure with a code, a fixed message that a user can act on, and keyed context.
 *
 * <p>Unless the throwing method says otherwise, the failed call changed nothing. Not safe for use by several threads
 * while context is being added.
 */
@Stable
public final class PenumbraException extends RuntimeException {
    private final ErrorCode code;
    private final Map<String, String> context = new LinkedHashMap<>();

    public PenumbraException(ErrorCode code) {
        this(code, null);
    }

    public PenumbraException(ErrorCode code, @Nullable Throwable cause) {
        super(code.message(), cause);
        this.code = code;
    }

    /** Adds a value to the context, replacing one with the same key, and returns this exception. */
    public PenumbraException with(String key, @Nullable Object value) {
        context.put(key, String.valueOf(value));
        return this;
    }

    public ErrorCode code() {
        return code;
    }

    /** The context in the order in which it was added; an unmodifiable view. */
    public Map<String, String> context() {
        return Collections.unmodifiableMap(context);
    }

    /** {@code PENUMBRA-1003 the table does not exist ... [table=PUBLIC.X]}. */
    @Override
    public String getMessage() {
        StringBuilder text =
                new StringBuilder("PENUMBRA-").append(code.number()).append(' ');
        text.append(code.message());
        if (!context.isEmpty()) {
            text.append(' ');
            String separator = "[";
            for (Map.Entry<String, String> entry : context.entrySet()) {
                text.append(separator).append(entry.getKey()).append('=').append(entry.getValue());
                separator = ", ";
            }
            text.append(']');
        }
        return text.toString();
    }
}
