package dev.penumbra.h2;

import static dev.penumbra.h2.TestDatabase.awaitDurable;
import static dev.penumbra.h2.TestDatabase.awaitFailure;
import static dev.penumbra.h2.TestDatabase.run;
import static dev.penumbra.h2.TestDatabase.session;
import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.capture.JournalledTables;
import dev.penumbra.journal.JournalVerification;
import dev.penumbra.model.Key;
import dev.penumbra.model.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.h2.engine.SessionLocal;
import org.h2.index.Index;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.db.MVDelegateIndex;
import org.h2.mvstore.db.MVIndex;
import org.h2.mvstore.db.MVTable;
import org.h2.table.Table;
import org.h2.value.VersionedValue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a crash leaves when it falls between two maps that H2 writes. The fall is made by hand: an open transaction's undo log is
 * emptied, everything is brought to disk, and what is there then is what the next opening finds.
 */
class H2LeftoversTest {
    /** More than the transactions that have ever been open at once here, so that each number of those comes up. */
    private static final int SESSIONS = 12;

    @TempDir
    Path directory;

    private TestDatabase database;
    private Path journal;

    @BeforeEach
    void locate() {
        database = TestDatabase.in(directory);
        journal = database.journal();
        TestDatabase.markOften();
    }

    @AfterEach
    void clearSettings() {
        TestDatabase.clearSettings();
    }

    private static void loseUndoLog(Connection writer) {
        SessionLocal session = session(writer);
        session.getDatabase()
                .getStore()
                .getMvStore()
                .openMap("undoLog." + session.getTransaction().getId())
                .clear();
    }

    @SuppressWarnings("unchecked")
    private static void commitRows(Connection writer, String table) {
        SessionLocal session = session(writer);
        Table found = session.getDatabase().getSchema("PUBLIC").getTableOrView(session, table);
        for (Index index : found.getIndexes()) {
            if (index instanceof MVIndex && !(index instanceof MVDelegateIndex)) {
                commitEntries(((MVIndex<Object, Object>) index).getMVMap());
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static void commitEntries(MVMap<Object, VersionedValue<Object>> map) {
        for (Object key : List.copyOf(map.keyList())) {
            Object current = map.get(key).getCurrentValue();
            if (current == null) {
                map.remove(key);
            } else {
                map.put(key, (VersionedValue<Object>) current);
            }
        }
    }

    /** Leaves database and journal as they are on disk now, whatever the shutdown does. */
    private void crash(Connection writer) throws SQLException, IOException {
        session(writer).getDatabase().getStore().sync();
        Path asOfNow = Files.createDirectory(directory.resolve("as-of-now"));
        copy(directory.resolve("db.mv.db"), asOfNow.resolve("db.mv.db"));
        copy(journal, asOfNow.resolve("journal"));
        run(writer, "SHUTDOWN IMMEDIATELY");
        delete(journal);
        delete(directory.resolve("db.mv.db"));
        Files.move(asOfNow.resolve("db.mv.db"), directory.resolve("db.mv.db"));
        Files.move(asOfNow.resolve("journal"), journal);
        Files.delete(asOfNow);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        }
    }

    private static void delete(Path root) throws IOException {
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : (Iterable<Path>) paths.sorted(Comparator.reverseOrder())::iterator) {
                Files.delete(path);
            }
        }
    }

    /** The rows that sessions see whose transactions have, together, every number that a dead one can have had. */
    private List<List<String>> seenByEveryNumber(String query) throws SQLException {
        List<Connection> connections = new ArrayList<>();
        List<List<String>> seen = new ArrayList<>();
        try {
            for (int i = 0; i < SESSIONS; i++) {
                Connection connection = database.open();
                connections.add(connection);
                connection.setAutoCommit(false);
                run(connection, "INSERT INTO UNCAPTURED VALUES(" + i + ")");
            }
            for (Connection connection : connections) {
                List<String> rows = new ArrayList<>();
                try (Statement statement = connection.createStatement();
                        ResultSet found = statement.executeQuery(query)) {
                    while (found.next()) {
                        rows.add(found.getString(1));
                    }
                }
                seen.add(rows);
            }
        } finally {
            for (Connection connection : connections) {
                connection.rollback();
                connection.close();
            }
        }
        return seen;
    }

