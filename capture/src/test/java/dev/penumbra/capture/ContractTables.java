package dev.penumbra.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.Change;
import dev.penumbra.model.Key;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * The words in which the contract's tests speak: of tables in one source, which all tests share because some sources take long to
 * begin. Each test begins without tables, and after one that fails the next has a new source.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ContractTables {
    static final String COLUMNS = "(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))";

    /** Something done through JDBC. */
    interface Action {
        void run() throws SQLException;
    }

    /** What the journal says of the test. */
    record Journalled(JournalledTables tables, Map<TableName, List<Change>> changes, List<Long> transactionSizes) {}

    private boolean failed;

    @RegisterExtension
    final AfterTestExecutionCallback failures =
            context -> failed |= context.getExecutionException().isPresent();

    private final Set<TableName> captured = new LinkedHashSet<>();
    private final Set<String> schemas = new LinkedHashSet<>();
    private Path root = Path.of("");
    private int opened;
    private @Nullable TestedSource source;
    private @Nullable Connection connection;
    private Position begin = Position.START;
    private Position end = Position.START;

    protected abstract SourceDeclaration declaration();

    /**
     * Opens a source that is new, with its database and its journal in a directory.
     *
     * @param directory is there, and empty
     */
    protected abstract TestedSource open(Path directory) throws Exception;

    @BeforeAll
    void locate(@TempDir Path directory) {
        root = directory;
    }

    @BeforeEach
    void prepare() throws Exception {
        failed = false;
        captured.clear();
        schemas.clear();
        if (source == null) {
            source = openAnother();
            connection = source.connect();
            begin = Position.START;
            // There need not be a journal before something is captured.
            createCaptured("BEGINNING");
            run("DROP TABLE BEGINNING");
            captured.clear();
            journal();
        }
        begin = end;
        schemas.add(source().schema());
    }

    final TestedSource openAnother() throws Exception {
        Path directory = root.resolve("source" + ++opened);
        assertThat(directory.toFile().mkdir()).isTrue();
        return open(directory);
    }

    @AfterEach
    void tidy() throws Exception {
        boolean tidied = false;
        try {
            if (!failed) {
                rollBack(connection());
                connection().setAutoCommit(true);
                dropTables();
                for (String schema : schemas) {
                    if (!schema.equals(source().schema())) {
                        source().dropSchema(connection(), schema);
                    }
                }
                captured.clear();
                journal();
                tidied = true;
            }
        } finally {
            if (!tidied) {
                closeSource();
            }
        }
    }

    @AfterAll
    void closeSource() throws Exception {
        TestedSource closing = source;
        Connection open = connection;
        source = null;
        connection = null;
        if (open != null) {
            rollBack(open);
            open.close();
        }
        if (closing != null) {
            closing.close();
        }
    }

    private static void rollBack(Connection connection) throws SQLException {
        if (!connection.getAutoCommit()) {
            connection.rollback();
        }
    }

    /** In any order that foreign keys allow. */
    private void dropTables() throws SQLException {
        List<TableName> left = tables();
        while (!left.isEmpty()) {
            SQLException refused = null;
            for (TableName table : left) {
                try {
                    run("DROP TABLE " + table.quoted());
                } catch (SQLException e) {
                    refused = e;
                }
            }
            List<TableName> still = tables();
            if (refused != null && still.size() == left.size()) {
                throw refused;
            }
            left = still;
        }
    }

    private List<TableName> tables() throws SQLException {
        List<TableName> tables = new ArrayList<>();
        try (ResultSet found = connection().getMetaData().getTables(null, null, "%", null)) {
            while (found.next()) {
                if (schemas.contains(found.getString("TABLE_SCHEM"))) {
                    tables.add(new TableName(found.getString("TABLE_SCHEM"), found.getString("TABLE_NAME")));
                }
            }
        }
        return tables;
    }

    final TestedSource source() {
        assertThat(source).isNotNull();
        return source;
    }

    final Connection connection() {
        assertThat(connection).isNotNull();
        return connection;
    }

    final TableName table(String table) {
        return new TableName(source().schema(), table);
    }

    final void createSchema(String schema) throws SQLException {
        source().createSchema(connection(), schema);
        schemas.add(schema);
    }

    final void run(String... statements) throws SQLException {
        run(connection(), statements);
    }

    static void run(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** Runs a statement with parameters. */
    final void execute(String sql, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection().prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            statement.execute();
        }
    }

    /** Creates a table of two columns and captures it from its beginning. */
    final void createCaptured(String table) throws SQLException {
        run("CREATE TABLE " + table + COLUMNS);
        capture(table);
    }

    /** Captures tables; what they hold is in the journal on return. */
    final void capture(String... tables) throws SQLException {
        for (String table : tables) {
            install(table(table));
        }
        source().settle(connection());
    }

    final void install(TableName table) throws SQLException {
        source().install(connection(), table);
        captured.add(table);
    }

    final void remove(String table) throws SQLException {
        source().remove(connection(), table(table));
        forget(table);
    }

    /** Compares a table with the journal again. */
    final void remember(String table) {
        captured.add(table(table));
    }

    /** Compares a table with the journal no more. */
    final void forget(String table) {
        captured.remove(table(table));
    }

    final boolean works(Capability capability, String... statements) throws SQLException {
        return declaration().support(capability).kind() == Support.Kind.NOT_APPLICABLE
                ? has(capability, statements)
                : works(capability, () -> run(statements));
    }

    /**
     * Runs the statements that a source needs for a capability, and returns true; where it is declared that the source has no such
     * thing, checks that it refuses them.
     */
    final boolean has(Capability capability, String... statements) throws SQLException {
        if (declaration().support(capability).kind() == Support.Kind.NOT_APPLICABLE) {
            assertThatThrownBy(() -> run(statements)).as(capability.title()).isInstanceOf(SQLException.class);
            return false;
        }
        run(statements);
        return true;
    }

    /**
     * Does what a capability is about, if the source declares that it works, and returns true. Otherwise checks that it fails as declared and
     * leaves everything as it was.
     */
    final boolean works(Capability capability, Action action) throws SQLException {
        Support support = declaration().support(capability);
        switch (support.kind()) {
            case SUPPORTED -> {
                action.run();
                return true;
            }
            case REFUSED -> {
                List<String> before = contents();
                assertThatThrownBy(action::run)
                        .as(capability.title())
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                failure -> assertThat(failure.getSQLState() + failure.getMessage())
                                        .contains(support.error()));
                assertThat(contents()).isEqualTo(before);
                journal();
                return false;
            }
            case REPORTED -> {
                action.run();
                source().awaitFailure(connection(), support.error());
                return false;
            }
            case NOT_APPLICABLE -> {
                return false;
            }
        }
        return false;
    }

    /** What the test's tables are like, for comparison. */
    private List<String> contents() throws SQLException {
        List<String> contents = new ArrayList<>();
        for (TableName table : tables()) {
            List<String> names = columns(contents, table);
            try (Statement statement = connection().createStatement();
                    ResultSet found =
                            statement.executeQuery("SELECT " + String.join(", ", names) + " FROM " + table.quoted())) {
                while (found.next()) {
                    StringBuilder row = new StringBuilder(table.toString());
                    for (int i = 1; i <= names.size(); i++) {
                        row.append(' ').append(found.getString(i));
                    }
                    contents.add(row.toString());
                }
            }
        }
        contents.sort(null);
        return contents;
    }

    /** The quoted names of the columns that can be read as text; tells of all of them. */
    private List<String> columns(List<String> told, TableName table) throws SQLException {
        List<String> names = new ArrayList<>();
        try (ResultSet found = connection().getMetaData().getColumns(null, null, "%", "%")) {
            while (found.next()) {
                if (table.equals(new TableName(found.getString("TABLE_SCHEM"), found.getString("TABLE_NAME")))) {
                    told.add(table + " " + found.getString("COLUMN_NAME") + " " + found.getString("TYPE_NAME")
                            + found.getString("COLUMN_SIZE"));
                    if (found.getInt("DATA_TYPE") != Types.SQLXML) {
                        names.add(TableName.quote(found.getString("COLUMN_NAME")));
                    }
                }
            }
        }
        return names;
    }

    /** Waits until the journal has everything, and checks that it makes of every captured table what the table is. */
    final Journalled journal() throws SQLException {
        source().settle(connection());
        Journalled journalled = read();
        journalled.tables().assertEqualsSource(connection(), captured);
        return journalled;
    }

    /** What the journal has now. */
    final Journalled read() {
        JournalledTables tables = new JournalledTables(source().journal(), begin, source().schema(), source()::rows);
        Map<TableName, List<Change>> changes = new LinkedHashMap<>();
        List<Long> sizes = new ArrayList<>();
        tables.read(transaction -> {
            sizes.add(transaction.size());
            transaction.forEach(change -> changes.computeIfAbsent(change.table(), table -> new ArrayList<>())
                    .add(change));
        });
        end = tables.position();
        return new Journalled(tables, changes, sizes);
    }

    /** Has what the journal told up to a position checked no more, change by change. */
    final void passOver(Position upTo) {
        begin = upTo;
    }

    /** What the source told of a table since the test began, without what was copied, after {@link #journal()}. */
    final List<String> changes(String table) throws SQLException {
        return changes(table(table));
    }

    final List<String> changes(TableName table) throws SQLException {
        return journal().changes().getOrDefault(table, List.of()).stream()
                .filter(change -> change.origin() == Origin.CAPTURED)
                .map(ContractTables::text)
                .toList();
    }

    /** Everything that the journal says of a table since the test began, after {@link #journal()}. */
    final List<String> history(String table) throws SQLException {
        return journal().changes().getOrDefault(table(table), List.of()).stream()
                .map(change -> change.origin() + " " + text(change))
                .toList();
    }

    /** {@code UPDATE [key] [before] -> [after]}, with one row for INSERT and DELETE and none for an event of a table. */
    private static String text(Change change) {
        String images = Stream.of(change.before(), change.after())
                .filter(row -> row != null)
                .map(Object::toString)
                .collect(Collectors.joining(" -> "));
        return change.key() == null
                ? change.operation().toString()
                : change.operation() + " " + change.key() + " " + images;
    }

    /** The values of one key's row in the journal, after {@link #journal()}. */
    final List<@Nullable Object> row(String table, Object... key) throws SQLException {
        return Arrays.asList(journal().tables().rows(table).get(Key.of(key)).toArray());
    }
}
