package dev.penumbra.ignite.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.ignite.sql.Copies;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.ShadowStatus;
import dev.penumbra.shadow.ShadowStatus.Phase;
import dev.penumbra.shadow.Shadows;
import dev.penumbra.shadow.read.Consistency;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.binary.BinaryObject;
import org.apache.ignite.cache.QueryEntity;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.apache.ignite.configuration.CacheConfiguration;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.query.GridQueryFieldMetadata;
import org.apache.ignite.internal.processors.query.GridQueryProcessor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Real tables, each row of which says which copy it is in, on a node in the datacenter {@code eu}. */
class ShadowQueryEngineIT {
    private static final Catalogue CATALOGUE = new Catalogue();
    private static final List<String> READS = new CopyOnWriteArrayList<>();
    private static QueryNode node;
    private static volatile boolean answering = true;

    @BeforeAll
    static void start() throws SQLException {
        node = QueryNode.decorated();
        node.engine()
                .open(
                        CATALOGUE,
                        new NoTriggers(),
                        Copies.in(CATALOGUE),
                        new Datacenter("eu"),
                        QueryNode.readers(() -> answering),
                        (source, table) -> READS.add(source + " " + table));
        for (String schema : List.of("HOME", "SHADOW_EU", "SHADOW_US")) {
            table(schema, "T");
            table(schema, "U");
        }
        table("HOME", "Mixed \"Case\"");
        table("SHADOW_EU", "Mixed \"Case\"");
        table("HOME", "ONLY_HOME");
        run("CREATE TABLE PUBLIC.MINE (ID INT PRIMARY KEY, COPY VARCHAR)");
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @BeforeEach
    void shadows() throws SQLException {
        CATALOGUE.clear();
        CATALOGUE.put("eu", "T", Phase.READY);
        CATALOGUE.put("eu", "U", Phase.READY);
        CATALOGUE.put("eu", "Mixed \"Case\"", Phase.READY);
        CATALOGUE.put("us", "T", Phase.READY);
        CATALOGUE.put("us", "U", Phase.LOADING);
        run("DELETE FROM PUBLIC.MINE");
        READS.clear();
    }

    private static void table(String schema, String table) {
        LinkedHashMap<String, String> fields = new LinkedHashMap<>();
        fields.put("ID", Integer.class.getName());
        fields.put("COPY", String.class.getName());
        fields.put("G", Integer.class.getName());
        QueryEntity entity = new QueryEntity(Integer.class.getName(), schema + "_" + table.hashCode())
                .setTableName(table)
                .setKeyFieldName("ID")
                .setFields(fields);
        IgniteCache<Integer, BinaryObject> cache = node.ignite()
                .<Integer, BinaryObject>createCache(new CacheConfiguration<Integer, BinaryObject>(schema + "." + table)
                        .setSqlSchema(schema)
                        .setSqlEscapeAll(true)
                        .setQueryEntities(List.of(entity)))
                .withKeepBinary();
        for (int id = 1; id <= 3; id++) {
            cache.put(
                    id,
                    node.ignite()
                            .binary()
                            .builder(entity.getValueType())
                            .setField("COPY", schema)
                            .setField("G", id % 2)
                            .build());
        }
    }

    private static List<String> rows(String sql, Object... parameters) throws SQLException {
        return rows("", sql, parameters);
    }

    private static List<String> rows(String suffix, String sql, Object... parameters) throws SQLException {
        try (Connection connection = node.connect(suffix);
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            List<String> rows = new ArrayList<>();
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    List<String> row = new ArrayList<>();
                    for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                        row.add(String.valueOf(result.getObject(i)));
                    }
                    rows.add(String.join(",", row));
                }
            }
            return rows;
        }
    }

    private static void run(String sql) throws SQLException {
        run("", sql);
    }

    private static void run(String suffix, String sql) throws SQLException {
        try (Connection connection = node.connect(suffix);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            SELECT DISTINCT COPY FROM SHADOW.T                                             | SHADOW_EU
            select distinct copy from shadow . t                                           | SHADOW_EU
            SELECT DISTINCT COPY FROM "SHADOW"."T"                                         | SHADOW_EU
            SELECT DISTINCT COPY FROM U&"\\0053HADOW".T                                    | SHADOW_EU
            SELECT DISTINCT COPY FROM /* HOME.T */ SHADOW /* x */ . /**/ T                 | SHADOW_EU
            SELECT DISTINCT COPY FROM SHADOW_US.T                                          | SHADOW_US
            SELECT DISTINCT COPY FROM HOME.T                                               | HOME
            SELECT DISTINCT COPY FROM SHADOW."Mixed ""Case\"""                             | SHADOW_EU
            SELECT DISTINCT COPY FROM SHADOW.ONLY_HOME                                     | HOME
            SELECT DISTINCT SHADOW.T.COPY FROM SHADOW.T WHERE SHADOW.T.ID > 0              | SHADOW_EU
            SELECT DISTINCT X.COPY FROM (SELECT SHADOW.T.* FROM SHADOW.T) X                | SHADOW_EU
            SELECT DISTINCT T.COPY FROM SHADOW.T                                           | SHADOW_EU
            SELECT DISTINCT SHADOW.COPY FROM SHADOW.T AS SHADOW                            | SHADOW_EU
            SELECT DISTINCT SHADOW.COPY FROM HOME.T AS SHADOW                              | HOME
            SELECT DISTINCT COPY FROM (TABLE SHADOW.T)                                     | SHADOW_EU
            SELECT 'SHADOW.T', COPY FROM SHADOW.T WHERE ID = 1                             | SHADOW.T,SHADOW_EU
            SELECT COPY AS "SHADOW.T" FROM SHADOW.T WHERE ID = 1                           | SHADOW_EU
            SELECT A.COPY, B.COPY FROM SHADOW.T A JOIN HOME.T B ON A.ID = B.ID WHERE A.ID = 1 | SHADOW_EU,HOME
            SELECT A.COPY, B.COPY FROM SHADOW.T A, SHADOW_US.T B WHERE A.ID = B.ID AND A.ID = 1 | SHADOW_EU,SHADOW_US
            SELECT T.COPY, U.COPY FROM SHADOW.T JOIN SHADOW.U USING (ID) WHERE T.ID = 1    | SHADOW_EU,SHADOW_EU
            SELECT COPY FROM HOME.U WHERE ID IN (SELECT MAX(ID) FROM SHADOW.T)             | HOME
            SELECT (SELECT MAX(COPY) FROM SHADOW.T) FROM HOME.T WHERE ID = 1               | SHADOW_EU
            SELECT X.COPY FROM HOME.T X JOIN SHADOW.T ON SHADOW.T.ID = X.ID WHERE SHADOW.T.ID = 1 | HOME
            WITH T AS (SELECT 'cte' COPY), C AS (SELECT COPY FROM SHADOW.T) SELECT DISTINCT T.COPY, C.COPY FROM T, C | cte,SHADOW_EU
            SELECT COPY FROM SHADOW.T WHERE ID = 1 UNION SELECT COPY FROM SHADOW.U WHERE ID = 1 | SHADOW_EU
            SELECT COPY FROM SHADOW.T GROUP BY COPY HAVING COUNT(*) = (SELECT COUNT(*) FROM SHADOW.U) ORDER BY COPY | SHADOW_EU
            SELECT /*+ DISABLE_RULE('X') */ COPY FROM SHADOW.T /*+ NO_INDEX */ WHERE ID = 2 | SHADOW_EU
            SELECT DISTINCT COPY FROM SHADOW.T;                                            | SHADOW_EU
            SELECT X.COPY FROM SHADOW.T AS X (K, V, ID, COPY, G) WHERE X.ID = 1            | SHADOW_EU
            SELECT (SELECT COPY FROM SHADOW.T WHERE ID = 1) AS A FROM HOME.T WHERE ID = 1 ORDER BY (SELECT MAX(ID) FROM SHADOW.T) | SHADOW_EU
            """)
    void names_areAnsweredByTheCopyTheyMean(String sql, String expected) throws SQLException {
        assertThat(rows(sql)).containsExactly(expected);
    }

    @Test
    void choice_isMadeAnewInEveryExecutionOfTheSamePreparedStatement() throws SQLException {
        try (Connection connection = node.connect("");
                PreparedStatement statement = connection.prepareStatement("SELECT COPY FROM SHADOW.T WHERE ID = ?")) {
            List<String> answers = new ArrayList<>();
            for (Phase phase : List.of(Phase.READY, Phase.LOADING, Phase.READY)) {
                CATALOGUE.put("eu", "T", phase);
                answers.add(first(statement));
            }
            CATALOGUE.clear();
            answers.add(first(statement));
            assertThat(answers).containsExactly("SHADOW_EU", "HOME", "SHADOW_EU", "HOME");
        }
        assertThat(READS).containsExactly("SHADOW T", "HOME T", "SHADOW T", "HOME T");
    }

    private static String first(PreparedStatement statement) throws SQLException {
        statement.setInt(1, 1);
        try (ResultSet result = statement.executeQuery()) {
            result.next();
            return result.getString(1);
        }
    }

    @Test
    void loadingShadow_isNeverReadByItsName() {
        assertThatThrownBy(() -> rows("SELECT *\n FROM SHADOW_US.U"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42000"))
                .hasMessageContaining("PENUMBRA-1033")
                .hasMessageContaining("table=SHADOW_US.U, line=2, column=7, applied=1:7");
        assertThat(READS).isEmpty();
    }

    @Test
    void shadowThatTheEngineDoesNotKnow_isReplacedByTheHomeImage_butNotWhenItIsNamed() throws SQLException {
        CATALOGUE.put("eu", "ONLY_HOME", Phase.READY);
        assertThat(rows("SELECT DISTINCT COPY FROM SHADOW.ONLY_HOME")).containsExactly("HOME");
        assertThatThrownBy(() -> rows("SELECT * FROM SHADOW_EU.ONLY_HOME")).hasMessageContaining("not found");
    }

    @Test
    void schemaNames_countLetterCase_soThatNoOtherSpellingReachesACopy() {
        for (String sql : List.of("DELETE FROM \"home\".T", "DELETE FROM \"Shadow_Eu\".T")) {
            assertThatThrownBy(() -> run(sql)).as(sql).hasMessageContaining("not found");
        }
        for (String sql : List.of("DELETE FROM T", "COPY FROM 'x' INTO HOME.T (ID) FORMAT CSV")) {
            assertThatThrownBy(() -> node.cache()
                            .query(new SqlFieldsQuery(sql).setSchema("home"))
                            .getAll())
                    .as(sql)
                    .isInstanceOf(Throwable.class);
        }
        assertThatThrownBy(() -> run("/home", "DELETE FROM T")).hasMessageContaining("PENUMBRA-1030");
        assertThatThrownBy(() -> run("COPY FROM '/dev/null' INTO HOME.T (ID) FORMAT CSV"))
                .isInstanceOf(SQLException.class);
    }

    @Test
    void missingShadow_isRefusedByName() {
        assertThatThrownBy(() -> rows("SELECT * FROM SHADOW_US.NOPE"))
                .hasMessageContaining("PENUMBRA-1010")
                .hasMessageContaining("table=SHADOW_US.NOPE, line=1, column=15");
        assertThatThrownBy(() -> rows("SELECT * FROM SHADOW_1.T")).hasMessageContaining("PENUMBRA-1010");
        assertThatThrownBy(() -> rows("SELECT * FROM SHADOW.NOPE")).hasMessageContaining("NOPE");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT INTO SHADOW.T (ID, COPY) VALUES (9, 'x')",
                "INSERT INTO SHADOW_EU.T (ID, COPY) VALUES (9, 'x')",
                "INSERT INTO HOME.T SELECT * FROM SHADOW.T",
                "INSERT INTO \"HOME\".T (ID) SELECT ID FROM PUBLIC.MINE",
                "INSERT INTO U&\"\\0048OME\".T (ID) VALUES (1)",
                "UPDATE SHADOW_EU.T SET COPY = 'x'",
                "UPDATE home.t AS X SET COPY = 'x' WHERE X.ID = 1",
                "DELETE FROM SHADOW.T",
                "DELETE FROM HOME.T WHERE ID = 1",
                "MERGE INTO HOME.T D USING PUBLIC.MINE S ON D.ID = S.ID WHEN MATCHED THEN UPDATE SET COPY = 'x'",
                "SELECT 1; DELETE FROM HOME.T",
                "EXPLAIN PLAN FOR DELETE FROM HOME.T"
            })
    void writesToCopies_areRefused(String sql) throws SQLException {
        assertThatThrownBy(() -> run(sql))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42000"))
                .hasMessageContaining("PENUMBRA-1030")
                .hasMessageContaining("line=1, column=");
        assertThat(rows("SELECT COUNT(*), COUNT(DISTINCT COPY) FROM HOME.T")).containsExactly("3,1");
    }

    @Test
    void writesToCopies_areRefusedInASessionOfTheirSchemaToo() throws SQLException {
        for (String schema : List.of("HOME", "SHADOW_EU", "SHADOW")) {
            for (String sql : List.of("DELETE FROM T", "INSERT INTO T (ID) VALUES (7)", "UPDATE T SET COPY = 'x'")) {
                assertThatThrownBy(() -> run("/" + schema, sql)).hasMessageContaining("PENUMBRA-1030");
            }
            assertThatThrownBy(() -> run("/" + schema, "CREATE TABLE NEW_ONE (ID INT PRIMARY KEY)"))
                    .hasMessageContaining("PENUMBRA-1031");
        }
        assertThatThrownBy(() -> node.ignite()
                        .cache("HOME.T")
                        .query(new SqlFieldsQuery("DELETE FROM T"))
                        .getAll())
                .hasStackTraceContaining("PENUMBRA-1030");
        assertThat(rows("SELECT COUNT(*) FROM HOME.T")).containsExactly("3");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TABLE HOME.X (ID INT PRIMARY KEY)",
                "CREATE TABLE SHADOW.X AS SELECT 1 AS ID",
                "CREATE TABLE SHADOW_ASIA.X (ID INT PRIMARY KEY)",
                "DROP TABLE SHADOW_EU.T",
                "DROP TABLE IF EXISTS HOME.T",
                "ALTER TABLE HOME.T ADD COLUMN X INT",
                "ALTER TABLE SHADOW_EU.T DROP COLUMN G",
                "CREATE VIEW HOME.V AS SELECT 1 AS A",
                "DROP VIEW HOME.V",
                "CREATE INDEX X ON SHADOW.T (COPY)"
            })
    void definitionsInTheSchemasOfCopies_areRefused(String sql) {
        assertThatThrownBy(() -> run(sql)).hasMessageContaining("PENUMBRA-1031");
    }

    @Test
    void indexOnOneCopy_isTheUsersToMake() throws SQLException {
        run("CREATE INDEX T_G ON SHADOW_EU.T (G)");
        run("DROP INDEX SHADOW_EU.T_G");
    }

    @Test
    void view_mayReadTheHomeImageOnly() throws SQLException {
        for (String copy : List.of("SHADOW.T", "SHADOW_EU.T")) {
            assertThatThrownBy(() -> run("CREATE VIEW PUBLIC.V AS SELECT * FROM PUBLIC.MINE, " + copy))
                    .hasMessageContaining("PENUMBRA-1032")
                    .hasMessageContaining("line=1, column=52");
        }
        run("CREATE VIEW PUBLIC.V AS SELECT * FROM HOME.T");
        assertThat(rows("SELECT DISTINCT COPY FROM V")).containsExactly("HOME");
        run("DROP VIEW PUBLIC.V");
    }

    @Test
    void fullColumnNames_thatCouldMeanTwoCopies_areRefusedWhicheverAnswers() {
        String sql = "SELECT COPY FROM HOME.T WHERE EXISTS (SELECT 1 FROM SHADOW.T WHERE SHADOW.T.ID = HOME.T.ID)";
        for (Phase phase : Phase.values()) {
            CATALOGUE.put("eu", "T", phase);
            assertThatThrownBy(() -> rows(sql))
                    .hasMessageContaining("PENUMBRA-1034")
                    .hasMessageContaining("table=SHADOW.T, line=1, column=68");
        }
    }

    @Test
    void readsInsideWrites_areRouted() throws SQLException {
        run("INSERT INTO PUBLIC.MINE SELECT ID, COPY FROM SHADOW.T");
        run("UPDATE PUBLIC.MINE SET COPY = (SELECT MAX(COPY) FROM SHADOW_US.T) WHERE ID = 2");
        run(
                "MERGE INTO PUBLIC.MINE D USING HOME.T S ON D.ID = S.ID AND S.ID = 3 WHEN MATCHED THEN UPDATE SET COPY = S.COPY");
        run("DELETE FROM PUBLIC.MINE WHERE ID IN (SELECT MIN(ID) FROM SHADOW.T)");
        assertThat(rows("SELECT ID, COPY FROM MINE ORDER BY ID")).containsExactly("2,SHADOW_US", "3,HOME");
        assertThat(READS).containsExactly("SHADOW T", "SHADOW T", "HOME T", "SHADOW T");
    }

    @Test
    void readsInsideBatches_areRouted() throws SQLException {
        try (Connection connection = node.connect("");
                PreparedStatement statement = connection.prepareStatement(
                        "INSERT INTO PUBLIC.MINE SELECT ID + ?, COPY FROM SHADOW.T WHERE ID = ?")) {
            for (int i = 1; i <= 2; i++) {
                statement.setInt(1, 10 * i);
                statement.setInt(2, i);
                statement.addBatch();
            }
            assertThat(statement.executeBatch()).containsExactly(1, 1);
        }
        assertThat(rows("SELECT ID, COPY FROM MINE ORDER BY ID")).containsExactly("11,SHADOW_EU", "22,SHADOW_EU");
    }

    @Test
    void batchOfPenumbrasOwnStatements_isRefused() throws SQLException {
        try (Connection connection = node.connect("");
                Statement statement = connection.createStatement()) {
            statement.addBatch("DROP SHADOW OF crm.app.t IN DATACENTER 'eu'");
            assertThatThrownBy(statement::executeBatch).hasMessageContaining("batch");
        }
        assertThat(CATALOGUE.dropped).isEmpty();
    }

    @Test
    void sessionInTheSchemaShadow_readsUnqualifiedTablesThere_butNoNamedQueries() throws SQLException {
        assertThat(rows("/SHADOW", "SELECT DISTINCT COPY FROM T")).containsExactly("SHADOW_EU");
        assertThat(rows("/SHADOW", "SELECT DISTINCT T.COPY, MINE.ID FROM T LEFT JOIN PUBLIC.MINE ON MINE.ID = T.ID"))
                .containsExactly("SHADOW_EU,null");
        assertThat(rows("/SHADOW", "WITH T AS (SELECT DISTINCT COPY || '!' AS C FROM T) SELECT C FROM T"))
                .containsExactly("SHADOW_EU!");
        assertThat(rows("/SHADOW", "SELECT 1")).containsExactly("1");
        assertThatThrownBy(() -> rows("/SHADOW_US", "SELECT * FROM U")).hasMessageContaining("PENUMBRA-1033");
        assertThat(rows("/SHADOW_US", "SELECT DISTINCT COPY FROM T")).containsExactly("SHADOW_US");
    }

    @Test
    void reads_areCountedOncePerCopyAndExecution_andNotForPlansOrMetadata() throws SQLException {
        rows("SELECT COUNT(*) FROM SHADOW.T A, SHADOW.T B, SHADOW_EU.T C, SHADOW_US.T D, HOME.U E");
        assertThat(READS).containsExactlyInAnyOrder("SHADOW T", "SHADOW T", "HOME U");
        READS.clear();
        rows("EXPLAIN PLAN FOR SELECT * FROM SHADOW.T");
        rows("EXPLAIN SHADOW SELECT * FROM SHADOW.T");
        try (Connection connection = node.connect("");
                PreparedStatement statement = connection.prepareStatement("SELECT COPY FROM SHADOW.T WHERE ID = ?")) {
            assertThat(statement.getParameterMetaData().getParameterCount()).isEqualTo(1);
        }
        assertThatThrownBy(() -> rows("SELECT NOPE FROM SHADOW.T")).hasMessageContaining("NOPE");
        assertThat(READS).isEmpty();
    }

    @Test
    void explain_tellsForEachNameWhichCopyAnswersAndWhy() throws SQLException {
        CATALOGUE.put("eu", "U", Phase.LOADING);
        assertThat(rows("EXPLAIN SHADOW SELECT * FROM SHADOW.T A JOIN SHADOW.T B ON A.ID = B.ID, SHADOW.U,"
                        + " SHADOW_US.T C, HOME.T D, SHADOW.ONLY_HOME, PUBLIC.MINE WHERE A.ID = ?"))
                .containsExactly(
                        "SHADOW.T,SHADOW_EU.T,the shadow in datacenter eu is complete,1:7,EVENTUAL",
                        "SHADOW.U,HOME.U,the shadow in datacenter eu is still loading,null,EVENTUAL",
                        "SHADOW_US.T,SHADOW_US.T,this shadow was named,1:7,EVENTUAL",
                        "HOME.T,HOME.T,the home image was named,null,EVENTUAL",
                        "SHADOW.ONLY_HOME,HOME.ONLY_HOME,datacenter eu has no shadow of this table,null,EVENTUAL");
        try (Connection connection = node.connect("");
                PreparedStatement statement =
                        connection.prepareStatement("EXPLAIN SHADOW SELECT * FROM SHADOW.T WHERE ID = ?")) {
            assertThat(statement.getParameterMetaData().getParameterCount()).isEqualTo(1);
        }
    }

    @Test
    void whatCannotBeProven_isRefused() {
        answering = false;
        try {
            assertState(
                    "SELECT * FROM SHADOW_US.T WITH CONSISTENCY BOUNDED '0s'",
                    "50000",
                    "PENUMBRA-2031",
                    "table=T, asked=BOUNDED '0ms', us=nothing proven, line=1, column=15");
        } finally {
            answering = true;
        }
    }

    @Test
    void explain_ofWhatCouldNotRun_isRefused() {
        assertThatThrownBy(() -> rows("EXPLAIN SHADOW SELECT NOPE FROM SHADOW.T"))
                .hasMessageContaining("NOPE");
        assertThatThrownBy(() -> rows("EXPLAIN SHADOW\nSELECT FROM 1")).hasMessageContaining("line 2, column 8");
        assertThatThrownBy(() -> rows("EXPLAIN SHADOW\n DELETE FROM PUBLIC.MINE"))
                .hasMessageContaining("PENUMBRA-1009")
                .hasMessageContaining("expected=a query, found=DELETE, line=2, column=2");
        assertThatThrownBy(() -> rows("EXPLAIN SHADOW SELECT * FROM SHADOW_US.U"))
                .hasMessageContaining("PENUMBRA-1033");
    }

    @Test
    void create_reachesTheCatalogue_withTheSourceInItsOwnSpelling() throws SQLException {
        run(
                "CREATE SHADOW OF CRM.app.t IN DATACENTER 'us' WITH (COMPRESSION = 'LZ4', NEAR_ROWS = 5, CONSISTENCY = 'BOUNDED 2s')");
        run("CREATE SHADOW IF NOT EXISTS OF \"Crm\".\"app\".t IN DATACENTER 'us'");
        assertThat(CATALOGUE.created)
                .containsExactly(
                        new ShadowDefinition(
                                        new ShadowName("Crm", new TableName("APP", "T"), new Datacenter("us")),
                                        Compression.LZ4,
                                        5,
                                        Consistency.bounded(Duration.ofSeconds(2)))
                                + " false",
                        new ShadowDefinition(
                                        new ShadowName("Crm", new TableName("app", "T"), new Datacenter("us")),
                                        Compression.ZSTD,
                                        ShadowDefinition.NEAR_ROWS_DEFAULT)
                                + " true");
        try (Connection connection = node.connect("");
                Statement statement = connection.createStatement()) {
            assertThat(statement.executeUpdate("CREATE SHADOW OF crm.app.t IN DATACENTER 'us'"))
                    .isZero();
        }
        assertThat(node.cache()
                        .query(new SqlFieldsQuery("DROP SHADOW IF EXISTS OF crm.app.t IN DATACENTER 'us'"))
                        .getAll())
                .isEqualTo(List.of(List.of(0L)));
        assertThat(CATALOGUE.dropped).containsExactly("Crm.APP.T@us true");
    }

    @Test
    void alterAndRefresh_nameOneShadow_andWhatIsNotSaidStays() {
        node.cache()
                .query(new SqlFieldsQuery(
                        "ALTER SHADOW OF crm.app.t IN DATACENTER 'us' SET (CONSISTENCY = 'BOUNDED 2s')"))
                .getAll();
        node.cache()
                .query(new SqlFieldsQuery("REFRESH SHADOW OF crm.app.t IN DATACENTER 'us'"))
                .getAll();
        assertThat(CATALOGUE.altered)
                .containsExactly(new ShadowDefinition(
                                new ShadowName("Crm", new TableName("APP", "T"), new Datacenter("us")),
                                Compression.LZ4,
                                5,
                                Consistency.bounded(Duration.ofSeconds(2)))
                        .toString());
        assertThat(CATALOGUE.refreshed).containsExactly("Crm.APP.T@us");
    }

    @Test
    void statementsOfPenumbra_failWithTheirCodePlaceAndState() {
        assertState("CREATE SHADOW OF nope.a.b IN DATACENTER 'eu'", "42000", "PENUMBRA-1012", "line=1, column=18");
        assertState("CREATE SHADOW OF \"crm\".a.b IN DATACENTER 'eu'", "42000", "PENUMBRA-1012", "known=[Crm");
        assertState("CREATE SHADOW OF twin.a.b IN DATACENTER 'eu'", "42000", "PENUMBRA-1035", "known=[TWIN, Twin]");
        assertState("CREATE SHADOW OF crm.a.missing IN DATACENTER 'eu'", "42000", "PENUMBRA-1003", "MISSING");
        assertState("DROP SHADOW OF nope.a.b IN DATACENTER 'eu'", "42000", "PENUMBRA-1010", "line=1, column=16");
        assertState("CREATE SHADOW OV", "42000", "PENUMBRA-1009", "expected=OF, found=OV, line=1, column=15");
        assertState("ALTER SHADOW x", "42000", "PENUMBRA-1009", "expected=OF, found=x, line=1, column=14");
        assertState(
                "ALTER SHADOW OF nope.a.b IN DATACENTER 'eu' SET (NEAR_ROWS = 1)",
                "42000",
                "PENUMBRA-1010",
                "line=1, column=17");
        assertState("REFRESH SHADOW OF nope.a.b IN DATACENTER 'eu'", "42000", "PENUMBRA-1010", "line=1, column=19");
        assertState(
                "SELECT * FROM SHADOW_EU.T WITH CONSISTENCY PRIMARY",
                "0A000",
                "PENUMBRA-1016",
                "clause=PRIMARY, reason=a shadow is not at home: read SHADOW or HOME");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT ID FROM PUBLIC.MINE WITH CONSISTENCY EVENTUAL",
                "SELECT ID FROM PUBLIC.MINE WITH/**/consistency PRIMARY;",
                "SELECT 1; SELECT 2 WITH CONSISTENCY BOUNDED '1s'",
                "INSERT INTO PUBLIC.MINE VALUES (9, 'x') WITH CONSISTENCY PRIMARY",
                "CREATE TABLE PUBLIC.OTHER (ID INT PRIMARY KEY) WITH CONSISTENCY PRIMARY",
                "DROP TABLE PUBLIC.MINE WITH CONSISTENCY PRIMARY",
                "DROP SHADOW OF crm.app.t IN DATACENTER 'eu' WITH CONSISTENCY PRIMARY"
            })
    void levelOfWhatNamesNoCopy_neverReachesTheEngineUnseen(String sql) throws SQLException {
        assertState(sql, "42000", "PENUMBRA-1009", "expected=WITH CONSISTENCY behind a query that names a copy");
        GridQueryProcessor queries = ((IgniteEx) node.ignite()).context().query();
        assertThatThrownBy(() -> queries.resultSetMetaData(new SqlFieldsQuery(sql), null))
                .hasMessageContaining("PENUMBRA-1009");
        try (Connection connection = node.connect("");
                Statement statement = connection.createStatement()) {
            statement.addBatch(sql);
            assertThatThrownBy(statement::executeBatch).hasMessageContaining("PENUMBRA-1009");
        }
        assertThat(rows("SELECT ID FROM PUBLIC.MINE")).isEmpty();
        assertThat(CATALOGUE.dropped).isEmpty();
    }

    private static void assertState(String sql, String state, String... parts) {
        assertThatThrownBy(() -> run(sql))
                .as(sql)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(state))
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }

    @Test
    void drop_ofAShadowWhoseSourceIsGone_isPossible() throws SQLException {
        CATALOGUE.put("eu", "T", Phase.READY);
        run("DROP SHADOW IF EXISTS OF nope.a.b IN DATACENTER 'eu'");
        run("DROP SHADOW OF Gone.app.t IN DATACENTER 'eu'");
        assertThat(CATALOGUE.dropped).containsExactly("gone.APP.T@eu false");
    }

    @Test
    void script_runsInItsOrder_withItsParameters_orNotAtAll() throws SQLException {
        String sql = "SELECT COPY, ? FROM SHADOW.T WHERE ID = ?; INSERT INTO PUBLIC.MINE VALUES (?, ?);"
                + "CREATE SHADOW OF crm.app.t IN DATACENTER 'eu'; EXPLAIN SHADOW SELECT * FROM SHADOW.T WHERE ID = ?;"
                + "SELECT ID FROM PUBLIC.MINE WHERE COPY = ?";
        try (Connection connection = node.connect("");
                PreparedStatement statement = connection.prepareStatement(sql)) {
            Object[] parameters = {"three", 2, 77, "seven", 1, "seven"};
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            assertThat(statement.execute()).isTrue();
            assertThat(nextRow(statement)).isEqualTo("SHADOW_EU,three");
            statement.getMoreResults();
            assertThat(statement.getUpdateCount()).isEqualTo(1);
            statement.getMoreResults();
            assertThat(statement.getUpdateCount()).isZero();
            statement.getMoreResults();
            assertThat(nextRow(statement)).startsWith("SHADOW.T,SHADOW_EU.T,");
            statement.getMoreResults();
            assertThat(nextRow(statement)).isEqualTo("77");
        }
        assertThat(CATALOGUE.created).hasSize(1);
        for (String bad : List.of("SELECT FROM 1", "DROP SHADOW x", "DELETE FROM HOME.T")) {
            assertThatThrownBy(() -> run("CREATE SHADOW OF crm.app.t IN DATACENTER 'us';\n" + bad))
                    .as(bad)
                    .message()
                    .containsAnyOf("line 2, column 8", "line=2, column=13");
        }
        assertThat(CATALOGUE.created).hasSize(1);
        assertThatThrownBy(() ->
                        node.cache().query(new SqlFieldsQuery("SELECT 1; DROP SHADOW OF crm.app.t IN DATACENTER 'us'")))
                .hasMessageContaining("Multiple statements");
        assertThat(CATALOGUE.dropped).isEmpty();
    }

    private static String nextRow(Statement statement) throws SQLException {
        try (ResultSet result = statement.getResultSet()) {
            assertThat(result.next()).isTrue();
            List<String> row = new ArrayList<>();
            for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                row.add(result.getString(i));
            }
            return String.join(",", row);
        }
    }

    @Test
    void metadata_isThatOfTheCopyThatWouldAnswer_andOfPenumbrasOwnStatements() {
        GridQueryProcessor queries = ((IgniteEx) node.ignite()).context().query();
        SqlFieldsQuery select = new SqlFieldsQuery("SELECT COPY FROM SHADOW.T WHERE ID = ?");
        assertThat(queries.resultSetMetaData(select, null))
                .singleElement()
                .satisfies(
                        column -> assertThat(column.schemaName() + "." + column.typeName() + "." + column.fieldName())
                                .isEqualTo("SHADOW_EU.T.COPY"));
        assertThat(queries.parameterMetaData(select, null)).hasSize(1);
        SqlFieldsQuery explain = new SqlFieldsQuery("EXPLAIN SHADOW SELECT COPY FROM SHADOW.T WHERE ID = ?");
        assertThat(queries.resultSetMetaData(explain, null))
                .extracting(GridQueryFieldMetadata::fieldName)
                .containsExactly("ASKED", "COPY", "REASON", "APPLIED", "CONSISTENCY");
        assertThat(queries.parameterMetaData(explain, null)).hasSize(1);
        SqlFieldsQuery create = new SqlFieldsQuery("CREATE SHADOW OF crm.app.t IN DATACENTER 'eu'");
        assertThat(queries.resultSetMetaData(create, null)).isEmpty();
        assertThat(queries.parameterMetaData(create, null)).isEmpty();
        assertThat(CATALOGUE.created).isEmpty();
        assertThatThrownBy(() -> queries.resultSetMetaData(new SqlFieldsQuery("SELECT * FROM SHADOW_US.U"), null))
                .hasMessageContaining("PENUMBRA-1033");
    }

    /** Shadows in memory, on the side of the seam where the plugin keeps them in the grid. */
    private static final class Catalogue implements Shadows {
        private final Map<ShadowName, ShadowStatus> held = new ConcurrentHashMap<>();
        private final List<String> created = new CopyOnWriteArrayList<>();
        private final List<String> altered = new CopyOnWriteArrayList<>();
        private final List<String> refreshed = new CopyOnWriteArrayList<>();
        private final List<String> dropped = new CopyOnWriteArrayList<>();

        void clear() {
            held.clear();
            created.clear();
            altered.clear();
            refreshed.clear();
            dropped.clear();
        }

        void put(String datacenter, String table, Phase phase) {
            ShadowName name = new ShadowName("gone", new TableName("APP", table), new Datacenter(datacenter));
            held.put(
                    name,
                    new ShadowStatus(
                            new ShadowDefinition(name, Compression.NONE, 0),
                            phase,
                            "cache",
                            table,
                            new Position(1, 7),
                            3,
                            0,
                            0));
        }

        @Override
        public void create(ShadowDefinition definition, boolean ifNotExists) {
            if (definition.name().table().table().equals("MISSING")) {
                throw new PenumbraException(ErrorCode.TABLE_NOT_FOUND)
                        .with("table", definition.name().table());
            }
            created.add(definition + " " + ifNotExists);
        }

        @Override
        public void drop(ShadowName name, boolean ifExists) {
            dropped.add(name + " " + ifExists);
        }

        @Override
        public void alter(ShadowName name, UnaryOperator<ShadowDefinition> change) {
            altered.add(
                    change.apply(new ShadowDefinition(name, Compression.LZ4, 5)).toString());
        }

        @Override
        public void refresh(ShadowName name) {
            refreshed.add(name.toString());
        }

        @Override
        public List<ShadowStatus> all() {
            return List.copyOf(held.values());
        }

        @Override
        public Optional<ShadowStatus> find(ShadowName name) {
            return Optional.ofNullable(held.get(name));
        }

        @Override
        public List<String> sources() {
            return List.of("Crm", "TWIN", "Twin");
        }
    }
}
