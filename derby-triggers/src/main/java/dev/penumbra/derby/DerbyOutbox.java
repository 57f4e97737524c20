package dev.penumbra.derby;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.apache.derby.iapi.store.access.ConglomerateController;
import org.apache.derby.iapi.store.access.TransactionController;
import org.apache.derby.iapi.types.DataValueDescriptor;
import org.apache.derby.iapi.types.RowLocation;
import org.apache.derby.iapi.types.SQLBlob;
import org.apache.derby.iapi.types.SQLLongint;
import org.apache.derby.shared.common.error.StandardException;

/**
 * Adds to the outbox past SQL and without locks. Nobody but the relay reads the outbox, and the relay does not go by locks; with
 * them a large transaction's row locks would be escalated, and its lock on the whole outbox would stop every other writer of a
 * captured table.
 */
final class DerbyOutbox {
    static final String INDEX = "OUTBOX_BY_ID";

    private final long rows;
    private final long index;

    private DerbyOutbox(long rows, long index) {
        this.rows = rows;
        this.index = index;
    }

    static DerbyOutbox find(Connection connection) throws SQLException {
        return new DerbyOutbox(conglomerate(connection, false), conglomerate(connection, true));
    }

    private static long conglomerate(Connection connection, boolean isIndex) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT G.CONGLOMERATENUMBER"
                        + " FROM SYS.SYSCONGLOMERATES G, SYS.SYSTABLES T, SYS.SYSSCHEMAS S WHERE G.TABLEID = T.TABLEID"
                        + " AND T.SCHEMAID = S.SCHEMAID AND S.SCHEMANAME = 'PENUMBRA' AND T.TABLENAME = 'OUTBOX' AND G.ISINDEX = ?")) {
            statement.setBoolean(1, isIndex);
            try (ResultSet found = statement.executeQuery()) {
                if (!found.next()) {
                    throw new SQLException("table PENUMBRA.OUTBOX is not complete");
                }
                return found.getLong(1);
            }
        }
    }

    /** Adds a row in the transaction that the controller belongs to. */
    void add(TransactionController transaction, long id, long firstId, byte[] images) throws StandardException {
        SQLLongint key = new SQLLongint(id);
        ConglomerateController table = open(transaction, rows);
        try {
            RowLocation location = table.newRowLocationTemplate();
            table.insertAndFetchLocation(
                    new DataValueDescriptor[] {key, new SQLLongint(firstId), new SQLBlob(images)}, location);
            ConglomerateController byId = open(transaction, index);
            try {
                byId.insert(new DataValueDescriptor[] {key, location});
            } finally {
                byId.close();
            }
        } finally {
            table.close();
        }
    }

    private static ConglomerateController open(TransactionController transaction, long conglomerate)
            throws StandardException {
        return transaction.openConglomerate(
                conglomerate,
                false,
                // Says that the row is locked already; otherwise the index would lock it.
                TransactionController.OPENMODE_FORUPDATE | TransactionController.OPENMODE_BASEROW_INSERT_LOCKED,
                TransactionController.MODE_RECORD,
                TransactionController.ISOLATION_NOLOCK);
    }
}
