package dev.penumbra.h2;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/** Where a test has its database and its journal, and how it speaks to the one. */
record TestDatabase(String url, Path journal) {
    static TestDatabase in(Path directory) {
        return new TestDatabase("jdbc:h2:" + directory.resolve("db"), directory.resolve("journal"));
    }

    Connection open() throws SQLException {
        return open(url);
    }

    static Connection open(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", "");
    }

    static void run(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }
}
