package dev.penumbra.ignite.sql;

import dev.penumbra.ignite.sql.Token.Kind;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.List;

/**
 * A SQL text cut into Penumbra's own statements and what lies between them.
 *
 * @param parts in the order of the text; a text without a statement of Penumbra's is one {@link Plain} part
 * @param namesCopies whether a name in the text may be that of a copy, so that its tables must be looked at
 */
@Internal
public record Script(List<Part> parts, boolean namesCopies) {
    /** One or more neighbouring statements of one kind. */
    public sealed interface Part {}

    /**
     * Statements that the engine runs.
     *
     * @param sql the whole text when it holds nothing of Penumbra's; otherwise a copy of it that is blank outside this
     *     part, so that positions in the engine's messages are those of the text that was typed
     * @param firstParameter how many dynamic parameters stand before this part
     * @param parameters how many dynamic parameters stand in it
     */
    public record Plain(String sql, int firstParameter, int parameters) implements Part {}

    /**
     * A statement of Penumbra's.
     *
     * @param firstParameter how many dynamic parameters stand before it
     * @param parameters how many dynamic parameters stand in it
     */
    public record Own(ShadowStatement statement, int firstParameter, int parameters) implements Part {}

    public Script {
        parts = List.copyOf(parts);
    }

    /**
     * Cuts a text.
     *
     * @param schema the session's schema, in which names without one are looked up
     * @throws PenumbraException when one of Penumbra's statements is not valid or asks for what this version has not,
     *     with {@code line} and {@code column} in its context
     */
    public static Script of(String sql, String schema) {
        List<Token> tokens = Lexer.tokens(sql);
        refuseConsistency(sql, tokens);
        boolean namesCopies = CopyNames.isReserved(schema);
        boolean anyOwn = false;
        List<int[]> statements = new ArrayList<>();
        int first = 0;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            namesCopies |= mayNameCopy(token);
            if (token.isSign(";") || token.kind() == Kind.END) {
                if (i > first) {
                    statements.add(new int[] {first, i});
                    anyOwn |= Grammar.owns(tokens.subList(first, i + 1));
                }
                first = i + 1;
            }
        }
        if (!anyOwn) {
            int parameters = parameters(tokens, 0, tokens.size());
            return new Script(List.of(new Plain(sql, 0, parameters)), namesCopies);
        }
        return new Script(parts(sql, tokens, statements), namesCopies);
    }

    private static List<Part> parts(String sql, List<Token> tokens, List<int[]> statements) {
        List<Part> parts = new ArrayList<>();
        int passed = 0;
        for (int s = 0; s < statements.size(); ) {
            int first = statements.get(s)[0];
            int end = statements.get(s)[1];
            List<Token> statement = tokens.subList(first, end + 1);
            if (Grammar.owns(statement)) {
                int parameters = parameters(tokens, first, end);
                parts.add(new Own(Grammar.statement(sql, statement), passed, parameters));
                passed += parameters;
                s++;
                continue;
            }
            while (s + 1 < statements.size()
                    && !Grammar.owns(
                            tokens.subList(statements.get(s + 1)[0], statements.get(s + 1)[1] + 1))) {
                s++;
                end = statements.get(s)[1];
            }
            int parameters = parameters(tokens, first, end);
            String text =
                    blankOutside(sql, tokens.get(first).start(), tokens.get(end).start());
            parts.add(new Plain(text, passed, parameters));
            passed += parameters;
            s++;
        }
        return parts;
    }

    /**
     * Refuses a trailing {@code WITH CONSISTENCY level}; {@code WITH CONSISTENCY AS (...)} is an ordinary named query.
     */
    private static void refuseConsistency(String sql, List<Token> tokens) {
        for (int i = 0; i + 2 < tokens.size(); i++) {
            Token after = tokens.get(i + 2);
            if (tokens.get(i).isWord("WITH")
                    && tokens.get(i + 1).isWord("CONSISTENCY")
                    && !after.isWord("AS")
                    && !after.isSign("(")) {
                throw Grammar.unsupported(sql, tokens.get(i), "WITH CONSISTENCY");
            }
        }
    }

    private static boolean mayNameCopy(Token token) {
        return switch (token.kind()) {
            case WORD, QUOTED_NAME -> CopyNames.isReserved(token.value());
            case ESCAPED_NAME -> true;
            case STRING, NUMBER, SIGN, UNTERMINATED, END -> false;
        };
    }

    private static int parameters(List<Token> tokens, int first, int end) {
        int count = 0;
        for (int i = first; i < end; i++) {
            if (tokens.get(i).isSign("?")) {
                count++;
            }
        }
        return count;
    }

    static String blankOutside(String sql, int start, int end) {
        StringBuilder text = new StringBuilder(end);
        for (int i = 0; i < start; i++) {
            char c = sql.charAt(i);
            text.append(c == '\n' || c == '\r' ? c : ' ');
        }
        return text.append(sql, start, end).toString();
    }
}
