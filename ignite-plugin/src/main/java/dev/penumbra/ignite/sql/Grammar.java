package dev.penumbra.ignite.sql;

import dev.penumbra.ignite.sql.ShadowStatement.AlterShadow;
import dev.penumbra.ignite.sql.ShadowStatement.CreateShadow;
import dev.penumbra.ignite.sql.ShadowStatement.CreateTrigger;
import dev.penumbra.ignite.sql.ShadowStatement.DropShadow;
import dev.penumbra.ignite.sql.ShadowStatement.DropTrigger;
import dev.penumbra.ignite.sql.ShadowStatement.ExplainShadow;
import dev.penumbra.ignite.sql.ShadowStatement.Options;
import dev.penumbra.ignite.sql.ShadowStatement.RefreshShadow;
import dev.penumbra.ignite.sql.ShadowStatement.SourceName;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Operation;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.SessionToken;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.coverage.Coverage;
import dev.penumbra.shadow.coverage.PredicateReader;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.text.TimeText;
import dev.penumbra.shadow.text.Token;
import dev.penumbra.shadow.text.Token.Kind;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads one statement of Penumbra's by recursive descent.
 *
 * <pre>
 * CREATE SHADOW [IF NOT EXISTS] OF source.schema.table IN DATACENTER 'dc'
 *     [WHERE predicate | KEYS (key, ...)]
 *     [WITH (COMPRESSION = 'ZSTD'|'LZ4'|'NONE', NEAR_ROWS = n,
 *            CONSISTENCY = 'EVENTUAL'|'BOUNDED time'|'PRIMARY')]
 * ALTER SHADOW OF source.schema.table IN DATACENTER 'dc' SET (option = ...)
 * REFRESH SHADOW OF source.schema.table IN DATACENTER 'dc'
 * DROP SHADOW [IF EXISTS] OF source.schema.table IN DATACENTER 'dc'
 * EXPLAIN SHADOW query [consistency]
 * CREATE TRIGGER [IF NOT EXISTS] name AFTER {INSERT | UPDATE | DELETE} [OR|, ...] ON [schema.]table
 *     FOR EACH ROW {CAPTURE | CALL 'fully.qualified.RowTrigger'}
 * DROP TRIGGER [IF EXISTS] name
 *
 * consistency: WITH CONSISTENCY {EVENTUAL | BOUNDED 'time' | SESSION 'token' | PRIMARY}
 * </pre>
 *
 * <p>What the later contract has and this version has not is refused by its name, so that nobody takes a clause for
 * granted that was only skipped.
 */
final class Grammar {
    private static final String ONLY_BY_KEYS =
            "what is not committed is shown to reads in Java of rows by their keys, each of which asks for it";

    private static final String OPTIONS = "COMPRESSION or NEAR_ROWS or CONSISTENCY or TTL or ARCHIVE or COMMIT_PERCENT";

    private final String sql;
    private final List<Token> tokens;
    private int next;

    /** @param tokens one statement's tokens, the last of which is the {@code ;} or the end behind it */
    private Grammar(String sql, List<Token> tokens) {
        this.sql = sql;
        this.tokens = tokens;
    }

    /** Whether a statement that begins with these tokens is Penumbra's to read. */
    static boolean owns(List<Token> tokens) {
        Token first = tokens.get(0);
        if (tokens.size() < 2 || first.kind() != Kind.WORD) {
            return false;
        }
        Token second = tokens.get(1);
        return switch (first.value()) {
            case "CREATE" ->
                isObject(second)
                        || (second.isWord("OR")
                                && tokens.size() > 3
                                && tokens.get(2).isWord("REPLACE")
                                && isObject(tokens.get(3)));
            case "DROP", "ALTER", "REFRESH" -> isObject(second);
            case "EXPLAIN" -> second.isWord("SHADOW");
            default -> false;
        };
    }

