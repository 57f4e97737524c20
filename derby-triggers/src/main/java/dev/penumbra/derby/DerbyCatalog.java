package dev.penumbra.derby;

import dev.penumbra.capture.SourceSession.TriggeredTable;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.derby.catalog.IndexDescriptor;
import org.apache.derby.catalog.TypeDescriptor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads what Derby's system tables say of tables, their keys and their triggers. */
final class DerbyCatalog {
    private static final Logger LOG = LoggerFactory.getLogger(DerbyCatalog.class);
    private static final int LONGEST_TIMESTAMP_FRACTION = 9;
    private static final Set<String> OWN_ACTIONS = Set.of("CALLPENUMBRA.CHANGED()", "CALLPENUMBRA.GUARD()");
    /** Firing time and event of the triggers without which a table is not captured. */
    private static final Set<String> NEEDED = Set.of("AI", "AU", "AD", "BU", "BD");

    private DerbyCatalog() {}

    /**
     * A table's unique index.
     *
     * @param name its name
     * @param columns the names of its columns
     * @param positions their positions in the table, from 1
     * @param conglomerate its number in Derby's store
     */
    record KeyIndex(String name, List<String> columns, List<Integer> positions, long conglomerate) {}

    /** The id of a table, or null when there is none of this name. */
    static @Nullable String tableId(Connection connection, TableName name) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT T.TABLEID FROM SYS.SYSTABLES T, SYS.SYSSCHEMAS S WHERE T.SCHEMAID = S.SCHEMAID"
                        + " AND S.SCHEMANAME = ? AND T.TABLENAME = ? AND T.TABLETYPE = 'T'")) {
            statement.setString(1, name.schema());
            statement.setString(2, name.table());
            try (ResultSet found = statement.executeQuery()) {
                return found.next() ? found.getString(1) : null;
            }
        }
    }

    /**
     * A table's present layout.
     *
     * @param maxLobBytes the length up to which a LOB column may be declared
     * @throws PenumbraException with TABLE_NOT_FOUND, TABLE_WITHOUT_KEY, TYPE_NOT_CAPTURABLE or LOB_UNBOUNDED
     */
    static TableSchema schema(Connection connection, String tableId, long maxLobBytes) throws SQLException {
        TableName name = name(connection, tableId);
        List<Column> columns = new ArrayList<>();
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT COLUMNNAME, COLUMNDATATYPE FROM SYS.SYSCOLUMNS"
                        + " WHERE REFERENCEID = ? ORDER BY COLUMNNUMBER")) {
            statement.setString(1, tableId);
            try (ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    TypeDescriptor declared = (TypeDescriptor) found.getObject(2);
                    ColumnType type = typeOf(name, found.getString(1), declared);
                    boolean lob = type.type() == SqlType.CLOB || type.type() == SqlType.BLOB;
                    if (lob && type.precision() > maxLobBytes) {
                        throw new PenumbraException(ErrorCode.LOB_UNBOUNDED)
                                .with("table", name)
                                .with("column", found.getString(1))
                                .with("declaredLength", type.precision())
                                .with("maxBytes", maxLobBytes);
                    }
                    columns.add(new Column(found.getString(1), type, declared.isNullable()));
                }
            }
        }
        return new TableSchema(
                name, columns, keyIndex(connection, tableId, name, columns).columns());
    }

    private static TableName name(Connection connection, String tableId) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT S.SCHEMANAME, T.TABLENAME FROM SYS.SYSTABLES T, SYS.SYSSCHEMAS S"
                        + " WHERE T.SCHEMAID = S.SCHEMAID AND T.TABLEID = ?")) {
            statement.setString(1, tableId);
            try (ResultSet found = statement.executeQuery()) {
                if (!found.next()) {
                    throw new PenumbraException(ErrorCode.TABLE_NOT_FOUND).with("tableId", tableId);
                }
                return new TableName(found.getString(1), found.getString(2));
            }
        }
    }

    /** The index of a table's primary key, else of the first unique constraint on columns that are NOT NULL. */
    static KeyIndex keyIndex(Connection connection, String tableId, TableName name, List<Column> columns)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT G.CONGLOMERATENAME, G.DESCRIPTOR, G.CONGLOMERATENUMBER FROM SYS.SYSCONSTRAINTS C, SYS.SYSKEYS K, SYS.SYSCONGLOMERATES G"
                        + " WHERE C.TABLEID = ? AND C.TYPE IN ('P', 'U') AND K.CONSTRAINTID = C.CONSTRAINTID"
                        + " AND G.CONGLOMERATEID = K.CONGLOMERATEID ORDER BY C.TYPE, C.CONSTRAINTID")) {
            statement.setString(1, tableId);
            try (ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    int[] positions = ((IndexDescriptor) found.getObject(2)).baseColumnPositions();
                    List<Column> key = Arrays.stream(positions)
                            .mapToObj(position -> columns.get(position - 1))
                            .toList();
                    if (key.stream().noneMatch(Column::nullable)) {
                        return new KeyIndex(
                                found.getString(1),
                                key.stream().map(Column::name).toList(),
                                Arrays.stream(positions).boxed().toList(),
                                found.getLong(3));
                    }
                }
            }
        }
        throw new PenumbraException(ErrorCode.TABLE_WITHOUT_KEY).with("table", name);
    }

    /**
     * The number of each table's heap in Derby's store, by the ids of the tables that have a trigger. Another one when Derby has written all
     * rows anew, as it does to drop a column.
     */
    static Map<String, Long> heaps(Connection connection) throws SQLException {
        Map<String, Long> heaps = new LinkedHashMap<>();
        // Through the index on the table's id: a scan would stop at whatever another transaction has created.
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("SELECT T.TABLEID, H.CONGLOMERATENUMBER"
                        + " FROM --DERBY-PROPERTIES joinOrder=FIXED\n"
                        + " (SELECT DISTINCT TABLEID FROM SYS.SYSTRIGGERS) T,"
                        + " SYS.SYSCONGLOMERATES H --DERBY-PROPERTIES joinStrategy=NESTEDLOOP, index=SYSCONGLOMERATES_INDEX3\n"
                        + " WHERE H.TABLEID = T.TABLEID AND NOT H.ISINDEX ORDER BY T.TABLEID")) {
            while (found.next()) {
                heaps.put(found.getString(1), found.getLong(2));
            }
        }
        return heaps;
    }

    /**
     * The tables that have all triggers of {@link ChangeTrigger}, with what tells such a table, and all that has been in it without a trigger
     * telling, from every other.
     *
     * @param heaps as {@link #heaps} has returned them in the same transaction
     */
    static List<TriggeredTable> triggered(Connection connection, Map<String, Long> heaps, long maxLobBytes)
            throws SQLException {
        Map<String, Map<String, UUID>> triggers = new LinkedHashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery(
                        "SELECT TABLEID, FIRINGTIME || EVENT, TRIGGERID, TRIGGERDEFINITION FROM SYS.SYSTRIGGERS"
                                + " WHERE STATE = 'E' AND TYPE = 'S' ORDER BY TRIGGERID")) {
            while (found.next()) {
                if (isOwn(found.getString(4))) {
                    triggers.computeIfAbsent(found.getString(1), table -> new LinkedHashMap<>())
                            .putIfAbsent(found.getString(2), UUID.fromString(found.getString(3)));
                }
            }
        }
        List<TriggeredTable> tables = new ArrayList<>();
        for (Map.Entry<String, Map<String, UUID>> entry : triggers.entrySet()) {
            Map<String, UUID> events = entry.getValue();
            if (events.keySet().containsAll(NEEDED)) {
                long identity = identity(UUID.fromString(entry.getKey()));
                for (UUID trigger : events.values()) {
                    identity = 31 * identity + identity(trigger);
                }
                identity = 31 * identity + heaps.getOrDefault(entry.getKey(), 0L);
                try {
                    tables.add(new TriggeredTable(
                            schema(connection, entry.getKey(), maxLobBytes), identity, TriggeredTable.OPENED_WITH));
                } catch (PenumbraException e) {
                    // Its layout has changed since; it leaves the journal, and whoever writes to it is told why.
                    LOG.warn("a table cannot be captured any more: {}", e.getMessage());
                }
            }
        }
        return tables;
    }

    /** Whether this is the action of one of the triggers that a captured table has. */
    static boolean isOwn(String action) {
        return OWN_ACTIONS.contains(action.replaceAll("[\\s\"]", "").toUpperCase(Locale.ROOT));
    }

    private static long identity(UUID id) {
        // Derby's ids are of time and place: all of their bits matter.
        return id.getMostSignificantBits() * 0x9E3779B97F4A7C15L + id.getLeastSignificantBits();
    }

    private static ColumnType typeOf(TableName table, String column, TypeDescriptor type) {
        return switch (type.getJDBCTypeId()) {
            case Types.BOOLEAN -> ColumnType.of(SqlType.BOOLEAN);
            case Types.SMALLINT -> ColumnType.of(SqlType.SMALLINT);
            case Types.INTEGER -> ColumnType.of(SqlType.INTEGER);
            case Types.BIGINT -> ColumnType.of(SqlType.BIGINT);
            case Types.REAL -> ColumnType.of(SqlType.REAL);
            case Types.DOUBLE -> ColumnType.of(SqlType.DOUBLE);
            case Types.DECIMAL, Types.NUMERIC -> ColumnType.of(SqlType.DECIMAL, type.getPrecision(), type.getScale());
            case Types.CHAR -> ColumnType.of(SqlType.CHAR, type.getMaximumWidth(), 0);
            case Types.VARCHAR, Types.LONGVARCHAR -> ColumnType.of(SqlType.VARCHAR, type.getMaximumWidth(), 0);
            case Types.CLOB -> ColumnType.of(SqlType.CLOB, type.getMaximumWidth(), 0);
            case Types.BINARY -> ColumnType.of(SqlType.BINARY, type.getMaximumWidth(), 0);
            case Types.VARBINARY, Types.LONGVARBINARY -> ColumnType.of(SqlType.VARBINARY, type.getMaximumWidth(), 0);
            case Types.BLOB -> ColumnType.of(SqlType.BLOB, type.getMaximumWidth(), 0);
            case Types.DATE -> ColumnType.of(SqlType.DATE);
            case Types.TIME -> ColumnType.of(SqlType.TIME, 0, 0);
            case Types.TIMESTAMP -> ColumnType.of(SqlType.TIMESTAMP, 0, LONGEST_TIMESTAMP_FRACTION);
            default ->
                throw new PenumbraException(ErrorCode.TYPE_NOT_CAPTURABLE)
                        .with("table", table)
                        .with("column", column)
                        .with("type", type.getTypeName());
        };
    }
}
