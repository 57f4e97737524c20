package dev.penumbra.h2;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A process that opens a captured database and writes to it from several sessions until it is killed.
 *
 * <p>Sessions contend for the shared keys in transactions of one statement that are never rolled back; what may be rolled back
 * or fail touches a session's own keys alone. Otherwise H2, while it writes to its file, would now and then lose an update
 * that another session has committed (see docs/capture.md), and the journal would rightly differ from the table.
 */
final class WritingProcess {
    private static final int SESSIONS = 3;
    private static final int SHARED_KEYS = 100;
    private static final int OWN_KEYS = 100;
    private static final int MANY = 5;

    private final Statement statement;
    private final Random random;
    private final int firstOwnKey;

    private WritingProcess(Statement statement, Random random, int session) {
        this.statement = statement;
        this.random = random;
        this.firstOwnKey = SHARED_KEYS + session * OWN_KEYS;
    }

    /**
     * Starts the process, which says on its output when it has begun to write.
     *
     * @param log gets everything that there is to log; null for warnings alone, among the test's own
     */
    static Process start(String url, Path journal, long seed, Path output, @Nullable Path log) throws IOException {
        File options = new File(System.getProperty("penumbra.jvm.opts"));
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "@" + options,
                        "-Xmx256m",
                        // Several marks before each kill, so that recovery begins in the middle of a series.
                        "-Dpenumbra.mark.interval-millis=150",
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                        "-Dorg.slf4j.simpleLogger.log.dev.penumbra=" + (log == null ? "warn" : "debug"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        WritingProcess.class.getName(),
                        url,
                        journal.toString(),
                        Long.toString(seed))
                .redirectError(
                        log == null ? ProcessBuilder.Redirect.INHERIT : ProcessBuilder.Redirect.appendTo(log.toFile()))
                .redirectOutput(output.toFile())
                .start();
    }

    /** Arguments: database URL, journal directory, seed. Prints {@code writing} when it has begun. */
    public static void main(String[] arguments) throws Exception {
        String url = arguments[0];
        long seed = Long.parseLong(arguments[2]);
        Connection first = TestDatabase.open(url);
        try (Statement statement = first.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS T(ID INT PRIMARY KEY, V BIGINT, NOTE VARCHAR(200))");
            statement.execute("CREATE TABLE IF NOT EXISTS U(ID INT PRIMARY KEY, V BIGINT)");
            // Has every column, so that H2 would rather read it than the table.
            statement.execute("CREATE INDEX IF NOT EXISTS BY_VALUE ON U(V, ID)");
        }
        Capture.install(first, "T", Path.of(arguments[1]).toString());
        Capture.install(first, "U", Path.of(arguments[1]).toString());
        if (!Capture.settle(first, 60_000)) {
            throw new IllegalStateException("the relay does not work");
        }
        System.out.println("writing");
        for (int i = 0; i < SESSIONS; i++) {
            int session = i;
            new Thread(() -> write(url, new Random(seed * 100 + session), session)).start();
        }
    }

    private static void write(String url, Random random, int session) {
        try (Connection connection = TestDatabase.open(url);
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            WritingProcess writer = new WritingProcess(statement, random, session);
            while (true) {
                try {
                    if (random.nextBoolean()) {
                        statement.execute(writer.onSharedKeys());
                        connection.commit();
                    } else {
                        writer.transactionOnOwnKeys(connection);
                    }
                } catch (SQLException e) {
                    connection.rollback();
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private void transactionOnOwnKeys(Connection connection) throws SQLException {
        int steps = 1 + random.nextInt(4);
        for (int i = 0; i < steps; i++) {
            statement.execute(onOwnKeys());
        }
        if (random.nextInt(4) == 0) {
            connection.rollback();
        } else {
            connection.commit();
        }
    }

    private String onSharedKeys() {
        int id = random.nextInt(SHARED_KEYS);
        if (random.nextInt(1000) == 0) {
            return "TRUNCATE TABLE U";
        }
        return switch (random.nextInt(10)) {
            case 0, 1, 2 -> "DELETE FROM T WHERE ID = " + id;
            case 3, 4 -> mergeIntoU(id);
            default -> mergeIntoT(id);
        };
    }

    private String onOwnKeys() {
        int id = ownKey(OWN_KEYS);
        return switch (random.nextInt(20)) {
            case 0, 1, 2, 3 -> "DELETE FROM T WHERE ID = " + id;
            // Fails where the new key is taken.
            case 4, 5, 6 ->
                "UPDATE T SET ID = " + ownKey(OWN_KEYS) + ", V = " + random.nextLong() + " WHERE ID = " + id;
            // Fails where one of the keys is taken, when it may have inserted some.
            case 7, 8, 9 -> insertManyIntoT(ownKey(OWN_KEYS - MANY));
            case 10, 11, 12 -> mergeIntoU(id);
            default -> mergeIntoT(id);
        };
    }

    private int ownKey(int bound) {
        return firstOwnKey + random.nextInt(bound);
    }

    private String insertManyIntoT(int from) {
        return "INSERT INTO T SELECT X, X + " + random.nextLong(1L << 62) + ", 'many' FROM SYSTEM_RANGE(" + from + ", "
                + (from + MANY) + ")";
    }

    private String mergeIntoT(int id) {
        return "MERGE INTO T VALUES(" + id + ", " + random.nextLong() + ", REPEAT('x', " + random.nextInt(200) + "))";
    }

    private String mergeIntoU(int id) {
        return "MERGE INTO U VALUES(" + id + ", " + random.nextLong() + ")";
    }
}
