package dev.penumbra.shadow.text;

import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.text.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a SQL text into tokens by the rules of the engine's own parser, so that both agree where a literal, a comment or
 * a statement ends: quotes are doubled inside literals and names, comments do not nest, a hint's content is ordinary
 * text, and there are no dollar quotes ({@code $} is a letter).
 */
@Internal
public final class Lexer {
    private final String sql;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    private Lexer(String sql) {
        this.sql = sql;
    }

    /** The text's tokens; the last one is {@link Kind#END} and stands behind the last character. */
    public static List<Token> tokens(String sql) {
        Lexer lexer = new Lexer(sql);
        while (lexer.at < sql.length()) {
            lexer.step();
        }
        lexer.add(Kind.END, "", sql.length());
        return lexer.tokens;
    }

    private void step() {
        char c = sql.charAt(at);
        if (Character.isWhitespace(c) || c == '\uFEFF') {
            at++;
        } else if (looksAt("--") || looksAt("//")) {
            at = endOfLine();
        } else if (looksAt("/*") && !looksAt("/*+")) {
            comment();
        } else if (c == '\'') {
            quoted(at, at, '\'', Kind.STRING);
        } else if (c == '"') {
            quoted(at, at, '"', Kind.QUOTED_NAME);
        } else if ((c == 'u' || c == 'U') && looksAt(1, "&\"")) {
            quoted(at, at + 2, '"', Kind.ESCAPED_NAME);
        } else if ((c == 'u' || c == 'U') && looksAt(1, "&'")) {
            quoted(at, at + 2, '\'', Kind.STRING);
        } else if (isDigit(c)) {
            number();
        } else if (Character.isJavaIdentifierStart(c) || Character.isHighSurrogate(c)) {
            word();
        } else if (looksAt("/*+")) {
            add(Kind.SIGN, "/*+", at + 3);
        } else if (looksAt("*/")) {
            add(Kind.SIGN, "*/", at + 2);
        } else {
            add(Kind.SIGN, String.valueOf(c), at + 1);
        }
    }

    private boolean looksAt(String text) {
        return sql.startsWith(text, at);
    }

    private boolean looksAt(int ahead, String text) {
        return sql.startsWith(text, at + ahead);
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private int endOfLine() {
        int end = at;
        while (end < sql.length() && sql.charAt(end) != '\n' && sql.charAt(end) != '\r') {
            end++;
        }
        return end;
    }

    private void comment() {
        int close = sql.indexOf("*/", at + 2);
        if (close < 0) {
            add(Kind.UNTERMINATED, "", sql.length());
        } else {
            at = close + 2;
        }
    }

    private void quoted(int start, int open, char quote, Kind kind) {
        int from = open + 1;
        int i = from;
        while (true) {
            int close = sql.indexOf(quote, i);
            if (close < 0) {
                at = start;
                add(Kind.UNTERMINATED, "", sql.length());
                return;
            }
            if (close + 1 < sql.length() && sql.charAt(close + 1) == quote) {
                i = close + 2;
                continue;
            }
            String one = String.valueOf(quote);
            at = start;
            add(kind, sql.substring(from, close).replace(one + one, one), close + 1);
            return;
        }
    }

    private void number() {
        int i = at;
        while (i < sql.length()) {
            char c = sql.charAt(i);
            boolean sign = (c == '+' || c == '-') && i > at && (sql.charAt(i - 1) == 'e' || sql.charAt(i - 1) == 'E');
            if (!isDigit(c) && c != '.' && c != 'e' && c != 'E' && !sign) {
                break;
            }
            i++;
        }
        add(Kind.NUMBER, sql.substring(at, i), i);
    }

    private void word() {
        int i = at;
        while (i < sql.length()) {
            int c = sql.codePointAt(i);
            if (!Character.isJavaIdentifierPart(c) || Character.isIdentifierIgnorable(c)) {
                break;
            }
            i += Character.charCount(c);
        }
        if (i == at) {
            add(Kind.SIGN, sql.substring(at, at + 1), at + 1);
        } else {
            add(Kind.WORD, Token.folded(sql.substring(at, i)), i);
        }
    }

    private void add(Kind kind, String value, int end) {
        tokens.add(new Token(kind, value, at, end));
        at = end;
    }
}
