package dev.penumbra.capture;

import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;

/** A source of its own for the contract's tests: what they need to know of it, which is no more than any source has. */
public interface TestedSource extends AutoCloseable {
    /** The schema of the tables that are named without one. */
    String schema();

    /** A connection to write through. */
    Connection connect() throws SQLException;

    /** Creates a schema that is not there. */
    default void createSchema(Connection connection, String schema) throws SQLException {
        ContractTables.run(connection, "CREATE SCHEMA " + TableName.quote(schema));
    }

    /** Drops a schema that is empty. */
    default void dropSchema(Connection connection, String schema) throws SQLException {
        ContractTables.run(connection, "DROP SCHEMA " + TableName.quote(schema) + " RESTRICT");
    }

    /** Begins the capture of a table. */
    void install(Connection connection, TableName table) throws SQLException;

    /** Ends the capture of a table. */
    void remove(Connection connection, TableName table) throws SQLException;

    /** Whether a statement failed for no reason of its own and may succeed when it is run again. */
    default boolean isForAnotherTry(SQLException failure) {
        return false;
    }

    /** Waits until everything committed before is in the journal, and fails when that takes too long. */
    void settle(Connection connection) throws SQLException;

    /** Waits until the source says that a table is not in the journal as it is, and why. */
    default void awaitFailure(Connection connection, String error) throws SQLException {
        throw new AssertionError("refuses what it cannot journal, and has nothing to say of it later");
    }

    /** The directory of the journal. */
    Path journal();

    /** The rows of a table as the source has them now, with the source's own precision. */
    Map<Key, Row> rows(Connection connection, TableSchema schema) throws SQLException;

    /** Closes the source; all connections are closed already. */
    @Override
    void close() throws SQLException;
}