    private static boolean isObject(Token token) {
        return token.isWord("SHADOW") || token.isWord("TRIGGER");
    }

    /**
     * Whether a clause begins at a token; {@code WITH CONSISTENCY AS (...)} and {@code WITH CONSISTENCY (...) AS} are ordinary
     * named queries.
     */
    static boolean beginsClause(List<Token> tokens, int at) {
        if (at + 2 >= tokens.size()
                || !tokens.get(at).isWord("WITH")
                || !tokens.get(at + 1).isWord("CONSISTENCY")) {
            return false;
        }
        Token behind = tokens.get(at + 2);
        return !behind.isWord("AS") && !behind.isSign("(");
    }

    /**
     * Reads the clause behind a statement.
     *
     * @param tokens from the clause's first to the {@code ;} or the end behind the statement
     */
    static ConsistencyClause clause(String sql, List<Token> tokens) {
        Grammar grammar = new Grammar(sql, tokens);
        Place place = grammar.place(grammar.take());
        grammar.word("CONSISTENCY");
        Consistency consistency = grammar.consistency();
        if (beginsClause(tokens, grammar.next)) {
            throw grammar.syntax(grammar.peek(), "one " + ConsistencyClause.NAME + " in a statement");
        }
        Token behind = grammar.peek();
        if (behind.kind() != Kind.END && !behind.isSign(";")) {
            throw grammar.syntax(behind, "end of statement behind " + ConsistencyClause.NAME);
        }
        return new ConsistencyClause(consistency, place);
    }

    private Consistency consistency() {
        Token level = take();
        return switch (level.kind() == Kind.WORD ? level.value() : "") {
            case "EVENTUAL" -> Consistency.eventual();
            case "BOUNDED" -> bounded(level, literal(level, "a time in single quotes, such as '200ms'"));
            case "SESSION" -> session(literal(level, "a session's token in single quotes"));
            case "VALIDATED" -> Consistency.validated();
            case "PRIMARY" -> Consistency.primary();
            case "OPTIMISTIC" -> throw refused(level, level.value(), ONLY_BY_KEYS);
            default -> throw syntax(level, "EVENTUAL or BOUNDED or SESSION or VALIDATED or PRIMARY");
        };
    }

    private Token literal(Token level, String what) {
        Token token = take();
        if (token.isSign("?")) {
            throw refused(token, level.value() + " ?", "the text must be a literal");
        }
        if (!isPlainLiteral(token)) {
            throw syntax(token, what);
        }
        return token;
    }

    /** Whether a token is a literal whose value is all that it means; {@code U&'...'} is not decoded. */
    private boolean isPlainLiteral(Token token) {
        return token.kind() == Kind.STRING && sql.charAt(token.start()) == '\'';
    }

    private Consistency bounded(Token level, Token time) {
        try {
            return Consistency.parse(level.value() + " " + time.value());
        } catch (PenumbraException e) {
            throw place(time).in(e.with("found", time.shown(sql)));
        }
    }

    private Consistency session(Token token) {
        try {
            return Consistency.session(SessionToken.parse(token.value()));
        } catch (PenumbraException e) {
            throw place(token).in(e.with("token", token.shown(sql)));
        }
    }

    /** @param clause the clause that stood behind the tokens; null when none did */
    static ShadowStatement statement(String sql, List<Token> tokens, @Nullable ConsistencyClause clause) {
        Grammar grammar = new Grammar(sql, tokens);
        Token verb = grammar.take();
        if (clause != null && !verb.isWord("EXPLAIN")) {
            throw clause.misplaced(verb.value() + " " + grammar.peek().value());
        }
        if (grammar.peek().isWord("OR")) {
            throw grammar.unsupported(grammar.peek(), verb.value() + " OR REPLACE");
        }
        Token object = grammar.take();
        if (object.isWord("TRIGGER")) {
            return switch (verb.value()) {
                case "CREATE" -> grammar.createTrigger();
                case "DROP" -> grammar.dropTrigger();
                default -> throw grammar.unsupported(verb, verb.value() + " TRIGGER");
            };
        }
        return switch (verb.value()) {
            case "CREATE" -> grammar.create();
            case "ALTER" -> grammar.alter();
            case "REFRESH" -> grammar.refresh();
            case "DROP" -> grammar.drop();
            case "EXPLAIN" -> grammar.explain(clause);
            default -> throw grammar.unsupported(verb, verb.value() + " SHADOW");
        };
    }

