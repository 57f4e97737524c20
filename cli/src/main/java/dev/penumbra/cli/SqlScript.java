package dev.penumbra.cli;

import java.util.ArrayList;
import java.util.List;

/** Splits a text into SQL statements at semicolons outside of literals, quoted names and comments. */
final class SqlScript {
    private final String text;
    private final List<String> statements = new ArrayList<>();
    private int position;
    private int start;

    private SqlScript(String text) {
        this.text = text;
    }

    /** The statements without their semicolons; those of nothing but blanks and comments are left out. */
    static List<String> statements(String text) {
        SqlScript script = new SqlScript(text);
        script.split();
        return script.statements;
    }

    private void split() {
        boolean blank = true;
        while (position < text.length()) {
            char c = text.charAt(position);
            if (c == ';') {
                finish(blank);
                blank = true;
            } else if (text.startsWith("--", position)) {
                skipTo("\n", 2);
            } else if (text.startsWith("/*", position)) {
                skipTo("*/", 2);
            } else if (c == '\'' || c == '"') {
                // A doubled quote ends one literal and begins another right behind it: the split is the same.
                skipTo(String.valueOf(c), 1);
                blank = false;
            } else {
                blank &= Character.isWhitespace(c);
                position++;
            }
        }
        position = text.length();
        finish(blank);
    }

    private void finish(boolean blank) {
        if (!blank) {
            statements.add(text.substring(start, position).strip());
        }
        position++;
        start = position;
    }

    private void skipTo(String end, int opening) {
        int found = text.indexOf(end, position + opening);
        position = found < 0 ? text.length() : found + end.length();
    }
}
