package dev.penumbra.derby;

import dev.penumbra.capture.AuditReport;
import dev.penumbra.capture.JournalDirectory;
import dev.penumbra.capture.Relay;
import dev.penumbra.capture.RelayStatus;
import dev.penumbra.capture.SqlNames;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Stable;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.derby.iapi.sql.conn.ConnectionUtil;
import org.jspecify.annotations.Nullable;

/**
 * Installs and removes the capture of Derby tables; its methods are bodies of SQL routines, called in the process that has the
 * database open.
 *
 * <p>The first is created by hand or by {@code penumbra capture install}: {@code CREATE SCHEMA PENUMBRA}, then {@code CREATE
 * PROCEDURE PENUMBRA.CAPTURE(IN SCHEMA_NAME VARCHAR(128), IN TABLE_NAME VARCHAR(128)) LANGUAGE JAVA PARAMETER STYLE JAVA MODIFIES SQL
 * DATA EXTERNAL NAME 'dev.penumbra.derby.Capture.install'}. It creates the others.
 */
@Stable
public final class Capture {
    /** What stands behind CREATE for each routine. */
    static final List<String> ROUTINES = List.of(
            "PROCEDURE PENUMBRA.CAPTURE(IN SCHEMA_NAME VARCHAR(128), IN TABLE_NAME VARCHAR(128))"
                    + " LANGUAGE JAVA PARAMETER STYLE JAVA MODIFIES SQL DATA"
                    + " EXTERNAL NAME 'dev.penumbra.derby.Capture.install'",
            "PROCEDURE PENUMBRA.JOURNAL(IN DIRECTORY VARCHAR(4096))"
                    + " LANGUAGE JAVA PARAMETER STYLE JAVA MODIFIES SQL DATA"
                    + " EXTERNAL NAME 'dev.penumbra.derby.Capture.journal'",
            "PROCEDURE PENUMBRA.RELEASE(IN SCHEMA_NAME VARCHAR(128), IN TABLE_NAME VARCHAR(128))"
                    + " LANGUAGE JAVA PARAMETER STYLE JAVA MODIFIES SQL DATA"
                    + " EXTERNAL NAME 'dev.penumbra.derby.Capture.remove'",
            "PROCEDURE PENUMBRA.CHANGED() LANGUAGE JAVA PARAMETER STYLE JAVA MODIFIES SQL DATA"
                    + " EXTERNAL NAME 'dev.penumbra.derby.ChangeTrigger.fire'",
            "PROCEDURE PENUMBRA.GUARD() LANGUAGE JAVA PARAMETER STYLE JAVA READS SQL DATA"
                    + " EXTERNAL NAME 'dev.penumbra.derby.ChangeTrigger.guard'",
            "FUNCTION PENUMBRA.SETTLE(MILLIS BIGINT) RETURNS BOOLEAN LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL"
                    + " EXTERNAL NAME 'dev.penumbra.derby.Capture.settle'",
            "FUNCTION PENUMBRA.TOKEN() RETURNS VARCHAR(4096) LANGUAGE JAVA PARAMETER STYLE JAVA NO SQL"
                    + " EXTERNAL NAME 'dev.penumbra.derby.Capture.token'",
            "FUNCTION PENUMBRA.STATUS() RETURNS TABLE(SCHEMA_NAME VARCHAR(128), TABLE_NAME VARCHAR(128),"
                    + " COMPLETE VARCHAR(5), JOURNAL VARCHAR(4096), JOURNALLED VARCHAR(64), DURABLE VARCHAR(64),"
                    + " OUTBOX_ROWS BIGINT, CHANGES BIGINT, CORRECTIONS BIGINT, FAILURE VARCHAR(4096))"
                    + " LANGUAGE JAVA PARAMETER STYLE DERBY_JDBC_RESULT_SET READS SQL DATA"
                    + " EXTERNAL NAME 'dev.penumbra.derby.Capture.status'",
            "FUNCTION PENUMBRA.VERIFY() RETURNS TABLE(SCHEMA_NAME VARCHAR(128), TABLE_NAME VARCHAR(128),"
                    + " ROW_COUNT BIGINT, MISSING BIGINT, EXTRA BIGINT, DIFFERENT BIGINT)"
                    + " LANGUAGE JAVA PARAMETER STYLE DERBY_JDBC_RESULT_SET READS SQL DATA"
                    + " EXTERNAL NAME 'dev.penumbra.derby.Capture.verify'");

    private static final String TRIGGER_PREFIX = "PENUMBRA_";
    private static final int LONGEST_NAME = 128;
    /** What a captured table's triggers are named by, with what stands before and behind the table's name. */
    private record Part(String suffix, String event, String rest) {}

