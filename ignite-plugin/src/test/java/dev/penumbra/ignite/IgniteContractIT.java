package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.capture.SourceDeclaration;
import dev.penumbra.capture.TestedSource;
import dev.penumbra.capture.TriggerContractTest;
import dev.penumbra.capture.TypeExtremes;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Column;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.CacheAtomicityMode;
import org.apache.ignite.cache.affinity.rendezvous.RendezvousAffinityFunction;
import org.apache.ignite.configuration.CacheConfiguration;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.configuration.TransactionConfiguration;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * The contract on Ignite tables of one partition: changes have an order within a partition only, and the contract speaks of it.
 *
 * <p>One node, so that there is one journal. What several nodes and partitions make of it is shown by {@link TriggerCaptureIT}.
 */
@NullMarked
class IgniteContractIT extends TriggerContractTest {
    private static final int LONGEST_NAME = 128;
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    /** SQL cannot create schemas. */
    private static final List<String> SCHEMAS =
            List.of("ONE", "TWO", "Mixed", "mixed", "Sch\u00e9ma", "sch\"e.ma; --", "N".repeat(LONGEST_NAME - 1) + "S");

    private static final class Source implements TestedSource {
        private final Grid grid = new Grid();
        private final Path journal;
        private final Ignite node;
        private final Map<TableName, String> triggers = new HashMap<>();
        private int created;

        Source(Path directory) {
            journal = directory.resolve("journal");
            grid.configure(Source::configure);
            node = grid.start(Grid.NOWHERE, new PenumbraConfiguration().setCaptureDirectory(journal.toString()));
        }

        private static void configure(IgniteConfiguration node) {
            node.setTransactionConfiguration(new TransactionConfiguration().setTxAwareQueriesEnabled(true));
            node.getSqlConfiguration()
                    .setSqlSchemas(
                            SCHEMAS.stream().map(schema -> "\"" + schema + "\"").toArray(String[]::new));
            // The template of tables that are created without one.
            node.setCacheConfiguration(new CacheConfiguration<>("PARTITIONED*")
                    .setAffinity(new RendezvousAffinityFunction(false, 1))
                    .setAtomicityMode(CacheAtomicityMode.TRANSACTIONAL));
        }

        @Override
        public String schema() {
            return "PUBLIC";
        }

        @Override
        public Connection connect() throws SQLException {
            int port = node.cluster().localNode().<Integer>attribute("clientListenerPort");
            return DriverManager.getConnection("jdbc:ignite:thin://127.0.0.1:" + port);
        }

        @Override
        public void createSchema(Connection connection, String schema) {
            assertThat(SCHEMAS).contains(schema);
        }

        @Override
        public void dropSchema(Connection connection, String schema) {
            // Nothing of it can be left.
        }

        @Override
        public void install(Connection connection, TableName table) throws SQLException {
            String trigger = "CAPTURE_" + ++created;
            run(
                    connection,
                    "CREATE TRIGGER " + trigger + " AFTER INSERT, UPDATE, DELETE ON " + table.quoted()
                            + " FOR EACH ROW CAPTURE");
            triggers.put(table, trigger);
        }

        @Override
        public void remove(Connection connection, TableName table) throws SQLException {
            run(connection, "DROP TRIGGER " + triggers.getOrDefault(table, "NONE"));
        }

        private static void run(Connection connection, String sql) throws SQLException {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        }

        @Override
        public void settle(Connection connection) {
            assertThat(Grid.plugin(node).triggerRelay().settled())
                    .as(() -> "settles: "
                            + TriggeredGrid.sql(
                                    node, "SELECT TABLE_NAME, PHASE, WAITING, FAILURE FROM SYS.PENUMBRA_TRIGGERS"))
                    .succeedsWithin(PATIENCE);
        }

        @Override
        public void awaitFailure(Connection connection, String error) {
            Grid.await(() -> TriggeredGrid.sql(node, "SELECT PHASE, FAILURE FROM SYS.PENUMBRA_TRIGGERS").stream()
                    .anyMatch(row -> row.get(0).equals("FAILING")
                            && row.get(1).toString().startsWith(error)));
        }

        @Override
        public Path journal() {
            return journal;
        }

        @Override
        public Map<Key, Row> rows(Connection connection, TableSchema schema) throws SQLException {
            Map<Key, Row> rows = new HashMap<>();
            String columns = schema.columns().stream()
                    .map(Column::name)
                    .map(TableName::quote)
                    .collect(Collectors.joining(", "));
            try (Statement statement = connection.createStatement();
                    ResultSet found = statement.executeQuery(
                            "SELECT " + columns + " FROM " + schema.name().quoted())) {
                while (found.next()) {
                    @Nullable Object[] values = new @Nullable Object[schema.columns().size()];
                    for (int i = 0; i < values.length; i++) {
                        SqlType type = schema.columns().get(i).type().type();
                        values[i] = value(type == SqlType.DATE ? found.getDate(i + 1) : found.getObject(i + 1));
                    }
                    Row row = Row.wrap(values);
                    rows.put(schema.keyOf(row), row);
                }
            }
            return rows;
        }

