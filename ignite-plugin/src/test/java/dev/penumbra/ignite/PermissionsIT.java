package dev.penumbra.ignite;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.ShadowStatus.Phase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.plugin.PluginProvider;
import org.apache.ignite.plugin.security.SecurityPermission;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What users see of each other's tables on a grid whose security plugin gives permissions by cache: {@code administrator} may
 * administer and read nothing, {@code copies} may read every shadow's cache and no table, {@code tables} every table and no
 * shadow, {@code both} both.
 */
@NullMarked
class PermissionsIT {
    private static final TableName T = new TableName("PUBLIC", "T");

    @TempDir
    static Path directory;

    private static TriggeredGrid grid = new TriggeredGrid(Path.of("unset"));
    private static @Nullable Ignite home;
    private static @Nullable Ignite eu;

    /** Never deals with a change, and speaks of what is in it. */
    public static final class Refusing implements RowTrigger {
        @Override
        public void fire(
                String trigger, TableName table, @Nullable TableRow before, @Nullable TableRow after, Context context) {
            throw new IllegalStateException("cannot deal with " + (after == null ? "nothing" : after.get("A")));
        }
    }

    @BeforeAll
    static void start() {
        Permissions.user("administrator", (cache, permission) -> permission == SecurityPermission.ADMIN_OPS);
        Permissions.user("copies", (cache, permission) -> reads(permission) && isCopy(cache));
        Permissions.user("tables", (cache, permission) -> reads(permission) && isTable(cache));
        Permissions.user("both", (cache, permission) -> reads(permission) && (isCopy(cache) || isTable(cache)));
        grid = new TriggeredGrid(
                directory, () -> new PluginProvider<?>[] {new PenumbraPluginProvider(), new Permissions()});
        home = grid.startIn("home", configuration -> settings(configuration));
        eu = grid.startIn("eu", configuration -> settings(configuration));
        grid.sql("CREATE TABLE T (ID INT PRIMARY KEY, A VARCHAR) WITH \"cache_name=T-ROWS\"");
        grid.sql("INSERT INTO T VALUES (1, 'secret')");
    }

    private static boolean reads(SecurityPermission permission) {
        return permission == SecurityPermission.CACHE_READ;
    }

    private static boolean isCopy(@Nullable String cache) {
        return cache != null && cache.startsWith("penumbra-copy-");
    }

    private static boolean isTable(@Nullable String cache) {
        return "T-ROWS".equals(cache);
    }

    private static void settings(PenumbraConfiguration configuration) {
        configuration
                .setTriggerClasses(List.of(Refusing.class.getName()))
                .setTriggerAttempts(1)
                .setTriggerPauseMillis(1);
    }

    @AfterAll
    static void stop() {
        grid.close();
    }