    private static final List<Part> PARTS = List.of(
            new Part(
                    "_INSERT",
                    " AFTER INSERT ON ",
                    " REFERENCING NEW TABLE AS PRESENT FOR EACH STATEMENT CALL PENUMBRA.CHANGED()"),
            new Part(
                    "_UPDATE",
                    " AFTER UPDATE ON ",
                    " REFERENCING OLD TABLE AS FORMER NEW TABLE AS PRESENT FOR EACH STATEMENT CALL PENUMBRA.CHANGED()"),
            new Part(
                    "_DELETE",
                    " AFTER DELETE ON ",
                    " REFERENCING OLD TABLE AS FORMER FOR EACH STATEMENT CALL PENUMBRA.CHANGED()"),
            new Part("_BEFORE_UPDATE", " NO CASCADE BEFORE UPDATE ON ", " FOR EACH STATEMENT CALL PENUMBRA.GUARD()"),
            new Part("_BEFORE_DELETE", " NO CASCADE BEFORE DELETE ON ", " FOR EACH STATEMENT CALL PENUMBRA.GUARD()"));

    private static final int LONGEST_SUFFIX =
            PARTS.stream().mapToInt(part -> part.suffix().length()).max().orElseThrow();

    private Capture() {}

    /** The statements that make PENUMBRA.CAPTURE and PENUMBRA.JOURNAL known to a database that has no schema PENUMBRA yet. */
    public static List<String> preparation() {
        return List.of("CREATE SCHEMA PENUMBRA", "CREATE " + ROUTINES.get(0), "CREATE " + ROUTINES.get(1));
    }

    /**
     * Says where the journal of this database is; to be called before the first table is captured. Without it the journal stands beside
     * the database, as {@code <database>.journal}.
     *
     * @param directory absolute path of the journal's directory
     * @throws SQLException with PENUMBRA-1015 when the database has another journal, PENUMBRA-2001 when it cannot be written
     */
    public static void journal(String directory) throws SQLException {
        try {
            DerbyDatabase database = database();
            database.prepareSchema();
            Path path = JournalDirectory.writable(directory);
            try (Connection own = database.connect()) {
                String present = DerbyDatabase.state(own, DerbyDatabase.JOURNAL_STATE, "");
                if (!present.isEmpty() && !Path.of(present).equals(path)) {
                    throw new PenumbraException(ErrorCode.ALREADY_CAPTURED).with("journal", present);
                }
                DerbyDatabase.setState(own, DerbyDatabase.JOURNAL_STATE, path.toString());
            }
        } catch (PenumbraException e) {
            throw ChangeTrigger.failure(e);
        }
    }