    private void prepare(Connection connection) throws SQLException {
        run(
                connection,
                "CREATE TABLE UNCAPTURED(ID INT PRIMARY KEY)",
                "CREATE TABLE T(ID INT PRIMARY KEY, NAME VARCHAR(20))",
                "CREATE INDEX BY_NAME ON T(NAME)",
                "INSERT INTO T VALUES(1, 'one'), (2, 'two'), (3, 'three')");
        Capture.install(connection, "T", journal.toString());
        // So that the copy is not made again after the crash.
        awaitDurable(connection);
    }

    /** Captures a table, changes it in a transaction and crashes where the transaction's undo log was not written. */
    private void crashInsideATransaction(boolean rowsCommitted) throws SQLException, IOException {
        try (Connection first = database.open();
                Connection writer = database.open()) {
            prepare(first);
            writer.setAutoCommit(false);
            run(
                    writer,
                    "INSERT INTO T VALUES(9, 'nine')",
                    "UPDATE T SET NAME = 'zwei' WHERE ID = 2",
                    "DELETE FROM T WHERE ID = 3");
            if (rowsCommitted) {
                commitRows(writer, "T");
            }
            loseUndoLog(writer);
            crash(writer);
        }
    }

    private JournalledTables settledAgain(Connection connection) throws SQLException {
        assertThat(Capture.settle(connection, 20_000)).isTrue();
        JournalledTables tables = H2Tables.of(journal);
        assertThat(tables.violations()).isEmpty();
        assertThat(JournalVerification.of(journal).ok()).isTrue();
        return tables;
    }

    @Test
    void anOpenTransactionWithoutItsUndoLog_isRolledBackForEverySession() throws Exception {
        crashInsideATransaction(false);
        try (Connection connection = database.open()) {
            JournalledTables tables = settledAgain(connection);
            assertThat(seenByEveryNumber("SELECT ID || NAME FROM T ORDER BY ID"))
                    .containsOnly(List.of("1one", "2two", "3three"));
            assertThat(seenByEveryNumber("SELECT ID FROM T WHERE NAME BETWEEN 'a' AND 'zz' ORDER BY ID"))
                    .containsOnly(List.of("1", "2", "3"));
            assertThat(seenByEveryNumber("SELECT ID FROM PENUMBRA.OUTBOX")).containsOnly(List.of());
            tables.assertEqualsSource(connection, "T");
        }
    }

    @Test
    void rowsThatWereCommittedWhileTheirOutboxRowsWereTorn_areStatedByCorrections() throws Exception {
        crashInsideATransaction(true);
        try (Connection connection = database.open()) {
            JournalledTables tables = settledAgain(connection);
            assertThat(tables.rows("T")).containsEntry(Key.of(9), Row.of(9, "nine"));
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.corrections()).as(tables.events().toString()).isEqualTo(3);
        }
    }

    @Test
    void aSecondCrashBeforeTheRelayHasLooked_losesNothingOfThem() throws Exception {
        crashInsideATransaction(true);
        try (Connection connection = database.open()) {
            crash(connection);
        }
        try (Connection connection = database.open()) {
            settledAgain(connection).assertEqualsSource(connection, "T");
        }
    }

    @Test
    void anOpeningThatClosesBeforeTheRelayCouldLook_losesNothingOfThem() throws Exception {
        crashInsideATransaction(true);
        TestDatabase.fillDisk();
        try (Connection connection = database.open()) {
            awaitFailure(connection, "PENUMBRA-2004");
        }
        TestDatabase.makeRoom();
        try (Connection connection = database.open()) {
            JournalledTables tables = settledAgain(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.corrections()).isEqualTo(3);
        }
    }

    @Test
    void aRunningTransaction_isNotTakenForALeftover() throws Exception {
        try (Connection first = database.open();
                Connection writer = database.open()) {
            prepare(first);
            writer.setAutoCommit(false);
            run(writer, "INSERT INTO T VALUES(9, 'nine')", "DELETE FROM T WHERE ID = 1");
            SessionLocal session = session(writer);
            Leftovers leftovers = new Leftovers(session.getDatabase().getStore().getMvStore(), 0);
            MVTable table = (MVTable) session.getDatabase().getSchema("PUBLIC").getTableOrView(session, "T");
            assertThat(leftovers.inserted(table)).isEmpty();
            assertThat(leftovers.rollBack(table)).isZero();
            writer.commit();
            JournalledTables tables = settledAgain(first);
            assertThat(tables.rows("T")).containsOnlyKeys(Key.of(2), Key.of(3), Key.of(9));
            tables.assertEqualsSource(first, "T");
        }
    }
}
