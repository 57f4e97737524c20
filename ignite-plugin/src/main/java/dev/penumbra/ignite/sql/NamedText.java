package dev.penumbra.ignite.sql;

import dev.penumbra.ignite.sql.TableUse.Role;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.read.Consistency;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A text with the places where it names copies: what every execution of it shares, whichever copies answer.
 *
 * <p>Immutable.
 */
@Internal
public final class NamedText {
    private final String sql;
    private final List<TableUse> uses;
    private final TableUses.Found found;
    private final @Nullable Consistency consistency;

    private NamedText(String sql, List<TableUse> uses, TableUses.Found found, @Nullable Consistency consistency) {
        this.sql = sql;
        this.uses = uses;
        this.found = found;
        this.consistency = consistency;
    }

    /**
     * Checks what a text does with the copies it names.
     *
     * @throws PenumbraException when it writes to one, defines one, builds a view on one that may leave or lose
     *     completeness, or names columns in a way that would mean different things depending on the copy that answers
     */
    public static NamedText of(String sql, TableUses.Found found) {
        List<TableUse> uses = new ArrayList<>(found.uses());
        uses.sort(Comparator.comparingInt(TableUse::start));
        for (TableUse use : uses) {
            switch (use.role()) {
                case WRITE -> throw refusal(sql, use, ErrorCode.COPY_WRITTEN);
                case DEFINE -> throw refusal(sql, use, ErrorCode.COPY_DEFINED);
                case VIEW -> {
                    if (!use.schema().equals(CopyNames.HOME)) {
                        throw refusal(sql, use, ErrorCode.VIEW_OF_SHADOW);
                    }
                }
                case READ, COLUMN -> {}
            }
        }
        refuseAmbiguousColumns(sql, uses);
        List<TableUse> routed = new ArrayList<>();
        for (TableUse use : uses) {
            if (use.role() == Role.READ || (use.role() == Role.COLUMN && isRead(uses, use))) {
                routed.add(use);
            }
        }
        return new NamedText(sql, List.copyOf(routed), found, null);
    }

    /**
     * This text as what stood before a clause.
     *
     * @throws PenumbraException when this is no query, or one that names no copy
     */
    public NamedText with(ConsistencyClause clause) {
        if (!found.onlyReads()) {
            throw clause.misplaced("a statement that is no query");
        }
        if (!namesCopies()) {
            throw clause.misplaced("a query that names none");
        }
        return new NamedText(sql, uses, found, clause.consistency());
    }

    /** This text as if it asked for something else. */
    public NamedText at(Consistency other) {
        return new NamedText(sql, uses, found, other);
    }

    /** Whether the text does nothing but read, so that what it has read may be thrown away. */
    boolean onlyReads() {
        return found.onlyReads();
    }

    /**
     * A statement may read {@code SHADOW.T} and {@code HOME.T} at two levels of nesting. When {@code SHADOW.T} is
     * answered by {@code HOME.T}, a column's full name that meant one of them could mean the other; so it is refused
     * wherever it runs, and an alias says what is meant.
     */
    private static void refuseAmbiguousColumns(String sql, List<TableUse> uses) {
        for (TableUse column : uses) {
            if (column.role() != Role.COLUMN) {
                continue;
            }
            Set<String> schemas = new HashSet<>();
            for (TableUse use : uses) {
                if (use.statement() == column.statement()
                        && use.role() == Role.READ
                        && !use.renamed()
                        && use.table().equals(column.table())) {
                    schemas.add(use.schema());
                }
            }
            // Beside the table as it is, one as it was has no full name of its own.
            long moments = uses.stream()
                    .filter(use -> use.statement() == column.statement()
                            && use.role() == Role.READ
                            && !use.renamed()
                            && use.schema().equals(column.schema())
                            && use.table().equals(column.table()))
                    .map(use -> Optional.ofNullable(NameRouter.moment(use)))
                    .distinct()
                    .count();
            if (moments > 1 || (schemas.size() > 1 && schemas.contains(CopyNames.ANY))) {
                throw refusal(sql, column, ErrorCode.COLUMN_AMBIGUOUS);
            }
        }
    }

    private static boolean isRead(List<TableUse> uses, TableUse column) {
        for (TableUse use : uses) {
            if (use.role() == Role.READ
                    && !use.renamed()
                    && use.statement() == column.statement()
                    && use.schema().equals(column.schema())
                    && use.table().equals(column.table())) {
                return true;
            }
        }
        return false;
    }

    static PenumbraException refusal(String sql, TableUse use, ErrorCode code) {
        return Place.of(sql, use.start())
                .in(new PenumbraException(code).with("table", use.schema() + "." + use.table()));
    }

    /** The values of parameters that the engine needs, where those that say as of when a table is read are used up. */
    public @Nullable Object[] remaining(@Nullable Object[] parameters) {
        if (uses.stream().noneMatch(use -> use.asOf() != null && use.asOf().parameter() >= 0)) {
            return parameters;
        }
        List<@Nullable Object> left = new ArrayList<>();
        for (int i = 0; i < parameters.length; i++) {
            int number = i;
            if (uses.stream().noneMatch(use -> use.asOf() != null && use.asOf().parameter() == number)) {
                left.add(parameters[i]);
            }
        }
        return left.toArray();
    }

    /** The text as it was typed, without its clause. */
    public String sql() {
        return sql;
    }

    /** Whether the text names any copy. */
    public boolean namesCopies() {
        return !uses.isEmpty();
    }

    /** Whether running the text reads the copies it names, rather than explaining a plan. */
    public boolean executed() {
        return found.executed();
    }

    /** What the statement's clause asks for; null where it has none. */
    public @Nullable Consistency consistency() {
        return consistency;
    }

    /** The reads and the columns that go with them, in the order of the text. */
    List<TableUse> uses() {
        return uses;
    }
}