        private static @Nullable Object value(@Nullable Object read) {
            if (read instanceof byte[] bytes) {
                return Bytes.wrap(bytes);
            }
            if (read instanceof java.sql.Date date) {
                return date.toLocalDate();
            }
            if (read instanceof java.sql.Time time) {
                return time.toLocalTime();
            }
            return read instanceof java.sql.Timestamp timestamp ? timestamp.toLocalDateTime() : read;
        }

        @Override
        public void close() {
            grid.close();
        }
    }

    @Override
    protected SourceDeclaration declaration() {
        return new IgniteDeclaration();
    }

    @Override
    protected TestedSource open(Path directory) {
        return new Source(directory);
    }

    @Override
    protected String renameColumn(String table, String from, String to) {
        return "ALTER TABLE " + table + " RENAME COLUMN " + from + " TO " + to;
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

    // With a length they hold no more than 65,536.

    @Override
    protected String largeTextType(int length) {
        return "VARCHAR";
    }

    @Override
    protected String largeBinaryType(int length) {
        return "VARBINARY";
    }

    @Override
    protected int longestName() {
        return LONGEST_NAME;
    }

    @Override
    protected List<String> otherTypes() {
        return List.of("INTERVAL DAY TO SECOND", "INTERVAL YEAR", "OTHER", "ANY", "INTEGER ARRAY");
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
                        "CAST('NaN' AS REAL)",
                        Float.NaN,
                        "CAST('-Infinity' AS REAL)",
                        Float.NEGATIVE_INFINITY,
                        "3.4028234663852886E38",
                        Float.MAX_VALUE,
                        "1.401298464324817E-45",
                        Float.MIN_VALUE),
                TypeExtremes.of(
                        "DOUBLE",
                        "CAST('NaN' AS DOUBLE)",
                        Double.NaN,
                        "CAST('Infinity' AS DOUBLE)",
                        Double.POSITIVE_INFINITY,
                        "-1.7976931348623157E308",
                        -Double.MAX_VALUE,
                        "4.9E-324",
                        Double.MIN_VALUE),
                TypeExtremes.of(
                        "DECIMAL(38, 10)",
                        "-9999999999999999999999999999.9999999999",
                        new BigDecimal("-9999999999999999999999999999.9999999999"),
                        "0.0000000001",
                        new BigDecimal("0.0000000001"),
                        "1",
                        new BigDecimal("1.0000000000")),
                TypeExtremes.of("CHAR(5)", "'ab'", "ab", "''", ""),
                TypeExtremes.of(
                        "VARCHAR(100)",
                        "''",
                        "",
                        "'\u0000\u0001\uffff'",
                        "\u0000\u0001\uffff",
                        "'\u00fcn\u00ef\ud83d\ude00 '",
                        "\u00fcn\u00ef\ud83d\ude00 "),
                TypeExtremes.of("VARCHAR", "''", "", "'unbounded'", "unbounded"),
                TypeExtremes.of("BINARY(3)", "X'0102'", Bytes.of((byte) 1, (byte) 2)),
                TypeExtremes.of("VARBINARY(10)", "X''", Bytes.of(), "X'00FF'", Bytes.of((byte) 0, (byte) 0xff)),
                TypeExtremes.of(
                        "DATE",
                        // As Ignite's clients see it: in the calendar of that time.
                        "DATE '0001-01-01'",
                        LocalDate.of(1, 1, 3),
                        "DATE '9999-12-31'",
                        LocalDate.of(9999, 12, 31),
                        "DATE '1582-10-15'",
                        LocalDate.of(1582, 10, 15),
                        "DATE '1900-02-28'",
                        LocalDate.of(1900, 2, 28)),
                TypeExtremes.of("TIME", "TIME '00:00:00'", LocalTime.MIN, "TIME '23:59:59'", LocalTime.of(23, 59, 59)),
                TypeExtremes.of(
                        "TIMESTAMP",
                        "TIMESTAMP '0001-01-01 00:00:00'",
                        LocalDateTime.of(1, 1, 3, 0, 0),
                        "TIMESTAMP '9999-12-31 23:59:59.999'",
                        LocalDateTime.parse("9999-12-31T23:59:59.999"),
                        // In an hour that many zones skip.
                        "TIMESTAMP '2026-03-29 02:30:00.5'",
                        LocalDateTime.parse("2026-03-29T02:30:00.5")),
                TypeExtremes.of(
                        "UUID",
                        "CAST('ffffffff-ffff-ffff-0000-000000000001' AS UUID)",
                        new UUID(-1, 1),
                        "CAST('00000000-0000-0000-0000-000000000000' AS UUID)",
                        new UUID(0, 0)));
    }
}
