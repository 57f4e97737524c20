package dev.penumbra.capture;

/**
 * What a source declares of a {@link Capability}.
 *
 * @param kind whether it works
 * @param error what the error begins or is known by, a PENUMBRA code or an SQLSTATE; empty unless it is refused
 * @param words what there is to know, for the page; empty for nothing
 */
public record Support(Kind kind, String error, String words) {
    /** Whether something works. */
    public enum Kind {
        SUPPORTED,
        /** Fails with an error and changes nothing. */
        REFUSED,
        /** The source has no such thing, so there is nothing to capture. */
        NOT_APPLICABLE
    }

    public Support {
        if ((kind == Kind.REFUSED) == error.isEmpty()) {
            throw new IllegalArgumentException("what is refused, and only that, has an error");
        }
        if (kind == Kind.NOT_APPLICABLE && words.isEmpty()) {
            throw new IllegalArgumentException("say why it is not applicable");
        }
    }

    public static Support supported() {
        return supported("");
    }

    public static Support supported(String words) {
        return new Support(Kind.SUPPORTED, "", words);
    }

    public static Support refused(String error, String words) {
        return new Support(Kind.REFUSED, error, words);
    }

    public static Support notApplicable(String reason) {
        return new Support(Kind.NOT_APPLICABLE, "", reason);
    }

    /** As a cell of the page has it. */
    String text() {
        String head = switch (kind) {
            case SUPPORTED -> "yes";
            case REFUSED -> "no, " + error;
            case NOT_APPLICABLE -> "none";
        };
        return words.isEmpty() ? head : head + ": " + words;
    }
}
