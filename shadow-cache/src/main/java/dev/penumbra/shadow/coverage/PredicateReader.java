package dev.penumbra.shadow.coverage;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.coverage.Predicate.Comparison;
import dev.penumbra.shadow.coverage.Predicate.In;
import dev.penumbra.shadow.coverage.Predicate.IsNull;
import dev.penumbra.shadow.coverage.Predicate.Not;
import dev.penumbra.shadow.coverage.Predicate.Operator;
import dev.penumbra.shadow.text.Token;
import dev.penumbra.shadow.text.Token.Kind;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Reads a coverage from tokens by recursive descent.
 *
 * <pre>
 * coverage:   WHERE predicate | KEYS (key, ...) | SEGMENTS (number, ...) [OF number]
 * key:        literal | (literal, ...)
 * predicate:  AND, OR, NOT and parentheses over
 *               column {= | &lt;&gt; | != | &lt; | &lt;= | &gt; | &gt;=} literal, or the other way round
 *               column [NOT] IN (literal, ...)
 *               column [NOT] BETWEEN literal AND literal
 *               column IS [NOT] NULL
 * literal:    [-]number | 'text' | TRUE | FALSE | {DATE | TIME | TIMESTAMP} 'text'
 * </pre>
 *
 * <p>It stops at the first token that does not continue the coverage.
 */
@Internal
public final class PredicateReader {
    private static final Set<String> RESERVED = Set.of(
            "AND", "OR", "NOT", "IN", "BETWEEN", "IS", "NULL", "TRUE", "FALSE", "WITH", "LIKE", "CASE", "CAST",
            "SELECT", "EXISTS");

    private static final int DEPTH_MAX = 100;
    private static final int DIGITS_MAX = 100;

    private final String sql;
    private final List<Token> tokens;
    private final BiFunction<Token, PenumbraException, PenumbraException> placed;
    private int next;
    private int depth;
    private int values;

    /**
     * @param tokens of the text, ending with one that is no part of a coverage
     * @param first the index of the first to read
     * @param placed adds a token's place to a failure
     */
    public PredicateReader(
            String sql, List<Token> tokens, int first, BiFunction<Token, PenumbraException, PenumbraException> placed) {
        this.sql = sql;
        this.tokens = tokens;
        this.next = first;
        this.placed = placed;
    }

    /** The index of the next token. */
    public int next() {
        return next;
    }

    Token peek() {
        return tokens.get(next);
    }

    /**
     * Reads a coverage.
     *
     * @throws PenumbraException with {@link ErrorCode#COVERAGE_EXPRESSION} when the text says what coverage cannot say
     */
    public Coverage coverage() {
        if (peek().isWord("KEYS")) {
            take();
            return keys();
        }
        if (passed("SEGMENTS")) {
            return segments();
        }
        return Coverage.where(where());
    }

    Predicate where() {
        if (!passed("WHERE")) {
            throw expression("WHERE, KEYS or SEGMENTS");
        }
        return or();
    }

    private Coverage keys() {
        List<List<Literal>> keys = new ArrayList<>();
        sign("(");
        do {
            if (passedSign("(")) {
                keys.add(literals());
            } else {
                keys.add(List.of(literal()));
            }
        } while (passedSign(","));
        sign(")");
        return Coverage.keys(keys);
    }

    private Coverage segments() {
        Token first = peek();
        sign("(");
        List<Long> numbers = new ArrayList<>();
        do {
            numbers.add(wholeNumber(Long.MIN_VALUE));
        } while (passedSign(","));
        sign(")");
        long width = passed("OF") ? wholeNumber(1) : Segments.WIDTH_DEFAULT;
        try {
            return Coverage.segments(numbers, width);
        } catch (PenumbraException e) {
            throw placed.apply(first, e);
        }
    }

    private long wholeNumber(long least) {
        String expected = least == 1 ? "a whole number above zero" : "a whole number";
        if (!beginsLiteral()) {
            throw expression(expected);
        }
        int at = next;
        if (literal().value() instanceof BigDecimal number) {
            try {
                long whole = number.longValueExact();
                if (whole >= least) {
                    return whole;
                }
            } catch (ArithmeticException e) {
                // Not one of BIGINT's: refused below.
            }
        }
        next = at;
        throw expression(expected);
    }

    private Predicate or() {
        if (++depth > DEPTH_MAX) {
            throw expression("at most " + DEPTH_MAX + " levels of parentheses");
        }
        List<Predicate> any = new ArrayList<>();
        do {
            any.add(and());
        } while (passed("OR"));
        depth--;
        return Predicate.or(any);
    }

    private Predicate and() {
        List<Predicate> all = new ArrayList<>();
        do {
            all.add(not());
        } while (passed("AND"));
        return Predicate.and(all);
    }

    private Predicate not() {
        boolean negated = false;
        while (passed("NOT")) {
            negated = !negated;
        }
        Predicate one = primary();
        return negated ? new Not(one) : one;
    }

