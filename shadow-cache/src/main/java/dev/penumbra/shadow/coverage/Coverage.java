package dev.penumbra.shadow.coverage;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.coverage.Predicate.Comparison;
import dev.penumbra.shadow.coverage.Predicate.In;
import dev.penumbra.shadow.coverage.Predicate.Operator;
import dev.penumbra.shadow.coverage.Predicate.Unknown;
import dev.penumbra.shadow.text.Lexer;
import dev.penumbra.shadow.text.Token;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a shadow holds of its table: all of it, the rows for which a predicate is true, those with given keys, or segments of its keys.
 *
 * <p>Immutable, equal by its text; safe for use by several threads.
 */
@Internal
public final class Coverage {
    /** More values than these a coverage does not name. */
    public static final int VALUES_MAX = 10_000;

    private static final Coverage WHOLE = new Coverage("", layout -> new Unknown());

    private final String text;
    /** What it is in a layout. */
    private final Function<TableSchema, Predicate> meaning;

    /** The last answer of {@link #over}: volatile and replaced as a whole. */
    private volatile @Nullable Bound bound;

    private record Bound(
            TableSchema layout,
            @Nullable CoveredRows rows,
            @Nullable Misfit misfit) {}

    private Coverage(String text, Function<TableSchema, Predicate> meaning) {
        this.text = text;
        this.meaning = meaning;
    }

    /** The whole table. */
    public static Coverage whole() {
        return WHOLE;
    }

    /** The rows for which a predicate is true. */
    public static Coverage where(Predicate predicate) {
        return new Coverage("WHERE " + predicate.text(), layout -> predicate);
    }

    /** The rows with one of some keys, each given by its values in key order. */
    public static Coverage keys(List<List<Literal>> keys) {
        List<List<Literal>> copied = keys.stream().map(List::copyOf).toList();
        String list = copied.stream().map(Coverage::keyText).collect(Collectors.joining(", "));
        return new Coverage("KEYS (" + list + ")", layout -> ofKeys(copied, layout));
    }

    /**
     * The rows whose first key column, a number, is in one of some ranges of equal width, counted from the one that begins at zero.
     *
     * @param width how many whole numbers there are in each, at least one
     * @throws PenumbraException with {@link ErrorCode#COVERAGE_EXPRESSION} when one of them is beyond the range of BIGINT
     */
    public static Coverage segments(Collection<Long> numbers, long width) {
        Segments segments = new Segments(new TreeSet<>(numbers), width);
        return new Coverage(segments.text(), segments::in);
    }

    private static String keyText(List<Literal> key) {
        String values = key.stream().map(Literal::text).collect(Collectors.joining(", "));
        return key.size() == 1 ? values : "(" + values + ")";
    }

    /**
     * Reads a coverage's text.
     *
     * @throws PenumbraException with {@link ErrorCode#VALUE_CORRUPT} when it is none
     */
    public static Coverage parse(String text) {
        if (text.isEmpty()) {
            return WHOLE;
        }
        try {
            PredicateReader reader = new PredicateReader(text, Lexer.tokens(text), 0, (token, failure) -> failure);
            Coverage coverage = reader.coverage();
            if (reader.peek().kind() == Token.Kind.END) {
                return coverage;
            }
        } catch (PenumbraException e) {
            throw new PenumbraException(ErrorCode.VALUE_CORRUPT, e).with("coverage", text);
        }
        throw new PenumbraException(ErrorCode.VALUE_CORRUPT).with("coverage", text);
    }

    /** Whether this is the whole table. */
    public boolean isWhole() {
        return text.isEmpty();
    }

    /** As {@code CREATE SHADOW} says it, in one way for all that mean the same words; empty for the whole table. */
    public String text() {
        return text;
    }

    /**
     * The coverage of a table with a layout.
     *
     * @return empty for the whole table
     * @throws PenumbraException when the layout has not the columns, or has them with other types
     */
    public Optional<CoveredRows> over(TableSchema layout) {
        if (isWhole()) {
            return Optional.empty();
        }
        Bound present = bound(layout);
        if (present.misfit() != null) {
            throw present.misfit().failure();
        }
        return Optional.ofNullable(present.rows());
    }

    /** Why the coverage does not fit a layout; empty when it does. */
    public Optional<PenumbraException> misfit(TableSchema layout) {
        return isWhole()
                ? Optional.empty()
                : Optional.ofNullable(bound(layout).misfit()).map(Misfit::failure);
    }

    private Bound bound(TableSchema layout) {
        Bound known = bound;
        if (known != null && known.layout().fingerprint().equals(layout.fingerprint())) {
            return known;
        }
        Bound next;
        try {
            next = new Bound(layout, new CoveredRows(text, meaning.apply(layout), layout), null);
        } catch (Misfit e) {
            next = new Bound(layout, null, e);
        }
        bound = next;
        return next;
    }

    private static Predicate ofKeys(List<List<Literal>> keys, TableSchema layout) {
        List<String> columns =
                layout.keyColumns().stream().map(column -> column.name()).toList();
        for (List<Literal> key : keys) {
            if (key.size() != columns.size()) {
                throw Misfit.key(key.size(), columns.size());
            }
        }
        if (columns.size() == 1) {
            return new In(
                    columns.get(0),
                    keys.stream().map(key -> (Operand) key.get(0)).toList());
        }
        List<Predicate> any = new ArrayList<>();
        for (List<Literal> key : keys) {
            List<Predicate> all = new ArrayList<>();
            for (int i = 0; i < columns.size(); i++) {
                all.add(new Comparison(columns.get(i), Operator.EQUAL, key.get(i)));
            }
            any.add(Predicate.and(all));
        }
        return Predicate.or(any);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Coverage that && that.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return isWhole() ? "the whole table" : text;
    }
}
