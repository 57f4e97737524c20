package dev.penumbra.h2;

import dev.penumbra.capture.AuditReport;
import dev.penumbra.capture.JournalDirectory;
import dev.penumbra.capture.Relay;
import dev.penumbra.capture.RelayStatus;
import dev.penumbra.capture.SqlNames;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Stable;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.h2.engine.Constants;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;
import org.h2.schema.Schema;
import org.h2.schema.TriggerObject;
import org.h2.table.Table;
import org.jspecify.annotations.Nullable;

/**
 * Installs and removes the capture of H2 tables; meant to be called from SQL through aliases, in the process that has the
 * database open.
 *
 * <p>{@code CREATE ALIAS IF NOT EXISTS PENUMBRA_CAPTURE FOR "dev.penumbra.h2.Capture.install"; CALL
 * PENUMBRA_CAPTURE('PUBLIC.ORDERS', '/path/of/journal');}
 */
@Stable
public final class Capture {
    private static final String TRIGGER_PREFIX = "PENUMBRA_";

    private static final long REMOVAL_TIMEOUT_MILLIS = 10_000;

    private Capture() {}

    /**
     * Captures a table into a journal, which is there on return. The table's existing rows follow in the background, each once.
     *
     * @param table schema and table, {@code PUBLIC.ORDERS}; the schema may be left out; quote parts in another letter case
     * @param journalDirectory absolute path of the journal's directory, the same for all tables of a database
     * @return the trigger's name
     * @throws SQLException with a PENUMBRA code when the table cannot be captured; nothing is changed then
     */
    public static String install(Connection connection, String table, String journalDirectory) throws SQLException {
        try {
            SessionLocal session = session(connection);
            H2Database capture = H2Database.of(session.getDatabase());
            capture.requireWritable();
            Table found = find(session, table);
            H2Layout.of(found, capture.settings().maxLobBytes());
            Path directory = JournalDirectory.writable(journalDirectory);
            TriggerObject existing = triggerOf(found);
            setJournal(capture, directory);
            if (existing != null) {
                return existing.getName();
            }
            // A table that was renamed has kept its trigger's name.
            String trigger = SqlNames.free(
                    TRIGGER_PREFIX + found.getName(),
                    Constants.MAX_IDENTIFIER_LENGTH,
                    name -> found.getSchema().findTrigger(name) != null);
            changeTriggers(
                    connection,
                    capture,
                    found,
                    "CREATE TRIGGER " + new TableName(found.getSchema().getName(), trigger).quoted()
                            + " AFTER INSERT, UPDATE, DELETE ON "
                            + new TableName(found.getSchema().getName(), found.getName()).quoted()
                            + " FOR EACH ROW CALL '" + ChangeTrigger.class.getName() + "'");
            // So that whoever reads the journal finds it.
            H2Database.of(session.getDatabase()).relay().awaitFirstPass();
            return trigger;
        } catch (PenumbraException e) {
            throw ChangeTrigger.failure(e);
        }
    }

    /**
     * Ends the capture of a table. The journal notes that the table has left it.
     *
     * @throws SQLException with PENUMBRA-1003 or PENUMBRA-1008 when there is no such table or it is not captured
     */
    public static void remove(Connection connection, String table) throws SQLException {
        try {
            SessionLocal session = session(connection);
            Table found = find(session, table);
            TriggerObject trigger = triggerOf(found);
            if (trigger == null) {
                throw new PenumbraException(ErrorCode.NOT_CAPTURED).with("table", table);
            }
            H2Database capture = H2Database.of(session.getDatabase());
            capture.requireWritable();
            changeTriggers(
                    connection,
                    capture,
                    found,
                    "DROP TRIGGER " + new TableName(trigger.getSchema().getName(), trigger.getName()).quoted());
            // The relay ends with the database when no trigger is left, so the journal's note cannot wait for later.
            settle(connection, REMOVAL_TIMEOUT_MILLIS);
        } catch (PenumbraException e) {
            throw ChangeTrigger.failure(e);
        }
    }

