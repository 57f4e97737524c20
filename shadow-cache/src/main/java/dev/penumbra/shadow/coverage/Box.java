package dev.penumbra.shadow.coverage;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The rows whose columns each hold one of a set of values; a column that is not named may hold anything.
 *
 * @param columns the sets by the columns' ordinals
 */
record Box(Map<Integer, Values> columns) {
    static final Box ALL = new Box(Map.of());

    Box {
        columns = Map.copyOf(columns);
    }

    Values get(int ordinal, List<Values> universes) {
        Values values = columns.get(ordinal);
        return values == null ? universes.get(ordinal) : values;
    }

    Box with(int ordinal, Values values) {
        Map<Integer, Values> next = new HashMap<>(columns);
        next.put(ordinal, values);
        return new Box(next);
    }

    Box intersect(Box other) {
        if (columns.isEmpty()) {
            return other;
        }
        Map<Integer, Values> both = new HashMap<>(columns);
        other.columns.forEach((ordinal, values) -> both.merge(ordinal, values, Values::intersect));
        return new Box(both);
    }

    boolean isEmpty() {
        return columns.values().stream().anyMatch(Values::isEmpty);
    }

    /** The column that alone is named; -1 when there is none, or there are several. */
    int onlyColumn() {
        return columns.size() == 1 ? columns.keySet().iterator().next() : -1;
    }
}
