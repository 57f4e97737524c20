package dev.penumbra.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.CaptureSettings;
import dev.penumbra.capture.JournalledTables;
import dev.penumbra.capture.RelayStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;

/** Where a test has its database and its journal, and how it speaks to the one. */
record TestDatabase(String url, Path journal) {
    /** What makes a URL that of an encrypted database. */
    static final String ENCRYPTED = ";CIPHER=AES";

    static final String FILE_PASSWORD = "filepwd-4711";

    private static final String COLUMNS = "(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))";

    static TestDatabase in(Path directory) {
        return new TestDatabase("jdbc:h2:" + directory.resolve("db"), directory.resolve("journal"));
    }

    /** The same journal, named by a database elsewhere. */
    TestDatabase at(Path directory) {
        return new TestDatabase(in(directory).url(), journal);
    }

    Connection open() throws SQLException {
        return open(url);
    }

    static Connection open(String url) throws SQLException {
        return DriverManager.getConnection(url, "sa", url.contains(ENCRYPTED) ? FILE_PASSWORD + " userpwd" : "");
    }

    static void run(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** Captures tables, created where they are not there, with columns ID and NAME. */
    void capture(Connection connection, String... tables) throws SQLException {
        for (String table : tables) {
            run(connection, "CREATE TABLE IF NOT EXISTS " + table + COLUMNS);
            Capture.install(connection, table, journal.toString());
        }
    }

    /** Captures T, with rows that a recovery would not read again. */
    void captureDurably(Connection connection, int rows) throws SQLException {
        capture(connection, "T");
        insert(connection, "T", 1, rows);
        awaitDurable(connection);
    }

    static void insert(Connection connection, String table, int from, int to) throws SQLException {
        run(connection, "INSERT INTO " + table + " SELECT X, 'row' FROM SYSTEM_RANGE(" + from + ", " + to + ")");
    }

    static SessionLocal session(Connection connection) {
        return (SessionLocal) ((JdbcConnection) connection).getSession();
    }

    static RelayStatus status(Connection connection) {
        return H2Database.of(session(connection).getDatabase()).relay().status();
    }

    /** Until a recovery would find nothing to read again. */
    static void awaitDurable(Connection connection) throws SQLException {
        assertThat(Capture.settle(connection, 20_000)).isTrue();
        await().until(() ->
                status(connection).durable().equals(status(connection).journalled()));
    }

    static void awaitFailure(Connection connection, String code) {
        await().until(() -> String.valueOf(status(connection).failure()).contains(code));
    }

    /** What the journal says once it has everything that is committed. */
    JournalledTables settled(Connection connection) throws SQLException {
        assertThat(Capture.settle(connection, 20_000)).isTrue();
        return H2Tables.of(journal);
    }

    /** The files below a directory that have a text in them, whether in one byte a letter or in two. */
    static List<Path> filesWith(Path directory, String text) throws IOException {
        List<Path> found = new ArrayList<>();
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : (Iterable<Path>) paths.filter(Files::isRegularFile)::iterator) {
                String content = Files.readString(path, StandardCharsets.ISO_8859_1);
                if (content.contains(text) || content.replace("\0", "").contains(text)) {
                    found.add(path);
                }
            }
        }
        return found;
    }

    /** Makes marks follow H2's writes quickly, so that {@link #awaitDurable} is. */
    static void markOften() {
        System.setProperty(CaptureSettings.MARK_INTERVAL_MILLIS, "50");
    }

    static void markNever() {
        System.setProperty(CaptureSettings.MARK_INTERVAL_MILLIS, "3600000");
    }

    /** Makes journals as they are when their disk is full. */
    static void fillDisk() {
        System.setProperty(CaptureSettings.MIN_FREE_BYTES, Long.toString(Long.MAX_VALUE));
    }

    static void makeRoom() {
        System.clearProperty(CaptureSettings.MIN_FREE_BYTES);
    }

    static void clearSettings() {
        makeRoom();
        System.clearProperty(CaptureSettings.MARK_INTERVAL_MILLIS);
        System.clearProperty(CaptureSettings.MAX_OUTBOX_ROWS);
        System.clearProperty(CaptureSettings.WHEN_FULL);
    }
}
