package dev.penumbra.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.Source;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.RootReference;
import org.h2.mvstore.db.MVIndex;
import org.h2.mvstore.db.MVTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which of H2's writes to its file takes a change with it. */
class H2DurabilityTest {
    @TempDir
    Path directory;

    @Test
    void aChangeThatIsSeenInTheMiddleOfItsCommit_isDurableOnlyWithAWriteAfterThat() throws Exception {
        // H2 writes when this test says so.
        String url = "jdbc:h2:" + directory.resolve("db") + ";WRITE_DELAY=60000";
        try (Connection reader = TestDatabase.open(url);
                Connection writer = TestDatabase.open(url);
                Statement statement = writer.createStatement()) {
            statement.execute("CREATE TABLE T(ID INT PRIMARY KEY, NAME VARCHAR(20))");
            Capture.install(reader, "T", directory.resolve("journal").toString());
            assertThat(Capture.settle(reader, 20_000)).isTrue();
            SessionLocal session = (SessionLocal) ((JdbcConnection) writer).getSession();
            MVStore store = session.getDatabase().getStore().getMvStore();
            Source source = H2Database.of(session.getDatabase());
            Root rows = new Root(
                    ((MVTable) session.getDatabase().getSchema("PUBLIC").getTableOrView(session, "T")));
            writer.setAutoCommit(false);
            statement.execute("INSERT INTO T VALUES(1, 'one')");

            Source.Write write;
            CompletableFuture<Void> commit;
            rows.lock();
            try {
                commit = CompletableFuture.runAsync(() -> commit(writer));
                await().until(() -> names(reader).equals("one"));
                write = source.nextWrite();
                store.commit();
                assertThat(write.hasBegun()).as("with the commit under way").isFalse();
            } finally {
                rows.unlock();
            }
            commit.join();
            assertThat(write.hasBegun()).as("before the next write").isFalse();
            store.commit();
            assertThat(write.hasBegun()).isTrue();
        }
    }

    private static void commit(Connection connection) {
        try {
            connection.commit();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String names(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("SELECT LISTAGG(NAME) FROM T")) {
            found.next();
            return String.valueOf(found.getString(1));
        }
    }

    /** The root of a table's rows; a commit that has entries below it stops while another thread has it locked. */
    private static final class Root {
        private final MVMap<?, ?> map;

        Root(MVTable table) {
            this.map = ((MVIndex<?, ?>) table.getIndexes().get(0)).getMVMap();
        }

        void lock() throws ReflectiveOperationException {
            method("lockRoot", RootReference.class, int.class).invoke(map, map.getRoot(), 1);
        }

        void unlock() throws ReflectiveOperationException {
            method("unlockRoot").invoke(map);
        }

        private static Method method(String name, Class<?>... parameters) throws NoSuchMethodException {
            Method method = MVMap.class.getDeclaredMethod(name, parameters);
            method.setAccessible(true);
            return method;
        }
    }
}