    /**
     * Captures a table, in the caller's transaction. The table's existing rows follow in the background, each once.
     *
     * @param schema the schema's name, in its exact letters
     * @param table the table's name, in its exact letters
     * @throws SQLException with a PENUMBRA code when the table cannot be captured; nothing is changed then
     */
    public static void install(String schema, String table) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:default:connection")) {
            DerbyDatabase database = database();
            TableName name = new TableName(schema, table);
            String tableId = requireTable(connection, name);
            DerbyCatalog.schema(connection, tableId, database.settings().maxLobBytes());
            database.prepareSchema();
            if (!triggersOf(connection, tableId).isEmpty()) {
                return;
            }
            // So that whoever reads the journal finds it; before the caller's transaction locks what the relay looks
            // at.
            database.relay().awaitFirstPass();
            String triggers = triggerNames(connection, name);
            try (Statement statement = connection.createStatement()) {
                // The first one takes the table's exclusive lock, after Derby's own of its catalogue: not the other way
                // round.
                for (Part part : PARTS) {
                    statement.execute("CREATE TRIGGER " + new TableName(schema, triggers + part.suffix()).quoted()
                            + part.event() + name.quoted() + part.rest());
                }
            }
            database.triggersChanged();
        } catch (PenumbraException e) {
            throw ChangeTrigger.failure(e);
        }
    }

    private static String requireTable(Connection connection, TableName name) throws SQLException {
        @Nullable String tableId = DerbyCatalog.tableId(connection, name);
        if (tableId == null) {
            throw new PenumbraException(ErrorCode.TABLE_NOT_FOUND).with("table", name);
        }
        return tableId;
    }

    /** What the names of a table's triggers begin with; another table's may end like one of the suffixes. */
    private static String triggerNames(Connection connection, TableName table) throws SQLException {
        Set<String> taken = new HashSet<>();
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT G.TRIGGERNAME FROM SYS.SYSTRIGGERS G, SYS.SYSSCHEMAS S"
                        + " WHERE G.SCHEMAID = S.SCHEMAID AND S.SCHEMANAME = ?")) {
            statement.setString(1, table.schema());
            try (ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    taken.add(found.getString(1));
                }
            }
        }
        return SqlNames.free(
                TRIGGER_PREFIX + table.table(),
                LONGEST_NAME - LONGEST_SUFFIX,
                name -> PARTS.stream().anyMatch(part -> taken.contains(name + part.suffix())));
    }

    /**
     * Ends the capture of a table, in the caller's transaction. The journal then notes that the table has left it.
     *
     * @throws SQLException with PENUMBRA-1003 or PENUMBRA-1008 when there is no such table or it is not captured
     */
    public static void remove(String schema, String table) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:default:connection")) {
            DerbyDatabase database = database();
            TableName name = new TableName(schema, table);
            String tableId = requireTable(connection, name);
            List<TableName> triggers = triggersOf(connection, tableId);
            if (triggers.isEmpty()) {
                throw new PenumbraException(ErrorCode.NOT_CAPTURED).with("table", name);
            }
            // While there are triggers somewhere the relay knows what the outbox holds; it has to be at work to notice
            // their end.
            database.relay();
            try (Statement statement = connection.createStatement()) {
                for (TableName trigger : triggers) {
                    statement.execute("DROP TRIGGER " + trigger.quoted());
                }
            }
            database.triggersChanged();
        } catch (PenumbraException e) {
            throw ChangeTrigger.failure(e);
        }
    }

    private static List<TableName> triggersOf(Connection connection, String tableId) throws SQLException {
        List<TableName> triggers = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT S.SCHEMANAME, G.TRIGGERNAME, G.TRIGGERDEFINITION FROM SYS.SYSTRIGGERS G, SYS.SYSSCHEMAS S"
                        + " WHERE G.SCHEMAID = S.SCHEMAID AND G.TABLEID = ?")) {
            statement.setString(1, tableId);
            try (ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    if (DerbyCatalog.isOwn(found.getString(3))) {
                        triggers.add(new TableName(found.getString(1), found.getString(2)));
                    }
                }
            }
        }
        return triggers;
    }

    /**
     * Waits until everything committed before the call is in the journal and every captured table is complete.
     *
     * @param timeoutMillis how long to wait at most
     * @return whether that came to pass in time
     */
    public static boolean settle(long timeoutMillis) throws SQLException {
        try {
            DerbyDatabase database = database();
            database.triggersChanged();
            return database.relay().settle(timeoutMillis);
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
    public static String token() throws SQLException {
        try {
            return database().token(Relay.TOKEN_TIMEOUT_MILLIS).toString();
        } catch (PenumbraException e) {
            throw ChangeTrigger.failure(e);
        }
    }

    /**
     * How capture stands: one row a captured table with COMPLETE, and the relay's figures repeated in each.
     *
     * @return columns SCHEMA_NAME, TABLE_NAME, COMPLETE, JOURNAL, JOURNALLED, DURABLE, OUTBOX_ROWS, CHANGES, CORRECTIONS,
     *     FAILURE
     */
    public static ResultSet status() throws SQLException {
        try {
            DerbyDatabase database = database();
            RelayStatus status = database.relay().status();
            List<@Nullable String[]> rows = new ArrayList<>();
            String journal;
            try (Connection own = database.connect()) {
                journal = DerbyDatabase.state(own, DerbyDatabase.JOURNAL_STATE, "");
            }
            status.tables()
                    .forEach((table, complete) -> rows.add(new @Nullable String[] {
                        table.schema(),
                        table.table(),
                        complete.toString(),
                        journal,
                        status.journalled().toString(),
                        status.durable().toString(),
                        Long.toString(status.outboxRows()),
                        Long.toString(status.changes()),
                        Long.toString(status.corrections()),
                        status.failure()
                    }));
            return new TextRows(
                    rows,
                    "SCHEMA_NAME",
                    "TABLE_NAME",
                    "COMPLETE",
                    "JOURNAL",
                    "JOURNALLED",
                    "DURABLE",
                    "OUTBOX_ROWS",
                    "CHANGES",
                    "CORRECTIONS",
                    "FAILURE");
        } catch (PenumbraException e) {
            throw ChangeTrigger.failure(e);
        }
    }

    /**
     * Compares the journal's content with the tables and mends the journal; returns when that is done. Each table is locked
     * against writers while it is compared; the comparison begins when nobody is writing to any of them.
     *
     * @return columns SCHEMA_NAME, TABLE_NAME, ROW_COUNT, MISSING, EXTRA, DIFFERENT: what the journal had wrong before
     * @throws SQLException with PENUMBRA-3005 when the journal's beginning has been removed by retention
     */
    public static ResultSet verify() throws SQLException {
        try {
            List<@Nullable String[]> rows = new ArrayList<>();
            for (AuditReport report : database().relay().audit().get()) {
                rows.add(new @Nullable String[] {
                    report.table().schema(),
                    report.table().table(),
                    Long.toString(report.rows()),
                    Long.toString(report.missing()),
                    Long.toString(report.extra()),
                    Long.toString(report.different())
                });
            }
            return new TextRows(rows, "SCHEMA_NAME", "TABLE_NAME", "ROW_COUNT", "MISSING", "EXTRA", "DIFFERENT");
        } catch (PenumbraException e) {
            throw ChangeTrigger.failure(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLException("interrupted", "38000", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof PenumbraException cause
                    ? ChangeTrigger.failure(cause)
                    : new SQLException(String.valueOf(e.getCause()), "38000", e.getCause());
        }
    }

    private static DerbyDatabase database() throws SQLException {
        return DerbyDatabase.of(ConnectionUtil.getCurrentLCC());
    }
}
