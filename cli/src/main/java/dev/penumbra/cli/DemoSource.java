package dev.penumbra.cli;

import dev.penumbra.model.Position;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Stream;

/**
 * A database that the demo captures, with the tables of {@link TpchTables} and perhaps a {@link CounterTable}: how clients reach it, how its changes get into a journal, and
 * how to tell how far its copies in the grid are. Owned by one thread.
 */
interface DemoSource extends AutoCloseable {
    /** What the demo calls it. */
    String label();

    /** Its name in the grid; known once it is captured. */
    String name();

    /** The schema of its tables. */
    String schema();

    /** Its tables. */
    List<String> tables();

    /** What a person needs to know to connect to it. */
    String address();

    /** Whether several statements can be one transaction, with savepoints, and a row can get another key. */
    boolean isTransactional();

    /** Whether its copies can be read by key. */
    boolean isReadByKey();

    /** The query for a session token, empty where there are none. */
    Optional<String> tokenQuery();

    /** The session that the demo itself uses. */
    Connection connection();

    /** Opens a session for a client, which commits each statement. */
    Connection connect() throws SQLException;

    /** Creates the tables and fills those of {@link TpchTables} with about so many rows together; returns how many those have. */
    long fill(int rows) throws SQLException;

    /** Begins to capture the tables; what stands in them follows in the background. */
    void capture() throws SQLException;

    /** The journal of its changes. */
    Path journal();

    /**
     * Waits until everything that is committed, existing rows included, is in the journal.
     *
     * @throws dev.penumbra.model.PenumbraException with SOURCE_UNAVAILABLE when it does not come to that
     */
    void settle(DemoProgress progress) throws SQLException;

    /** Where the journal ends now. */
    Position journalled() throws SQLException;

    /**
     * How far the changes have come, by datacenter, in the order of their names.
     *
     * @param grid a session on a node of the home datacenter
     */
    SortedMap<String, Position> applied(Connection grid) throws SQLException;

    /**
     * Whether all copies are complete and have everything up to a position: those at home, if there are any, and one of each table in
     * each of the datacenters, and no others.
     *
     * @param grid a session on a node of the home datacenter
     */
    boolean isCaughtUp(Connection grid, Position end, List<String> datacenters) throws SQLException;

    @Override
    void close() throws SQLException;

    /** The tables of a source, with or without a {@link CounterTable}. */
    static List<String> tables(boolean counted) {
        return counted
                ? Stream.concat(TpchTables.NAMES.stream(), Stream.of(CounterTable.NAME))
                        .toList()
                : TpchTables.NAMES;
    }

    /** The first column of the only row that a query has. */
    static long number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }
}