    private Predicate primary() {
        if (passedSign("(")) {
            Predicate inside = or();
            sign(")");
            return inside;
        }
        Token first = peek();
        if (beginsLiteral()) {
            Literal literal = literal();
            Operator operator = operator();
            return new Comparison(column(), operator.flipped(), literal);
        }
        String column = column();
        if (passed("IS")) {
            boolean negated = passed("NOT");
            word("NULL");
            return negated ? new Not(new IsNull(column)) : new IsNull(column);
        }
        boolean negated = passed("NOT");
        Predicate one;
        if (passed("IN")) {
            sign("(");
            one = new In(column, List.copyOf(literals()));
        } else if (passed("BETWEEN")) {
            Literal from = literal();
            word("AND");
            one = Predicate.between(column, from, literal());
        } else if (negated) {
            throw expression("IN or BETWEEN");
        } else {
            if (peek().kind() != Kind.SIGN) {
                throw expression("a comparison of " + first.shown(sql) + " with a literal");
            }
            Operator operator = operator();
            one = new Comparison(column, operator, literal());
        }
        return negated ? new Not(one) : one;
    }

    private String column() {
        Token token = peek();
        boolean named =
                token.kind() == Kind.QUOTED_NAME || (token.kind() == Kind.WORD && !RESERVED.contains(token.value()));
        if (!named) {
            throw expression("a column's name");
        }
        take();
        if (peek().isSign(".") || peek().isSign("(")) {
            throw expression("a column's name alone, without table or function");
        }
        return token.value();
    }

    private Operator operator() {
        Token token = peek();
        if (token.kind() == Kind.SIGN) {
            String sign = token.value();
            // The text is cut into single signs.
            Token behind = tokens.get(Math.min(next + 1, tokens.size() - 1));
            if (behind.kind() == Kind.SIGN && behind.start() == token.end()) {
                String both = sign + behind.value();
                for (Operator operator : Operator.values()) {
                    if (operator.sign().equals(both) || (operator == Operator.DIFFERENT && both.equals("!="))) {
                        next += 2;
                        return operator;
                    }
                }
            }
            for (Operator operator : Operator.values()) {
                if (operator.sign().equals(sign)) {
                    take();
                    return operator;
                }
            }
        }
        throw expression("= <> < <= > >= IN BETWEEN or IS NULL");
    }

    private List<Literal> literals() {
        List<Literal> literals = new ArrayList<>();
        do {
            literals.add(literal());
        } while (passedSign(","));
        sign(")");
        return literals;
    }

    private boolean beginsLiteral() {
        Token token = peek();
        return switch (token.kind()) {
            case NUMBER, STRING -> true;
            case SIGN -> token.isSign("-") || token.isSign("+");
            case WORD -> token.isWord("TRUE") || token.isWord("FALSE") || typed() != null;
            default -> false;
        };
    }

    /** The text behind a type's name; null when there is no such name here, which may then be a column's. */
    private @Nullable Token typed() {
        Token token = peek();
        boolean type = token.isWord("DATE") || token.isWord("TIME") || token.isWord("TIMESTAMP");
        Token behind = tokens.get(Math.min(next + 1, tokens.size() - 1));
        return type && behind.kind() == Kind.STRING ? behind : null;
    }

    private Literal literal() {
        if (++values > Coverage.VALUES_MAX) {
            throw expression("at most " + Coverage.VALUES_MAX + " values");
        }
        Token token = peek();
        if (token.isWord("TRUE") || token.isWord("FALSE")) {
            take();
            return Literal.bool(token.isWord("TRUE"));
        }
        Token text = typed();
        if (text != null) {
            Literal literal = Literal.typed(token.value(), plain(text)).orElse(null);
            if (literal == null) {
                throw placed.apply(
                        text,
                        new PenumbraException(ErrorCode.COVERAGE_LITERAL)
                                .with("type", token.value())
                                .with("literal", text.shown(sql)));
            }
            next += 2;
            return literal;
        }
        if (token.kind() == Kind.STRING) {
            take();
            return Literal.string(plain(token));
        }
        boolean negative = passedSign("-");
        if (!negative) {
            passedSign("+");
        }
        Token number = peek();
        if (number.kind() != Kind.NUMBER) {
            throw expression("a literal");
        }
        try {
            boolean exact = number.value().chars().noneMatch(c -> c == 'e' || c == 'E');
            if (exact && number.value().length() <= DIGITS_MAX) {
                BigDecimal value = new BigDecimal(number.value());
                take();
                return Literal.number(negative ? value.negate() : value);
            }
        } catch (NumberFormatException e) {
            throw expression("a number");
        }
        throw expression("an exact number of at most " + DIGITS_MAX + " digits");
    }

    /** A text that is all that it means; {@code U&'...'} is not decoded. */
    private String plain(Token token) {
        if (sql.charAt(token.start()) != '\'') {
            throw expression("a text in plain quotes");
        }
        return token.value();
    }

    private boolean passed(String word) {
        if (peek().isWord(word)) {
            take();
            return true;
        }
        return false;
    }

    private boolean passedSign(String sign) {
        if (peek().isSign(sign)) {
            take();
            return true;
        }
        return false;
    }

    private void word(String expected) {
        if (!passed(expected)) {
            throw expression(expected);
        }
    }

    private void sign(String expected) {
        if (!passedSign(expected)) {
            throw expression("'" + expected + "'");
        }
    }

    private void take() {
        if (next < tokens.size() - 1) {
            next++;
        }
    }

    private PenumbraException expression(String expected) {
        return placed.apply(
                peek(),
                new PenumbraException(ErrorCode.COVERAGE_EXPRESSION)
                        .with("expected", expected)
                        .with("found", peek().isSign(";") ? "end of statement" : peek().shown(sql)));
    }
}
