package dev.penumbra.shadow.coverage;

import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.coverage.Predicate.And;
import dev.penumbra.shadow.coverage.Predicate.Comparison;
import dev.penumbra.shadow.coverage.Predicate.In;
import dev.penumbra.shadow.coverage.Predicate.IsNull;
import dev.penumbra.shadow.coverage.Predicate.Not;
import dev.penumbra.shadow.coverage.Predicate.Operator;
import dev.penumbra.shadow.coverage.Predicate.Or;
import dev.penumbra.shadow.coverage.Predicate.Unknown;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Turns a predicate into the rows for which it is true, as a union of boxes.
 *
 * <p>Design note. NOT is carried down to the comparisons, which three-valued logic allows; there it is the contrary comparison, and
 * neither is true of NULL. What is left is made of AND, OR and sets of one column's values, and is true exactly where those hold. Of a
 * statement's filter more rows may come out than pass it, where nothing is known of a part, or there would be too many boxes.
 */
final class Boxes {
    /** More boxes than these are not made. */
    static final int MAX = 1_000;

    private final TableSchema layout;
    private final List<@Nullable Domain> domains;
    private final @Nullable Object[] parameters;

    /** Whether what is not understood may stand for any rows; otherwise it is refused. */
    private final boolean lenient;

    private Boxes(TableSchema layout, List<@Nullable Domain> domains, @Nullable Object[] parameters, boolean lenient) {
        this.layout = layout;
        this.domains = domains;
        this.parameters = parameters;
        this.lenient = lenient;
    }

    /**
     * Exactly the rows for which a coverage's predicate is true.
     *
     * @throws Misfit when it does not fit the layout
     */
    static List<Box> exactly(Predicate predicate, TableSchema layout, List<@Nullable Domain> domains) {
        return new Boxes(layout, domains, new Object[0], false).of(predicate, false);
    }

    /** All rows for which a statement's filter is true, and perhaps others. */
    static List<Box> atLeast(
            Predicate filter, TableSchema layout, List<@Nullable Domain> domains, @Nullable Object[] parameters) {
        return new Boxes(layout, domains, parameters, true).of(filter, false);
    }

    private List<Box> of(Predicate predicate, boolean negated) {
        if (predicate instanceof Not not) {
            return of(not.negated(), !negated);
        } else if (predicate instanceof And and) {
            return negated ? any(and.all(), true) : all(and.all(), false);
        } else if (predicate instanceof Or or) {
            return negated ? all(or.any(), true) : any(or.any(), false);
        } else if (predicate instanceof Unknown) {
            return unknown(Misfit.expression(predicate.text()));
        }
        try {
            return one(predicate, negated);
        } catch (Misfit e) {
            return unknown(e);
        }
    }

    private List<Box> unknown(Misfit misfit) {
        if (!lenient) {
            throw misfit;
        }
        return List.of(Box.ALL);
    }

    private List<Box> one(Predicate predicate, boolean negated) {
        if (predicate instanceof Comparison comparison) {
            int ordinal = ordinal(comparison.column());
            Operator operator = negated ? comparison.operator().negated() : comparison.operator();
            Domain domain = domain(ordinal, operator.ordering());
            return box(ordinal, Values.of(domain, operator, value(ordinal, domain, comparison.operand())));
        } else if (predicate instanceof In in) {
            int ordinal = ordinal(in.column());
            Domain domain = domain(ordinal, false);
            SortedSet<Comparable<?>> points = new TreeSet<>(Values.order());
            for (Operand operand : in.among()) {
                points.add(value(ordinal, domain, operand));
            }
            Values among = Values.among(domain, points);
            return box(ordinal, negated ? among.complement().intersect(Values.NOT_NULL) : among);
        }
        int ordinal = ordinal(((IsNull) predicate).column());
        return box(ordinal, negated ? Values.NOT_NULL : Values.NULL);
    }

    private List<Box> box(int ordinal, Values values) {
        @Nullable Domain domain = domains.get(ordinal);
        Values possible = domain == null ? values : values.intersect(Values.universe(domain));
        return possible.isEmpty() ? List.of() : List.of(new Box(Map.of(ordinal, possible)));
    }

    private int ordinal(String column) {
        int ordinal = layout.ordinal(column);
        if (ordinal < 0) {
            throw Misfit.column(column);
        }
        return ordinal;
    }

    private Domain domain(int ordinal, boolean ordering) {
        @Nullable Domain domain = domains.get(ordinal);
        if (domain == null || (ordering && !domain.ordered())) {
            throw Misfit.notCompared(layout.columns().get(ordinal), domain != null);
        }
        return domain;
    }

    private Comparable<?> value(int ordinal, Domain domain, Operand operand) {
        @Nullable Literal literal = operand instanceof Literal given ? given : parameter((Operand.Parameter) operand);
        @Nullable Comparable<?> value = literal == null ? null : domain.of(literal);
        if (value == null) {
            throw Misfit.literal(layout.columns().get(ordinal), literal == null ? "?" : literal.text());
        }
        return value;
    }

    private @Nullable Literal parameter(Operand.Parameter parameter) {
        return parameter.index() < parameters.length ? Literal.ofParameter(parameters[parameter.index()]) : null;
    }

    private List<Box> all(List<Predicate> parts, boolean negated) {
        List<Box> boxes = List.of(Box.ALL);
        for (Predicate part : parts) {
            List<Box> further = of(part, negated);
            if ((long) boxes.size() * further.size() > MAX) {
                if (!lenient) {
                    throw Misfit.tooLong();
                }
                // Without it there are more rows, never fewer.
                continue;
            }
            List<Box> both = new ArrayList<>();
            for (Box one : boxes) {
                for (Box other : further) {
                    Box box = one.intersect(other);
                    if (!box.isEmpty()) {
                        both.add(box);
                    }
                }
            }
            boxes = both;
        }
        return boxes;
    }

    private List<Box> any(List<Predicate> parts, boolean negated) {
        List<Box> boxes = new ArrayList<>();
        for (Predicate part : parts) {
            for (Box box : of(part, negated)) {
                add(boxes, box);
                if (boxes.size() > MAX) {
                    return unknown(Misfit.tooLong());
                }
            }
        }
        return boxes;
    }

    /** Sets of one column are one set. */
    private static void add(List<Box> boxes, Box box) {
        int column = box.onlyColumn();
        for (int i = 0; column >= 0 && i < boxes.size(); i++) {
            if (boxes.get(i).onlyColumn() == column) {
                Values former = boxes.get(i).columns().get(column);
                Values further = box.columns().get(column);
                if (former != null && further != null) {
                    boxes.set(i, new Box(Map.of(column, former.union(further))));
                    return;
                }
            }
        }
        boxes.add(box);
    }
}
