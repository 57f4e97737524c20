package dev.penumbra.cli;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a command reaches a source. */
final class SourceOptions {
    private static final List<SourceKind> KINDS = List.of(new H2Source(), new DerbySource());
    private static final Pattern OWN_CODE = Pattern.compile("PENUMBRA-(\\d{4}) [^;]*");
    /** A setting of a JDBC URL that nobody is to read in a message or a log. */
    private static final Pattern SECRET = Pattern.compile("(?i)(;[^;=]*password[^;=]*=)[^;\"]*");

    private static final long SETTLE_MILLIS = 20_000;

    @Option(
            names = "--url",
            required = true,
            paramLabel = "JDBC",
            description = {
                "The database, for example jdbc:h2:file:/data/orders, jdbc:h2:tcp://host/orders,",
                "jdbc:derby:/data/orders or jdbc:derby://host/orders"
            })
    private String url = "";

    @Mixin
    private final Credentials credentials = new Credentials();

    String url() {
        return url;
    }

    /** @throws PenumbraException with NOT_SUPPORTED for a database that cannot be captured */
    SourceKind kind() {
        for (SourceKind kind : KINDS) {
            if (url.startsWith(kind.urlPrefix())) {
                return kind;
            }
        }
        throw new PenumbraException(ErrorCode.NOT_SUPPORTED)
                .with("url", withoutSecrets(url))
                .with("supported", KINDS.stream().map(SourceKind::urlPrefix).collect(Collectors.joining(" ")));
    }

    /** What a command does with its source. */
    interface Work {
        void with(SourceKind kind, Connection connection) throws SQLException;
    }

    /**
     * Does a command's work on a connection that never creates a database.
     *
     * @throws PenumbraException with NOT_SUPPORTED for a database that cannot be captured, SOURCE_UNAVAILABLE when it does not answer, or
     *     what the capture itself says
     */
    void perform(Work work) {
        SourceKind kind = kind();
        try (Connection connection = kind.connect(credentials, url)) {
            work.with(kind, connection);
        } catch (SQLException e) {
            throw failure(e);
        } finally {
            kind.release(url);
        }
    }

    /**
     * Waits a moment for the relay: one that opens the database for a short while is the process that the relay works in.
     *
     * @return whether everything that is committed, existing rows included, is in the journal
     */
    static boolean settle(SourceKind kind, Connection connection) throws SQLException {
        return kind.settle(connection, SETTLE_MILLIS);
    }

    /** What a source's exception means: the capture's own code where it has one. */
    private PenumbraException failure(SQLException failure) {
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
        if (kind().isModuleMissing(failure)) {
            return new PenumbraException(ErrorCode.NOT_SUPPORTED, failure)
                    .with("url", withoutSecrets(url))
                    .with(
                            "reason",
                            "the database's process lacks the jars that penumbra classpath " + kind().module()
                                    + " lists");
        }
        if (kind().isReadOnly(failure)) {
            return new PenumbraException(ErrorCode.SOURCE_READ_ONLY, failure).with("url", withoutSecrets(url));
        }
        return new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE, failure)
                .with("url", withoutSecrets(url))
                .with("reason", withoutSecrets(message));
    }

    private static String withoutSecrets(String text) {
        return SECRET.matcher(text).replaceAll("$1...");
    }
}
