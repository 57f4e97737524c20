package dev.penumbra.shadow.text;

import dev.penumbra.model.api.Internal;
import java.util.Locale;

/**
 * A word, literal or sign of a SQL text with its place in the text.
 *
 * @param value the name as SQL sees it (folded to upper case unless quoted), the content of a literal, or the sign
 * @param start offset of its first character
 * @param end offset behind its last character
 */
@Internal
public record Token(Kind kind, String value, int start, int end) {
    /** What a token is. */
    public enum Kind {
        WORD,
        QUOTED_NAME,
        /** {@code U&"..."}; its value is left undecoded. */
        ESCAPED_NAME,
        STRING,
        NUMBER,
        SIGN,
        /** A literal or comment that the text ends in the middle of. */
        UNTERMINATED,
        END
    }

    /** Whether this is a word that SQL reads so, and no name in quotes. */
    public boolean isWord(String word) {
        return kind == Kind.WORD && value.equals(word);
    }

    /** Whether this is a sign. */
    public boolean isSign(String sign) {
        return kind == Kind.SIGN && value.equals(sign);
    }

    /** How an error names this token, cut short because a text may hold megabytes of literal. */
    public String shown(String sql) {
        return switch (kind) {
            case END -> "end of statement";
            case UNTERMINATED -> "an unterminated literal or comment";
            case WORD, QUOTED_NAME, ESCAPED_NAME, STRING, NUMBER, SIGN ->
                end - start <= SHOWN_MAX ? sql.substring(start, end) : sql.substring(start, start + SHOWN_MAX) + "...";
        };
    }

    /** A word as SQL reads it. */
    public static String folded(String word) {
        return word.toUpperCase(Locale.ROOT);
    }

    private static final int SHOWN_MAX = 40;
}
