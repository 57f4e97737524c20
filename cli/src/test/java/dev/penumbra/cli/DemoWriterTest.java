package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.h2.api.Trigger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DemoWriterTest {
    private static final String URL = "jdbc:h2:mem:demo-writer";
    private static final int TRANSACTIONS = 200;

    private Connection connection;

    /** Counts the changes that keep a row's key, and those that do not. */
    public static final class Counting implements Trigger {
        private static long kept;
        private static long moved;

        @Override
        public void fire(Connection connection, Object[] before, Object[] after) {
            // Line items have their key in the first column and the fourth; a move changes the first.
            if (before != null && after != null && !before[0].equals(after[0])) {
                moved++;
            } else {
                kept++;
            }
        }
    }

    @BeforeEach
    void create() throws SQLException {
        connection = DriverManager.getConnection(URL);
        TpchTables.create(connection, "");
        TpchTables.fill(connection, true, 1_000);
        try (Statement statement = connection.createStatement()) {
            for (String table : TpchTables.NAMES) {
                statement.execute("CREATE TRIGGER " + table + "_COUNT AFTER INSERT, UPDATE, DELETE ON " + table
                        + " FOR EACH ROW CALL '" + Counting.class.getName() + "'");
            }
        }
        Counting.kept = 0;
        Counting.moved = 0;
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
    }

    private DemoWriter write(boolean isTransactional) throws SQLException {
        DemoWriter writer = new DemoWriter(DriverManager.getConnection(URL), isTransactional, 1, 0, 1);
        for (int i = 0; i < TRANSACTIONS; i++) {
            writer.transaction();
        }
        return writer;
    }

    @Test
    void withoutTransactions_itCommitsAllThatItDoes_andMovesNoRow() throws SQLException {
        try (DemoWriter writer = write(false)) {
            assertThat(writer.written()).isPositive().isEqualTo(Counting.kept);
            assertThat(writer.rolledBack()).isZero();
            assertThat(Counting.moved).isZero();
        }
    }

    @Test
    void withTransactions_itAlsoRollsBackAndMovesRows() throws SQLException {
        try (DemoWriter writer = write(true)) {
            assertThat(writer.rolledBack()).isPositive();
            assertThat(Counting.moved).isPositive();
            // Rows that move together count twice.
            assertThat(writer.written() + writer.rolledBack())
                    .isBetween(Counting.kept + Counting.moved, Counting.kept + 2 * Counting.moved);
        }
    }
}
