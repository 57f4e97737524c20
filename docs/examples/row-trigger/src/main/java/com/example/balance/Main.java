package com.example.balance;

import dev.penumbra.ignite.PenumbraConfiguration;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.apache.ignite.Ignite;
import org.apache.ignite.Ignition;
import org.apache.ignite.calcite.CalciteQueryEngineConfiguration;
import org.apache.ignite.configuration.ClientConnectorConfiguration;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.configuration.SqlConfiguration;
import org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi;
import org.apache.ignite.spi.discovery.tcp.TcpDiscoverySpi;
import org.apache.ignite.spi.discovery.tcp.ipfinder.vm.TcpDiscoveryVmIpFinder;

/** Starts a node, creates a table with a trigger, writes to it and prints what the trigger has done. */
public final class Main {
    private static final int CHANGES = 5;
    private static final long PATIENCE_MILLIS = 30_000;

    private Main() {}

    /** @param args three ports: of Ignite's discovery, of its communication and of its SQL clients; or none */
    public static void main(String[] args) throws Exception {
        int discoveryPort = args.length > 0 ? Integer.parseInt(args[0]) : 47_500;
        int communicationPort = args.length > 0 ? Integer.parseInt(args[1]) : 47_100;
        int sqlPort = args.length > 0 ? Integer.parseInt(args[2]) : 10_800;
        try (Ignite node = Ignition.start(configuration(discoveryPort, communicationPort, sqlPort));
                Connection connection = DriverManager.getConnection("jdbc:ignite:thin://127.0.0.1:" + sqlPort);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ACCOUNTS (ID BIGINT PRIMARY KEY, OWNER VARCHAR, BALANCE DECIMAL(12, 2))");
            // The names of the types are those that the trigger writes.
            statement.execute("CREATE TABLE BALANCE_HISTORY (PART INT, CHANGE_NUMBER BIGINT, ACCOUNT BIGINT,"
                    + " OLD_BALANCE DECIMAL(12, 2), NEW_BALANCE DECIMAL(12, 2),"
                    + " PRIMARY KEY (PART, CHANGE_NUMBER, ACCOUNT)) WITH \"cache_name=BALANCE_HISTORY,"
                    + "key_type=BalanceHistoryKey,value_type=BalanceHistoryEntry\"");
            statement.execute("CREATE TRIGGER ACCOUNTS_HISTORY AFTER INSERT, UPDATE, DELETE ON ACCOUNTS FOR EACH ROW CALL '"
                    + BalanceHistory.class.getName() + "'");

            statement.execute("INSERT INTO ACCOUNTS VALUES (1, 'Ada', 100.00), (2, 'Grace', 50.00)");
            statement.execute("UPDATE ACCOUNTS SET BALANCE = BALANCE - 25 WHERE ID = 1");
            statement.execute("UPDATE ACCOUNTS SET BALANCE = BALANCE + 25 WHERE ID = 2");
            statement.execute("DELETE FROM ACCOUNTS WHERE ID = 2");

            // The trigger is called after the commit, so the history is a moment behind.
            awaitHistory(statement);
            print(statement);
        }
    }

    private static IgniteConfiguration configuration(int discoveryPort, int communicationPort, int sqlPort) {
        Path work = Path.of("target", "work").toAbsolutePath();
        return new IgniteConfiguration()
                .setWorkDirectory(work.toString())
                .setLocalHost("127.0.0.1")
                .setDiscoverySpi(new TcpDiscoverySpi()
                        .setLocalPort(discoveryPort)
                        .setLocalPortRange(0)
                        .setIpFinder(new TcpDiscoveryVmIpFinder().setAddresses(List.of("127.0.0.1:" + discoveryPort))))
                .setCommunicationSpi(new TcpCommunicationSpi().setLocalPort(communicationPort))
                .setClientConnectorConfiguration(
                        new ClientConnectorConfiguration().setPort(sqlPort).setPortRange(0))
                .setSqlConfiguration(new SqlConfiguration()
                        .setQueryEnginesConfiguration(new CalciteQueryEngineConfiguration().setDefault(true)))
                // The allow-list: nothing of a class that is not on it is loaded.
                .setPluginConfigurations(
                        new PenumbraConfiguration().setTriggerClasses(List.of(BalanceHistory.class.getName())));
    }

    private static void awaitHistory(Statement statement) throws SQLException, InterruptedException {
        long begun = System.currentTimeMillis();
        while (System.currentTimeMillis() - begun < PATIENCE_MILLIS) {
            try (ResultSet found = statement.executeQuery("SELECT COUNT(*) FROM BALANCE_HISTORY")) {
                found.next();
                if (found.getLong(1) >= CHANGES) {
                    return;
                }
            }
            Thread.sleep(20);
        }
        throw new IllegalStateException("look at SYS.PENUMBRA_TRIGGERS and SYS.PENUMBRA_DEAD_LETTERS");
    }

    private static void print(Statement statement) throws SQLException {
        try (ResultSet found = statement.executeQuery("SELECT ACCOUNT, OLD_BALANCE, NEW_BALANCE FROM BALANCE_HISTORY"
                + " ORDER BY ACCOUNT, CHANGE_NUMBER")) {
            while (found.next()) {
                System.out.println("account " + found.getLong(1) + ": " + found.getBigDecimal(2) + " -> "
                        + found.getBigDecimal(3));
            }
        }
    }
}