    private ShadowStatement createTrigger() {
        boolean ifNotExists = ifNotExists();
        String name = name("the trigger's name").value();
        if (peek().isWord("BEFORE") || peek().isWord("INSTEAD")) {
            throw unsupported(peek(), peek().value());
        }
        word("AFTER");
        Set<Operation> operations = EnumSet.noneOf(Operation.class);
        do {
            Token operation = take();
            boolean known = operation.isWord("INSERT") || operation.isWord("UPDATE") || operation.isWord("DELETE");
            if (!known) {
                throw syntax(operation, "INSERT, UPDATE or DELETE");
            }
            if (!operations.add(Operation.valueOf(operation.value()))) {
                throw syntax(operation, "each operation once");
            }
            if (peek().isWord("OF")) {
                throw unsupported(peek(), "UPDATE OF");
            }
        } while (passed(",") || passedWord("OR"));
        word("ON");
        String first = name("the table's name").value();
        @Nullable String schema = null;
        String table = first;
        if (passed(".")) {
            schema = first;
            table = name("the table's name").value();
        }
        word("FOR");
        word("EACH");
        if (peek().isWord("STATEMENT")) {
            throw unsupported(peek(), "FOR EACH STATEMENT");
        }
        word("ROW");
        @Nullable String rowTrigger = null;
        Token action = take();
        if (action.isWord("CALL")) {
            Token called = take();
            if (called.kind() != Kind.STRING || called.value().isBlank()) {
                throw syntax(called, "the class's full name in single quotes");
            }
            rowTrigger = called.value();
        } else if (!action.isWord("CAPTURE")) {
            throw syntax(action, "CAPTURE or CALL");
        }
        end();
        return new CreateTrigger(name, schema, table, operations, rowTrigger, ifNotExists);
    }

    private ShadowStatement dropTrigger() {
        boolean ifExists = ifExists();
        String name = name("the trigger's name").value();
        end();
        return new DropTrigger(name, ifExists);
    }

    private boolean ifNotExists() {
        if (!passedWord("IF")) {
            return false;
        }
        word("NOT");
        word("EXISTS");
        return true;
    }

    private boolean ifExists() {
        if (!passedWord("IF")) {
            return false;
        }
        word("EXISTS");
        return true;
    }

    private boolean passedWord(String word) {
        if (peek().isWord(word)) {
            take();
            return true;
        }
        return false;
    }

    private ShadowStatement create() {
        boolean ifNotExists = ifNotExists();
        Subject subject = subject();
        Coverage coverage = coverage();
        Options given = passedWord("WITH") ? options() : Options.NONE;
        end();
        return new CreateShadow(subject.source(), subject.table(), subject.datacenter(), coverage, given, ifNotExists);
    }

