package dev.penumbra.ignite.sql;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Operation;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.coverage.Coverage;
import dev.penumbra.shadow.read.Consistency;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A statement that Penumbra adds to Ignite SQL. */
@Internal
public sealed interface ShadowStatement {
    /**
     * The name of a source as it was typed.
     *
     * @param text the name, not folded
     * @param exact whether it was quoted and therefore must match letter by letter
     * @param place where it stands
     */
    record SourceName(String text, boolean exact, Place place) {}

    /**
     * The options of a shadow that a statement names; what it does not name is null.
     *
     * @param ttl zero for ever
     * @param archive zero for none
     */
    record Options(
            @Nullable Compression compression,
            @Nullable Integer nearRows,
            @Nullable Consistency consistency,
            @Nullable Duration ttl,
            @Nullable Integer commitPercent,
            @Nullable Duration archive) {
        /** Names none. */
        static final Options NONE = new Options(null, null, null, null, null, null);

        /** What a shadow is to be with these options. */
        public ShadowDefinition over(ShadowDefinition present) {
            return new ShadowDefinition(
                    present.name(),
                    Objects.requireNonNullElse(compression, present.compression()),
                    Objects.requireNonNullElse(nearRows, present.nearRows()),
                    Objects.requireNonNullElse(consistency, present.consistency()),
                    present.coverage(),
                    Objects.requireNonNullElse(ttl, present.ttl()),
                    Objects.requireNonNullElse(commitPercent, present.commitPercent()),
                    Objects.requireNonNullElse(archive, present.archive()));
        }
    }

    /** {@code CREATE SHADOW}. */
    record CreateShadow(
            SourceName source,
            TableName table,
            Datacenter datacenter,
            Coverage coverage,
            Options options,
            boolean ifNotExists)
            implements ShadowStatement {}

    /** {@code ALTER SHADOW}. */
    record AlterShadow(SourceName source, TableName table, Datacenter datacenter, Options options)
            implements ShadowStatement {}

    /** {@code REFRESH SHADOW}. */
    record RefreshShadow(SourceName source, TableName table, Datacenter datacenter) implements ShadowStatement {}

    /** {@code DROP SHADOW}. */
    record DropShadow(SourceName source, TableName table, Datacenter datacenter, boolean ifExists)
            implements ShadowStatement {}

    /**
     * {@code CREATE TRIGGER}.
     *
     * @param schema the table's schema; null for the session's
     * @param rowTrigger the class to call; null for CAPTURE
     */
    record CreateTrigger(
            String name,
            @Nullable String schema,
            String table,
            Set<Operation> operations,
            @Nullable String rowTrigger,
            boolean ifNotExists)
            implements ShadowStatement {
        public CreateTrigger {
            operations = Set.copyOf(operations);
        }
    }

    /** {@code DROP TRIGGER}. */
    record DropTrigger(String name, boolean ifExists) implements ShadowStatement {}

    /**
     * {@code EXPLAIN SHADOW}.
     *
     * @param query the query to explain, at its own place in an otherwise blank copy of the text
     * @param clause the clause that stood behind the query; null when none did
     */
    record ExplainShadow(String query, @Nullable ConsistencyClause clause) implements ShadowStatement {}
}
