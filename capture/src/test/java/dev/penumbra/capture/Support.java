package dev.penumbra.capture;

/**
 * What a source declares of a {@link Capability}.
 *
 * @param kind whether it works
 * @param error what the error begins or is known by, a PENUMBRA code or an SQLSTATE; empty unless it does not work
 * @param words what there is to know, for the page; empty for nothing
 */
public record Support(Kind kind, String error, String words) {
    /** Whether something works. */
    public enum Kind {
        SUPPORTED,
        /** Fails with an error and changes nothing. */
        REFUSED,
        /** Cannot be refused any more when it is noticed: the source says with an error what is missing, until it is gone. */
        REPORTED,
        /** The source has no such thing, so there is nothing to capture. */
        NOT_APPLICABLE
    }

    public Support {
        if ((kind == Kind.REFUSED || kind == Kind.REPORTED) == error.isEmpty()) {
            throw new IllegalArgumentException("what does not work, and only that, has an error");
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

    public static Support reported(String error, String words) {
        return new Support(Kind.REPORTED, error, words);
    }

    public static Support notApplicable(String reason) {
        return new Support(Kind.NOT_APPLICABLE, "", reason);
    }

    /** As a cell of the page has it. */
    String text() {
        String head = switch (kind) {
            case SUPPORTED -> "yes";
            case REFUSED -> "no, " + error;
            case REPORTED -> "not journalled, " + error;
            case NOT_APPLICABLE -> "none";
        };
        return words.isEmpty() ? head : head + ": " + words;
    }
}
