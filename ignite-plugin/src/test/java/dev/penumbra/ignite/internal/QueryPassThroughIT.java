package dev.penumbra.ignite.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cache.query.FieldsQueryCursor;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.odbc.jdbc.JdbcParameterMeta;
import org.apache.ignite.internal.processors.query.GridQueryFieldMetadata;
import org.apache.ignite.internal.processors.query.GridQueryProcessor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What does not concern Penumbra comes out of a node with its engine as out of a node without. */
class QueryPassThroughIT {
    private static final int STATEMENTS = 120;
    private static final String FAILED = "failed ";
    private static final int RESULTS_MAX = 4;

    /** Plans and errors carry identifiers that differ from run to run. */
    private static final Pattern CHANGING = Pattern.compile(
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|id = \\d+|@[0-9a-f]+|node-[0-9]+");

    private static QueryNode plain;
    private static QueryNode decorated;

    @BeforeAll
    static void start() {
        plain = QueryNode.plain();
        decorated = QueryNode.decorated();
    }

    @AfterAll
    static void stop() {
        decorated.close();
        plain.close();
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2})
    void statements_overJdbc_giveTheSameRowsMetadataCountsAndErrors(long seed) throws SQLException {
        try (Connection left = plain.connect("");
                Connection right = decorated.connect("")) {
            prepare(left, right, "P", "Q");
            int failed = 0;
            for (String sql : QueryTexts.of(seed, STATEMENTS)) {
                List<String> seen = overJdbc(left, sql);
                assertThat(overJdbc(right, sql)).as(sql).isEqualTo(seen);
                failed += seen.get(0).startsWith(FAILED) ? 1 : 0;
            }
            // Two equal refusals prove little.
            assertThat(failed).isBetween(1, STATEMENTS / 4);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {3})
    void statements_overTheCacheApi_giveTheSameRowsNamesAndErrors(long seed) throws SQLException {
        try (Connection left = plain.connect("");
                Connection right = decorated.connect("")) {
            prepare(left, right, "P", "Q");
        }
        for (String sql : QueryTexts.of(seed, STATEMENTS)) {
            assertThat(overCache(decorated, sql)).as(sql).isEqualTo(overCache(plain, sql));
        }
    }

    @Test
    void parametersAndBatches_giveTheSameRowsMetadataCountsAndErrors() throws SQLException {
        try (Connection left = plain.connect("");
                Connection right = decorated.connect("")) {
            prepare(left, right, "P", "Q");
            List<List<Object>> rows = List.of(List.of(500, "SHADOW"), List.of(501, "HOME.T"), List.of(500, "again"));
            for (String sql : List.of(
                    "INSERT INTO P (ID, HOME) VALUES (?, ?)",
                    "MERGE INTO P (ID, HOME) VALUES (?, ?)",
                    "UPDATE Q SET SHADOW = ? WHERE ID = ?",
                    "DELETE FROM P WHERE ID = ? OR HOME = ?",
                    "SELECT * FROM P WHERE ID = ? AND HOME = ?",
                    "INSERT INTO NOWHERE VALUES (?, 'SHADOW', ?)",
                    "INSERT INTO P (ID, HOME) VALUES (?, ?); DELETE FROM Q")) {
                assertThat(batch(right, sql, rows)).as(sql).isEqualTo(batch(left, sql, rows));
            }
            for (String sql : List.of(
                    "SELECT ID, SHADOW, V + ? FROM Q WHERE SHADOW = ? ORDER BY ID",
                    "SELECT '?', ID FROM P WHERE ID > ? AND B <> ? -- ?\n ORDER BY ID",
                    "SELECT HOME FROM P WHERE ID = ?; SELECT SHADOW FROM Q WHERE SHADOW = ?",
                    "SELECT HOME FROM P WHERE ID = ?",
                    "SELECT ID FROM P WHERE ID = ? AND B = ? AND C = ?",
                    "EXPLAIN PLAN FOR SELECT HOME FROM P WHERE ID = ? AND B = ?")) {
                assertThat(prepared(right, sql, 1, "SHADOW")).as(sql).isEqualTo(prepared(left, sql, 1, "SHADOW"));
                assertThat(metadata(decorated, sql)).as(sql).isEqualTo(metadata(plain, sql));
            }
        }
    }

    @Test
    void schemaOfTheSession_isThatOfTheEngine() throws SQLException {
        for (String suffix : List.of("/PUBLIC", "/SYS", "/\"PUBLIC\"")) {
            try (Connection left = plain.connect(suffix);
                    Connection right = decorated.connect(suffix)) {
                for (String sql : List.of("SELECT COUNT(*) FROM SCHEMAS WHERE SCHEMA_NAME = 'HOME'", "SELECT 1")) {
                    assertThat(overJdbc(right, sql)).as(sql).isEqualTo(overJdbc(left, sql));
                }
            }
        }
    }

    @Test
    void engine_isReachedByEveryNameThatIgnitesOwnHas() throws SQLException {
        decorated
                .cache()
                .query(new SqlFieldsQuery("SELECT /*+ QUERY_ENGINE('calcite') */ 1"))
                .getAll();
        try (Connection connection = decorated.connect("?queryEngine=calcite");
                Statement statement = connection.createStatement()) {
            assertThatThrownBy(() -> statement.execute("DELETE FROM HOME.T")).hasMessageContaining("PENUMBRA-1030");
            assertThatThrownBy(() -> statement.execute("INSERT INTO HOME.T SELECT /*+ QUERY_ENGINE('calcite') */ 1"))
                    .hasMessageContaining("PENUMBRA-1030");
        }
    }

    private static void prepare(Connection left, Connection right, String... tables) throws SQLException {
        for (Connection connection : List.of(left, right)) {
            try (Statement statement = connection.createStatement()) {
                for (String table : tables) {
                    statement.execute("DROP TABLE IF EXISTS " + table);
                }
                for (String sql : QueryTexts.SETUP) {
                    statement.execute(sql);
                }
            }
        }
    }

    private static List<String> overJdbc(Connection connection, String sql) {
        List<String> seen = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            boolean rows = statement.execute(sql);
            results(statement, rows, ordered(sql), seen);
        } catch (SQLException e) {
            failure(e, seen);
        }
        return seen;
    }

