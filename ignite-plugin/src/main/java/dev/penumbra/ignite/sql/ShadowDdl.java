package dev.penumbra.ignite.sql;

import dev.penumbra.ignite.sql.ShadowStatement.AlterShadow;
import dev.penumbra.ignite.sql.ShadowStatement.CreateShadow;
import dev.penumbra.ignite.sql.ShadowStatement.DropShadow;
import dev.penumbra.ignite.sql.ShadowStatement.RefreshShadow;
import dev.penumbra.ignite.sql.ShadowStatement.SourceName;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.ShadowStatus;
import dev.penumbra.shadow.Shadows;
import dev.penumbra.shadow.read.Consistency;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Runs the statements that create, change, refresh and drop shadows.
 *
 * <p>Safe for use by several threads.
 */
@Internal
public final class ShadowDdl {
    private final Shadows shadows;

    public ShadowDdl(Shadows shadows) {
        this.shadows = shadows;
    }

    /**
     * Creates a shadow.
     *
     * @throws PenumbraException when the source is unknown, or as {@link Shadows#create} says
     */
    public void run(CreateShadow statement) {
        List<String> matches = matches(statement.source(), shadows.sources());
        if (matches.isEmpty()) {
            throw statement
                    .source()
                    .place()
                    .in(new PenumbraException(ErrorCode.SOURCE_NOT_FOUND)
                            .with("source", statement.source().text())
                            .with("known", shadows.sources()));
        }
        ShadowName name = name(statement.source(), matches, statement.table(), statement.datacenter());
        ShadowDefinition bare = new ShadowDefinition(
                name,
                Compression.ZSTD,
                ShadowDefinition.NEAR_ROWS_DEFAULT,
                Consistency.eventual(),
                statement.coverage());
        shadows.create(statement.options().over(bare), statement.ifNotExists());
    }

    /**
     * Changes a shadow.
     *
     * @throws PenumbraException when there is no such shadow, or as {@link Shadows#alter} says
     */
    public void run(AlterShadow statement) {
        shadows.alter(
                existing(statement.source(), statement.table(), statement.datacenter()), statement.options()::over);
    }

    /**
     * Has a shadow's rows brought anew.
     *
     * @throws PenumbraException when there is no such shadow, or as {@link Shadows#refresh} says
     */
    public void run(RefreshShadow statement) {
        shadows.refresh(existing(statement.source(), statement.table(), statement.datacenter()));
    }

    private ShadowName existing(SourceName source, TableName table, Datacenter datacenter) {
        Set<String> known = knownSources();
        List<String> matches = matches(source, known);
        if (matches.isEmpty()) {
            throw notFound(source, known);
        }
        return name(source, matches, table, datacenter);
    }

    /**
     * Drops a shadow.
     *
     * @throws PenumbraException when there is no such shadow, or as {@link Shadows#drop} says
     */
    public void run(DropShadow statement) {
        Set<String> known = knownSources();
        List<String> matches = matches(statement.source(), known);
        if (matches.isEmpty()) {
            if (statement.ifExists()) {
                return;
            }
            throw notFound(statement.source(), known);
        }
        shadows.drop(
                name(statement.source(), matches, statement.table(), statement.datacenter()), statement.ifExists());
    }

    private Set<String> knownSources() {
        // A shadow may outlive the last node that knows its source.
        Set<String> known = new LinkedHashSet<>(shadows.sources());
        for (ShadowStatus status : shadows.all()) {
            known.add(status.definition().name().source());
        }
        return known;
    }

    private static PenumbraException notFound(SourceName asked, Set<String> known) {
        return asked.place()
                .in(new PenumbraException(ErrorCode.SHADOW_NOT_FOUND)
                        .with("source", asked.text())
                        .with("known", known));
    }

    private static ShadowName name(SourceName asked, List<String> matches, TableName table, Datacenter datacenter) {
        if (matches.size() > 1) {
            throw asked.place()
                    .in(new PenumbraException(ErrorCode.SOURCE_AMBIGUOUS)
                            .with("source", asked.text())
                            .with("known", matches));
        }
        return new ShadowName(matches.get(0), table, datacenter);
    }

    /** The source spelled exactly so, else, for a name without quotes, those spelled so in another letter case. */
    private static List<String> matches(SourceName asked, Collection<String> known) {
        if (known.contains(asked.text())) {
            return List.of(asked.text());
        }
        if (asked.exact()) {
            return List.of();
        }
        String folded = asked.text().toUpperCase(Locale.ROOT);
        return known.stream()
                .filter(source -> source.toUpperCase(Locale.ROOT).equals(folded))
                .toList();
    }
}