    /**
     * Keeps the table's writers away meanwhile, if they let it be soon: H2 fails a statement whose rows are just going through the
     * triggers that change.
     */
    private static void changeTriggers(Connection connection, H2Database capture, Table table, String sql)
            throws SQLException {
        WriterLock lock = new WriterLock(capture, table);
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } finally {
            lock.close();
        }
    }

    /**
     * How capture stands: one row a captured table with COMPLETE, and the relay's figures repeated in each.
     *
     * @return columns SCHEMA_NAME, TABLE_NAME, COMPLETE, JOURNAL, JOURNALLED, DURABLE, OUTBOX_ROWS, CHANGES, CORRECTIONS,
     *     FAILURE
     */
    public static ResultSet status(Connection connection) throws SQLException {
        org.h2.tools.SimpleResultSet rows = new org.h2.tools.SimpleResultSet();
        for (String column : List.of("SCHEMA_NAME", "TABLE_NAME", "COMPLETE", "JOURNAL", "JOURNALLED", "DURABLE")) {
            rows.addColumn(column, java.sql.Types.VARCHAR, 0, 0);
        }
        for (String column : List.of("OUTBOX_ROWS", "CHANGES", "CORRECTIONS")) {
            rows.addColumn(column, java.sql.Types.BIGINT, 0, 0);
        }
        rows.addColumn("FAILURE", java.sql.Types.VARCHAR, 0, 0);
        @Nullable H2Database capture = H2Database.openOrNull(session(connection).getDatabase());
        if (capture == null) {
            return rows;
        }
        RelayStatus status = capture.status();
        String journal = capture.installedJournal();
        status.tables()
                .forEach((table, complete) -> rows.addRow(
                        table.schema(),
                        table.table(),
                        complete.toString(),
                        journal,
                        status.journalled().toString(),
                        status.durable().toString(),
                        status.outboxRows(),
                        status.changes(),
                        status.corrections(),
                        status.failure()));
        return rows;
    }

    /**
     * Waits until everything committed before the call is in the journal and every captured table is complete.
     *
     * @param timeoutMillis how long to wait at most
     * @return whether that came to pass in time
     */
    public static boolean settle(Connection connection, long timeoutMillis) throws SQLException {
        @Nullable H2Database capture = H2Database.openOrNull(session(connection).getDatabase());
        try {
            return capture == null || capture.relay().settle(timeoutMillis);
        } catch (PenumbraException e) {
            throw ChangeTrigger.failure(e);
        }
    }

    /**
     * A text that names a position of the journal at or behind everything that had been committed in the database when it was asked
     * for. Waits until the journal has that; no open transaction is waited for, and none is covered, not the caller's own either.
     *
     * @return a {@link dev.penumbra.model.SessionToken}
     * @throws SQLException with PENUMBRA-1008 when nothing is captured; after 10 seconds, with the code of what keeps the relay from
     *     working, or PENUMBRA-2006: then nothing is known of where the commits stand
     */
    public static String token(Connection connection) throws SQLException {
        @Nullable H2Database capture = H2Database.openOrNull(session(connection).getDatabase());
        try {
            if (capture == null) {
                throw new PenumbraException(ErrorCode.NOT_CAPTURED);
            }
            return capture.relay().token(Relay.TOKEN_TIMEOUT_MILLIS).toString();
        } catch (PenumbraException e) {
            throw ChangeTrigger.failure(e);
        }
    }

    /**
     * Compares the journal's content with the tables and mends the journal; returns when that is done. Changes wait in the
     * outbox meanwhile.
     *
     * @return columns SCHEMA_NAME, TABLE_NAME, ROW_COUNT, MISSING, EXTRA, DIFFERENT: what the journal had wrong before
     * @throws SQLException with PENUMBRA-3005 when the journal's beginning has been removed by retention, or PENUMBRA-1008 when
     *     nothing is captured
     */
    public static ResultSet verify(Connection connection) throws SQLException {
        try {
            @Nullable H2Database capture = H2Database.openOrNull(session(connection).getDatabase());
            if (capture == null) {
                throw new PenumbraException(ErrorCode.NOT_CAPTURED);
            }
            org.h2.tools.SimpleResultSet rows = new org.h2.tools.SimpleResultSet();
            rows.addColumn("SCHEMA_NAME", java.sql.Types.VARCHAR, 0, 0);
            rows.addColumn("TABLE_NAME", java.sql.Types.VARCHAR, 0, 0);
            for (String column : List.of("ROW_COUNT", "MISSING", "EXTRA", "DIFFERENT")) {
                rows.addColumn(column, java.sql.Types.BIGINT, 0, 0);
            }
            if (connection.getMetaData().getURL().startsWith("jdbc:columnlist:")) {
                // H2 asks a table function for its columns before it calls it.
                return rows;
            }
            for (AuditReport report : capture.relay().audit().get()) {
                rows.addRow(
                        report.table().schema(),
                        report.table().table(),
                        report.rows(),
                        report.missing(),
                        report.extra(),
                        report.different());
            }
            return rows;
        } catch (PenumbraException e) {
            throw ChangeTrigger.failure(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLException("interrupted", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof PenumbraException cause
                    ? ChangeTrigger.failure(cause)
                    : new SQLException(String.valueOf(e.getCause()), e.getCause());
        }
    }

    private static void setJournal(H2Database capture, Path directory) throws SQLException {
        Connection own = capture.connect();
        H2Database.prepareSchema(own);
        String present = capture.installedJournal();
        if (!present.isEmpty() && !Path.of(present).equals(directory)) {
            if (!capture.capturedTables().isEmpty()) {
                throw new PenumbraException(ErrorCode.ALREADY_CAPTURED).with("journal", present);
            }
            if (!capture.close()) {
                throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE)
                        .with("reason", "the former journal is still being written: try again");
            }
            H2Database.setState(own, H2Database.SETTLED_STATE, Position.START.toString());
        }
        H2Database.setState(own, H2Database.JOURNAL_STATE, directory.toString());
    }

    private static SessionLocal session(Connection connection) throws SQLException {
        JdbcConnection own = connection.unwrap(JdbcConnection.class);
        if (own.getSession() instanceof SessionLocal local) {
            return local;
        }
        throw ChangeTrigger.failure(new PenumbraException(ErrorCode.NOT_SUPPORTED)
                .with("reason", "the database is open in another process: call the alias by SQL"));
    }

    private static @Nullable TriggerObject triggerOf(Table table) {
        for (TriggerObject trigger : table.getSchema().getAllTriggers()) {
            if (trigger.getTable().equals(table)
                    && ChangeTrigger.class.getName().equals(trigger.getTriggerClassName())) {
                return trigger;
            }
        }
        return null;
    }

    private static Table find(SessionLocal session, String name) {
        List<String> parts = SqlNames.parts(name);
        String schemaName = parts.size() == 2 ? parts.get(0) : session.getCurrentSchemaName();
        @Nullable Schema schema = session.getDatabase().findSchema(schemaName);
        @Nullable Table table = schema == null ? null : schema.findTableOrView(session, parts.get(parts.size() - 1));
        if (table == null || parts.size() > 2) {
            throw new PenumbraException(ErrorCode.TABLE_NOT_FOUND).with("table", name);
        }
        return table;
    }
}
