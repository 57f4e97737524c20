package dev.penumbra.h2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.capture.SourceDeclaration;
import dev.penumbra.capture.TestedSource;
import dev.penumbra.capture.TriggerContractTest;
import dev.penumbra.capture.TypeExtremes;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Interval;
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
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;

class H2ContractTest extends TriggerContractTest {
    private static final long SETTLE_MILLIS = 20_000;
    private static final int LONGEST_NAME = 256;

    private record Source(TestDatabase database) implements TestedSource {
        @Override
        public String schema() {
            return "PUBLIC";
        }

        @Override
        public Connection connect() throws SQLException {
            return database.open();
        }

        @Override
        public void install(Connection connection, TableName table) throws SQLException {
            Capture.install(connection, table.quoted(), journal().toString());
        }

        @Override
        public void remove(Connection connection, TableName table) throws SQLException {
            Capture.remove(connection, table.quoted());
        }

        @Override
        public void settle(Connection connection) throws SQLException {
            assertThat(Capture.settle(connection, SETTLE_MILLIS)).as("settles").isTrue();
        }

        @Override
        public Path journal() {
            return database.journal();
        }

        @Override
        public Map<Key, Row> rows(Connection connection, TableSchema schema) throws SQLException {
            return H2Tables.source(connection, schema);
        }

        @Override
        public void close() {
            // The last connection's end was the database's.
        }
    }

    @Override
    protected SourceDeclaration declaration() {
        return new H2Declaration();
    }

    @Override
    protected TestedSource open(Path directory) {
        return new Source(TestDatabase.in(directory));
    }

    @Override
    protected String renameColumn(String table, String from, String to) {
        return "ALTER TABLE " + table + " ALTER COLUMN " + from + " RENAME TO " + to;
    }

    @Override
    protected String renameTable(String from, String to) {
        return "ALTER TABLE " + from + " RENAME TO " + to;
    }

    @Override
    protected String lengthenColumn(String table, String column, int length) {
        return "ALTER TABLE " + table + " ALTER COLUMN " + column + " SET DATA TYPE VARCHAR(" + length + ")";
    }

    @Override
    protected String binaryType(int length) {
        return "VARBINARY(" + length + ")";
    }

    @Override
    protected int longestName() {
        return LONGEST_NAME;
    }

    @Override
    protected List<String> otherTypes() {
        return List.of("GEOMETRY", "JAVA_OBJECT", "ROW(A INT)", "GEOMETRY ARRAY");
    }

