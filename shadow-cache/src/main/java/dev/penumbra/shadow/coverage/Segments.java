package dev.penumbra.shadow.coverage;

import dev.penumbra.model.Column;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.coverage.Predicate.Comparison;
import dev.penumbra.shadow.coverage.Predicate.Operator;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Ranges of equal width of a table's first key column, counted from the one that begins at zero.
 *
 * @param numbers which of them
 * @param width how many whole numbers there are in each
 */
record Segments(SortedSet<Long> numbers, long width) {
    /** Unless a text says otherwise. */
    static final long WIDTH_DEFAULT = 1_000;

    private static final Set<SqlType> NUMBERS =
            EnumSet.of(SqlType.TINYINT, SqlType.SMALLINT, SqlType.INTEGER, SqlType.BIGINT, SqlType.DECIMAL);

    Segments {
        if (width < 1) {
            throw new IllegalArgumentException("a segment has a width of one at least: " + width);
        }
        for (long number : numbers) {
            try {
                Math.multiplyExact(number, width);
            } catch (ArithmeticException e) {
                throw new PenumbraException(ErrorCode.COVERAGE_EXPRESSION, e)
                        .with("segment", number)
                        .with("width", width)
                        .with("reason", "beyond the range of BIGINT");
            }
        }
    }

    String text() {
        return "SEGMENTS (" + numbers.stream().map(String::valueOf).collect(Collectors.joining(", ")) + ")"
                + (width == WIDTH_DEFAULT ? "" : " OF " + width);
    }

    /**
     * What it means in a layout.
     *
     * @throws Misfit when the first key column is not a number
     */
    Predicate in(TableSchema layout) {
        Column column = layout.keyColumns().get(0);
        Domain domain = Domain.of(column.type());
        if (domain == null || !NUMBERS.contains(column.type().type())) {
            throw Misfit.segments(column);
        }
        List<Predicate> any = new ArrayList<>();
        @Nullable Long first = null;
        for (long number : numbers) {
            if (first == null) {
                first = number;
            }
            if (number == Long.MAX_VALUE || !numbers.contains(number + 1)) {
                add(any, column.name(), domain, BigDecimal.valueOf(first), BigDecimal.valueOf(number));
                first = null;
            }
        }
        return or(any);
    }

    /** Halves of halves: sets of values are united in pairs, and uniting one after the other with all before would take long. */
    private static Predicate or(List<Predicate> any) {
        int half = any.size() / 2;
        return half == 0
                ? Predicate.or(any)
                : new Predicate.Or(List.of(or(any.subList(0, half)), or(any.subList(half, any.size()))));
    }

    /** From the beginning of one to the end of another, as far as the column goes. */
    private void add(List<Predicate> any, String column, Domain domain, BigDecimal first, BigDecimal last) {
        BigDecimal from = first.multiply(BigDecimal.valueOf(width));
        BigDecimal behind = last.add(BigDecimal.ONE).multiply(BigDecimal.valueOf(width));
        BigDecimal least = domain.least() == null ? from : BigDecimal.valueOf(domain.least());
        BigDecimal greatest = domain.greatest() == null ? behind : BigDecimal.valueOf(domain.greatest());
        if (from.compareTo(greatest) > 0 || behind.compareTo(least) <= 0) {
            return;
        }
        List<Predicate> both = new ArrayList<>();
        both.add(new Comparison(column, Operator.AT_LEAST, Literal.number(from.max(least))));
        if (behind.compareTo(greatest) <= 0) {
            both.add(new Comparison(column, Operator.LESS, Literal.number(behind)));
        }
        any.add(Predicate.and(both));
    }
}
