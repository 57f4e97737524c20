package dev.penumbra.derby;

import static dev.penumbra.derby.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.JournalledTables;
import dev.penumbra.model.Key;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.apache.derby.drda.NetworkServerControl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Derby's network server, whose process has the database and the capture; clients have neither. */
class DerbyServerTest {
    @TempDir
    Path directory;

    private TestDatabase database;
    private NetworkServerControl server;
    private int port;
    private String credentials = "";

    @BeforeEach
    void startServer() throws Exception {
        database = TestDatabase.in(directory);
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocket free = new ServerSocket(0, 1, loopback)) {
            port = free.getLocalPort();
        }
        server = new NetworkServerControl(loopback, port);
        server.start(null);
        await().ignoreExceptions().until(() -> {
            server.ping();
            return true;
        });
    }

    @AfterEach
    void stopServer() throws Exception {
        System.clearProperty(DerbyDatabase.USER);
        System.clearProperty(DerbyDatabase.PASSWORD);
        try {
            DriverManager.getConnection("jdbc:derby:" + database.name() + ";shutdown=true" + credentials);
        } catch (SQLException e) {
            assertThat(e.getSQLState()).isEqualTo("08006");
        }
        server.shutdown();
    }

    private Connection client(String... attributes) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:derby://localhost:" + port + "/" + database.name() + ";" + String.join(";", attributes));
    }

    @Test
    void clients_capture_andTheirChangesAreJournalled() throws SQLException {
        try (Connection client = client("create=true");
                Connection other = client()) {
            run(client, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))", "INSERT INTO T VALUES(1, 'stood')");
            database.capture(client, "T");
            run(client, "INSERT INTO T VALUES(2, 'a'), (3, 'b')", "UPDATE T SET NAME = 'c' WHERE ID = 3");
            other.setAutoCommit(false);
            run(other, "INSERT INTO T VALUES(4, 'taken back')", "DELETE FROM T WHERE ID = 2");
            other.rollback();
            run(other, "DELETE FROM T WHERE ID = 1");
            other.commit();
            JournalledTables tables = database.settled(client);
            tables.assertEqualsSource(client, "T");
            assertThat(tables.rows("T")).containsOnlyKeys(Key.of(2L), Key.of(3L));
        }
    }

    @Test
    void aClientThatGoesInTheMiddle_leavesNothingInTheJournal() throws Exception {
        try (Connection client = client("create=true")) {
            run(client, "CREATE TABLE T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
            database.capture(client, "T");
            Connection leaving = client();
            leaving.setAutoCommit(false);
            run(leaving, "INSERT INTO T VALUES(1, 'open')");
            leaving.abort(Runnable::run);
            run(client, "INSERT INTO T VALUES(2, 'stays')");
            JournalledTables tables = database.settled(client);
            tables.assertEqualsSource(client, "T");
            assertThat(tables.rows("T")).containsOnlyKeys(Key.of(2L));
        }
    }

    @Test
    void withAuthentication_theRelayConnectsAsItsOwnUser_andOthersMayNotEndTheCapture() throws Exception {
        try (Connection owner = client("create=true", "user=owner", "password=secret")) {
            // From the next opening on, users are asked for their passwords and need rights.
            run(owner, "CALL SYSCS_UTIL.SYSCS_CREATE_USER('owner', 'secret')");
        }
        database.shutDown();
        System.setProperty(DerbyDatabase.USER, "owner");
        System.setProperty(DerbyDatabase.PASSWORD, "secret");
        try (Connection owner = client("user=owner", "password=secret")) {
            run(
                    owner,
                    "CALL SYSCS_UTIL.SYSCS_CREATE_USER('writer', 'hidden')",
                    "CREATE TABLE APP.T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))",
                    "GRANT SELECT, INSERT ON APP.T TO WRITER");
            database.capture(owner, "T");
            try (Connection writer = client("user=writer", "password=hidden")) {
                run(writer, "INSERT INTO APP.T VALUES(1, 'written')");
                assertThatThrownBy(() -> TestDatabase.call(writer, "CALL PENUMBRA.RELEASE('APP', ?)", "T"))
                        .isInstanceOf(SQLException.class);
            }
            assertThat(database.settled(owner).rows("T")).containsOnlyKeys(Key.of(1L));
        } finally {
            credentials = ";user=owner;password=secret";
        }
    }
}
