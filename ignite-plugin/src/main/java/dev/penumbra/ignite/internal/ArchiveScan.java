package dev.penumbra.ignite.internal;

import dev.penumbra.model.Position;
import dev.penumbra.shadow.ArchiveRows;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.TreeMap;
import org.apache.calcite.util.ImmutableBitSet;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.IgniteException;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cluster.ClusterTopologyException;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.distributed.dht.topology.GridDhtLocalPartition;
import org.apache.ignite.internal.processors.cache.distributed.dht.topology.GridDhtPartitionState;
import org.apache.ignite.internal.processors.cache.persistence.CacheDataRow;
import org.apache.ignite.internal.processors.query.calcite.exec.ExecutionContext;
import org.apache.ignite.internal.processors.query.calcite.exec.RowHandler;
import org.apache.ignite.internal.processors.query.calcite.exec.TableScan;
import org.apache.ignite.internal.processors.query.calcite.schema.CacheColumnDescriptor;
import org.apache.ignite.internal.processors.query.calcite.schema.CacheTableDescriptor;
import org.apache.ignite.internal.processors.query.calcite.schema.ColumnDescriptor;
import org.apache.ignite.internal.processors.query.calcite.util.TypeUtils;
import org.jspecify.annotations.Nullable;

/**
 * All versions of a copy's rows on this node, partition by partition: those of the archive and those that the copy has.
 *
 * <p>A partition's rows are read before its archive, and what was before a change is in the archive before the change is in the copy. So
 * of a version that a change ends meanwhile either the row is found, or what was before, or both; and both are the same. A partition is
 * held in memory while it is read.
 *
 * <p>Owned by one thread.
 */
final class ArchiveScan<R> extends TableScan<R> {
    private final GridCacheContext<?, ?> rowsContext;
    private final @Nullable CacheColumnDescriptor[] columns;
    private final String[] names;
    private final List<GridDhtLocalPartition> reservedRows = new ArrayList<>();

    /**
     * A version of a row.
     *
     * @param since from which position on it was there
     * @param until from which position on it was not there any more; null while it is
     */
    private record Version(
            CacheDataRow row, Position since, @Nullable Position until) {}

    /**
     * @param archive the table of the archive
     * @param rows the table of the copy's rows, on this node
     */
    ArchiveScan(
            ExecutionContext<R> execution,
            CacheTableDescriptor archive,
            CacheTableDescriptor rows,
            int[] partitions,
            @Nullable ImmutableBitSet required) {
        super(execution, archive, partitions, required);
        this.rowsContext = rows.cacheContext();
        ImmutableBitSet wanted = required == null
                ? ImmutableBitSet.range(archive.columnDescriptors().size())
                : required;
        this.columns = new @Nullable CacheColumnDescriptor[wanted.cardinality()];
        this.names = new String[wanted.cardinality()];
        List<String> all =
                archive.columnDescriptors().stream().map(ColumnDescriptor::name).toList();
        int i = 0;
        for (int ordinal : wanted) {
            String name = all.get(ordinal);
            names[i] = name;
            columns[i] = (CacheColumnDescriptor) rows.columnDescriptor(name);
            i++;
        }
    }

    @Override
    protected Iterator<R> createIterator() {
        for (GridDhtLocalPartition partition : reserved) {
            GridDhtLocalPartition same = rowsContext.topology().localPartition(partition.id());
            if (same == null || !same.reserve()) {
                throw moving();
            }
            reservedRows.add(same);
            if (same.state() != GridDhtPartitionState.OWNING) {
                throw moving();
            }
        }
        return new Versions(new ArrayDeque<>(reserved), new ArrayDeque<>(reservedRows));
    }

    private ClusterTopologyException moving() {
        releaseRows();
        return new ClusterTopologyException(
                "Failed to reserve partition for query execution. Retry on stable topology.");
    }

    private synchronized void releaseRows() {
        reservedRows.forEach(GridDhtLocalPartition::release);
        reservedRows.clear();
    }

    @Override
    public void close() {
        releaseRows();
        super.close();
    }

    private final class Versions implements Iterator<R> {
        private final Queue<GridDhtLocalPartition> archives;
        private final Queue<GridDhtLocalPartition> partitions;
        private Iterator<Version> versions = List.<Version>of().iterator();

        Versions(Queue<GridDhtLocalPartition> archives, Queue<GridDhtLocalPartition> partitions) {
            this.archives = archives;
            this.partitions = partitions;
        }

        @Override
        public boolean hasNext() {
            while (!versions.hasNext() && !partitions.isEmpty()) {
                try {
                    versions = versions(partitions.remove(), archives.remove()).iterator();
                } catch (IgniteCheckedException e) {
                    throw new IgniteException(e);
                }
            }
            return versions.hasNext();
        }

        @Override
        public R next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            try {
                return row(versions.next());
            } catch (IgniteCheckedException e) {
                throw new IgniteException(e);
            }
        }
    }

    private List<Version> versions(GridDhtLocalPartition partition, GridDhtLocalPartition archive)
            throws IgniteCheckedException {
        Map<Object, CacheDataRow> present = new LinkedHashMap<>();
        var stored = partition.dataStore().cursor(rowsContext.cacheId());
        while (stored.next()) {
            CacheDataRow row = stored.get();
            present.put(ArchiveEntry.object(rowsContext, row), row);
        }
        Map<Object, TreeMap<Position, ArchiveEntry>> former = new LinkedHashMap<>();
        var kept = archive.dataStore().cursor(cctx.cacheId());
        while (kept.next()) {
            ArchiveEntry entry = ArchiveEntry.of(cctx, kept.get());
            former.computeIfAbsent(entry.row(), key -> new TreeMap<>()).put(entry.until(), entry);
        }
        // Otherwise the rows could be newer than what was.
        OwnedPartition.confirm(cctx, archive.id());
        List<Version> versions = new ArrayList<>();
        former.forEach((key, entries) -> {
            Position since = Position.START;
            for (ArchiveEntry entry : entries.values()) {
                BinaryObject value = entry.value();
                if (value != null) {
                    versions.add(new Version(entry.asRow(rowsContext, value), since, entry.until()));
                }
                since = entry.until();
            }
            CacheDataRow row = present.remove(key);
            if (row != null) {
                versions.add(new Version(row, since, null));
            }
        });
        present.values().forEach(row -> versions.add(new Version(row, Position.START, null)));
        return versions;
    }

    private R row(Version version) throws IgniteCheckedException {
        RowHandler<R> handler = factory.handler();
        R row = factory.create();
        for (int i = 0; i < columns.length; i++) {
            CacheColumnDescriptor column = columns[i];
            handler.set(
                    i,
                    row,
                    column == null
                            ? bound(names[i], version)
                            : TypeUtils.toInternal(
                                    ectx, column.value(ectx, rowsContext, version.row()), column.storageType()));
        }
        return row;
    }

    private static Object bound(String name, Version version) {
        Position until = version.until();
        return switch (name) {
            case ArchiveRows.SINCE_EPOCH -> version.since().epoch();
            case ArchiveRows.SINCE -> version.since().sequence();
            case ArchiveRows.UNTIL_EPOCH -> until == null ? Integer.MAX_VALUE : until.epoch();
            case ArchiveRows.UNTIL -> until == null ? Long.MAX_VALUE : until.sequence();
            default -> throw new IllegalStateException("a column that the copy does not have: " + name);
        };
    }
}
