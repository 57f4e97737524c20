package dev.penumbra.shadow.coverage;

import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A partial coverage of a table in one layout: which rows are inside, and what is proven to be inside.
 *
 * <p>Immutable; safe for use by several threads.
 */
@Internal
public final class CoveredRows {
    /** What a proof may cost; beyond it nothing is proven. */
    private static final int STEPS_MAX = 10_000;

    private static final int SHOWN_MAX = 200;

    private final String text;
    private final TableSchema layout;
    private final List<@Nullable Domain> domains;
    private final List<Values> universes;
    private final List<Box> boxes;

    /**
     * @param text the coverage's
     * @throws Misfit when the predicate does not fit the layout
     */
    CoveredRows(String text, Predicate predicate, TableSchema layout) {
        this.text = text.length() <= SHOWN_MAX ? text : text.substring(0, SHOWN_MAX) + "...";
        this.layout = layout;
        this.domains = new ArrayList<>();
        this.universes = new ArrayList<>();
        for (var column : layout.columns()) {
            @Nullable Domain domain = Domain.of(column.type());
            domains.add(domain);
            universes.add(domain == null ? Values.ALL : Values.universe(domain));
        }
        this.boxes = Boxes.exactly(predicate, layout, domains);
    }

    /**
     * Whether a row is inside. A row of which that is in doubt is inside, so that whatever a statement finds it by, it is there; a
     * statement's own filter leaves it out where it must.
     */
    public boolean contains(Row row) {
        for (Box box : boxes) {
            if (contains(box, row)) {
                return true;
            }
        }
        return false;
    }

    private boolean contains(Box box, Row row) {
        for (Map.Entry<Integer, Values> column : box.columns().entrySet()) {
            Values values = column.getValue();
            @Nullable Object value = row.get(column.getKey());
            @Nullable Domain domain = domains.get(column.getKey());
            if (value == null) {
                if (!values.containsNull()) {
                    return false;
                }
            } else {
                Object compared = domain == null ? Domain.DOUBTFUL : domain.ofRow(value);
                if (domain == null) {
                    // Without a domain there is but NULL and anything else.
                    if (!values.containsOthers()) {
                        return false;
                    }
                } else if (compared != Domain.DOUBTFUL && !values.contains((Comparable<?>) compared)) {
                    return false;
                }
            }
        }
        return true;
    }

    /**
     * Whether every row that can pass a filter is proven to be inside.
     *
     * @param filter what a statement asks of each row of the table that it needs
     * @param parameters the values of its dynamic parameters, as far as they are known
     */
    public boolean containsAll(Predicate filter, @Nullable Object[] parameters) {
        int[] steps = {STEPS_MAX};
        for (Box box : Boxes.atLeast(filter, layout, domains, parameters)) {
            if (!isCovered(box, 0, steps)) {
                return false;
            }
        }
        return true;
    }

    /** Whether every row that can stand under a key is proven to be inside. */
    public boolean containsKey(Key key) {
        Box box = Box.ALL;
        int[] ordinals = layout.keyOrdinals();
        if (key.size() != ordinals.length) {
            return false;
        }
        for (int i = 0; i < ordinals.length; i++) {
            @Nullable Domain domain = domains.get(ordinals[i]);
            boolean fits = layout.columns().get(ordinals[i]).type().accepts(key.get(i));
            Object value = domain == null || !fits ? Domain.DOUBTFUL : domain.ofRow(key.get(i));
            if (domain != null && value != Domain.DOUBTFUL) {
                box = box.with(ordinals[i], Values.of(domain, Predicate.Operator.EQUAL, (Comparable<?>) value));
            }
        }
        return isCovered(box, 0, new int[] {STEPS_MAX});
    }

    /** Whether all rows of a box are in the boxes from an index on: what lies outside of one must be in those behind it. */
    private boolean isCovered(Box box, int from, int[] steps) {
        for (int i = from; i < boxes.size(); i++) {
            if (--steps[0] < 0) {
                return false;
            }
            Box present = boxes.get(i);
            if (box.intersect(present).isEmpty()) {
                continue;
            }
            Box rest = box;
            for (Map.Entry<Integer, Values> column : present.columns().entrySet()) {
                int ordinal = column.getKey();
                Values own = rest.get(ordinal, universes);
                Values outside = own.intersect(column.getValue().complement());
                if (!outside.isEmpty() && !isCovered(rest.with(ordinal, outside), i + 1, steps)) {
                    return false;
                }
                rest = rest.with(ordinal, own.intersect(column.getValue()));
            }
            return true;
        }
        return false;
    }

    /** The coverage's text, cut short where it is long. */
    @Override
    public String toString() {
        return text;
    }
}
