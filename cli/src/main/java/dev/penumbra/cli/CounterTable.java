package dev.penumbra.cli;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** The table of a demo's source whose rows {@link CounterCheck} calls counters. */
final class CounterTable {
    static final String NAME = "COUNTERS";
    static final String KEY = "ID";
    static final int COUNTERS = 64;

    /** Where the count is in a row. */
    static final int COUNT_ORDINAL = 1;

    static final String UPDATE = "UPDATE " + NAME + " SET TIMES = TIMES + 1 WHERE " + KEY + " = ?";

    private CounterTable() {}

    /**
     * A counter to be counted up: the first ones often, the last ones so seldom that copies are now and then as far as the source.
     *
     * @param random from 0 to 1
     */
    static int next(double random) {
        return (int) (COUNTERS * random * random * random);
    }

    /**
     * Creates the table with all of its rows.
     *
     * @param options what the database lets one say behind a table's columns
     */
    static void create(Connection connection, String options) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    "CREATE TABLE " + NAME + " (" + KEY + " BIGINT PRIMARY KEY, TIMES BIGINT NOT NULL)" + options);
            for (int i = 0; i < COUNTERS; i++) {
                statement.executeUpdate("INSERT INTO " + NAME + " VALUES (" + i + ", 0)");
            }
        }
    }

    /**
     * The query for a counter's value.
     *
     * @param copies the name of the table's copies in SQL
     * @param consistency as in SQL
     */
    static String query(String copies, int counter, String consistency) {
        return "SELECT TIMES FROM SHADOW." + copies + " WHERE " + KEY + " = " + counter + " WITH CONSISTENCY "
                + consistency;
    }
}
