package dev.penumbra.cli;

import dev.penumbra.capture.SqlNames;
import dev.penumbra.derby.Capture;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.nio.file.Path;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;

/** Apache Derby, embedded or by its network server, whose capture is called through routines of schema PENUMBRA. */
final class DerbySource implements SourceKind {
    private static final String NETWORK = "//";
    private static final String CLASS_NOT_FOUND = "42X51";
    /** What Derby says to a change of rows, and of tables. */
    private static final Set<String> READ_ONLY = Set.of("25502", "25503");

    @Override
    public String urlPrefix() {
        return "jdbc:derby:";
    }

    @Override
    public String module() {
        return "derby-triggers";
    }

    @Override
    public Connection connect(Credentials credentials, String url) throws SQLException {
        // Without create=true Derby creates nothing.
        return credentials.connect(url);
    }

    @Override
    public String install(Connection connection, String table, Path journal) throws SQLException {
        if (!isPrepared(connection)) {
            try (Statement statement = connection.createStatement()) {
                for (String sql : Capture.preparation()) {
                    statement.execute(sql);
                }
            }
        }
        call(
                connection,
                "CALL PENUMBRA.JOURNAL(?)",
                List.of(journal.toAbsolutePath().toString()));
        call(connection, "CALL PENUMBRA.CAPTURE(?, ?)", parts(connection, table));
        return "PENUMBRA_" + parts(connection, table).get(1) + "_*";
    }

    /** Whether anything was ever captured, so that there are routines to call. */
    private static boolean isPrepared(Connection connection) throws SQLException {
        try (ResultSet schemas = connection.getMetaData().getSchemas(null, "PENUMBRA")) {
            return schemas.next();
        }
    }

    private static void requirePrepared(Connection connection) throws SQLException {
        if (!isPrepared(connection)) {
            throw new PenumbraException(ErrorCode.NOT_CAPTURED);
        }
    }

    @Override
    public void remove(Connection connection, String table) throws SQLException {
        requirePrepared(connection);
        call(connection, "CALL PENUMBRA.RELEASE(?, ?)", parts(connection, table));
    }

    private static List<String> parts(Connection connection, String table) throws SQLException {
        List<String> parts = SqlNames.parts(table);
        if (parts.size() > 2) {
            throw new PenumbraException(ErrorCode.TABLE_NOT_FOUND).with("table", table);
        }
        return parts.size() == 2 ? parts : List.of(connection.getSchema(), parts.get(0));
    }

    private static void call(Connection connection, String call, List<String> parameters) throws SQLException {
        try (CallableStatement statement = connection.prepareCall(call)) {
            for (int i = 0; i < parameters.size(); i++) {
                statement.setString(i + 1, parameters.get(i));
            }
            statement.execute();
        }
    }

    @Override
    public boolean settle(Connection connection, long millis) throws SQLException {
        if (!isPrepared(connection)) {
            return true;
        }
        try (PreparedStatement statement = connection.prepareStatement("VALUES PENUMBRA.SETTLE(CAST(? AS BIGINT))")) {
            statement.setLong(1, millis);
            try (ResultSet result = statement.executeQuery()) {
                return result.next() && result.getBoolean(1);
            }
        }
    }

    @Override
    public String tokenQuery() {
        return "VALUES PENUMBRA.TOKEN()";
    }

    @Override
    public String statusQuery(Connection connection) throws SQLException {
        return isPrepared(connection)
                ? "SELECT * FROM TABLE(PENUMBRA.STATUS()) S"
                : "SELECT * FROM SYS.SYSTABLES WHERE TABLENAME IS NULL";
    }

    @Override
    public String verifyQuery(Connection connection) throws SQLException {
        requirePrepared(connection);
        return "SELECT * FROM TABLE(PENUMBRA.VERIFY()) V";
    }

    @Override
    public boolean isModuleMissing(SQLException failure) {
        return CLASS_NOT_FOUND.equals(failure.getSQLState());
    }

    @Override
    public boolean isReadOnly(SQLException failure) {
        return READ_ONLY.contains(String.valueOf(failure.getSQLState()));
    }

    @Override
    public void release(String url) {
        if (url.startsWith(urlPrefix() + NETWORK)) {
            return;
        }
        String database = url.contains(";") ? url.substring(0, url.indexOf(';')) : url;
        try {
            DriverManager.getConnection(database + ";shutdown=true").close();
        } catch (SQLException e) {
            // That is how Derby says that it has done so; and where it has not, it recovers at the next opening.
        }
    }
}
