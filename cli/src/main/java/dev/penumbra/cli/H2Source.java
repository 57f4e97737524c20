package dev.penumbra.cli;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;

/** H2, whose capture is called through aliases. */
final class H2Source implements SourceKind {
    private static final String CLASS_PATH = "dev.penumbra.h2.Capture.";
    private static final int CLASS_NOT_FOUND = 90086;
    private static final int READ_ONLY = 90097;

    @Override
    public String urlPrefix() {
        return "jdbc:h2:";
    }

    @Override
    public String module() {
        return "h2-triggers";
    }

    @Override
    public Connection connect(Credentials credentials, String url) throws SQLException {
        boolean says = url.toUpperCase(Locale.ROOT).contains(";IFEXISTS=") || url.startsWith(urlPrefix() + "mem:");
        return credentials.connect(says ? url : url + ";IFEXISTS=TRUE");
    }

    /** Makes a function of the capture jar known to the database; its class must be on the class path over there. */
    private static void alias(Connection connection, String name, String function) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE ALIAS IF NOT EXISTS " + name + " FOR '" + CLASS_PATH + function + "'");
        }
    }

    @Override
    public String install(Connection connection, String table, Path journal) throws SQLException {
        alias(connection, "PENUMBRA_CAPTURE", "install");
        // For the application's own sessions, which may not create it.
        alias(connection, "PENUMBRA_TOKEN", "token");
        try (PreparedStatement call = connection.prepareStatement("CALL PENUMBRA_CAPTURE(?, ?)")) {
            call.setString(1, table);
            call.setString(2, journal.toAbsolutePath().toString());
            try (ResultSet result = call.executeQuery()) {
                result.next();
                return result.getString(1);
            }
        }
    }

    @Override
    public void remove(Connection connection, String table) throws SQLException {
        alias(connection, "PENUMBRA_RELEASE", "remove");
        try (PreparedStatement call = connection.prepareStatement("CALL PENUMBRA_RELEASE(?)")) {
            call.setString(1, table);
            call.execute();
        }
    }

    @Override
    public boolean settle(Connection connection, long millis) throws SQLException {
        alias(connection, "PENUMBRA_SETTLE", "settle");
        try (PreparedStatement call = connection.prepareStatement("CALL PENUMBRA_SETTLE(?)")) {
            call.setLong(1, millis);
            try (ResultSet result = call.executeQuery()) {
                return result.next() && result.getBoolean(1);
            }
        }
    }

    @Override
    public String tokenQuery() {
        return "CALL PENUMBRA_TOKEN()";
    }

    @Override
    public String statusQuery(Connection connection) throws SQLException {
        alias(connection, "PENUMBRA_STATUS", "status");
        return "SELECT * FROM PENUMBRA_STATUS()";
    }

    @Override
    public String verifyQuery(Connection connection) throws SQLException {
        alias(connection, "PENUMBRA_VERIFY", "verify");
        return "SELECT * FROM PENUMBRA_VERIFY()";
    }

    @Override
    public boolean isModuleMissing(SQLException failure) {
        return failure.getErrorCode() == CLASS_NOT_FOUND;
    }

    @Override
    public boolean isReadOnly(SQLException failure) {
        return failure.getErrorCode() == READ_ONLY;
    }

    @Override
    public void release(String url) {
        // H2 closes a database with its last connection.
    }
}
