package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CopyComparisonTest {
    private Connection connection;

    @BeforeEach
    void open() throws SQLException {
        connection = DriverManager.getConnection("jdbc:h2:mem:");
        run("CREATE TABLE T(ID INT PRIMARY KEY, LINE INT, PRICE DECIMAL(9, 2))");
        run("INSERT INTO T VALUES(1, 1, 1.50), (2, 1, 2.00), (3, 1, NULL)");
        run("CREATE TABLE COPY(PRICE DECIMAL(9, 4), ID INT, LINE INT)");
        run("INSERT INTO COPY(ID, LINE, PRICE) SELECT ID, LINE, PRICE FROM T");
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
    }

    private void run(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private CopyComparison.Result compared() throws SQLException {
        return CopyComparison.of(connection, "T", List.of("ID", "LINE", "PRICE"), List.of("ID"))
                .compare(connection, "COPY");
    }

    @Test
    void compare_ofACopyWithOtherScalesAndColumnsInAnotherOrder_findsNothing() throws SQLException {
        assertThat(compared()).isEqualTo(new CopyComparison.Result(3, 0));
    }

    @Test
    void compare_ofACopyThatLacksARow_findsIt() throws SQLException {
        run("DELETE FROM COPY WHERE ID = 3");
        assertThat(compared()).isEqualTo(new CopyComparison.Result(2, 1));
    }

    @Test
    void compare_ofACopyWithARowTooMany_findsIt() throws SQLException {
        run("INSERT INTO COPY(ID, LINE) VALUES(4, 1)");
        assertThat(compared()).isEqualTo(new CopyComparison.Result(4, 1));
    }

    @Test
    void compare_ofACopyWithARowTwice_findsIt() throws SQLException {
        run("INSERT INTO COPY(ID, LINE, PRICE) VALUES(1, 1, 1.5)");
        assertThat(compared()).isEqualTo(new CopyComparison.Result(4, 1));
    }

    @Test
    void compare_ofACopyWithAnotherValue_findsIt() throws SQLException {
        run("UPDATE COPY SET PRICE = 0 WHERE ID = 3");
        assertThat(compared()).isEqualTo(new CopyComparison.Result(3, 1));
    }
}
