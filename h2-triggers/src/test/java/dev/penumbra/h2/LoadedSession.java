package dev.penumbra.h2;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.function.UnaryOperator;

/**
 * A session in a database, of whatever copies of H2 and Penumbra the class loader sees that has loaded this class. Speaks with
 * others in classes of the JDK alone.
 */
public final class LoadedSession implements UnaryOperator<String>, AutoCloseable {
    private final Connection connection;

    /** Opens a session; called by reflection. */
    public LoadedSession(String url) throws SQLException {
        Properties user = new Properties();
        user.put("user", "sa");
        user.put("password", "");
        // Not by the DriverManager, which shows a caller only the drivers that its own class loader sees.
        this.connection = new org.h2.Driver().connect(url, user);
    }

    /** Executes a statement and returns what it says first, or the message with which it fails. */
    @Override
    public String apply(String sql) {
        try (Statement statement = connection.createStatement()) {
            if (statement.execute(sql)) {
                try (ResultSet rows = statement.getResultSet()) {
                    return rows.next() ? String.valueOf(rows.getString(1)) : "";
                }
            }
            return "";
        } catch (SQLException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
