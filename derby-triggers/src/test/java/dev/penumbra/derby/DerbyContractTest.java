package dev.penumbra.derby;

import dev.penumbra.capture.SourceDeclaration;
import dev.penumbra.capture.TestedSource;
import dev.penumbra.capture.TriggerContractTest;
import dev.penumbra.capture.TypeExtremes;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.List;
import java.util.Map;

class DerbyContractTest extends TriggerContractTest {
    private static final int LONGEST_NAME = 128;

    private record Source(TestDatabase database) implements TestedSource {
        @Override
        public String schema() {
            return "APP";
        }

        @Override
        public Connection connect() throws SQLException {
            return database.open();
        }

        @Override
        public void install(Connection connection, TableName table) throws SQLException {
            TestDatabase.call(connection, "CALL PENUMBRA.CAPTURE(?, ?)", table.schema(), table.table());
        }

        @Override
        public void remove(Connection connection, TableName table) throws SQLException {
            TestDatabase.call(connection, "CALL PENUMBRA.RELEASE(?, ?)", table.schema(), table.table());
        }

        @Override
        public boolean isForAnotherTry(SQLException failure) {
            // A table's triggers and its writers now and then wait for each other.
            return String.valueOf(failure.getMessage()).contains("lock could not be obtained");
        }

        @Override
        public void settle(Connection connection) throws SQLException {
            database.settle(connection);
        }

        @Override
        public Path journal() {
            return database.journal();
        }

        @Override
        public Map<Key, Row> rows(Connection connection, TableSchema schema) throws SQLException {
            return DerbyTables.source(connection, schema);
        }

        @Override
        public void close() {
            database.shutDown();
        }
    }

    @Override
    protected SourceDeclaration declaration() {
        return new DerbyDeclaration();
    }

    @Override
    protected TestedSource open(Path directory) throws SQLException {
        TestDatabase database = TestDatabase.in(directory);
        try (Connection connection = database.open()) {
            database.prepare(connection);
            TestDatabase.run(connection, "CREATE TYPE MOMENT EXTERNAL NAME 'java.util.Date' LANGUAGE JAVA");
            String setting = "CALL SYSCS_UTIL.SYSCS_SET_DATABASE_PROPERTY(?, ?)";
            TestDatabase.call(connection, setting, "derby.locks.deadlockTimeout", "0");
            TestDatabase.call(connection, setting, "derby.locks.waitTimeout", "1");
        }
        return new Source(database);
    }

    @Override
    protected String renameColumn(String table, String from, String to) {
        return "RENAME COLUMN " + table + "." + from + " TO " + to;
    }

    @Override
    protected String renameTable(String from, String to) {
        return "RENAME TABLE " + from + " TO " + to;
    }

    @Override
    protected String lengthenColumn(String table, String column, int length) {
        return "ALTER TABLE " + table + " ALTER COLUMN " + column + " SET DATA TYPE VARCHAR(" + length + ")";
    }

    @Override
    protected String binaryType(int length) {
        return "VARCHAR(" + length + ") FOR BIT DATA";
    }

    @Override
    protected int longestName() {
        return LONGEST_NAME;
    }

    @Override
    protected List<String> otherTypes() {
        return List.of("XML", "MOMENT");
    }

    @Override
    protected List<TypeExtremes> types() {
        return List.of(
                TypeExtremes.of("BOOLEAN", "TRUE", true, "FALSE", false),
                TypeExtremes.of("SMALLINT", "-32768", Short.MIN_VALUE, "32767", Short.MAX_VALUE),
                TypeExtremes.of("INTEGER", "-2147483648", Integer.MIN_VALUE, "2147483647", Integer.MAX_VALUE),
                TypeExtremes.of(
                        "BIGINT", "-9223372036854775808", Long.MIN_VALUE, "9223372036854775807", Long.MAX_VALUE),
                TypeExtremes.of("REAL", "-3.402E+38", -3.402E+38f, "1.17549E-37", 1.17549E-37f, "0", 0f),
                TypeExtremes.of("DOUBLE", "1.79769E+308", 1.79769E+308, "-2.225E-307", -2.225E-307, "-0E0", 0d),
                TypeExtremes.of(
                        "DECIMAL(31, 5)",
                        "-99999999999999999999999999.99999",
                        new BigDecimal("-99999999999999999999999999.99999"),
                        "0.00001",
                        new BigDecimal("0.00001"),
                        "1",
                        new BigDecimal("1.00000")),
                TypeExtremes.of(
                        "NUMERIC(31, 31)",
                        "0.9999999999999999999999999999999",
                        new BigDecimal("0.9999999999999999999999999999999")),
                TypeExtremes.of("CHAR(5)", "'ab'", "ab   ", "''", "     "),
                TypeExtremes.of(
                        "VARCHAR(100)",
                        "''",
                        "",
                        "'\u0000\u0001\uffff'",
                        "\u0000\u0001\uffff",
                        "'\u00fcn\u00ef\ud83d\ude00 '",
                        "\u00fcn\u00ef\ud83d\ude00 "),
                TypeExtremes.of("LONG VARCHAR", "''", "", "'long '", "long "),
                TypeExtremes.of("CLOB(100000)", "CAST('' AS CLOB)", "", "CAST('clob' AS CLOB)", "clob"),
                // Filled with blanks.
                TypeExtremes.of("CHAR(3) FOR BIT DATA", "X'0102'", Bytes.of((byte) 1, (byte) 2, (byte) 0x20)),
                TypeExtremes.of(
                        "VARCHAR(100) FOR BIT DATA", "X''", Bytes.of(), "X'00FF'", Bytes.of((byte) 0, (byte) 0xff)),
                TypeExtremes.of("LONG VARCHAR FOR BIT DATA", "X''", Bytes.of(), "X'00'", Bytes.of((byte) 0)),
                TypeExtremes.of(
                        "BLOB(100000)",
                        "CAST(X'' AS BLOB)",
                        Bytes.of(),
                        "CAST(X'CAFE' AS BLOB)",
                        Bytes.of((byte) 0xca, (byte) 0xfe)),
                TypeExtremes.of(
                        "DATE",
                        "'0001-01-01'",
                        LocalDate.of(1, 1, 1),
                        "'9999-12-31'",
                        LocalDate.of(9999, 12, 31),
                        // Derby makes later ones of the days that the calendar skipped before it keeps them.
                        "'1582-10-04'",
                        LocalDate.of(1582, 10, 4),
                        "'1900-02-28'",
                        LocalDate.of(1900, 2, 28)),
                TypeExtremes.of("TIME", "'00:00:00'", LocalTime.MIN, "'23:59:59'", LocalTime.of(23, 59, 59)),
                TypeExtremes.of(
                        "TIMESTAMP",
                        "'0001-01-01 00:00:00'",
                        LocalDateTime.of(1, 1, 1, 0, 0),
                        "'9999-12-31 23:59:59.123456789'",
                        LocalDateTime.parse("9999-12-31T23:59:59.123456789"),
                        // In an hour that many zones skip.
                        "'2026-03-29 02:30:00.5'",
                        LocalDateTime.parse("2026-03-29T02:30:00.5"),
                        "'1969-12-31 23:59:59.999999999'",
                        LocalDateTime.parse("1969-12-31T23:59:59.999999999")));
    }
}
