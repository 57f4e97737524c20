package dev.penumbra.derby;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Random;

/** A process that opens a captured database and writes to it from several sessions until it is killed. */
final class DerbyWritingProcess {
    private static final int SESSIONS = 3;
    private static final int KEYS = 3000;

    private DerbyWritingProcess() {}

    /** Arguments: database, journal directory, seed. Prints {@code writing} when it has begun. */
    public static void main(String[] arguments) throws Exception {
        TestDatabase database = new TestDatabase(arguments[0], Path.of(arguments[1]));
        long seed = Long.parseLong(arguments[2]);
        Connection first = database.open();
        try (var tables = first.getMetaData().getTables(null, "APP", "T", null)) {
            if (!tables.next()) {
                TestDatabase.run(
                        first,
                        "CREATE TABLE T(ID INT PRIMARY KEY, V BIGINT, NOTE VARCHAR(200))",
                        "CREATE TABLE U(ID INT PRIMARY KEY, V BIGINT)");
                database.capture(first, "T", "U");
            }
        }
        System.out.println("writing");
        for (int i = 0; i < SESSIONS; i++) {
            Random random = new Random(seed * 100 + i);
            new Thread(() -> write(database, random)).start();
        }
    }

    private static void write(TestDatabase database, Random random) {
        try (Connection connection = database.open();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            while (true) {
                try {
                    int steps = 1 + random.nextInt(4);
                    for (int i = 0; i < steps; i++) {
                        statement.execute(next(random));
                    }
                    if (random.nextInt(4) == 0) {
                        connection.rollback();
                    } else {
                        connection.commit();
                    }
                } catch (SQLException e) {
                    connection.rollback();
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String next(Random random) {
        int id = random.nextInt(KEYS);
        return switch (random.nextInt(8)) {
            case 0 -> "DELETE FROM T WHERE ID = " + id;
            case 1 -> "UPDATE T SET ID = " + random.nextInt(KEYS) + " WHERE ID = " + id;
            case 2 -> "UPDATE U SET V = V + 1 WHERE ID BETWEEN " + id + " AND " + (id + 5);
            case 3 -> "INSERT INTO U VALUES(" + id + ", " + random.nextInt() + ")";
            case 4, 5 -> "UPDATE T SET V = V + 1 WHERE ID = " + id;
            default -> "INSERT INTO T VALUES(" + id + ", " + random.nextLong() + ", 'n')";
        };
    }
}
