package dev.penumbra.cli;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import picocli.CommandLine.Option;

/** Who a command is to a database or a grid. */
final class Credentials {
    @Option(names = "--user", paramLabel = "NAME", description = "The user; by default none.")
    private String user = "";

    @Option(
            names = "--password",
            paramLabel = "PASSWORD",
            arity = "0..1",
            interactive = true,
            description = "The user's password; asked for when no value follows.")
    private String password = "";

    String user() {
        return user;
    }

    String password() {
        return password;
    }

    Connection connect(String url) throws SQLException {
        return DriverManager.getConnection(url, user, password);
    }
}
