package dev.penumbra.derby;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableName;
import java.util.Arrays;
import java.util.List;
import org.apache.derby.iapi.store.access.ConglomerateController;
import org.apache.derby.iapi.store.access.ScanController;
import org.apache.derby.iapi.store.access.TransactionController;
import org.apache.derby.iapi.store.access.conglomerate.TransactionManager;
import org.apache.derby.iapi.types.BitDataValue;
import org.apache.derby.iapi.types.DataValueDescriptor;
import org.apache.derby.iapi.types.RowLocation;
import org.apache.derby.shared.common.error.StandardException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps Derby from losing updates of tables that have triggers.
 *
 * <p>A statement on such a table first reads all of its rows and then changes them. At READ COMMITTED it lets go of each row's lock in
 * between; what another transaction commits to the row meanwhile is overwritten with what was made of the old row. This locks
 * each row before it is changed, and refuses the statement when the row is not what was read any more.
 */
final class RowGuard {
    private final TableName table;
    private final long rows;
    private final long index;
    private final List<Integer> keyPositions;

    /**
     * @param rows the conglomerate of the table's rows
     * @param index the conglomerate of a unique index
     * @param keyPositions the index's columns by their positions in the table, from 1
     */
    RowGuard(TableName table, long rows, long index, List<Integer> keyPositions) {
        this.table = table;
        this.rows = rows;
        this.index = index;
        this.keyPositions = keyPositions;
    }

    /**
     * Locks a row until the transaction's end.
     *
     * @param read the row as the statement has read it
     * @throws PenumbraException with ROW_CHANGED when it has been changed or deleted since
     */
    void lock(TransactionController transaction, DataValueDescriptor[] read) throws StandardException {
        ConglomerateController heap = transaction.openConglomerate(
                rows,
                false,
                TransactionController.OPENMODE_FORUPDATE,
                TransactionController.MODE_RECORD,
                TransactionController.ISOLATION_REPEATABLE_READ);
        try {
            @Nullable RowLocation location = find(transaction, heap.newRowLocationTemplate(), read);
            if (location == null) {
                throw changed();
            }
            heap.lockRow(location, ConglomerateController.LOCK_UPD, true, TransactionManager.LOCK_COMMIT_DURATION);
            DataValueDescriptor[] present = new DataValueDescriptor[read.length];
            Arrays.setAll(present, i -> read[i].getNewNull());
            if (!heap.fetch(location, present, null) || !isSame(read, present)) {
                throw changed();
            }
        } finally {
            heap.close();
        }
    }

    private @Nullable RowLocation find(
            TransactionController transaction, RowLocation location, DataValueDescriptor[] read)
            throws StandardException {
        DataValueDescriptor[] key = new DataValueDescriptor[keyPositions.size()];
        DataValueDescriptor[] entry = new DataValueDescriptor[key.length + 1];
        for (int i = 0; i < key.length; i++) {
            key[i] = read[keyPositions.get(i) - 1];
            entry[i] = key[i].getNewNull();
        }
        entry[key.length] = location;
        ScanController scan = transaction.openScan(
                index,
                false,
                0,
                TransactionController.MODE_RECORD,
                TransactionController.ISOLATION_READ_UNCOMMITTED,
                null,
                key,
                ScanController.GE,
                null,
                key,
                ScanController.GT);
        try {
            return scan.fetchNext(entry) ? location : null;
        } finally {
            scan.close();
        }
    }

    private static boolean isSame(DataValueDescriptor[] read, DataValueDescriptor[] present) throws StandardException {
        for (int i = 0; i < read.length; i++) {
            if (read[i].isNull() != present[i].isNull()) {
                return false;
            }
            if (!read[i].isNull()) {
                boolean same = read[i] instanceof BitDataValue
                        ? Arrays.equals(read[i].getBytes(), present[i].getBytes())
                        : read[i].compare(present[i]) == 0;
                if (!same) {
                    return false;
                }
            }
        }
        return true;
    }

    private PenumbraException changed() {
        return new PenumbraException(ErrorCode.ROW_CHANGED).with("table", table);
    }
}
