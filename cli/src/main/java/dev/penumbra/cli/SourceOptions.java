package dev.penumbra.cli;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a command reaches a source. */
final class SourceOptions {
    private static final String H2 = "jdbc:h2:";
    private static final Pattern OWN_CODE = Pattern.compile("PENUMBRA-(\\d{4}) [^;]*");
    private static final String CLASS_PATH = "dev.penumbra.h2.Capture.";
    private static final long SETTLE_MILLIS = 20_000;
    private static final int CLASS_NOT_FOUND = 90086;

    @Option(
            names = "--url",
            required = true,
            paramLabel = "JDBC",
            description = "The database, for example jdbc:h2:file:/data/orders or jdbc:h2:tcp://host/orders")
    private String url = "";

    @Mixin
    private final Credentials credentials = new Credentials();

    String url() {
        return url;
    }

    /**
     * Connects, never creating a database.
     *
     * @throws PenumbraException with NOT_SUPPORTED for a database that cannot be captured, SOURCE_UNAVAILABLE when it does
     *     not answer
     */
    Connection connect() {
        if (!url.startsWith(H2)) {
            throw new PenumbraException(ErrorCode.NOT_SUPPORTED)
                    .with("url", url)
                    .with("supported", H2);
        }
        boolean says = url.toUpperCase(Locale.ROOT).contains(";IFEXISTS=") || url.startsWith(H2 + "mem:");
        try {
            return credentials.connect(says ? url : url + ";IFEXISTS=TRUE");
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    /** Makes a function of the capture jar known to the database; its class must be on the class path over there. */
    static void alias(Connection connection, String name, String function) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE ALIAS IF NOT EXISTS " + name + " FOR '" + CLASS_PATH + function + "'");
        }
    }

    /**
     * Waits a moment for the relay: one that opens the database for a short while is the process that the relay works in.
     *
     * @return whether everything that is committed, existing rows included, is in the journal
     */
    static boolean settle(Connection connection) throws SQLException {
        alias(connection, "PENUMBRA_SETTLE", "settle");
        try (PreparedStatement call = connection.prepareStatement("CALL PENUMBRA_SETTLE(?)")) {
            call.setLong(1, SETTLE_MILLIS);
            try (ResultSet result = call.executeQuery()) {
                return result.next() && result.getBoolean(1);
            }
        }
    }

    /** What a source's exception means: the capture's own code where it has one. */
    PenumbraException failure(SQLException failure) {
        for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof PenumbraException own) {
                return own;
            }
        }
        String message = String.valueOf(failure.getMessage());
        Matcher own = OWN_CODE.matcher(message);
        if (own.find()) {
            int number = Integer.parseInt(own.group(1));
            for (ErrorCode code : ErrorCode.values()) {
                if (code.number() == number) {
                    return new PenumbraException(code, failure).with("source", own.group());
                }
            }
        }
        if (failure.getErrorCode() == CLASS_NOT_FOUND) {
            return new PenumbraException(ErrorCode.NOT_SUPPORTED, failure)
                    .with("url", url)
                    .with("reason", "the database's process lacks the jars that penumbra classpath h2-triggers lists");
        }
        return new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE, failure)
                .with("url", url)
                .with("reason", message);
    }
}
