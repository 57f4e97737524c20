package dev.penumbra.derby;

import static dev.penumbra.derby.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.capture.JournalledTables;
import dev.penumbra.model.Key;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.XAConnection;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.apache.derby.jdbc.EmbeddedXADataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DerbyLimitsTest {
    /** More row locks than Derby, as these tests have it, holds before it locks the whole table instead. */
    private static final int MANY_ROWS = 1_000;

    private static final long SHORT_WHILE_MILLIS = 1_500;

    @TempDir
    Path directory;

    private TestDatabase database;

    private record Branch(int number) implements Xid {
        @Override
        public int getFormatId() {
            return 1;
        }

        @Override
        public byte[] getGlobalTransactionId() {
            return new byte[] {(byte) number};
        }

        @Override
        public byte[] getBranchQualifier() {
            return new byte[] {1};
        }
    }

    @BeforeEach
    void prepare() throws SQLException {
        database = TestDatabase.in(directory);
        try (Connection connection = database.open()) {
            run(
                    connection,
                    "CREATE TABLE T(ID INT PRIMARY KEY, NAME VARCHAR(20))",
                    "CREATE TABLE U(ID INT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(connection, "T", "U");
            database.settled(connection);
        }
    }

    @AfterEach
    void shutDown() {
        database.shutDown();
    }

    @Test
    void aTransactionOfManyRows_leavesTheWritersOfOtherTablesAlone() throws SQLException {
        try (Connection large = database.open();
                Connection other = database.open();
                PreparedStatement insert = large.prepareStatement("INSERT INTO T VALUES(?, 'large')")) {
            large.setAutoCommit(false);
            for (int id = 0; id < MANY_ROWS; id++) {
                insert.setInt(1, id);
                insert.addBatch();
            }
            insert.executeBatch();
            run(other, "INSERT INTO U VALUES(1, 'beside')");
            assertThat(database.settled(other).rows("U")).containsOnlyKeys(Key.of(1));
            large.commit();
            JournalledTables tables = database.settled(other);
            tables.assertEqualsSource(other, "T", "U");
            assertThat(tables.rows("T")).hasSize(MANY_ROWS);
        }
    }

    private XAConnection openForXa() throws SQLException {
        EmbeddedXADataSource source = new EmbeddedXADataSource();
        source.setDatabaseName(database.name());
        return source.getXAConnection();
    }

    private void prepareTransaction(Xid branch) throws Exception {
        XAConnection distributed = openForXa();
        XAResource resource = distributed.getXAResource();
        resource.start(branch, XAResource.TMNOFLAGS);
        run(distributed.getConnection(), "INSERT INTO T VALUES(7, 'prepared')");
        resource.end(branch, XAResource.TMSUCCESS);
        assertThat(resource.prepare(branch)).isEqualTo(XAResource.XA_OK);
        distributed.close();
    }

    private static boolean settles(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet settled =
                        statement.executeQuery("VALUES PENUMBRA.SETTLE(BIGINT(" + SHORT_WHILE_MILLIS + "))")) {
            settled.next();
            return settled.getBoolean(1);
        }
    }

    private static String failure(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet status = statement.executeQuery("SELECT FAILURE FROM TABLE(PENUMBRA.STATUS()) S")) {
            return status.next() ? String.valueOf(status.getString(1)) : "no table";
        }
    }

    @Test
    void aPreparedTransaction_holdsBackWhatComesAfterIt_untilItIsCommitted() throws Exception {
        prepareTransaction(new Branch(1));
        try (Connection connection = database.open()) {
            run(connection, "INSERT INTO U VALUES(1, 'later')");
            assertThat(settles(connection)).isFalse();
            assertThat(failure(connection)).contains("prepared");
            assertThat(DerbyTables.of(database.journal()).rows("T")).isEmpty();

            openForXa().getXAResource().commit(new Branch(1), false);

            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T", "U");
            assertThat(tables.rows("T")).containsOnlyKeys(Key.of(7));
        }
    }

    @Test
    void aPreparedTransactionThatOutlivesItsProcess_isNeverTakenForACommittedOne() throws Exception {
        prepareTransaction(new Branch(2));
        database.shutDown();
        try (Connection connection = database.open()) {
            run(connection, "INSERT INTO U VALUES(1, 'later')");
            assertThat(settles(connection)).isFalse();

            openForXa().getXAResource().rollback(new Branch(2));

            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T", "U");
            assertThat(tables.rows("T")).isEmpty();
            assertThat(tables.rows("U")).hasSize(1);
        }
    }
}