    private Options options() {
        sign("(");
        @Nullable Compression compression = null;
        @Nullable Integer nearRows = null;
        @Nullable Consistency consistency = null;
        @Nullable Duration ttl = null;
        @Nullable Duration archive = null;
        @Nullable Integer commitPercent = null;
        Set<String> seen = new HashSet<>();
        do {
            Token option = take();
            if (option.kind() != Kind.WORD) {
                throw syntax(option, OPTIONS);
            }
            switch (option.value()) {
                case "COMPRESSION" -> {
                    sign("=");
                    compression = compression();
                }
                case "NEAR_ROWS" -> {
                    sign("=");
                    nearRows = number(0, Integer.MAX_VALUE);
                }
                case "CONSISTENCY" -> {
                    sign("=");
                    consistency = ownConsistency();
                }
                case "TTL" -> {
                    sign("=");
                    ttl = span();
                }
                case "COMMIT_PERCENT" -> {
                    sign("=");
                    commitPercent = number(1, ShadowDefinition.COMMIT_PERCENT_MAX);
                }
                case "ARCHIVE" -> {
                    sign("=");
                    archive = span();
                }
                default -> throw syntax(option, OPTIONS);
            }
            if (!seen.add(option.value())) {
                throw syntax(option, "each option once");
            }
        } while (passed(","));
        sign(")");
        return new Options(compression, nearRows, consistency, ttl, commitPercent, archive);
    }

    private ShadowStatement alter() {
        Subject subject = subject();
        word("SET");
        Options given = options();
        end();
        return new AlterShadow(subject.source(), subject.table(), subject.datacenter(), given);
    }

    private ShadowStatement refresh() {
        Subject subject = subject();
        end();
        return new RefreshShadow(subject.source(), subject.table(), subject.datacenter());
    }

    private ShadowStatement drop() {
        boolean ifExists = ifExists();
        Subject subject = subject();
        end();
        return new DropShadow(subject.source(), subject.table(), subject.datacenter(), ifExists);
    }

    private ShadowStatement explain(@Nullable ConsistencyClause clause) {
        Token first = peek();
        if (first.kind() == Kind.END || first.isSign(";")) {
            throw syntax(first, "a query");
        }
        int end = tokens.get(tokens.size() - 1).start();
        return new ExplainShadow(Script.blankOutside(sql, first.start(), end), clause);
    }

    private record Subject(SourceName source, TableName table, Datacenter datacenter) {}

    private Subject subject() {
        word("OF");
        Token source = name("the source's name");
        boolean exact = source.kind() == Kind.QUOTED_NAME;
        String text = exact ? source.value() : sql.substring(source.start(), source.end());
        SourceName named = new SourceName(text, exact, place(source));
        dot();
        String schema = name("the schema's name").value();
        dot();
        String table = name("the table's name").value();
        if (peek().isSign(".")) {
            throw syntax(peek(), "source.schema.table and nothing more");
        }
        word("IN");
        word("DATACENTER");
        Token datacenter = take();
        if (datacenter.kind() != Kind.STRING) {
            throw syntax(datacenter, "the datacenter's name in single quotes");
        }
        Subject subject;
        try {
            subject = new Subject(named, new TableName(schema, table), Datacenter.of(datacenter.value()));
        } catch (PenumbraException e) {
            throw place(datacenter).in(e);
        }
        return subject;
    }

    private Coverage coverage() {
        Token first = peek();
        if (!first.isWord("WHERE") && !first.isWord("KEYS") && !first.isWord("SEGMENTS")) {
            return Coverage.whole();
        }
        PredicateReader reader = new PredicateReader(
                sql, tokens, next, (token, failure) -> place(token).in(failure));
        Coverage coverage = reader.coverage();
        next = reader.next();
        return coverage;
    }

    private Compression compression() {
        Token value = take();
        if (value.kind() == Kind.STRING) {
            String asked = value.value().strip().toUpperCase(Locale.ROOT);
            for (Compression compression : Compression.values()) {
                if (compression.name().equals(asked)) {
                    return compression;
                }
            }
        }
        throw syntax(
                value,
                Arrays.stream(Compression.values())
                        .map(compression -> "'" + compression + "'")
                        .collect(Collectors.joining(" or ")));
    }