    @Override
    protected List<TypeExtremes> types() {
        return List.of(
                TypeExtremes.of("BOOLEAN", "TRUE", true, "FALSE", false),
                TypeExtremes.of("TINYINT", "-128", Byte.MIN_VALUE, "127", Byte.MAX_VALUE),
                TypeExtremes.of("SMALLINT", "-32768", Short.MIN_VALUE, "32767", Short.MAX_VALUE),
                TypeExtremes.of("INTEGER", "-2147483648", Integer.MIN_VALUE, "2147483647", Integer.MAX_VALUE),
                TypeExtremes.of(
                        "BIGINT", "-9223372036854775808", Long.MIN_VALUE, "9223372036854775807", Long.MAX_VALUE),
                TypeExtremes.of(
                        "REAL",
                        "'NaN'",
                        Float.NaN,
                        "'-Infinity'",
                        Float.NEGATIVE_INFINITY,
                        "3.4028234663852886E38",
                        Float.MAX_VALUE,
                        "1.401298464324817E-45",
                        Float.MIN_VALUE),
                TypeExtremes.of(
                        "DOUBLE PRECISION",
                        "'NaN'",
                        Double.NaN,
                        "'Infinity'",
                        Double.POSITIVE_INFINITY,
                        "-1.7976931348623157E308",
                        -Double.MAX_VALUE,
                        "4.9E-324",
                        Double.MIN_VALUE),
                TypeExtremes.of(
                        "DECFLOAT(34)",
                        "'NaN'",
                        Double.NaN,
                        "'-Infinity'",
                        Double.NEGATIVE_INFINITY,
                        "9.999999999999999999999999999999999E6144",
                        new BigDecimal("9.999999999999999999999999999999999E6144"),
                        "-1E-6143",
                        new BigDecimal("-1E-6143")),
                TypeExtremes.of(
                        "DECIMAL(38, 10)",
                        "-9999999999999999999999999999.9999999999",
                        new BigDecimal("-9999999999999999999999999999.9999999999"),
                        "0.0000000001",
                        new BigDecimal("0.0000000001"),
                        "1",
                        new BigDecimal("1.0000000000")),
                TypeExtremes.of(
                        "NUMERIC(100, 100)",
                        "1E-100",
                        new BigDecimal("1E-100"),
                        "0." + "9".repeat(100),
                        new BigDecimal("0." + "9".repeat(100))),
                TypeExtremes.of("CHAR(5)", "'ab'", "ab   ", "''", "     "),
                TypeExtremes.of(
                        "VARCHAR(100)",
                        "''",
                        "",
                        "U&'\\0000\\0001\\FFFF'",
                        "\u0000\u0001\uffff",
                        "'\u00fcn\u00ef\ud83d\ude00 '",
                        "\u00fcn\u00ef\ud83d\ude00 "),
                TypeExtremes.of("VARCHAR_IGNORECASE(10)", "'MiXed'", "MiXed"),
                TypeExtremes.of("CLOB(10000)", "''", "", "REPEAT('clob ', 1000)", "clob ".repeat(1000)),
                TypeExtremes.of("BINARY(3)", "X'0102'", Bytes.of((byte) 1, (byte) 2, (byte) 0)),
                TypeExtremes.of("VARBINARY(10)", "X''", Bytes.of(), "X'00FF'", Bytes.of((byte) 0, (byte) 0xff)),
                TypeExtremes.of("BLOB(10000)", "X''", Bytes.of(), "X'CAFE'", Bytes.of((byte) 0xca, (byte) 0xfe)),
                TypeExtremes.of(
                        "DATE",
                        "DATE '-999999999-01-01'",
                        LocalDate.MIN,
                        "DATE '999999999-12-31'",
                        LocalDate.MAX,
                        "DATE '1582-10-10'",
                        LocalDate.of(1582, 10, 10),
                        "DATE '-0001-02-28'",
                        LocalDate.of(-1, 2, 28)),
                TypeExtremes.of(
                        "TIME(9)", "TIME '00:00:00'", LocalTime.MIN, "TIME '23:59:59.999999999'", LocalTime.MAX),
                TypeExtremes.of(
                        "TIME(9) WITH TIME ZONE",
                        "TIME WITH TIME ZONE '00:00:00+18:00'",
                        OffsetTime.MAX.with(LocalTime.MIN).withOffsetSameLocal(java.time.ZoneOffset.MAX),
                        "TIME WITH TIME ZONE '23:59:59.999999999-18:00'",
                        OffsetTime.MAX,
                        "TIME WITH TIME ZONE '12:00:00+01:02:03'",
                        OffsetTime.parse("12:00:00+01:02:03")),
                TypeExtremes.of(
                        "TIMESTAMP(9)",
                        "TIMESTAMP '-999999999-01-01 00:00:00'",
                        LocalDateTime.MIN,
                        "TIMESTAMP '999999999-12-31 23:59:59.999999999'",
                        LocalDateTime.MAX,
                        // In an hour that many zones skip.
                        "TIMESTAMP '2024-03-31 02:30:00.000000001'",
                        LocalDateTime.parse("2024-03-31T02:30:00.000000001")),
                TypeExtremes.of(
                        "TIMESTAMP(9) WITH TIME ZONE",
                        "TIMESTAMP WITH TIME ZONE '1582-10-10 00:00:00.123456789+18:00'",
                        OffsetDateTime.parse("1582-10-10T00:00:00.123456789+18:00"),
                        "TIMESTAMP WITH TIME ZONE '2024-10-27 02:30:00-18:00'",
                        OffsetDateTime.parse("2024-10-27T02:30:00-18:00")),
                TypeExtremes.of("UUID", "UUID 'ffffffff-ffff-ffff-0000-000000000001'", new UUID(-1, 1)),
                TypeExtremes.of(
                        "JSON", "JSON '{\"a\": [1, null, \"x\"]}'", "{\"a\":[1,null,\"x\"]}", "JSON 'null'", "null"),
                TypeExtremes.of("ENUM('red', 'it''s')", "'red'", "red", "'it''s'", "it's"),
                TypeExtremes.of(
                        "INTEGER ARRAY[5]", "ARRAY[1, NULL, -7]", Arrays.asList(1, null, -7), "ARRAY[]", List.of()),
                TypeExtremes.of(
                        "VARCHAR(5) ARRAY[2] ARRAY[3]",
                        "ARRAY[ARRAY['a', NULL], NULL, ARRAY[]]",
                        Arrays.asList(Arrays.asList("a", null), null, List.of())),
                interval("YEAR(18)", "'-999999999999999999' YEAR", true, 999999999999999999L, 0),
                interval("MONTH(18)", "'999999999999999999' MONTH", false, 999999999999999999L, 0),
                interval("DAY(18)", "'0' DAY", false, 0, 0),
                interval("HOUR(18)", "'-1' HOUR", true, 1, 0),
                interval("MINUTE(18)", "'999999999999999999' MINUTE", false, 999999999999999999L, 0),
                interval("SECOND(18, 9)", "'-0.000000001' SECOND", true, 0, 1),
                interval("YEAR(18) TO MONTH", "'-999999999999999999-11' YEAR TO MONTH", true, 999999999999999999L, 11),
                interval("DAY(18) TO HOUR", "'1 23' DAY TO HOUR", false, 1, 23),
                interval("DAY(18) TO MINUTE", "'1 23:59' DAY TO MINUTE", false, 1, 1439),
                interval(
                        "DAY(18) TO SECOND(9)",
                        "'-999999999999999999 23:59:59.999999999' DAY TO SECOND",
                        true,
                        999999999999999999L,
                        86_399_999_999_999L),
                interval("HOUR(18) TO MINUTE", "'-1:59' HOUR TO MINUTE", true, 1, 59),
                interval("HOUR(18) TO SECOND(9)", "'1:59:59.5' HOUR TO SECOND", false, 1, 3_599_500_000_000L),
                interval("MINUTE(18) TO SECOND(9)", "'1:59.000000001' MINUTE TO SECOND", false, 1, 59_000_000_001L));
    }

    private static TypeExtremes interval(
            String qualifier, String literal, boolean negative, long leading, long remaining) {
        Interval.Qualifier bare = Arrays.stream(Interval.Qualifier.values())
                .filter(known -> known.sql().equals(qualifier.replaceAll("\\([^)]*\\)", "")))
                .findFirst()
                .orElseThrow();
        return TypeExtremes.of(
                "INTERVAL " + qualifier, "INTERVAL " + literal, new Interval(bare, negative, leading, remaining));
    }
}