    private static List<List<String>> query(@Nullable Ignite node, String user, String sql) throws SQLException {
        int port = ((IgniteEx) requireNonNull(node)).context().clientListener().port();
        try (Connection connection = DriverManager.getConnection(
                        "jdbc:ignite:thin://127.0.0.1:" + port + "?user=" + user + "&password=" + user);
                Statement statement = connection.createStatement()) {
            List<List<String>> rows = new ArrayList<>();
            if (statement.execute(sql)) {
                ResultSet found = statement.getResultSet();
                while (found.next()) {
                    List<String> row = new ArrayList<>();
                    for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
                        row.add(String.valueOf(found.getString(i)));
                    }
                    rows.add(row);
                }
            }
            return rows;
        }
    }

    @Test
    void aShadowOfATable_isReadByThoseWhoMayReadTheTable() throws SQLException {
        for (String user : List.of("copies", "tables", "both")) {
            assertThatThrownBy(() -> query(
                            home,
                            user,
                            "CREATE TRIGGER T_CAPTURE AFTER INSERT, UPDATE, DELETE ON T FOR EACH ROW CAPTURE"))
                    .hasMessageContaining("ADMIN_OPS");
        }
        query(home, "administrator", "CREATE TRIGGER T_CAPTURE AFTER INSERT, UPDATE, DELETE ON T FOR EACH ROW CAPTURE");
        query(eu, "administrator", "CREATE SHADOW OF ignite.PUBLIC.T IN DATACENTER 'eu'");
        Grid.await(() -> Grid.plugin(requireNonNull(home))
                        .shadows()
                        .find(new ShadowName("ignite", T, Datacenter.of("eu")))
                        .orElseThrow()
                        .phase()
                == Phase.READY);
        Grid.await(() -> query(eu, "both", "EXPLAIN SHADOW SELECT * FROM SHADOW.T")
                .toString()
                .contains("SHADOW_EU.T"));

        for (Ignite node : List.of(requireNonNull(home), requireNonNull(eu))) {
            for (String sql : List.of(
                    "SELECT A FROM SHADOW_EU.T",
                    "SELECT A FROM SHADOW.T",
                    "SELECT A FROM HOME.T",
                    "SELECT X.A FROM (SELECT MAX(A) AS A FROM \"SHADOW_EU\".T WHERE ID = 1) X",
                    "SELECT (SELECT MAX(A) FROM SHADOW_EU.T) FROM SHADOW_EU.T")) {
                assertThatThrownBy(() -> query(node, "copies", sql))
                        .as(sql)
                        .hasMessageContaining("CACHE_READ")
                        .hasMessageContaining("T-ROWS");
                assertThatThrownBy(() -> query(node, "administrator", sql)).hasMessageContaining("CACHE_READ");
                assertThat(query(node, "both", sql)).containsExactly(List.of("secret"));
            }
            assertThatThrownBy(() -> query(node, "tables", "SELECT A FROM SHADOW_EU.T"))
                    .hasMessageContaining("CACHE_READ")
                    .hasMessageContaining("penumbra-copy-");
            assertThat(query(node, "tables", "SELECT A FROM HOME.T")).containsExactly(List.of("secret"));
            Permissions.as(
                    node,
                    "copies",
                    () -> assertThatThrownBy(() -> ((IgniteEx) node)
                                    .context()
                                    .query()
                                    .querySqlFields(new SqlFieldsQuery("SELECT * FROM T").setSchema("SHADOW_EU"), false)
                                    .getAll())
                            .hasStackTraceContaining("T-ROWS"));
        }
        assertThat(query(eu, "tables", "SELECT PHASE FROM SYS.PENUMBRA_SHADOWS"))
                .as("how the grid stands needs no permission")
                .containsExactly(List.of("READY"));
    }

    @Test
    void aDeadLettersRows_areSeenByThoseWhoMayReadTheTable() throws SQLException {
        query(
                home,
                "administrator",
                "CREATE TRIGGER REFUSING AFTER INSERT ON T FOR EACH ROW CALL '" + Refusing.class.getName() + "'");
        grid.sql("INSERT INTO T VALUES (2, 'poison')");
        grid.sql("DELETE FROM T WHERE ID = 2");
        String sql =
                "SELECT TRIGGER_NAME, TABLE_NAME, OPERATION, OLD_ROW, NEW_ROW, REASON FROM SYS.PENUMBRA_DEAD_LETTERS";
        Grid.await(() -> !query(home, "tables", sql).isEmpty());
        Map<String, Object> odd = Map.of(
                "a text", "no letter",
                "short", new String[] {"short"},
                "no numbers", new String[] {"a", "b", "c", "x", "x", "d", "", "", "x", "", "x"});
        requireNonNull(home).<String, Object>cache("penumbra-dead-letters").putAll(odd);
        for (Ignite node : List.of(requireNonNull(home), requireNonNull(eu))) {
            for (String user : List.of("tables", "both")) {
                assertThat(query(node, user, sql))
                        .containsExactly(List.of(
                                "REFUSING",
                                "T",
                                "INSERT",
                                "null",
                                "ID=2, A=poison",
                                "java.lang.IllegalStateException: cannot deal with poison"));
            }
            for (String user : List.of("copies", "administrator")) {
                assertThat(query(node, user, sql))
                        .containsExactly(List.of("REFUSING", "T", "INSERT", "null", "null", "null"));
            }
            Permissions.as(
                    node,
                    "copies",
                    () -> assertThat(TriggeredGrid.query(node, sql).toString())
                            .contains("REFUSING")
                            .doesNotContain("poison"));
            Permissions.as(
                    node,
                    "tables",
                    () -> assertThat(TriggeredGrid.query(node, sql).toString()).contains("poison"));
        }
    }
}
