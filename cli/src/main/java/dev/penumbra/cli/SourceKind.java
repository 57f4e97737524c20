package dev.penumbra.cli;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;

/** How the capture of one kind of database is spoken to: by SQL alone, because the database may be open in another process. */
interface SourceKind {
    /** What its URLs begin with. */
    String urlPrefix();

    /** The module whose jars the database's process needs. */
    String module();

    /** Connects, never creating a database. */
    Connection connect(Credentials credentials, String url) throws SQLException;

    /**
     * Captures a table.
     *
     * @return what fires now when the table changes
     */
    String install(Connection connection, String table, Path journal) throws SQLException;

    /** Ends the capture of a table. */
    void remove(Connection connection, String table) throws SQLException;

    /** Waits until everything that is committed, existing rows included, is in the journal; returns whether it came to that in time. */
    boolean settle(Connection connection, long millis) throws SQLException;

    /** The query for a session token of everything that is committed, in a database with a captured table. */
    String tokenQuery();

    /** The query for the capture's status, after which it can be executed. */
    String statusQuery(Connection connection) throws SQLException;

    /** The query that has the journal compared with the tables, after which it can be executed. */
    String verifyQuery(Connection connection) throws SQLException;

    /** Whether a failure means that the database's process lacks the module's jars. */
    boolean isModuleMissing(SQLException failure);

    /** Whether a failure means that the database is open for reading only. */
    boolean isReadOnly(SQLException failure);

    /** Lets go of what a connection may have opened in this process; the connection is closed. */
    void release(String url);
}
