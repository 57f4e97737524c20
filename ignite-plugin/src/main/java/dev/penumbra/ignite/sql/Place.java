package dev.penumbra.ignite.sql;

import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;

/**
 * A place in a SQL text as editors count it.
 *
 * @param line counts from 1; a line ends at CR, LF or both together
 * @param column counts UTF-16 characters from 1; a tab is one
 */
@Internal
public record Place(int line, int column) {
    /** The place of the character at an offset. */
    public static Place of(String sql, int offset) {
        int line = 1;
        int lineStart = 0;
        for (int i = 0; i < offset; i++) {
            char c = sql.charAt(i);
            if (c == '\n' || (c == '\r' && !sql.startsWith("\n", i + 1))) {
                line++;
                lineStart = i + 1;
            }
        }
        return new Place(line, offset - lineStart + 1);
    }

    /** The offset of the character at a place of the text. */
    public static int offset(String sql, Place place) {
        int at = 0;
        for (int line = 1; line < place.line(); line++) {
            while (sql.charAt(at) != '\n' && sql.charAt(at) != '\r') {
                at++;
            }
            at += sql.startsWith("\r\n", at) ? 2 : 1;
        }
        return at + place.column() - 1;
    }

    /** Adds this place to a failure's context and returns the failure. */
    public PenumbraException in(PenumbraException failure) {
        return failure.with("line", line).with("column", column);
    }
}
