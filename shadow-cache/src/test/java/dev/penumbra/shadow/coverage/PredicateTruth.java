package dev.penumbra.shadow.coverage;

import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** SQL's three-valued logic, read from the standard and made of nothing that is tested by it. */
@NullMarked
final class PredicateTruth {
    private final TableSchema layout;
    private final @Nullable Object[] parameters;
    private final Function<Row, @Nullable Boolean> unknown;

    /** @param unknown what a condition is of which nothing is known */
    PredicateTruth(TableSchema layout, @Nullable Object[] parameters, Function<Row, @Nullable Boolean> unknown) {
        this.layout = layout;
        this.parameters = parameters;
        this.unknown = unknown;
    }

    /** Null for UNKNOWN. */
    @Nullable Boolean of(Predicate predicate, Row row) {
        if (predicate instanceof Predicate.Comparison c) {
            return compared(row, c.column(), c.operator(), c.operand());
        } else if (predicate instanceof Predicate.In in) {
            List<@Nullable Boolean> truths = new ArrayList<>();
            in.among().forEach(value -> truths.add(compared(row, in.column(), Predicate.Operator.EQUAL, value)));
            return any(truths);
        } else if (predicate instanceof Predicate.IsNull none) {
            return row.get(layout.ordinal(none.column())) == null;
        } else if (predicate instanceof Predicate.And and) {
            List<@Nullable Boolean> contraries = new ArrayList<>();
            and.all().forEach(part -> contraries.add(not(of(part, row))));
            return not(any(contraries));
        } else if (predicate instanceof Predicate.Or or) {
            List<@Nullable Boolean> truths = new ArrayList<>();
            or.any().forEach(part -> truths.add(of(part, row)));
            return any(truths);
        } else if (predicate instanceof Predicate.Not contrary) {
            return not(of(contrary.negated(), row));
        }
        return unknown.apply(row);
    }

    private static @Nullable Boolean not(@Nullable Boolean truth) {
        return truth == null ? null : !truth;
    }

    private static @Nullable Boolean any(List<@Nullable Boolean> truths) {
        if (truths.contains(true)) {
            return true;
        }
        return truths.contains(null) ? null : false;
    }

    private @Nullable Boolean compared(Row row, String column, Predicate.Operator operator, Operand operand) {
        @Nullable Object value = row.get(layout.ordinal(column));
        @Nullable Object other = operand instanceof Literal literal
                ? literal.value()
                : parameters[((Operand.Parameter) operand).index()];
        if (value == null || other == null) {
            return null;
        }
        int order = value instanceof Number ? decimal(value).compareTo(decimal(other)) : order(value, other);
        return switch (operator) {
            case EQUAL -> order == 0;
            case DIFFERENT -> order != 0;
            case LESS -> order < 0;
            case AT_MOST -> order <= 0;
            case GREATER -> order > 0;
            case AT_LEAST -> order >= 0;
        };
    }

    private static BigDecimal decimal(Object number) {
        return new BigDecimal(number.toString());
    }

    @SuppressWarnings("unchecked")
    private static int order(Object one, Object other) {
        return ((Comparable<Object>) one).compareTo(other);
    }
}
