package dev.penumbra.ignite.internal;

import dev.penumbra.shadow.coverage.Literal;
import dev.penumbra.shadow.coverage.Operand;
import dev.penumbra.shadow.coverage.Predicate;
import dev.penumbra.shadow.coverage.Predicate.Comparison;
import dev.penumbra.shadow.coverage.Predicate.In;
import dev.penumbra.shadow.coverage.Predicate.IsNull;
import dev.penumbra.shadow.coverage.Predicate.Not;
import dev.penumbra.shadow.coverage.Predicate.Operator;
import dev.penumbra.shadow.coverage.Predicate.Unknown;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.apache.calcite.sql.JoinConditionType;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlCharStringLiteral;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlJoin;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlNumericLiteral;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.SqlUnknownLiteral;
import org.apache.calcite.sql.fun.SqlBetweenOperator;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.util.NlsString;
import org.jspecify.annotations.Nullable;

/**
 * What one SELECT asks of each row that it needs of each table in its FROM.
 *
 * <p>Rows of a table that do not pass the WHERE of the SELECT, or the ON of an inner join that the table is part of, change nothing in its
 * answer, provided that no outer join can put NULLs in their place. Only such conditions count, and of them only what compares a column that
 * is certainly the table's with literals and parameters. Of all else nothing is known.
 */
final class QueryFilters {
    /**
     * One table of a FROM.
     *
     * @param name null for what is not a table's name
     * @param alias the name that its columns are qualified with; null when it has none
     * @param renamed whether an alias stands for it
     * @param conditions those that filter it; null when rows that do not pass them may matter
     */
    private record Item(
            @Nullable SqlIdentifier name,
            @Nullable String alias,
            boolean renamed,
            @Nullable List<SqlNode> conditions) {}

    private final List<Item> items = new ArrayList<>();

    private QueryFilters() {}

    /** Notes the filters of the tables that a SELECT names itself, by the very places where it does. */
    static void note(SqlSelect select, IdentityHashMap<SqlIdentifier, Predicate> found) {
        QueryFilters filters = new QueryFilters();
        List<SqlNode> where = select.getWhere() == null ? List.of() : List.of(select.getWhere());
        filters.collect(select.getFrom(), null, where);
        for (Item item : filters.items) {
            List<SqlNode> conditions = item.conditions();
            if (item.name() != null && conditions != null && filters.isAlone(item)) {
                List<Predicate> parts = conditions.stream()
                        .map(node -> filters.predicate(node, item))
                        .toList();
                found.put(item.name(), Predicate.and(parts));
            }
        }
    }

    private boolean isAlone(Item item) {
        return items.stream()
                        .filter(other -> item.alias() != null && item.alias().equals(other.alias()))
                        .count()
                == 1;
    }

    /** @param conditions null where an outer join may put NULLs in the place of rows */
    private void collect(@Nullable SqlNode node, @Nullable SqlIdentifier alias, @Nullable List<SqlNode> conditions) {
        if (node instanceof SqlIdentifier name) {
            String own = name.names.get(name.names.size() - 1);
            items.add(new Item(name, alias == null ? own : alias.getSimple(), alias != null, conditions));
        } else if (node instanceof SqlJoin join && alias == null) {
            join(join, conditions);
        } else if (node instanceof SqlCall call
                && call.getKind() == SqlKind.AS
                && call.operandCount() == 2
                && alias == null
                && call.operand(1) instanceof SqlIdentifier name) {
            collect(call.operand(0), name, conditions);
        } else if (node instanceof SqlCall call
                && (call.getKind() == SqlKind.TABLE_REF || call.getKind() == SqlKind.SNAPSHOT)) {
            collect(call.operand(0), alias, conditions);
        } else if (node instanceof SqlCall call
                && call.getKind() == SqlKind.AS
                && call.operandCount() > 1
                && call.operand(1) instanceof SqlIdentifier name) {
            // Its columns have other names here.
            items.add(new Item(null, name.getSimple(), true, null));
        } else {
            items.add(new Item(null, alias == null ? null : alias.getSimple(), true, null));
        }
    }

    private void join(SqlJoin join, @Nullable List<SqlNode> conditions) {
        switch (join.getJoinType()) {
            case INNER, CROSS, COMMA -> {
                List<SqlNode> both = conditions;
                if (conditions != null
                        && join.getConditionType() == JoinConditionType.ON
                        && join.getCondition() != null) {
                    both = new ArrayList<>(conditions);
                    both.add(join.getCondition());
                }
                collect(join.getLeft(), null, both);
                collect(join.getRight(), null, both);
            }
            case LEFT -> {
                collect(join.getLeft(), null, conditions);
                collect(join.getRight(), null, null);
            }
            case RIGHT -> {
                collect(join.getLeft(), null, null);
                collect(join.getRight(), null, conditions);
            }
            default -> {
                collect(join.getLeft(), null, null);
                collect(join.getRight(), null, null);
            }
        }
    }

