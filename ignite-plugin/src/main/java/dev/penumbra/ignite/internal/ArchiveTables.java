package dev.penumbra.ignite.internal;

import dev.penumbra.shadow.Copy;
import java.util.function.Supplier;
import org.apache.calcite.schema.SchemaPlus;
import org.apache.ignite.internal.GridKernalContext;
import org.apache.ignite.internal.processors.cache.GridCacheContextInfo;
import org.apache.ignite.internal.processors.query.GridQueryTypeDescriptor;
import org.apache.ignite.internal.processors.query.calcite.schema.CacheTableDescriptor;
import org.apache.ignite.internal.processors.query.calcite.schema.CacheTableImpl;
import org.apache.ignite.internal.processors.query.calcite.schema.IgniteSchema;
import org.apache.ignite.internal.processors.query.calcite.schema.SchemaHolder;
import org.apache.ignite.internal.processors.query.schema.AbstractSchemaChangeListener;
import org.jspecify.annotations.Nullable;

/**
 * Puts an {@link ArchiveTable} in the place of the table that the engine makes for an archive's cache.
 *
 * <p>Called by Ignite, one change at a time, behind the engine's own listener. The archive's cache holds no entry of the type that its
 * table is said to have: a scan of the engine's own finds nothing.
 */
final class ArchiveTables extends AbstractSchemaChangeListener {
    private final GridKernalContext context;
    private final Supplier<SchemaHolder> schemas;

    ArchiveTables(GridKernalContext context, Supplier<SchemaHolder> schemas) {
        this.context = context;
        this.schemas = schemas;
    }

    @Override
    public void onSqlTypeCreated(
            String schemaName, GridQueryTypeDescriptor type, GridCacheContextInfo<?, ?> cacheInfo) {
        String rowsCache = Copy.archivedCache(cacheInfo.name());
        if (rowsCache == null) {
            return;
        }
        String table = type.tableName();
        SchemaPlus schema = schemas.get().schema(schemaName);
        CacheTableDescriptor made = descriptor(schema, table);
        IgniteSchema holding = schema == null ? null : schema.unwrap(IgniteSchema.class);
        if (made == null || holding == null) {
            throw new IllegalStateException("a table that the engine does not have: " + schemaName + "." + table);
        }
        holding.addTable(table, new ArchiveTable(context, made, () -> rows(rowsCache)));
    }

    /** Whether the engine reads versions from this table now. */
    static boolean isArchive(@Nullable SchemaPlus schema, String table) {
        return schema != null && schema.getTable(table) instanceof ArchiveTable;
    }

    private @Nullable CacheTableDescriptor rows(String cache) {
        for (GridQueryTypeDescriptor type : context.query().types(cache)) {
            CacheTableDescriptor found = descriptor(schemas.get().schema(type.schemaName()), type.tableName());
            if (found != null && found.cacheInfo().name().equals(cache)) {
                return found;
            }
        }
        return null;
    }

    private static @Nullable CacheTableDescriptor descriptor(@Nullable SchemaPlus schema, String table) {
        return schema != null && schema.getTable(table) instanceof CacheTableImpl known ? known.descriptor() : null;
    }
}
