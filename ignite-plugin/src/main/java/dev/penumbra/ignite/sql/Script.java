package dev.penumbra.ignite.sql;

import dev.penumbra.ignite.sql.ShadowStatement.ExplainShadow;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.text.Lexer;
import dev.penumbra.shadow.text.Token;
import dev.penumbra.shadow.text.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A SQL text cut into Penumbra's own statements and what lies between them.
 *
 * @param parts in the order of the text; a text without a statement of Penumbra's is one {@link Plain} part
 * @param namesCopies whether a name in the text may be that of a copy, so that its tables must be looked at
 */
@Internal
public record Script(List<Part> parts, boolean namesCopies) {
    /** A statement, or several neighbouring ones for the engine. */
    public sealed interface Part {
        /** The clause that stood behind the statement; null when none did. */
        @Nullable ConsistencyClause clause();
    }

    /**
     * Statements that the engine runs.
     *
     * @param sql the whole text when it holds nothing of Penumbra's; otherwise a copy of it that is blank before this
     *     part and ends with it, so that positions in the engine's messages are those of the text that was typed
     * @param firstParameter how many dynamic parameters stand before this part
     * @param parameters how many dynamic parameters stand in it
     * @param clause the clause that stood behind it; a statement that had one is a part of its own
     */
    public record Plain(
            String sql,
            int firstParameter,
            int parameters,
            @Nullable ConsistencyClause clause) implements Part {}

    /**
     * A statement of Penumbra's.
     *
     * @param firstParameter how many dynamic parameters stand before it
     * @param parameters how many dynamic parameters stand in it
     */
    public record Own(ShadowStatement statement, int firstParameter, int parameters) implements Part {
        @Override
        public @Nullable ConsistencyClause clause() {
            return statement instanceof ExplainShadow explain ? explain.clause() : null;
        }
    }

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
        boolean namesCopies = CopyNames.isReserved(schema);
        boolean asTyped = true;
        List<Statement> statements = new ArrayList<>();
        int first = 0;
        for (int i = 0; i < tokens.size(); i++) {
            Token token = tokens.get(i);
            namesCopies |= mayNameCopy(token);
            if (token.isSign(";") || token.kind() == Kind.END) {
                if (i > first) {
                    Statement statement = Statement.of(sql, tokens.subList(first, i + 1));
                    statements.add(statement);
                    asTyped &= !statement.standsAlone();
                }
                first = i + 1;
            }
        }
        List<Part> parts = asTyped ? List.of(new Plain(sql, 0, parameters(tokens), null)) : parts(sql, statements);
        return new Script(parts, namesCopies);
    }

    /**
     * One statement without its clause.
     *
     * @param tokens the last one is no part of it and stands where its text may end
     */
    private record Statement(List<Token> tokens, @Nullable ConsistencyClause clause) {
        static Statement of(String sql, List<Token> tokens) {
            for (int i = 0; i < tokens.size(); i++) {
                if (Grammar.beginsClause(tokens, i)) {
                    ConsistencyClause clause = Grammar.clause(sql, tokens.subList(i, tokens.size()));
                    if (i == 0) {
                        throw clause.misplaced("no statement before it");
                    }
                    // Where the text ends does not depend on what the clause says or how far away it stands.
                    int end = tokens.get(i - 1).end();
                    List<Token> before = new ArrayList<>(tokens.subList(0, i));
                    before.add(new Token(Kind.END, "", end, end));
                    return new Statement(before, clause);
                }
            }
            return new Statement(tokens, null);
        }

        boolean isOwn() {
            return Grammar.owns(tokens);
        }

        boolean standsAlone() {
            return clause != null || isOwn();
        }

        int start() {
            return tokens.get(0).start();
        }

        int end() {
            return tokens.get(tokens.size() - 1).start();
        }
    }

    private static List<Part> parts(String sql, List<Statement> statements) {
        List<Part> parts = new ArrayList<>();
        int passed = 0;
        for (int s = 0; s < statements.size(); ) {
            Statement first = statements.get(s);
            Statement last = first;
            int parameters = parameters(first.tokens());
            s++;
            if (first.isOwn()) {
                parts.add(new Own(Grammar.statement(sql, first.tokens(), first.clause()), passed, parameters));
            } else {
                while (first.clause() == null
                        && s < statements.size()
                        && !statements.get(s).standsAlone()) {
                    last = statements.get(s);
                    parameters += parameters(last.tokens());
                    s++;
                }
                String text = blankOutside(sql, first.start(), last.end());
                parts.add(new Plain(text, passed, parameters, first.clause()));
            }
            passed += parameters;
        }
        return parts;
    }

    private static boolean mayNameCopy(Token token) {
        return switch (token.kind()) {
            case WORD, QUOTED_NAME -> CopyNames.isReserved(token.value());
            case ESCAPED_NAME -> true;
            case STRING, NUMBER, SIGN, UNTERMINATED, END -> false;
        };
    }

    private static int parameters(List<Token> tokens) {
        int count = 0;
        for (Token token : tokens) {
            if (token.isSign("?")) {
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
