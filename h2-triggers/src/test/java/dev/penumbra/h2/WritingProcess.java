package dev.penumbra.h2;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A process that opens a captured database and writes to it from several sessions until it is killed.
 *
 * <p>Every value it writes is there once, so a row version that two committed transactions have replaced or deleted is one that H2
 * had shown again after the first of them: an update that H2 has lost. The process says so with {@code lost} and the
 * value.
 */
final class WritingProcess {
    private static final int SESSIONS = 3;
    private static final Set<Long> REPLACED = ConcurrentHashMap.newKeySet();

    private WritingProcess() {}

    /** Arguments: database URL, journal directory, seed. Prints {@code writing} when it has begun. */
    public static void main(String[] arguments) throws Exception {
        String url = arguments[0];
        long seed = Long.parseLong(arguments[2]);
        Connection first = DriverManager.getConnection(url, "sa", "");
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
            Random random = new Random(seed * 100 + i);
            Thread thread = new Thread(() -> write(url, random));
            thread.start();
        }
    }

    private static void write(String url, Random random) {
        try (Connection connection = DriverManager.getConnection(url, "sa", "");
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            while (true) {
                try {
                    List<Long> replaced = new ArrayList<>();
                    int steps = 1 + random.nextInt(4);
                    for (int i = 0; i < steps; i++) {
                        execute(statement, statement(random), replaced);
                    }
                    if (random.nextInt(6) == 0) {
                        connection.rollback();
                    } else {
                        connection.commit();
                        replaced.stream().filter(value -> !REPLACED.add(value)).forEach(WritingProcess::sayLost);
                    }
                } catch (SQLException e) {
                    connection.rollback();
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void execute(Statement statement, String sql, List<Long> replaced) throws SQLException {
        if (sql.startsWith("TRUNCATE")) {
            statement.execute(sql);
            return;
        }
        try (ResultSet former = statement.executeQuery("SELECT V FROM OLD TABLE(" + sql + ")")) {
            while (former.next()) {
                replaced.add(former.getLong(1));
            }
        }
    }

    private static void sayLost(long value) {
        System.out.println("lost " + value);
    }

    private static String statement(Random random) {
        int id = random.nextInt(400);
        if (random.nextInt(2000) == 0) {
            return "TRUNCATE TABLE U";
        }
        return switch (random.nextInt(40)) {
            case 1, 2, 3, 4, 5, 6 -> "DELETE FROM T WHERE ID = " + id;
            case 7, 8 ->
                "UPDATE T SET ID = " + random.nextInt(400) + ", V = " + random.nextLong() + " WHERE ID = " + id;
            case 9, 10, 11 ->
                "INSERT INTO T SELECT X, X + " + random.nextLong(1L << 62) + ", 'many' FROM SYSTEM_RANGE(" + id + ", "
                        + (id + 5) + ")";
            case 12, 13, 14, 15 -> "MERGE INTO U VALUES(" + id + ", " + random.nextLong() + ")";
            default ->
                "MERGE INTO T VALUES(" + id + ", " + random.nextLong() + ", REPEAT('x', " + random.nextInt(200) + "))";
        };
    }
}
