package dev.penumbra.ignite.internal;

import java.util.LinkedHashMap;
import java.util.UUID;
import org.apache.ignite.internal.cache.query.index.Index;
import org.apache.ignite.internal.cache.query.index.IndexName;
import org.apache.ignite.internal.cache.query.index.sorted.IndexKeyDefinition;
import org.apache.ignite.internal.cache.query.index.sorted.IndexKeyTypeSettings;
import org.apache.ignite.internal.cache.query.index.sorted.IndexRow;
import org.apache.ignite.internal.cache.query.index.sorted.IndexRowCache;
import org.apache.ignite.internal.cache.query.index.sorted.IndexRowComparator;
import org.apache.ignite.internal.cache.query.index.sorted.InlineIndexRowHandlerFactory;
import org.apache.ignite.internal.cache.query.index.sorted.SortedIndexDefinition;
import org.apache.ignite.internal.cache.query.index.sorted.SortedSegmentedIndex;
import org.apache.ignite.internal.cache.query.index.sorted.inline.IndexQueryContext;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.GridCacheContextInfo;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.processors.query.GridQueryTypeDescriptor;
import org.apache.ignite.internal.util.lang.GridCursor;
import org.jspecify.annotations.Nullable;

/**
 * An index that holds nothing and is asked by no query: it hears of every row that leaves a cache's storage on this node.
 *
 * <p>It is one of the sorted indexes, because Ignite looks through all indexes of a cache for one that fits a query of the
 * cache API and refuses the query where it meets another kind.
 */
final class RemovalIndex implements SortedSegmentedIndex, SortedIndexDefinition {
    private static final String NAME = "PENUMBRA_REMOVALS";

    private final UUID id = UUID.randomUUID();
    private final GridCacheContext<?, ?> context;
    private final TapListener listener;
    private final IndexName name;

    RemovalIndex(GridCacheContext<?, ?> context, TapListener listener) {
        this.context = context;
        this.listener = listener;
        this.name = new IndexName(context.name(), null, null, NAME);
    }

    void add() {
        context.kernalContext().indexProcessor().createIndex(context, (cache, definition) -> this, this);
    }

    void remove() {
        if (context.kernalContext().indexProcessor().index(name) != null) {
            context.kernalContext().indexProcessor().removeIndex(name, true);
        }
    }

    @Override
    public void onUpdate(@Nullable CacheDataRow former, @Nullable CacheDataRow next, boolean formerAvailable) {
        if (next == null && former != null) {
            listener.removed(former.partition(), former.key(), former.value());
        }
    }

    @Override
    public UUID id() {
        return id;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean canHandle(CacheDataRow row) {
        return true;
    }

    @Override
    @SuppressWarnings("TypeParameterUnusedInFormals") // the signature is Ignite's
    public <T extends Index> @Nullable T unwrap(Class<T> type) {
        return type.isInstance(this) ? type.cast(this) : null;
    }

    @Override
    public void destroy(boolean softDelete) {}

    @Override
    public SortedIndexDefinition indexDefinition() {
        return this;
    }

    @Override
    public IndexName idxName() {
        return name;
    }

    @Override
    @SuppressWarnings("NonApiType") // the signature is Ignite's
    public LinkedHashMap<String, IndexKeyDefinition> indexKeyDefinitions() {
        return new LinkedHashMap<>();
    }

    @Override
    public String treeName() {
        return NAME;
    }

    @Override
    public IndexRowComparator rowComparator() {
        throw holdsNothing();
    }

    @Override
    public InlineIndexRowHandlerFactory rowHandlerFactory() {
        throw holdsNothing();
    }

    @Override
    public IndexKeyTypeSettings keyTypeSettings() {
        throw holdsNothing();
    }

    @Override
    public IndexRowCache idxRowCache() {
        throw holdsNothing();
    }

    @Override
    public GridQueryTypeDescriptor typeDescriptor() {
        throw holdsNothing();
    }

    @Override
    public GridCacheContextInfo<?, ?> cacheInfo() {
        throw holdsNothing();
    }

    @Override
    public int segments() {
        return 1;
    }

    @Override
    public int inlineSize() {
        return 0;
    }

    @Override
    public boolean primary() {
        return false;
    }

    @Override
    public boolean affinity() {
        return false;
    }

    private static UnsupportedOperationException holdsNothing() {
        return new UnsupportedOperationException("this index holds nothing");
    }

    @Override
    public GridCursor<IndexRow> find(
            @Nullable IndexRow lower,
            @Nullable IndexRow upper,
            boolean lowerInclusive,
            boolean upperInclusive,
            int segment,
            IndexQueryContext query) {
        throw holdsNothing();
    }

    @Override
    public GridCursor<IndexRow> find(
            @Nullable IndexRow lower,
            @Nullable IndexRow upper,
            boolean lowerInclusive,
            boolean upperInclusive,
            IndexQueryContext query) {
        throw holdsNothing();
    }

    @Override
    public GridCursor<IndexRow> findFirst(int segment, IndexQueryContext query) {
        throw holdsNothing();
    }

    @Override
    public GridCursor<IndexRow> findLast(int segment, IndexQueryContext query) {
        throw holdsNothing();
    }

    @Override
    public GridCursor<IndexRow> findFirstOrLast(IndexQueryContext query, boolean first) {
        throw holdsNothing();
    }

    @Override
    public long count(int segment) {
        return 0;
    }

    @Override
    public long count(int segment, IndexQueryContext query) {
        return 0;
    }

    @Override
    public int segmentsCount() {
        return 1;
    }

    @Override
    public long totalCount() {
        return 0;
    }
}