    private static List<String> prepared(Connection connection, String sql, Object... parameters) {
        List<String> seen = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            boolean rows = statement.execute();
            results(statement, rows, ordered(sql), seen);
        } catch (SQLException e) {
            failure(e, seen);
        }
        return seen;
    }

    private static List<String> metadata(QueryNode node, String sql) {
        GridQueryProcessor queries = ((IgniteEx) node.ignite()).context().query();
        List<String> seen = new ArrayList<>();
        for (JdbcParameterMeta parameter : queries.parameterMetaData(new SqlFieldsQuery(sql), null)) {
            seen.add(parameter.typeName() + " " + parameter.precision() + " " + parameter.isNullable());
        }
        List<GridQueryFieldMetadata> columns = queries.resultSetMetaData(new SqlFieldsQuery(sql), null);
        if (columns != null) {
            for (GridQueryFieldMetadata column : columns) {
                seen.add(column.schemaName() + "." + column.typeName() + "." + column.fieldName() + " "
                        + column.fieldTypeName() + " " + column.precision() + " " + column.scale() + " "
                        + column.nullability());
            }
        }
        return seen;
    }

    private static List<String> batch(Connection connection, String sql, List<List<Object>> rows) {
        List<String> seen = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (List<Object> row : rows) {
                for (int i = 0; i < row.size(); i++) {
                    statement.setObject(i + 1, row.get(i));
                }
                statement.addBatch();
            }
            seen.add(Arrays.toString(statement.executeBatch()));
        } catch (SQLException e) {
            failure(e, seen);
        }
        return seen;
    }

    private static void results(Statement statement, boolean first, boolean ordered, List<String> seen)
            throws SQLException {
        boolean more = first || statement.getUpdateCount() >= 0;
        for (int i = 0; more && i < RESULTS_MAX; i++) {
            ResultSet result = statement.getResultSet();
            if (result == null) {
                seen.add("updated " + statement.getUpdateCount());
            } else {
                rows(result, ordered, seen);
            }
            more = statement.getMoreResults() || statement.getUpdateCount() >= 0;
        }
    }

    private static void rows(ResultSet result, boolean ordered, List<String> seen) throws SQLException {
        ResultSetMetaData columns = result.getMetaData();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
            seen.add(String.join(
                    " ",
                    columns.getSchemaName(i),
                    columns.getTableName(i),
                    columns.getColumnLabel(i),
                    columns.getColumnTypeName(i),
                    "" + columns.getPrecision(i),
                    "" + columns.getScale(i),
                    "" + columns.isNullable(i)));
        }
        List<String> values = new ArrayList<>();
        while (result.next()) {
            List<String> row = new ArrayList<>();
            for (int i = 1; i <= columns.getColumnCount(); i++) {
                row.add(shown(result.getObject(i)));
            }
            values.add(row.toString());
        }
        if (!ordered) {
            values.sort(null);
        }
        seen.addAll(values);
    }

    private static List<String> overCache(QueryNode node, String sql) {
        List<String> seen = new ArrayList<>();
        try (FieldsQueryCursor<List<?>> cursor = node.cache().query(new SqlFieldsQuery(sql).setSchema("PUBLIC"))) {
            for (int i = 0; i < cursor.getColumnsCount(); i++) {
                seen.add(cursor.getFieldName(i));
            }
            List<String> rows = new ArrayList<>();
            for (List<?> row : cursor.getAll()) {
                rows.add(row.stream().map(QueryPassThroughIT::shown).toList().toString());
            }
            if (!ordered(sql)) {
                rows.sort(null);
            }
            seen.addAll(rows);
        } catch (IgniteException | javax.cache.CacheException e) {
            seen.add(FAILED + e.getClass() + " " + settled(String.valueOf(e.getMessage())));
        }
        return seen;
    }

    private static void failure(SQLException e, List<String> seen) {
        seen.add(FAILED + e.getSQLState() + " " + e.getErrorCode() + " " + settled(String.valueOf(e.getMessage())));
    }

    private static String shown(Object value) {
        return value instanceof BigDecimal decimal ? decimal.toPlainString() : settled(String.valueOf(value));
    }

    private static String settled(String text) {
        return CHANGING.matcher(text).replaceAll("~");
    }

    private static boolean ordered(String sql) {
        return sql.toUpperCase(Locale.ROOT).contains("ORDER BY");
    }
}