    private Predicate predicate(SqlNode node, Item item) {
        if (!(node instanceof SqlCall call)) {
            return new Unknown();
        }
        return switch (call.getKind()) {
            case AND ->
                Predicate.and(call.getOperandList().stream()
                        .map(part -> predicate(part, item))
                        .toList());
            case OR ->
                Predicate.or(call.getOperandList().stream()
                        .map(part -> predicate(part, item))
                        .toList());
            case NOT -> new Not(predicate(call.operand(0), item));
            case EQUALS -> comparison(call, Operator.EQUAL, item);
            case NOT_EQUALS -> comparison(call, Operator.DIFFERENT, item);
            case LESS_THAN -> comparison(call, Operator.LESS, item);
            case LESS_THAN_OR_EQUAL -> comparison(call, Operator.AT_MOST, item);
            case GREATER_THAN -> comparison(call, Operator.GREATER, item);
            case GREATER_THAN_OR_EQUAL -> comparison(call, Operator.AT_LEAST, item);
            case IN -> in(call, item);
            case NOT_IN -> new Not(in(call, item));
            case BETWEEN -> between(call, item);
            case IS_NULL -> isNull(call, item);
            case IS_NOT_NULL -> new Not(isNull(call, item));
            default -> new Unknown();
        };
    }

    private Predicate comparison(SqlCall call, Operator operator, Item item) {
        String left = column(call.operand(0), item);
        String right = column(call.operand(1), item);
        Operand value = operand(left == null ? call.operand(0) : call.operand(1));
        if (value == null || (left == null && right == null)) {
            return new Unknown();
        }
        return left != null ? new Comparison(left, operator, value) : compared(right, operator.flipped(), value);
    }

    private static Predicate compared(@Nullable String column, Operator operator, Operand value) {
        return column == null ? new Unknown() : new Comparison(column, operator, value);
    }

    private Predicate in(SqlCall call, Item item) {
        String column = column(call.operand(0), item);
        if (column == null || !(call.operand(1) instanceof SqlNodeList list)) {
            return new Unknown();
        }
        List<Operand> among = new ArrayList<>();
        for (SqlNode node : list) {
            Operand value = operand(node);
            if (value == null) {
                return new Unknown();
            }
            among.add(value);
        }
        return new In(column, among);
    }

    private Predicate between(SqlCall call, Item item) {
        String column = column(call.operand(0), item);
        Operand from = operand(call.operand(1));
        Operand to = operand(call.operand(2));
        if (column == null
                || from == null
                || to == null
                || !(call.getOperator() instanceof SqlBetweenOperator between)
                || between.flag != SqlBetweenOperator.Flag.ASYMMETRIC) {
            return new Unknown();
        }
        Predicate inside = Predicate.between(column, from, to);
        return between.isNegated() ? new Not(inside) : inside;
    }

    private Predicate isNull(SqlCall call, Item item) {
        String column = column(call.operand(0), item);
        return column == null ? new Unknown() : new IsNull(column);
    }

    /** The column's name when it is certainly one of this table's; whether the table has such a column is seen later. */
    private @Nullable String column(SqlNode node, Item item) {
        if (!(node instanceof SqlIdentifier name) || name.isStar()) {
            return null;
        }
        List<String> names = name.names;
        SqlIdentifier table = item.name();
        boolean own = switch (names.size()) {
            case 1 -> items.size() == 1;
            case 2 -> names.get(0).equals(item.alias());
            case 3 -> !item.renamed() && table != null && names.subList(0, 2).equals(table.names);
            default -> false;
        };
        return own ? names.get(names.size() - 1) : null;
    }

    private static @Nullable Operand operand(SqlNode node) {
        if (node instanceof SqlDynamicParam parameter) {
            return new Operand.Parameter(parameter.getIndex());
        } else if (node instanceof SqlUnknownLiteral typed) {
            return Literal.typed(typed.tag, typed.getValue()).orElse(null);
        } else if (node instanceof SqlCharStringLiteral text) {
            NlsString value = text.getValueAs(NlsString.class);
            boolean plain = value.getCharsetName() == null && value.getCollation() == null;
            return plain ? Literal.string(value.getValue()) : null;
        } else if (node instanceof SqlNumericLiteral number) {
            BigDecimal value = number.getTypeName() == SqlTypeName.DECIMAL ? number.bigDecimalValue() : null;
            return value == null ? null : Literal.number(value);
        } else if (node instanceof SqlLiteral literal && literal.getValue() instanceof Boolean truth) {
            return Literal.bool(truth);
        } else if (node instanceof SqlCall call && call.getKind() == SqlKind.MINUS_PREFIX) {
            return call.operand(0) instanceof SqlNumericLiteral
                            && operand(call.operand(0)) instanceof Literal positive
                            && positive.value() instanceof BigDecimal value
                    ? Literal.number(value.negate())
                    : null;
        }
        return null;
    }
}
