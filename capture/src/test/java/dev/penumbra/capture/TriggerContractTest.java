package dev.penumbra.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.journal.JournalVerification;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Column;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Time;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every source passes. In each test the journal, applied in order, equals the tables; and what the source declares as refused
 * fails with the declared error and changes nothing.
 */
public abstract class TriggerContractTest extends ContractTables {
    private static final String NO_SUCH_TABLE = "NOWHERE";
    /** More than are copied at a time. */
    private static final int MANY_ROWS = 2_500;

    private static final int RECAPTURES = 6;

    private static final int MEBIBYTE = 1 << 20;
    private static final List<Integer> LOB_LENGTHS = List.of(0, 40_000, MEBIBYTE);
    private static final int WIDE = 1_000;
    private static final long PATIENCE_SECONDS = 60;

    protected abstract String renameColumn(String table, String from, String to);

    protected abstract String renameTable(String from, String to);

    /** Makes a VARCHAR column longer. */
    protected abstract String lengthenColumn(String table, String column, int length);

    /** The type of strings of bytes up to a length. */
    protected abstract String binaryType(int length);

    /** The type of large texts up to a length. */
    protected String largeTextType(int length) {
        return "CLOB(" + length + ")";
    }

    /** The type of large strings of bytes up to a length. */
    protected String largeBinaryType(int length) {
        return "BLOB(" + length + ")";
    }

    /** Every type that can be captured. */
    protected abstract List<TypeExtremes> types();

    /** The types that cannot. */
    protected abstract List<String> otherTypes();

    /** The most characters that the name of a schema, a table or a column has. */
    protected abstract int longestName();

    @Test
    void everyCapability_isShown() {
        Set<Capability> shown = EnumSet.noneOf(Capability.class);
        for (Method method : TriggerContractTest.class.getDeclaredMethods()) {
            if (method.isAnnotationPresent(Shows.class)) {
                shown.add(method.getAnnotation(Shows.class).value());
            }
        }
        assertThat(shown).containsExactly(Capability.values());
    }

    // ---- statements

    @Test
    @Shows(Capability.INSERT)
    void insert_isJournalledWithTheRow() throws SQLException {
        createCaptured("T");
        if (works(Capability.INSERT, "INSERT INTO T VALUES(1, 'a')")) {
            assertThat(changes("T")).containsExactly("INSERT [1] [1, a]");
        }
    }

