package dev.penumbra.ignite.internal;

import dev.penumbra.shadow.Copy;
import java.util.List;
import java.util.function.Supplier;
import org.apache.calcite.schema.SchemaPlus;
import org.apache.calcite.schema.Table;
import org.apache.ignite.internal.GridKernalContext;
import org.apache.ignite.internal.processors.cache.GridCacheContextInfo;
import org.apache.ignite.internal.processors.query.GridQueryTypeDescriptor;
import org.apache.ignite.internal.processors.query.QueryField;
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
        replace(schemaName, type.tableName(), cacheInfo);
    }

    /** The engine has made another table. */
    @Override
    public void onColumnsAdded(
            String schemaName,
            GridQueryTypeDescriptor type,
            GridCacheContextInfo<?, ?> cacheInfo,
            List<QueryField> columns) {
        replace(schemaName, type.tableName(), cacheInfo);
    }

    @Override
    public void onColumnsDropped(
            String schemaName,
            GridQueryTypeDescriptor type,
            GridCacheContextInfo<?, ?> cacheInfo,
            List<String> columns) {
        replace(schemaName, type.tableName(), cacheInfo);
    }

    private void replace(String schemaName, String table, GridCacheContextInfo<?, ?> cacheInfo) {
        String rowsCache = Copy.archivedCache(cacheInfo.name());
        if (rowsCache == null) {
            return;
        }
        SchemaPlus schema = schemas.get().schema(schemaName);
        CacheTableDescriptor made = descriptor(schema, table);
        IgniteSchema holding = schema == null ? null : schema.unwrap(IgniteSchema.class);
        if (made == null || holding == null) {
            throw new IllegalStateException("a table that the engine does not have: " + schemaName + "." + table);
        }
        holding.addTable(table, new ArchiveTable(context, made, () -> rows(rowsCache)));
    }

    /** Whether a table of this name is one of which a scan gives what it should: a copy's or a user's, or an archive's that stands in its place. */
    static boolean isReadable(SchemaPlus schema, String table) {
        Table found = schema.getTable(table);
        return found instanceof CacheTableImpl known
                ? known instanceof ArchiveTable
                        || Copy.archivedCache(known.descriptor().cacheInfo().name()) == null
                : found != null;
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
