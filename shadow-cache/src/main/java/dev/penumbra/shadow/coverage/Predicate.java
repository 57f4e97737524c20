package dev.penumbra.shadow.coverage;

import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A condition on the columns of one table, by SQL's three-valued logic: what a shadow's coverage is said with, and what is known of
 * the rows that a statement needs.
 *
 * <p>Columns are named letter by letter.
 */
@Internal
public sealed interface Predicate {
    /** Two values compared. */
    enum Operator {
        EQUAL("="),
        DIFFERENT("<>"),
        LESS("<"),
        AT_MOST("<="),
        GREATER(">"),
        AT_LEAST(">=");

        private final String sign;

        Operator(String sign) {
            this.sign = sign;
        }

        /** How SQL writes it. */
        public String sign() {
            return sign;
        }

        /** What holds of two values exactly when this does not. */
        Operator negated() {
            return switch (this) {
                case EQUAL -> DIFFERENT;
                case DIFFERENT -> EQUAL;
                case LESS -> AT_LEAST;
                case AT_MOST -> GREATER;
                case GREATER -> AT_MOST;
                case AT_LEAST -> LESS;
            };
        }

        /** What holds of two values exactly when this holds of them the other way round. */
        public Operator flipped() {
            return switch (this) {
                case EQUAL, DIFFERENT -> this;
                case LESS -> GREATER;
                case AT_MOST -> AT_LEAST;
                case GREATER -> LESS;
                case AT_LEAST -> AT_MOST;
            };
        }

        /** Whether values must have an order to be compared so. */
        boolean ordering() {
            return this != EQUAL && this != DIFFERENT;
        }
    }

    /** A column compared with a value. */
    record Comparison(String column, Operator operator, Operand operand) implements Predicate {
        @Override
        public String text() {
            return TableName.quote(column) + " " + operator.sign() + " " + shown(operand);
        }
    }

    /** A column among values. */
    record In(String column, List<Operand> among) implements Predicate {
        public In {
            among = List.copyOf(among);
        }

        @Override
        public String text() {
            return TableName.quote(column) + " IN ("
                    + among.stream().map(Predicate::shown).collect(Collectors.joining(", ")) + ")";
        }
    }

    /** A column that is NULL. */
    record IsNull(String column) implements Predicate {
        @Override
        public String text() {
            return TableName.quote(column) + " IS NULL";
        }
    }

    /** All of several. */
    record And(List<Predicate> all) implements Predicate {
        public And {
            all = List.copyOf(all);
        }

        @Override
        public String text() {
            return joined(all, " AND ");
        }
    }

    /** One of several at least. */
    record Or(List<Predicate> any) implements Predicate {
        public Or {
            any = List.copyOf(any);
        }

        @Override
        public String text() {
            return joined(any, " OR ");
        }
    }

    /** The contrary. */
    record Not(Predicate negated) implements Predicate {
        @Override
        public String text() {
            return negated instanceof IsNull none
                    ? TableName.quote(none.column()) + " IS NOT NULL"
                    : "NOT (" + negated.text() + ")";
        }
    }

    /** A condition of which nothing is known; coverage has none. */
    record Unknown() implements Predicate {
        @Override
        public String text() {
            return "?";
        }
    }

    /** SQL that is read as this predicate. */
    String text();

    /** All of several; of none, what nothing is known of. */
    static Predicate and(List<Predicate> all) {
        List<Predicate> flat = new ArrayList<>();
        for (Predicate one : all) {
            if (one instanceof And and) {
                flat.addAll(and.all());
            } else {
                flat.add(one);
            }
        }
        return flat.isEmpty() ? new Unknown() : flat.size() == 1 ? flat.get(0) : new And(flat);
    }

    /** One of several at least. */
    static Predicate or(List<Predicate> any) {
        List<Predicate> flat = new ArrayList<>();
        for (Predicate one : any) {
            if (one instanceof Or or) {
                flat.addAll(or.any());
            } else {
                flat.add(one);
            }
        }
        return flat.size() == 1 ? flat.get(0) : new Or(flat);
    }

    /** A column from one value to another, both included. */
    static Predicate between(String column, Operand from, Operand to) {
        return new And(
                List.of(new Comparison(column, Operator.AT_LEAST, from), new Comparison(column, Operator.AT_MOST, to)));
    }

    private static String joined(List<Predicate> parts, String by) {
        return parts.stream()
                .map(part -> part instanceof And || part instanceof Or ? "(" + part.text() + ")" : part.text())
                .collect(Collectors.joining(by));
    }

    private static String shown(Operand operand) {
        return operand instanceof Literal literal ? literal.text() : "?";
    }
}