    @Test
    @Shows(Capability.UPDATE)
    void update_isJournalledWithBothRows() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a')");
        if (works(Capability.UPDATE, "UPDATE T SET NAME = 'b' WHERE ID = 1")) {
            assertThat(changes("T")).containsExactly("INSERT [1] [1, a]", "UPDATE [1] [1, a] -> [1, b]");
        }
    }

    @Test
    @Shows(Capability.DELETE)
    void delete_isJournalledWithTheFormerRow() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a')");
        if (works(Capability.DELETE, "DELETE FROM T WHERE ID = 1")) {
            assertThat(changes("T")).containsExactly("INSERT [1] [1, a]", "DELETE [1] [1, a]");
        }
    }

    @Test
    @Shows(Capability.MANY_ROWS)
    void statementForManyRows_isJournalledRowByRow() throws SQLException {
        createCaptured("T");
        if (works(
                Capability.MANY_ROWS,
                "INSERT INTO T VALUES(1, 'a'), (2, 'b'), (3, 'c')",
                "UPDATE T SET NAME = NAME || '!' WHERE ID > 1",
                "DELETE FROM T WHERE ID < 3",
                // For no row at all.
                "UPDATE T SET NAME = 'none' WHERE ID > 100",
                "DELETE FROM T WHERE ID > 100")) {
            assertThat(changes("T"))
                    .containsExactlyInAnyOrder(
                            "INSERT [1] [1, a]",
                            "INSERT [2] [2, b]",
                            "INSERT [3] [3, c]",
                            "UPDATE [2] [2, b] -> [2, b!]",
                            "UPDATE [3] [3, c] -> [3, c!]",
                            "DELETE [1] [1, a]",
                            "DELETE [2] [2, b!]");
        }
    }

    @Test
    @Shows(Capability.INSERT_SELECT)
    void insertSelect_isJournalled_fromAnotherTable_andFromTheTableItself() throws SQLException {
        createCaptured("T");
        run("CREATE TABLE S" + COLUMNS, "INSERT INTO S VALUES(1, 'a'), (2, NULL)");
        if (works(
                Capability.INSERT_SELECT,
                "INSERT INTO T SELECT ID, NAME FROM S",
                "INSERT INTO T SELECT ID + 2, NAME FROM T",
                "INSERT INTO T(ID) SELECT ID FROM S WHERE ID > 100")) {
            assertThat(changes("T"))
                    .containsExactlyInAnyOrder(
                            "INSERT [1] [1, a]", "INSERT [2] [2, null]", "INSERT [3] [3, a]", "INSERT [4] [4, null]");
        }
    }

    @Test
    @Shows(Capability.MERGE)
    void merge_isJournalledAsTheInsertsAndUpdatesThatItMakes() throws SQLException {
        createCaptured("T");
        run(
                "CREATE TABLE S" + COLUMNS,
                "INSERT INTO S VALUES(2, 'new'), (4, 'd')",
                "INSERT INTO T VALUES(1, 'a'), (2, 'b')");
        if (works(
                Capability.MERGE,
                "MERGE INTO T USING S ON T.ID = S.ID WHEN MATCHED THEN UPDATE SET NAME = S.NAME"
                        + " WHEN NOT MATCHED THEN INSERT (ID, NAME) VALUES(S.ID, S.NAME)")) {
            assertThat(changes("T"))
                    .containsExactlyInAnyOrder(
                            "INSERT [1] [1, a]",
                            "INSERT [2] [2, b]",
                            "UPDATE [2] [2, b] -> [2, new]",
                            "INSERT [4] [4, d]");
        }
    }

    @Test
    @Shows(Capability.MERGE_DELETE)
    void mergeThatDeletes_isJournalledAsTheInsertsUpdatesAndDeletesThatItMakes() throws SQLException {
        createCaptured("T");
        run(
                "CREATE TABLE S" + COLUMNS,
                "INSERT INTO S VALUES(1, 'gone'), (2, 'new'), (4, 'd')",
                "INSERT INTO T VALUES(1, 'a'), (2, 'b'), (3, 'c')");
        if (has(
                Capability.MERGE_DELETE,
                "MERGE INTO T USING S ON T.ID = S.ID WHEN MATCHED AND S.NAME = 'gone' THEN DELETE"
                        + " WHEN MATCHED THEN UPDATE SET NAME = S.NAME"
                        + " WHEN NOT MATCHED THEN INSERT (ID, NAME) VALUES(S.ID, S.NAME)")) {
            assertThat(changes("T"))
                    .containsExactlyInAnyOrder(
                            "INSERT [1] [1, a]",
                            "INSERT [2] [2, b]",
                            "INSERT [3] [3, c]",
                            "DELETE [1] [1, a]",
                            "UPDATE [2] [2, b] -> [2, new]",
                            "INSERT [4] [4, d]");
        }
    }

    @Test
    @Shows(Capability.NO_OP_UPDATE)
    void updateToTheValuesThatAreThere_isJournalled_andChangesNothing() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a'), (2, NULL)");
        if (works(Capability.NO_OP_UPDATE, "UPDATE T SET NAME = NAME")) {
            assertThat(changes("T"))
                    .containsExactlyInAnyOrder(
                            "INSERT [1] [1, a]",
                            "INSERT [2] [2, null]",
                            "UPDATE [1] [1, a] -> [1, a]",
                            "UPDATE [2] [2, null] -> [2, null]");
        }
    }

    @Test
    @Shows(Capability.KEY_UPDATE)
    void updateOfAKeyToItself_isJournalled_andChangesNothing() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a')");
        if (works(Capability.KEY_UPDATE, "UPDATE T SET ID = ID WHERE ID = 1")) {
            assertThat(changes("T")).containsExactly("INSERT [1] [1, a]", "UPDATE [1] [1, a] -> [1, a]");
        }
    }

    @Test
    @Shows(Capability.KEY_UPDATE)
    void updateOfAKey_isJournalledUnderTheNewKey_andLeavesTheOldOne() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a'), (2, 'b')");
        if (works(
                Capability.KEY_UPDATE,
                "UPDATE T SET ID = 10 WHERE ID = 1",
                "UPDATE T SET ID = 1 WHERE ID = 2",
                "UPDATE T SET ID = 2, NAME = 'c' WHERE ID = 10")) {
            assertThat(changes("T").subList(2, 5))
                    .containsExactly(
                            "UPDATE [10] [1, a] -> [10, a]",
                            "UPDATE [1] [2, b] -> [1, b]",
                            "UPDATE [2] [10, a] -> [2, c]");
        }
    }

    @Test
    @Shows(Capability.KEY_SHIFT)
    void keysThatMoveToKeysOfOtherRows_loseNoRow() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a'), (2, 'b'), (3, 'b'), (4, 'b'), (5, 'e')");
        if (has(
                Capability.KEY_SHIFT,
                "UPDATE T SET ID = ID + 1",
                "UPDATE T SET ID = ID - 1",
                "UPDATE T SET ID = 6 - ID",
                "UPDATE T SET ID = CASE WHEN ID = 1 THEN 2 WHEN ID = 2 THEN 1 ELSE ID END")) {
            journal();
        }
    }

    @Test
    @Shows(Capability.FOREIGN_KEY)
    void tableWithAForeignKeyInItsKey_isCaptured_andItsRowsMayMove() throws SQLException {
        if (has(
                Capability.FOREIGN_KEY,
                "CREATE TABLE L(NAME VARCHAR(10) NOT NULL PRIMARY KEY)",
                "CREATE TABLE C(LIST VARCHAR(10) NOT NULL REFERENCES L, PLACE INT NOT NULL, NAME VARCHAR(20), PRIMARY KEY(LIST, PLACE))")) {
            run(
                    "INSERT INTO L VALUES('x'), ('y')",
                    "INSERT INTO C VALUES('x', 1, 'a'), ('x', 2, 'b'), ('x', 3, 'c'), ('y', 1, 'd'), ('y', 2, 'e')");
            capture("C");
            run(
                    "UPDATE C SET PLACE = PLACE + 1 WHERE LIST = 'x' AND PLACE > 1",
                    "UPDATE C SET LIST = CASE WHEN LIST = 'x' THEN 'y' ELSE 'x' END, NAME = NAME || '!'");
            journal();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    @Shows(Capability.KEY_SHIFT)
    void keysThatMoveAnyhow_inStatementsThatAreKeptAndUndone_loseNoRow(long seed) throws SQLException {
        Random random = new Random(seed);
        System.out.println("keys that move anyhow, seed " + seed);
        createCaptured("T");
        run("INSERT INTO T VALUES(0, 'a'), (1, 'b'), (2, 'a'), (3, 'a'), (4, 'b'), (5, 'a'), (6, 'a'), (7, 'c')");
        connection().setAutoCommit(false);
        if (works(Capability.KEY_SHIFT, () -> {
            for (int i = 0; i < 60; i++) {
                Savepoint before = connection().setSavepoint();
                moveKeys(random);
                if (random.nextInt(4) == 0) {
                    connection().rollback(before);
                }
                if (random.nextInt(4) == 0) {
                    connection().commit();
                } else if (random.nextInt(10) == 0) {
                    connection().rollback();
                }
            }
        })) {
            connection().commit();
            assertThat(journal().tables().rows("T")).as("seed %d", seed).hasSize(8);
        }
    }

    /** Gives the rows of T, whose keys are some of the first ten, others of them. */
    private void moveKeys(Random random) throws SQLException {
        List<Integer> keys = IntStream.range(0, 10).boxed().collect(Collectors.toCollection(ArrayList::new));
        List<Integer> moving = keys.subList(0, random.nextInt(11));
        Collections.shuffle(moving, random);
        StringBuilder sql = new StringBuilder("UPDATE T SET ID = CASE ID");
        for (int key = 0; key < keys.size(); key++) {
            sql.append(" WHEN ").append(key).append(" THEN ").append(keys.get(key));
        }
        sql.append(" END");
        if (random.nextInt(3) == 0) {
            sql.append(", NAME = NAME || '").append(random.nextInt(10)).append('\'');
        }
        try {
            run(sql.toString());
        } catch (SQLException e) {
            // The name has become too long; none of it was done.
            run("UPDATE T SET NAME = 'a'");
        }
    }

    @Test
    @Shows(Capability.KEY_SHIFT)
    void statementsOfABatch_moveOneRowAfterTheOther() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a')");
        if (works(Capability.KEY_SHIFT, () -> {
            try (PreparedStatement move = connection().prepareStatement("UPDATE T SET ID = ? WHERE ID = ?")) {
                for (int id = 1; id < 5; id++) {
                    move.setInt(1, id + 1);
                    move.setInt(2, id);
                    move.addBatch();
                }
                move.executeBatch();
            }
        })) {
            assertThat(changes("T"))
                    .containsExactly(
                            "INSERT [1] [1, a]",
                            "UPDATE [2] [1, a] -> [2, a]",
                            "UPDATE [3] [2, a] -> [3, a]",
                            "UPDATE [4] [3, a] -> [4, a]",
                            "UPDATE [5] [4, a] -> [5, a]");
        }
    }

    @Test
    @Shows(Capability.DELETE_CASCADE)
    void cascadedDelete_isJournalledInEveryTable() throws SQLException {
        if (has(
                Capability.DELETE_CASCADE,
                "CREATE TABLE P(ID INT NOT NULL PRIMARY KEY)",
                "CREATE TABLE C(ID INT NOT NULL PRIMARY KEY, P INT REFERENCES P ON DELETE CASCADE)",
                "CREATE TABLE G(ID INT NOT NULL PRIMARY KEY, C INT REFERENCES C ON DELETE CASCADE)")) {
            capture("P", "C", "G");
            run(
                    "INSERT INTO P VALUES (1), (2), (3)",
                    "INSERT INTO C VALUES (1, 1), (2, 1), (3, 2)",
                    "INSERT INTO G VALUES (1, 1), (2, 3)",
                    "DELETE FROM P WHERE ID = 1");
            assertThat(changes("P")).endsWith("DELETE [1] [1]");
            assertThat(changes("C").subList(3, 5)).containsExactlyInAnyOrder("DELETE [1] [1, 1]", "DELETE [2] [2, 1]");
            assertThat(changes("G").subList(2, 3)).containsExactly("DELETE [1] [1, 1]");
        }
    }

    @Test
    @Shows(Capability.DELETE_SET_NULL)
    void cascadedSetNull_isJournalledAsAnUpdate() throws SQLException {
        if (has(
                Capability.DELETE_SET_NULL,
                "CREATE TABLE P(ID INT NOT NULL PRIMARY KEY)",
                "CREATE TABLE C(ID INT NOT NULL PRIMARY KEY, P INT REFERENCES P ON DELETE SET NULL)")) {
            capture("P", "C");
            run(
                    "INSERT INTO P VALUES (1), (2)",
                    "INSERT INTO C VALUES (1, 1), (2, 2), (3, NULL)",
                    "DELETE FROM P WHERE ID = 1");
            assertThat(changes("P")).endsWith("DELETE [1] [1]");
            assertThat(changes("C").subList(3, 4)).containsExactly("UPDATE [1] [1, 1] -> [1, null]");
        }
    }

    @Test
    @Shows(Capability.UPDATE_CASCADE)
    void cascadedUpdate_isJournalledInEveryTable() throws SQLException {
        if (has(
                Capability.UPDATE_CASCADE,
                "CREATE TABLE P(ID INT NOT NULL PRIMARY KEY)",
                "CREATE TABLE C(P INT NOT NULL REFERENCES P ON UPDATE CASCADE, PLACE INT NOT NULL, PRIMARY KEY(P, PLACE))")) {
            capture("P", "C");
            run(
                    "INSERT INTO P VALUES (1), (2)",
                    "INSERT INTO C VALUES (1, 1), (1, 2), (2, 1)",
                    "UPDATE P SET ID = 10 WHERE ID = 1");
            assertThat(changes("P")).endsWith("UPDATE [10] [1] -> [10]");
            assertThat(changes("C").subList(3, 5))
                    .containsExactlyInAnyOrder("DELETE [1, 1] [1, 1]", "DELETE [1, 2] [1, 2]");
            assertThat(changes("C").subList(5, 7))
                    .containsExactlyInAnyOrder("INSERT [10, 1] [10, 1]", "INSERT [10, 2] [10, 2]");
        }
    }

    // ---- transactions

    @Test
    @Shows(Capability.COMMIT)
    void committedTransaction_isJournalled_andKeepsNothingBackBeforeItsCommit() throws SQLException {
        createCaptured("T");
        createCaptured("U");
        run("INSERT INTO T VALUES(9, 'i')");
        connection().setAutoCommit(false);
        run("INSERT INTO T VALUES(1, 'a')", "INSERT INTO U VALUES(1, 'b')", "UPDATE T SET NAME = 'c' WHERE ID = 9");
        try (Connection other = source().connect()) {
            run(other, "INSERT INTO U VALUES(2, 'beside')");
            source().settle(other);
        }
        Journalled open = read();
        assertThat(open.tables().rows("T")).containsExactly(Map.entry(Key.of(9L), Row.of(9L, "i")));
        assertThat(open.tables().rows("U")).containsOnlyKeys(Key.of(2L));
        if (works(Capability.COMMIT, connection()::commit)) {
            assertThat(changes("T"))
                    .startsWith("INSERT [9] [9, i]")
                    .containsExactlyInAnyOrder("INSERT [9] [9, i]", "INSERT [1] [1, a]", "UPDATE [9] [9, i] -> [9, c]");
            assertThat(changes("U")).containsExactly("INSERT [2] [2, beside]", "INSERT [1] [1, b]");
        }
    }

    @Test
    @Shows(Capability.WHOLE_TRANSACTIONS)
    void statementsAndTransactions_areTransactionsOfTheJournal_changeByChange() throws SQLException {
        createCaptured("T");
        createCaptured("U");
        if (works(Capability.WHOLE_TRANSACTIONS, () -> {
            run("INSERT INTO T VALUES(1, 'a'), (2, 'b'), (3, 'c')", "UPDATE T SET NAME = NAME || '!' WHERE ID > 1");
            connection().setAutoCommit(false);
            run("INSERT INTO T VALUES(4, 'd')", "INSERT INTO U VALUES(1, 'b')", "UPDATE T SET NAME = 'e' WHERE ID = 4");
            connection().commit();
        })) {
            assertThat(journal().transactionSizes()).endsWith(3L, 2L, 3L);
            assertThat(changes("T")).endsWith("INSERT [4] [4, d]", "UPDATE [4] [4, d] -> [4, e]");
        }
    }

    @Test
    @Shows(Capability.ROLLBACK)
    void rolledBackTransaction_isNeverJournalled() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'kept')");
        connection().setAutoCommit(false);
        run("INSERT INTO T VALUES(2, 'undone')", "UPDATE T SET NAME = 'undone'", "DELETE FROM T WHERE ID = 1");
        if (works(Capability.ROLLBACK, connection()::rollback)) {
            run("INSERT INTO T VALUES(3, 'later')");
            connection().commit();
            assertThat(changes("T")).containsExactly("INSERT [1] [1, kept]", "INSERT [3] [3, later]");
        }
    }

    @Test
    @Shows(Capability.SAVEPOINT)
    void whatIsRolledBackToASavepoint_isNeverJournalled() throws SQLException {
        createCaptured("T");
        connection().setAutoCommit(false);
        run("INSERT INTO T VALUES(1, 'kept')");
        if (works(Capability.SAVEPOINT, () -> {
            Savepoint outer = connection().setSavepoint();
            run("INSERT INTO T VALUES(2, 'undone')");
            connection().rollback(outer);
            outer = connection().setSavepoint();
            run("UPDATE T SET NAME = 'undone' WHERE ID = 1");
            Savepoint inner = connection().setSavepoint();
            run("DELETE FROM T WHERE ID = 1");
            connection().rollback(inner);
            connection().rollback(outer);
            Savepoint released = connection().setSavepoint();
            run("INSERT INTO T VALUES(3, 'kept')");
            connection().releaseSavepoint(released);
        })) {
            connection().commit();
            assertThat(changes("T")).containsExactly("INSERT [1] [1, kept]", "INSERT [3] [3, kept]");
        }
    }

    @Test
    @Shows(Capability.SAVEPOINT)
    void transactionThatIsRolledBackToItsBeginning_leavesNothing() throws SQLException {
        createCaptured("T");
        connection().setAutoCommit(false);
        if (works(Capability.SAVEPOINT, () -> {
            Savepoint beginning = connection().setSavepoint();
            run("INSERT INTO T VALUES(1, 'undone')");
            connection().rollback(beginning);
        })) {
            connection().commit();
            assertThat(changes("T")).isEmpty();
        }
    }

    @Test
    @Shows(Capability.FAILED_STATEMENT)
    void statementThatFailsHalfWay_isJournalledAsFarAsTheTableHasIt() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a'), (2, 'b')");
        if (works(Capability.FAILED_STATEMENT, () -> {
            assertFails("INSERT INTO T VALUES(5, 'x'), (6, 'x'), (1, 'taken')");
            assertFails("UPDATE T SET NAME = CASE WHEN ID = 2 THEN 'longer than the column is' ELSE 'x' END");
        })) {
            run("INSERT INTO T VALUES(3, 'c')");
            assertThat(changes("T")).containsExactly("INSERT [1] [1, a]", "INSERT [2] [2, b]", "INSERT [3] [3, c]");
        }
    }

    @Test
    @Shows(Capability.FAILURE_IN_TRANSACTION)
    void statementThatFails_isNotJournalled_andItsTransactionGoesOn() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a'), (2, 'b')");
        if (works(Capability.FAILURE_IN_TRANSACTION, () -> {
            connection().setAutoCommit(false);
            run("INSERT INTO T VALUES(3, 'c')");
            assertFails("INSERT INTO T VALUES(5, 'x'), (6, 'x'), (1, 'taken')");
            assertFails("UPDATE T SET ID = 7 WHERE ID > 1");
            assertFails("UPDATE T SET NAME = CASE WHEN ID = 3 THEN 'longer than the column is' ELSE 'x' END");
            run("INSERT INTO T VALUES(4, 'd')");
        })) {
            connection().commit();
            connection().setAutoCommit(true);
            assertFails("INSERT INTO T VALUES(7, 'x'), (1, 'taken')");
            assertThat(changes("T"))
                    .containsExactly(
                            "INSERT [1] [1, a]", "INSERT [2] [2, b]", "INSERT [3] [3, c]", "INSERT [4] [4, d]");
        }
    }

    @Test
    @Shows(Capability.CHECK)
    void checkConstraints_holdForEveryRowOfAStatement() throws SQLException {
        if (has(
                Capability.CHECK,
                "CREATE TABLE T(ID BIGINT PRIMARY KEY, V INT CHECK (V < 10), \"w\" INT, CONSTRAINT C CHECK (V <> \"w\"))")) {
            capture("T");
            run("INSERT INTO T VALUES(1, 1, 2), (2, 9, NULL), (3, NULL, 3)");
            for (String update : List.of("V = V + 1", "V = 20 - ID * 7", "\"w\" = ID", "V = 3 - ID, \"w\" = 1")) {
                assertFails("UPDATE T SET " + update);
            }
            assertFails("INSERT INTO T VALUES(4, 10, 1), (5, 5, 6)");
            run("UPDATE T SET V = V - 1, \"w\" = NULL");
            assertThat(changes("T")).hasSize(6);
        }
    }

    private void assertFails(String sql) {
        assertThatThrownBy(() -> run(sql)).as(sql).isInstanceOf(SQLException.class);
    }

    // ---- tables

    /** Doubles the rows of T, which has one, until there are many. */
    private void fill() throws SQLException {
        for (int rows = 1; rows < MANY_ROWS; rows *= 2) {
            run("INSERT INTO T SELECT ID + " + rows + ", NAME FROM T");
        }
    }

    @Test
    @Shows(Capability.EXISTING_ROWS)
    void existingRows_arriveOnce_andComposeWithLaterChanges() throws SQLException {
        run("CREATE TABLE T" + COLUMNS, "INSERT INTO T VALUES(1, 'a')");
        fill();
        if (works(Capability.EXISTING_ROWS, () -> install(table("T")))) {
            run("UPDATE T SET NAME = 'b' WHERE ID BETWEEN 1900 AND 2100", "DELETE FROM T WHERE ID > " + MANY_ROWS);
            assertThat(journal().tables().rows("T")).hasSize(MANY_ROWS);
            List<String> history = history("T");
            // A copy that meets somebody changing tables begins anew.
            assertThat(history.subList(history.lastIndexOf("SNAPSHOT TRUNCATE"), history.size()).stream()
                            .filter(change -> change.startsWith("SNAPSHOT INSERT")))
                    .doesNotHaveDuplicates();
        }
    }

    @Test
    @Shows(Capability.KEY_UPDATE)
    void keysThatChangeWhileTheirRowsAreCopied_areInTheJournalOnce() throws SQLException {
        run("CREATE TABLE T" + COLUMNS, "INSERT INTO T VALUES(1, 'a')");
        fill();
        install(table("T"));
        if (works(Capability.KEY_UPDATE, "UPDATE T SET ID = -ID WHERE ID BETWEEN 100 AND 200")) {
            assertThat(journal().tables().rows("T"))
                    .hasSizeGreaterThan(MANY_ROWS)
                    .containsKey(Key.of(-150L));
        }
    }

    @Test
    @Shows(Capability.RECAPTURE)
    void captureThatIsRemovedAndInstalledAgain_isAnnounced_andLosesAndRepeatsNothing() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a'), (2, 'b')");
        assertThat(history("T")).hasSize(5);
        remove("T");
        run("INSERT INTO T VALUES(3, 'unseen')", "DELETE FROM T WHERE ID = 1");
        assertThat(journal().tables().knows("T")).isFalse();
        if (works(Capability.RECAPTURE, () -> install(table("T")))) {
            journal();
            run("UPDATE T SET NAME = 'seen' WHERE ID = 3");
            assertThat(history("T").subList(5, 12))
                    .containsExactly(
                            "CAPTURED DROP",
                            "SNAPSHOT SCHEMA",
                            "SNAPSHOT TRUNCATE",
                            "SNAPSHOT INSERT [2] [2, b]",
                            "SNAPSHOT INSERT [3] [3, unseen]",
                            "SNAPSHOT SNAPSHOT_END",
                            "CAPTURED UPDATE [3] [3, unseen] -> [3, seen]");
            assertThat(JournalVerification.of(source().journal()).gaps()).isZero();
        }
    }

    @Test
    @Shows(Capability.RECAPTURE)
    void captureThatComesAndGoesBesideAWriter_endsWithEveryRow() throws Exception {
        createCaptured("T");
        if (works(Capability.RECAPTURE, () -> {})) {
            AtomicBoolean done = new AtomicBoolean();
            CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
                try (Connection other = source().connect()) {
                    for (int id = 1; !done.get(); id++) {
                        String insert = "INSERT INTO T VALUES(" + id + ", 'beside')";
                        untilDone(() -> run(other, insert));
                        String update = "UPDATE T SET NAME = 'again' WHERE ID = " + id / 2;
                        untilDone(() -> run(other, update));
                    }
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            for (int i = 0; i < RECAPTURES && !writer.isDone(); i++) {
                untilDone(() -> remove("T"));
                untilDone(() -> install(table("T")));
            }
            done.set(true);
            writer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            source().settle(connection());
            // Not change by change: until the relay sees the new triggers it takes their changes for those of the old
            // ones.
            JournalledTables tables =
                    new JournalledTables(source().journal(), source().schema(), source()::rows).read(transaction -> {});
            assertThat(tables.isComplete("T")).isTrue();
            assertThat(tables.rows("T")).isEqualTo(source().rows(connection(), tables.schema("T")));
            passOver(tables.position());
        }
    }

    private void untilDone(Action action) throws SQLException {
        while (true) {
            try {
                action.run();
                return;
            } catch (SQLException e) {
                if (!source().isForAnotherTry(e)) {
                    throw e;
                }
            }
        }
    }

    @Test
    @Shows(Capability.ADD_COLUMN)
    void addedColumn_isInTheRowsThatWereThere_andInLaterOnes() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a')");
        if (works(Capability.ADD_COLUMN, "ALTER TABLE T ADD COLUMN EXTRA INT")) {
            run("INSERT INTO T VALUES(2, 'b', 8)");
            assertThat(columns("T")).containsExactly("ID", "NAME", "EXTRA");
            assertThat(row("T", 1L)).containsExactly(1L, "a", null);
            run("UPDATE T SET EXTRA = COALESCE(EXTRA, 0) + 1");
            assertThat(row("T", 1L)).containsExactly(1L, "a", 1);
            assertThat(row("T", 2L)).containsExactly(2L, "b", 9);
        }
    }

    @Test
    @Shows(Capability.ADD_COLUMN_WITH_DEFAULT)
    void addedColumnWithADefault_hasItInTheRowsThatWereThere() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a')");
        if (has(Capability.ADD_COLUMN_WITH_DEFAULT, "ALTER TABLE T ADD COLUMN EXTRA INT DEFAULT 7 NOT NULL")) {
            run("INSERT INTO T VALUES(2, 'b', 8)");
            assertThat(columns("T")).containsExactly("ID", "NAME", "EXTRA");
            assertThat(row("T", 1L)).containsExactly(1L, "a", 7);
            run("UPDATE T SET EXTRA = EXTRA + 1");
            assertThat(row("T", 2L)).containsExactly(2L, "b", 9);
        }
    }

    @Test
    @Shows(Capability.ADD_COLUMN_WITH_DEFAULT)
    void addedColumn_amongTheChangesOfATransactionThatIsRolledBack_isAsTheSourceHasIt() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a')");
        if (works(Capability.ADD_COLUMN_WITH_DEFAULT, () -> {
            connection().setAutoCommit(false);
            run(
                    "UPDATE T SET NAME = 'b'",
                    "ALTER TABLE T ADD COLUMN EXTRA INT DEFAULT 7 NOT NULL",
                    "UPDATE T SET NAME = 'c'");
            connection().rollback();
            connection().setAutoCommit(true);
        })) {
            run("INSERT INTO T(ID, NAME) VALUES(2, 'd')");
            journal();
        }
    }

    private List<String> columns(String table) throws SQLException {
        return journal().tables().schema(table).columns().stream()
                .map(Column::name)
                .toList();
    }

    @Test
    @Shows(Capability.DROP_COLUMN)
    void droppedColumn_isGoneFromEveryRow() throws SQLException {
        run("CREATE TABLE T(ID BIGINT PRIMARY KEY, EXTRA INT, NAME VARCHAR(20))");
        capture("T");
        run("INSERT INTO T VALUES(1, 7, 'a'), (2, 8, 'b')");
        if (works(Capability.DROP_COLUMN, "ALTER TABLE T DROP COLUMN EXTRA")) {
            run("INSERT INTO T VALUES(3, 'c')", "UPDATE T SET NAME = 'd' WHERE ID = 1");
            assertThat(columns("T")).containsExactly("ID", "NAME");
            assertThat(row("T", 1L)).containsExactly(1L, "d");
        }
    }

    @Test
    @Shows(Capability.RENAME_COLUMN)
    void renamedColumn_hasItsNewName() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a')");
        if (works(Capability.RENAME_COLUMN, renameColumn("T", "NAME", "TITLE"))) {
            run("INSERT INTO T(ID, TITLE) VALUES(2, 'b')");
            assertThat(columns("T")).containsExactly("ID", "TITLE");
        }
    }

    @Test
    @Shows(Capability.RETYPE_COLUMN)
    void columnOfAnotherType_hasTheNewOne() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a')");
        String text = "more than a column of twenty holds";
        if (works(Capability.RETYPE_COLUMN, lengthenColumn("T", "NAME", 40))) {
            run("INSERT INTO T VALUES(2, '" + text + "')");
            assertThat(row("T", 2L)).containsExactly(2L, text);
            assertThat(journal().tables().schema("T").columns().get(1).type().precision())
                    .isEqualTo(40);
        }
    }

    @Test
    @Shows(Capability.DROP_KEY)
    void tableThatLosesItsKey_leavesUntilItHasOneAgain_andKeepsNothingElseBack() throws SQLException {
        createCaptured("T");
        createCaptured("U");
        run("INSERT INTO T VALUES(1, 'a')");
        if (works(Capability.DROP_KEY, () -> {
            run("ALTER TABLE T DROP PRIMARY KEY");
            forget("T");
        })) {
            run("INSERT INTO U VALUES(1, 'goes on')");
            assertThat(changes("U")).containsExactly("INSERT [1] [1, goes on]");
            assertThat(journal().tables().knows("T")).isFalse();
            assertThatThrownBy(() -> run("INSERT INTO T VALUES(1, 'b')")).hasMessageContaining("PENUMBRA-1004");
            run("ALTER TABLE T ADD PRIMARY KEY(ID)", "INSERT INTO T VALUES(2, 'b')");
            remember("T");
            assertThat(journal().tables().rows("T")).hasSize(2);
        }
    }

    @Test
    @Shows(Capability.RENAME_TABLE)
    void renamedTable_leavesUnderItsOldName_andComesUnderItsNewOne() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a')");
        if (works(Capability.RENAME_TABLE, () -> {
            run(renameTable("T", "U"));
            forget("T");
        })) {
            run("INSERT INTO U VALUES(2, 'b')");
            Journalled journalled = journal();
            assertThat(journalled.tables().knows("T")).isFalse();
            assertThat(journalled.tables().rows("U")).hasSize(2);
            // Another table may have the old name then.
            createCaptured("T");
            run("INSERT INTO T VALUES(1, 'other')", "UPDATE U SET NAME = 'c'");
            capture("U");
            assertThat(changes("T")).endsWith("INSERT [1] [1, other]");
        }
    }

    @Test
    @Shows(Capability.TRUNCATE)
    void truncate_isJournalledBetweenTheChangesAroundIt() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a'), (2, 'b')");
        if (works(Capability.TRUNCATE, "TRUNCATE TABLE T")) {
            run("INSERT INTO T VALUES(2, 'c')", "TRUNCATE TABLE T", "INSERT INTO T VALUES(3, 'd')");
            assertThat(changes("T"))
                    .containsExactly(
                            "INSERT [1] [1, a]",
                            "INSERT [2] [2, b]",
                            "TRUNCATE",
                            "INSERT [2] [2, c]",
                            "TRUNCATE",
                            "INSERT [3] [3, d]");
        }
    }

    @Test
    @Shows(Capability.DROP_TABLE)
    void droppedTable_endsInTheJournal_andMayComeAgainWithAnotherLayout() throws SQLException {
        createCaptured("T");
        run("INSERT INTO T VALUES(1, 'a')");
        if (works(Capability.DROP_TABLE, () -> {
            run("DROP TABLE T");
            forget("T");
        })) {
            assertThat(journal().tables().knows("T")).isFalse();
            run("CREATE TABLE T(NAME VARCHAR(9) NOT NULL PRIMARY KEY, V INT)", "INSERT INTO T VALUES('new', 1)");
            assertThat(journal().tables().knows("T")).isFalse();
            capture("T");
            run("DROP TABLE T", "CREATE TABLE T" + COLUMNS, "INSERT INTO T VALUES(2, 'b')");
            capture("T");
            run("INSERT INTO T VALUES(3, 'c')");
            assertThat(journal().tables().rows("T")).containsOnlyKeys(Key.of(2L), Key.of(3L));
        }
    }

    @Test
    @Shows(Capability.SCHEMAS)
    void tablesOfOneNameInTwoSchemas_areNotMixed() throws SQLException {
        createSchema("ONE");
        createSchema("TWO");
        run(
                "CREATE TABLE ONE.T" + COLUMNS,
                "CREATE TABLE TWO.T(ID INT NOT NULL PRIMARY KEY, V INT)",
                "CREATE TABLE T" + COLUMNS);
        if (works(Capability.SCHEMAS, () -> {
            install(new TableName("ONE", "T"));
            install(new TableName("TWO", "T"));
            install(table("T"));
        })) {
            journal();
            run(
                    "INSERT INTO ONE.T VALUES(1, 'one')",
                    "INSERT INTO TWO.T VALUES(2, 0)",
                    "INSERT INTO T VALUES(3, 'three')");
            assertThat(changes(new TableName("ONE", "T"))).containsExactly("INSERT [1] [1, one]");
            assertThat(changes(new TableName("TWO", "T"))).containsExactly("INSERT [2] [2, 0]");
            assertThat(changes("T")).containsExactly("INSERT [3] [3, three]");
        }
    }

    @Test
    @Shows(Capability.DATABASES)
    void twoDatabases_haveAJournalEach_andNothingIsMixed() throws Exception {
        createCaptured("T");
        if (works(Capability.DATABASES, () -> {})) {
            try (TestedSource second = openAnother();
                    Connection other = second.connect()) {
                TableName table = new TableName(second.schema(), "T");
                run(other, "CREATE TABLE T" + COLUMNS);
                second.install(other, table);
                for (int id = 1; id <= 50; id++) {
                    run("INSERT INTO T VALUES(" + id + ", 'first')");
                    run(other, "INSERT INTO T VALUES(" + (id + 25) + ", 'second')");
                }
                second.settle(other);
                JournalledTables tables =
                        new JournalledTables(second.journal(), second.schema(), second::rows).read(transaction -> {});
                tables.assertEqualsSource(other, "T");
                assertThat(tables.rows("T"))
                        .hasSize(50)
                        .allSatisfy((key, row) -> assertThat(row.get(1)).isEqualTo("second"));
                assertThat(journal().tables().rows("T"))
                        .hasSize(50)
                        .allSatisfy((key, row) -> assertThat(row.get(1)).isEqualTo("first"));
            }
        }
    }

    // ---- keys

    @Test
    @Shows(Capability.COMPOSITE_KEY)
    void keyOfManyColumnsAndTypes_isJournalledInItsOrder() throws SQLException {
        run("CREATE TABLE T(V INT, T VARCHAR(10) NOT NULL, D DOUBLE PRECISION NOT NULL, B " + binaryType(4)
                + " NOT NULL, N DECIMAL(20, 4) NOT NULL, TM TIME NOT NULL, TS TIMESTAMP NOT NULL, DT DATE NOT NULL,"
                + " F BOOLEAN NOT NULL, PRIMARY KEY(F, DT, TS, TM, N, B, D, T))");
        try (PreparedStatement insert =
                connection().prepareStatement("INSERT INTO T VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
            // One row for each combination, so that every column decides somewhere which row is next.
            for (int i = 0; i < 2 * 3 * 2 * 2 * 3 * 3 * 3 * 4; i++) {
                int left = i;
                insert.setInt(1, i);
                insert.setString(2, List.of("", "a", "\u00e4", "b").get(left % 4));
                left /= 4;
                insert.setDouble(3, List.of(-1e300, 0.0, 1e-300).get(left % 3));
                left /= 3;
                insert.setBytes(
                        4,
                        List.of(new byte[] {0}, new byte[] {0x7f}, new byte[] {(byte) 0xff, 1})
                                .get(left % 3));
                left /= 3;
                insert.setBigDecimal(
                        5,
                        new BigDecimal(
                                List.of("-0.0001", "0", "1234567890123456").get(left % 3)));
                left /= 3;
                insert.setTime(6, Time.valueOf(left % 2 == 0 ? "00:00:00" : "23:59:59"));
                left /= 2;
                insert.setTimestamp(7, Timestamp.valueOf("2024-02-29 12:00:00." + (left % 2 == 0 ? "000001" : "9")));
                left /= 2;
                insert.setDate(
                        8,
                        Date.valueOf(List.of("1900-01-01", "1970-01-01", "9999-12-31")
                                .get(left % 3)));
                insert.setBoolean(9, left / 3 == 1);
                insert.addBatch();
            }
            insert.executeBatch();
        }
        if (works(Capability.COMPOSITE_KEY, () -> install(table("T")))) {
            run(
                    "UPDATE T SET V = -V WHERE V BETWEEN 1000 AND 1100",
                    "INSERT INTO T SELECT V, 'moved', D, B, N, TM, TS, DT, F FROM T WHERE T = 'a' AND V > 2000",
                    "DELETE FROM T WHERE T = 'a' AND V > 2000",
                    "DELETE FROM T WHERE V > 2500");
            Journalled journalled = journal();
            assertThat(journalled.tables().schema("T").keyColumns().stream().map(Column::name))
                    .containsExactly("F", "DT", "TS", "TM", "N", "B", "D", "T");
            assertThat(journalled.tables().rows("T")).hasSize(2501);
        }
    }

    @Test
    @Shows(Capability.COMPOSITE_KEY)
    void tablesWhoseColumnsAreAllInTheirKey_areJournalled() throws SQLException {
        run(
                "CREATE TABLE T(ID INT NOT NULL PRIMARY KEY)",
                "CREATE TABLE U(A INT NOT NULL, B VARCHAR(5) NOT NULL, PRIMARY KEY(B, A))",
                "INSERT INTO T(ID) VALUES(0)",
                "INSERT INTO U(A, B) VALUES(0, 'there')");
        if (works(Capability.COMPOSITE_KEY, () -> capture("T", "U"))) {
            run(
                    "INSERT INTO T(ID) VALUES(1)",
                    "DELETE FROM T WHERE ID = 0",
                    "INSERT INTO U(A, B) VALUES(1, 'b')",
                    "DELETE FROM U WHERE A = 0");
            assertThat(changes("T")).containsExactly("INSERT [1] [1]", "DELETE [0] [0]");
            assertThat(changes("U")).containsExactly("INSERT [b, 1] [1, b]", "DELETE [there, 0] [0, there]");
        }
    }

    @Test
    @Shows(Capability.TEXT_KEY)
    void keysOfText_areToldApart_whateverIsInThem() throws SQLException {
        run(
                "CREATE TABLE T(ID VARCHAR(20) NOT NULL PRIMARY KEY, NAME VARCHAR(20))",
                // An index that has every column must not be read instead of the table.
                "CREATE INDEX BY_NAME ON T(NAME DESC, ID)");
        List<String> keys =
                List.of("", "a", "A", "\u00e4", "a\u0308", "'", "\"", "\u0001", "\ud83d\ude00", " b", "NULL");
        try (PreparedStatement insert = connection().prepareStatement("INSERT INTO T VALUES(?, ?)")) {
            for (int i = 0; i < MANY_ROWS; i++) {
                insert.setString(1, i < keys.size() ? keys.get(i) : "k" + i * 7919 % 5003);
                insert.setString(2, "n" + i % 7);
                insert.addBatch();
            }
            insert.executeBatch();
        }
        if (works(Capability.TEXT_KEY, () -> install(table("T")))) {
            run(
                    "UPDATE T SET NAME = 'changed' WHERE ID = 'a'",
                    "INSERT INTO T SELECT 'aa', NAME FROM T WHERE ID = 'A'",
                    "DELETE FROM T WHERE ID = 'A'");
            assertThat(journal().tables().rows("T"))
                    .hasSize(MANY_ROWS)
                    .containsEntry(Key.of("a"), Row.of("a", "changed"))
                    .containsEntry(Key.of("aa"), Row.of("aa", "n2"))
                    .doesNotContainKey(Key.of("A"));
        }
    }

    @Test
    @Shows(Capability.UNIQUE_KEY)
    void uniqueConstraintOnColumnsThatAreNotNull_isAKey() throws SQLException {
        if (has(
                Capability.UNIQUE_KEY,
                "CREATE TABLE T(NAME VARCHAR(20), A INT NOT NULL, B VARCHAR(10) NOT NULL, UNIQUE(A, B))")) {
            capture("T");
            run("INSERT INTO T VALUES('a', 1, 'x'), (NULL, 1, 'y')", "UPDATE T SET B = 'z' WHERE B = 'y'");
            assertThat(changes("T").subList(2, 3)).containsExactly("UPDATE [1, z] [null, 1, y] -> [null, 1, z]");
        }
    }

    @Test
    @Shows(Capability.NULLABLE_KEY)
    void uniqueConstraintOnColumnsThatMayBeNull_isNoKey() throws SQLException {
        if (has(Capability.NULLABLE_KEY, "CREATE TABLE T(ID INT, NAME VARCHAR(20), UNIQUE(ID))")) {
            assertNotCaptured(Capability.NULLABLE_KEY, "INSERT INTO T VALUES(NULL, 'a')");
        }
    }

    @Test
    @Shows(Capability.NO_KEY)
    void tableWithoutAKey_isLeftAlone() throws SQLException {
        run("CREATE TABLE T(ID INT NOT NULL, NAME VARCHAR(20))");
        assertNotCaptured(Capability.NO_KEY, "INSERT INTO T VALUES(1, 'a'), (1, 'a')");
    }

    /** T is refused, and goes on as if nobody had asked. */
    private void assertNotCaptured(Capability capability, String insert) throws SQLException {
        assertThat(works(capability, () -> source().install(connection(), table("T"))))
                .isFalse();
        run(insert);
        assertThat(journal().tables().knows("T")).isFalse();
    }

    // ---- names

    private void assertCaptured(Capability capability, List<TableName> tables, String key, String value)
            throws SQLException {
        for (TableName table : tables) {
            run("CREATE TABLE " + table.quoted() + "(" + TableName.quote(key) + " INT NOT NULL PRIMARY KEY, "
                    + TableName.quote(value) + " VARCHAR(20))");
            run("INSERT INTO " + table.quoted() + " VALUES(0, 'there')");
        }
        if (works(capability, () -> {
            for (TableName table : tables) {
                install(table);
            }
        })) {
            journal();
            int id = 0;
            for (TableName table : tables) {
                id++;
                run("INSERT INTO " + table.quoted() + " VALUES(" + id + ", 'a')");
                run("UPDATE " + table.quoted() + " SET " + TableName.quote(value) + " = 'b' WHERE "
                        + TableName.quote(key) + " = " + id);
                run("DELETE FROM " + table.quoted() + " WHERE " + TableName.quote(key) + " = 0");
                assertThat(changes(table))
                        .containsExactly(
                                "INSERT [" + id + "] [" + id + ", a]",
                                "UPDATE [" + id + "] [" + id + ", a] -> [" + id + ", b]",
                                "DELETE [0] [0, there]");
            }
            Journalled journalled = journal();
            for (TableName table : tables) {
                assertThat(journalled.tables().schema(table).columns().stream().map(Column::name))
                        .containsExactly(key, value);
            }
        }
    }

    @Test
    @Shows(Capability.MIXED_CASE_NAMES)
    void namesThatDifferInCase_areDifferentTables() throws SQLException {
        createSchema("Mixed");
        createSchema("mixed");
        List<TableName> tables = new ArrayList<>();
        for (String schema : List.of("Mixed", "mixed")) {
            for (String table : List.of("MixedCase", "mixedcase", "MIXEDCASE")) {
                tables.add(new TableName(schema, table));
            }
        }
        assertCaptured(Capability.MIXED_CASE_NAMES, tables, "Name", "name");
    }

    @Test
    @Shows(Capability.UNICODE_NAMES)
    void namesInAnyScript_areKept() throws SQLException {
        createSchema("Sch\u00e9ma");
        assertCaptured(
                Capability.UNICODE_NAMES,
                List.of(
                        new TableName("Sch\u00e9ma", "\u8868_\ud83d\ude00"),
                        new TableName("Sch\u00e9ma", "\u0442\u0430\u0431\u043b\u0438\u0446\u0430")),
                "\u00e4\u0308\u200b",
                "\ud83d\udd11 \u0627\u0633\u0645");
    }

    @Test
    @Shows(Capability.HOSTILE_NAMES)
    void namesThatSqlCouldMisread_areNames() throws SQLException {
        String schema = "sch\"e.ma; --";
        createSchema(schema);
        assertCaptured(
                Capability.HOSTILE_NAMES,
                List.of(
                        new TableName(schema, "ta\"b.le'; DROP SCHEMA \"x\"; --"),
                        new TableName(schema, "\"\".\"\""),
                        new TableName(schema, " "),
                        new TableName(schema, "/* {?} $$ */ --DERBY-PROPERTIES index=null"),
                        new TableName(schema, "SELECT"),
                        new TableName(source().schema(), "%_\\")),
                "k\"ey; ?",
                "' {fn now()} --");
    }

    @Test
    @Shows(Capability.DOTTED_COLUMNS)
    void namesOfColumnsWithDots_areNames() throws SQLException {
        if (has(
                Capability.DOTTED_COLUMNS,
                "CREATE TABLE U(\"k.e\" INT NOT NULL PRIMARY KEY, \".\" INT)",
                "SELECT \"k.e\", \".\" FROM U")) {
            assertCaptured(Capability.DOTTED_COLUMNS, List.of(table("T")), "k.e", ".");
        }
    }

    @Test
    @Shows(Capability.NAMES_OF_LINES)
    void namesOfSeveralLines_areNames() throws SQLException {
        TableName table = table("/* {?} $$ */\n--DERBY-PROPERTIES index=null");
        String column = "' \n{fn now()} --";
        if (has(
                Capability.NAMES_OF_LINES,
                "CREATE TABLE " + table.quoted() + "(" + TableName.quote(column) + " INT NOT NULL PRIMARY KEY)")) {
            run("DROP TABLE " + table.quoted());
            assertCaptured(Capability.NAMES_OF_LINES, List.of(table), "K\nEY", column);
        }
    }

    @Test
    @Shows(Capability.LONGEST_NAMES)
    void longestNames_areKeptToTheirLastCharacter() throws SQLException {
        String beginning = "N".repeat(longestName() - 1);
        createSchema(beginning + "S");
        assertCaptured(
                Capability.LONGEST_NAMES,
                List.of(
                        new TableName(beginning + "S", beginning + "T"),
                        new TableName(beginning + "S", beginning + "U")),
                beginning + "K",
                beginning + "V");
    }

    @Test
    @Shows(Capability.ALIKE_NAMES)
    void namesThatAreAnothersBeginning_areDifferentTables() throws SQLException {
        assertCaptured(
                Capability.ALIKE_NAMES,
                Set.of("T", "T_BEFORE", "T_UPDATE", "T_BEFORE_UPDATE", "PENUMBRA_T").stream()
                        .map(this::table)
                        .toList(),
                "K",
                "V");
    }

    @Test
    @Shows(Capability.MISSING_TABLE)
    void tableThatIsNotThere_isRefusedByName() throws SQLException {
        createCaptured("T");
        assertThat(works(Capability.MISSING_TABLE, () -> source().install(connection(), table(NO_SUCH_TABLE))))
                .isFalse();
        assertThatThrownBy(() -> source().install(connection(), table(NO_SUCH_TABLE)))
                .hasMessageContaining(NO_SUCH_TABLE);
    }

    @Test
    @Shows(Capability.NOT_CAPTURED)
    void captureOfATableThatIsNotCaptured_cannotBeRemoved() throws SQLException {
        createCaptured("T");
        run("CREATE TABLE U" + COLUMNS);
        assertThat(works(Capability.NOT_CAPTURED, () -> source().remove(connection(), table("U"))))
                .isFalse();
        assertThatThrownBy(() -> source().remove(connection(), table(NO_SUCH_TABLE)))
                .isInstanceOf(SQLException.class);
    }

    // ---- values

    @Test
    @Shows(Capability.NULLS)
    void nulls_comeAndGo() throws SQLException {
        run("CREATE TABLE T(A VARCHAR(5), ID INT NOT NULL PRIMARY KEY, B DATE, C DOUBLE PRECISION, D DECIMAL(9, 2),"
                + " E BOOLEAN, F TIMESTAMP, G " + largeBinaryType(100) + ", H " + largeTextType(100) + ", I INT)");
        capture("T");
        if (works(
                Capability.NULLS,
                "INSERT INTO T(ID) VALUES(1)",
                "INSERT INTO T(ID, A, I) VALUES(2, 'a', 0)",
                "UPDATE T SET A = '', I = 5 WHERE ID = 1",
                "UPDATE T SET A = NULL, I = NULL WHERE ID = 2",
                "DELETE FROM T WHERE ID = 2")) {
            String rest = ", null, null, null, null, null, null, null, ";
            assertThat(changes("T"))
                    .containsExactly(
                            "INSERT [1] [null, 1" + rest + "null]",
                            "INSERT [2] [a, 2" + rest + "0]",
                            "UPDATE [1] [null, 1" + rest + "null] -> [, 1" + rest + "5]",
                            "UPDATE [2] [a, 2" + rest + "0] -> [null, 2" + rest + "null]",
                            "DELETE [2] [null, 2" + rest + "null]");
        }
    }

    @Test
    @Shows(Capability.TYPES)
    void extremeValuesOfEveryType_arriveAsTheyWere_throughTriggersAndThroughTheCopy() throws SQLException {
        List<TypeExtremes> types = types();
        int rows = types.stream().mapToInt(type -> type.values().size()).max().orElseThrow();
        run("CREATE TABLE T(ID INT NOT NULL PRIMARY KEY, V INT"
                + IntStream.range(0, types.size())
                        .mapToObj(i -> ", C" + i + " " + types.get(i).type())
                        .collect(Collectors.joining())
                + ")");
        insertExtremes(types, rows, 0);
        if (works(Capability.TYPES, () -> capture("T"))) {
            insertExtremes(types, rows, rows);
            List<String> wrong = new ArrayList<>(wrongExtremes(types, rows));
            run("UPDATE T SET V = 1");
            wrong.addAll(wrongExtremes(types, rows));
            assertThat(wrong).isEmpty();
            run("DELETE FROM T WHERE ID > 0");
            assertThat(journal().tables().rows("T")).hasSize(1);
        }
    }

    private void insertExtremes(List<TypeExtremes> types, int rows, int firstId) throws SQLException {
        for (int row = 0; row < rows; row++) {
            int place = row;
            run("INSERT INTO T VALUES(" + (firstId + row) + ", NULL, "
                    + types.stream()
                            .map(type -> type.values().keySet().stream()
                                    .skip(place)
                                    .findFirst()
                                    .orElse("NULL"))
                            .collect(Collectors.joining(", "))
                    + ")");
        }
    }

    /** The values that the journal does not have as they have to be, in both sets of rows. */
    private List<String> wrongExtremes(List<TypeExtremes> types, int rows) throws SQLException {
        List<String> wrong = new ArrayList<>();
        Journalled journalled = journal();
        for (int row = 0; row < 2 * rows; row++) {
            Row found = journalled.tables().rows("T").get(Key.of(row));
            for (int i = 0; i < types.size(); i++) {
                Object expected = types.get(i).values().values().stream()
                        .skip(row % rows)
                        .findFirst()
                        .orElse(null);
                if (!Objects.equals(found.get(i + 2), expected)) {
                    wrong.add(types.get(i).type() + ": " + found.get(i + 2) + " instead of " + expected);
                }
            }
        }
        return wrong;
    }

    @Test
    @Shows(Capability.OTHER_TYPES)
    void typesThatAJournalDoesNotKnow_areRefused() throws SQLException {
        for (String type : otherTypes()) {
            run("CREATE TABLE T(ID INT NOT NULL PRIMARY KEY, X " + type + ")");
            assertNotCaptured(Capability.OTHER_TYPES, "INSERT INTO T(ID) VALUES(1)");
            run("DROP TABLE T");
        }
        assertThat(otherTypes()).isNotEmpty();
    }

    @Test
    @Shows(Capability.LOBS)
    void lobs_travelByValue_upToTheirLimit() throws SQLException {
        createLobs();
        insertLobs(0);
        if (works(Capability.LOBS, () -> capture("T"))) {
            insertLobs(10);
            // The LOBs of the rows are in both images of a change that does not touch them.
            run("UPDATE T SET V = 1");
            assertLobs(0, 10);
            execute("UPDATE T SET C = ? WHERE ID = 0", text(5_000));
            run("UPDATE T SET B = NULL WHERE ID = 11", "INSERT INTO T SELECT 20, V, C, B FROM T WHERE ID = 1");
            Map<Key, Row> rows = journal().tables().rows("T");
            assertThat(rows.get(Key.of(0)).get(2)).isEqualTo(text(5_000));
            assertThat(rows.get(Key.of(11)).get(3)).isNull();
            assertThat(rows.get(Key.of(20)).get(2)).isEqualTo(text(LOB_LENGTHS.get(1)));
            run("DELETE FROM T WHERE ID > 0");
            assertThat(journal().tables().rows("T")).hasSize(1);
        }
    }

    @Test
    @Shows(Capability.KEY_SHIFT)
    void lobs_moveWithTheKeysOfTheirRows() throws SQLException {
        createLobs();
        insertLobs(0);
        capture("T");
        if (has(Capability.KEY_SHIFT, "UPDATE T SET ID = ID + 1")) {
            assertLobs(1);
        }
    }

    private void createLobs() throws SQLException {
        run("CREATE TABLE T(ID INT NOT NULL PRIMARY KEY, V INT, C " + largeTextType(MEBIBYTE) + ", B "
                + largeBinaryType(MEBIBYTE) + ")");
    }

    private void insertLobs(int firstId) throws SQLException {
        int id = firstId;
        for (int length : LOB_LENGTHS) {
            // Not both at their limit: a change has room for the two rows of one.
            execute("INSERT INTO T VALUES(?, 0, ?, ?)", id++, text(length), bytes(length == MEBIBYTE ? 0 : length));
        }
        execute("INSERT INTO T VALUES(?, 0, NULL, ?)", id, bytes(MEBIBYTE));
    }

    private void assertLobs(int... firstIds) throws SQLException {
        Map<Key, Row> rows = journal().tables().rows("T");
        for (int firstId : firstIds) {
            int id = firstId;
            for (int length : LOB_LENGTHS) {
                Row row = rows.get(Key.of(id++));
                assertThat(row.get(2)).isEqualTo(text(length));
                assertThat(row.get(3)).isEqualTo(Bytes.wrap(bytes(length == MEBIBYTE ? 0 : length)));
            }
            assertThat(rows.get(Key.of(id)).get(3)).isEqualTo(Bytes.wrap(bytes(MEBIBYTE)));
        }
    }

    private static String text(int length) {
        return "0123456789abcde\n".repeat(length / 16 + 1).substring(0, length);
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31 + i / 256);
        }
        return bytes;
    }

    @Test
    @Shows(Capability.UNBOUNDED_LOBS)
    void lobsThatMayBeLargerThanTheLimit_areRefused() throws SQLException {
        for (String type : List.of("CLOB", "BLOB", "CLOB(1048577)", "BLOB(1048577)")) {
            if (has(Capability.UNBOUNDED_LOBS, "CREATE TABLE T(ID INT NOT NULL PRIMARY KEY, X " + type + ")")) {
                assertNotCaptured(Capability.UNBOUNDED_LOBS, "INSERT INTO T(ID) VALUES(1)");
                run("DROP TABLE T");
            }
        }
    }

    @Test
    @Shows(Capability.LARGE_ROWS)
    void rowsOfAMegabyte_areJournalled() throws SQLException {
        int columns = 40;
        String text = "\u00e4x".repeat(13_000);
        run("CREATE TABLE T(ID INT NOT NULL PRIMARY KEY, V INT"
                + IntStream.range(0, columns)
                        .mapToObj(i -> ", C" + i + " VARCHAR(26000)")
                        .collect(Collectors.joining())
                + ")");
        Object[] values = new Object[columns + 1];
        Arrays.fill(values, text);
        String insert = "INSERT INTO T VALUES(?, 0" + ", ?".repeat(columns) + ")";
        values[0] = 1;
        execute(insert, values);
        if (works(Capability.LARGE_ROWS, () -> capture("T"))) {
            values[0] = 2;
            execute(insert, values);
            run("UPDATE T SET V = 1");
            assertThat(journal().tables().rows("T").values())
                    .hasSize(2)
                    .allSatisfy(row -> assertThat(Arrays.asList(row.toArray()).subList(2, columns + 2))
                            .containsOnly(text));
            run("DELETE FROM T WHERE ID = 1");
            assertThat(journal().tables().rows("T")).hasSize(1);
        }
    }

    private void createForLargeRows() throws SQLException {
        run("CREATE TABLE T(ID INT NOT NULL PRIMARY KEY, V INT"
                + Stream.of("A", "B", "C", "D", "E")
                        .map(column -> ", " + column + " " + largeBinaryType(MEBIBYTE))
                        .collect(Collectors.joining())
                + ")");
        capture("T");
    }

    @Test
    @Shows(Capability.TOO_LARGE_ROWS)
    void rowsThatTheJournalCannotHold_areNeverPassedOverInSilence() throws SQLException {
        createForLargeRows();
        byte[] most = bytes(MEBIBYTE);
        works(
                Capability.TOO_LARGE_ROWS,
                () -> execute("INSERT INTO T VALUES(2, 0, ?, ?, ?, ?, ?)", most, most, most, most, most));
        run("INSERT INTO T(ID) VALUES(1), (3)", "DELETE FROM T WHERE ID = 2", "UPDATE T SET V = 3");
        assertThat(journal().tables().rows("T")).containsOnlyKeys(Key.of(1), Key.of(3));
    }

    @Test
    @Shows(Capability.TOO_LARGE_CHANGES)
    void updatesThatTheJournalCannotHold_leaveItWithTheRowsOfTheTable() throws SQLException {
        createForLargeRows();
        byte[] most = bytes(MEBIBYTE);
        execute("INSERT INTO T VALUES(1, 0, ?, ?, ?, NULL, NULL)", most, most, bytes(MEBIBYTE / 2));
        works(Capability.TOO_LARGE_CHANGES, "UPDATE T SET V = 1");
        run("INSERT INTO T(ID) VALUES(3)");
        journal();
        run("DELETE FROM T WHERE ID = 1");
        assertThat(journal().tables().rows("T")).containsOnlyKeys(Key.of(3));
    }

    @Test
    @Shows(Capability.WIDE_TABLES)
    void thousandColumns_areJournalled() throws SQLException {
        run("CREATE TABLE T(ID INT NOT NULL PRIMARY KEY"
                + IntStream.range(1, WIDE)
                        .mapToObj(i -> ", C" + i + (i % 3 == 0 ? " VARCHAR(10)" : i % 3 == 1 ? " BIGINT" : " DATE"))
                        .collect(Collectors.joining())
                + ")");
        insertWide(1);
        if (works(Capability.WIDE_TABLES, () -> capture("T"))) {
            insertWide(2);
            run("UPDATE T SET C999 = 'end'", "INSERT INTO T(ID) VALUES(3)");
            List<@Nullable Object> row = row("T", 2);
            assertThat(row).hasSize(WIDE).doesNotContainNull().endsWith("end");
            assertThat(row.get(1)).isEqualTo(1L);
            run("DELETE FROM T WHERE ID < 3");
            assertThat(journal().tables().rows("T")).hasSize(1);
        }
    }

    private void insertWide(int id) throws SQLException {
        Object[] values = IntStream.range(0, WIDE)
                .mapToObj(i -> i % 3 == 0 ? "t" + i : i % 3 == 1 ? (Object) (long) i : Date.valueOf("2026-01-01"))
                .toArray();
        values[0] = id;
        execute("INSERT INTO T VALUES(?" + ", ?".repeat(WIDE - 1) + ")", values);
    }

    @Test
    @Shows(Capability.GENERATED_COLUMNS)
    void generatedColumns_areJournalledWithTheirValues() throws SQLException {
        if (has(
                Capability.GENERATED_COLUMNS,
                "CREATE TABLE T(ID INT NOT NULL PRIMARY KEY, TOTAL INT GENERATED ALWAYS AS (A + B), A INT, B INT)")) {
            capture("T");
            run(
                    "INSERT INTO T(ID, A, B) VALUES(1, 2, 3), (2, 4, NULL)",
                    "UPDATE T SET B = 30 WHERE ID = 1",
                    "DELETE FROM T WHERE ID = 2");
            assertThat(changes("T"))
                    .containsExactly(
                            "INSERT [1] [1, 5, 2, 3]",
                            "INSERT [2] [2, null, 4, null]",
                            "UPDATE [1] [1, 5, 2, 3] -> [1, 32, 2, 30]",
                            "DELETE [2] [2, null, 4, null]");
        }
    }

    @Test
    @Shows(Capability.IDENTITY_COLUMNS)
    void identityColumns_areJournalledWithTheirValues() throws SQLException {
        if (has(
                Capability.IDENTITY_COLUMNS,
                "CREATE TABLE T(ID BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, NAME VARCHAR(20))",
                "CREATE TABLE U(ID INT GENERATED BY DEFAULT AS IDENTITY (START WITH 10) PRIMARY KEY,"
                        + " NAME VARCHAR(20))")) {
            capture("T", "U");
            run(
                    "INSERT INTO T(NAME) VALUES('a'), ('b')",
                    "INSERT INTO U(NAME) VALUES('a')",
                    "INSERT INTO U VALUES(7, 'given')",
                    "INSERT INTO U VALUES(DEFAULT, 'b')");
            assertThat(changes("T")).containsExactly("INSERT [1] [1, a]", "INSERT [2] [2, b]");
            assertThat(changes("U"))
                    .containsExactly("INSERT [10] [10, a]", "INSERT [7] [7, given]", "INSERT [11] [11, b]");
        }
    }
}
