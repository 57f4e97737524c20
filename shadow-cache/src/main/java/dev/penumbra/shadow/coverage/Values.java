package dev.penumbra.shadow.coverage;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;

/**
 * A set of a column's values, NULL perhaps among them: ranges between cuts.
 *
 * <p>A cut stands below or above one value. Values before the first cut are in the set or not, and each cut changes that. Of whole
 * numbers a cut above one is the cut below the next, so that equal sets have equal cuts. Immutable.
 */
final class Values {
    static final Values ALL = new Values(true, true, List.of());
    static final Values NULL = new Values(true, false, List.of());
    static final Values NOT_NULL = new Values(false, true, List.of());

    private record Cut(Comparable<?> at, boolean above) {
        @SuppressWarnings("unchecked") // values of one column are of one class
        int compare(Comparable<?> value, boolean isAbove) {
            int order = ((Comparable<Object>) at).compareTo(value);
            return order != 0 ? order : Boolean.compare(above, isAbove);
        }
    }

    private final boolean nulls;
    private final boolean first;
    private final List<Cut> cuts;

    private Values(boolean nulls, boolean first, List<Cut> cuts) {
        this.nulls = nulls;
        this.first = first;
        this.cuts = cuts;
    }

    /** All that a column of a domain can hold. */
    static Values universe(Domain domain) {
        Long least = domain.least();
        Long greatest = domain.greatest();
        return least == null || greatest == null
                ? ALL
                : of(domain, Predicate.Operator.AT_LEAST, least)
                        .intersect(of(domain, Predicate.Operator.AT_MOST, greatest))
                        .union(NULL);
    }

    /** Some values. */
    static Values among(Domain domain, SortedSet<Comparable<?>> points) {
        List<Cut> cuts = new ArrayList<>(2 * points.size());
        for (Comparable<?> point : points) {
            List<Cut> around = of(domain, Predicate.Operator.EQUAL, point).cuts;
            boolean adjacent = !cuts.isEmpty() && cuts.get(cuts.size() - 1).equals(around.get(0));
            if (adjacent) {
                cuts.remove(cuts.size() - 1);
                cuts.addAll(around.subList(1, around.size()));
            } else {
                cuts.addAll(around);
            }
        }
        return new Values(false, false, cuts);
    }

    /** The order in which values of one column stand. */
    @SuppressWarnings("unchecked") // values of one column are of one class
    static Comparator<Comparable<?>> order() {
        return (one, other) -> ((Comparable<Object>) one).compareTo(other);
    }

    /** The values that compare so with one; never NULL. */
    static Values of(Domain domain, Predicate.Operator operator, Comparable<?> value) {
        Cut below = cut(domain, value, false);
        List<Cut> point = domain.least() != null && value.equals(Long.MAX_VALUE)
                ? List.of(below)
                : List.of(below, cut(domain, value, true));
        List<Cut> above = point.subList(1, point.size());
        return switch (operator) {
            case EQUAL -> new Values(false, false, point);
            case DIFFERENT -> new Values(false, true, point);
            case LESS -> new Values(false, true, List.of(below));
            case AT_LEAST -> new Values(false, false, List.of(below));
            case AT_MOST -> new Values(false, true, above);
            case GREATER -> new Values(false, false, above);
        };
    }

    private static Cut cut(Domain domain, Comparable<?> value, boolean above) {
        return above && domain.least() != null ? new Cut((Long) value + 1, false) : new Cut(value, above);
    }

    Values complement() {
        return new Values(!nulls, !first, cuts);
    }

    Values union(Values other) {
        return complement().intersect(other.complement()).complement();
    }

    Values intersect(Values other) {
        List<Cut> both = new ArrayList<>();
        boolean in = first;
        boolean otherIn = other.first;
        boolean now = in && otherIn;
        int i = 0;
        int j = 0;
        while (i < cuts.size() || j < other.cuts.size()) {
            int order = i == cuts.size()
                    ? 1
                    : j == other.cuts.size()
                            ? -1
                            : cuts.get(i)
                                    .compare(
                                            other.cuts.get(j).at(),
                                            other.cuts.get(j).above());
            Cut cut = order <= 0 ? cuts.get(i) : other.cuts.get(j);
            if (order <= 0) {
                in = !in;
                i++;
            }
            if (order >= 0) {
                otherIn = !otherIn;
                j++;
            }
            if ((in && otherIn) != now) {
                now = !now;
                both.add(cut);
            }
        }
        return new Values(nulls && other.nulls, first && other.first, both);
    }

    boolean isEmpty() {
        return !nulls && !first && cuts.isEmpty();
    }

    boolean containsNull() {
        return nulls;
    }

    /** Whether any value but NULL is in a set that was made without a domain. */
    boolean containsOthers() {
        return first;
    }

    /** Whether a value is in the set; it must not be null. */
    boolean contains(Comparable<?> value) {
        int low = 0;
        int high = cuts.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            // A cut above the value itself is behind it.
            if (cuts.get(middle).compare(value, false) <= 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return first ^ (low % 2 == 1);
    }
}