    /** What reads of a shadow get that do not say what they want. */
    private Consistency ownConsistency() {
        Token value = take();
        String level = isPlainLiteral(value) ? level(value) : "";
        return switch (level) {
            case "EVENTUAL", "BOUNDED", "VALIDATED", "PRIMARY" -> {
                try {
                    yield Consistency.parse(value.value());
                } catch (PenumbraException e) {
                    throw place(value).in(e.with("found", value.shown(sql)));
                }
            }
            case "SESSION" ->
                throw refused(value, "CONSISTENCY = 'SESSION'", "a token belongs to a session, not to a shadow");
            case "OPTIMISTIC" -> throw refused(value, level, ONLY_BY_KEYS);
            default -> throw syntax(value, "'EVENTUAL' or 'BOUNDED 200ms' or 'VALIDATED' or 'PRIMARY'");
        };
    }

    private static String level(Token value) {
        String text = value.value().strip();
        int end = 0;
        while (end < text.length() && Character.isLetter(text.charAt(end))) {
            end++;
        }
        return Token.folded(text.substring(0, end));
    }

    /** For how long the rows of a shadow may be read after it has been filled. */
    private Duration span() {
        Token value = take();
        if (!isPlainLiteral(value)) {
            throw syntax(value, "a time in single quotes, such as '1h', or 'NONE'");
        }
        if (value.value().strip().equalsIgnoreCase("NONE")) {
            return Duration.ZERO;
        }
        try {
            Duration time = TimeText.parse(value.value());
            if (!time.isZero()) {
                return time;
            }
        } catch (PenumbraException e) {
            throw place(value).in(e.with("found", value.shown(sql)));
        }
        throw syntax(value, "a time above zero, or 'NONE'");
    }

    private int number(int from, int to) {
        Token value = take();
        String expected = "a whole number from " + from + " to " + to;
        if (value.kind() != Kind.NUMBER) {
            throw syntax(value, expected);
        }
        int number;
        try {
            number = Integer.parseInt(value.value());
        } catch (NumberFormatException e) {
            throw syntax(value, expected);
        }
        if (number < from || number > to) {
            throw syntax(value, expected);
        }
        return number;
    }

    private Token name(String what) {
        Token token = take();
        boolean named = token.kind() == Kind.WORD || token.kind() == Kind.QUOTED_NAME;
        if (!named || token.value().isEmpty()) {
            throw syntax(token, what);
        }
        return token;
    }

    private void dot() {
        Token token = take();
        if (!token.isSign(".")) {
            throw syntax(token, "'.' of source.schema.table");
        }
    }

    private void word(String expected) {
        Token token = take();
        if (!token.isWord(expected)) {
            throw syntax(token, expected);
        }
    }

    private void sign(String expected) {
        Token token = take();
        if (!token.isSign(expected)) {
            throw syntax(token, "'" + expected + "'");
        }
    }

    private boolean passed(String sign) {
        if (peek().isSign(sign)) {
            take();
            return true;
        }
        return false;
    }

    private void end() {
        Token token = peek();
        if (token.kind() != Kind.END && !token.isSign(";")) {
            throw syntax(token, "end of statement");
        }
    }

    private Token peek() {
        return tokens.get(next);
    }

    /** The next token; the last one is never passed, so that every further expectation fails on it. */
    private Token take() {
        Token token = tokens.get(next);
        if (next < tokens.size() - 1) {
            next++;
        }
        return token;
    }

    private PenumbraException syntax(Token found, String expected) {
        return place(found)
                .in(new PenumbraException(ErrorCode.SQL_SYNTAX)
                        .with("expected", expected)
                        .with("found", found.isSign(";") ? "end of statement" : found.shown(sql)));
    }

    private PenumbraException unsupported(Token at, String what) {
        return refused(at, what, "not supported in this version");
    }

    private PenumbraException refused(Token at, String what, String reason) {
        return place(at)
                .in(new PenumbraException(ErrorCode.NOT_SUPPORTED)
                        .with("clause", what)
                        .with("reason", reason));
    }

    private Place place(Token token) {
        return Place.of(sql, token.start());
    }
}
