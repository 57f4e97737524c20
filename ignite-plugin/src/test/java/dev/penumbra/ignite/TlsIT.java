package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.apache.ignite.configuration.ClientConnectorConfiguration;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.spi.discovery.tcp.TcpDiscoverySpi;
import org.apache.ignite.ssl.SslContextFactory;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes and a JDBC client that speak TLS alone, with certificates that the running JDK's keytool makes. */
@NullMarked
class TlsIT {
    private static final String PASSWORD = "changeit";

    @TempDir
    Path directory;

    private void keytool(String... arguments) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        line.addAll(List.of(arguments));
        line.addAll(List.of("-storepass", PASSWORD, "-storetype", "PKCS12", "-noprompt"));
        Path output = directory.resolve("keytool.log");
        Process process = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor()).as(Files.readString(output)).isZero();
    }

    /** A key whose certificate a trust store of its own holds. */
    private void makeStores(String name) throws IOException, InterruptedException {
        String keys = directory.resolve(name + "-keys.p12").toString();
        String trust = directory.resolve(name + "-trust.p12").toString();
        String certificate = directory.resolve(name + ".crt").toString();
        keytool("-genkeypair", "-alias", name, "-keyalg", "EC", "-dname", "CN=" + name, "-keystore", keys);
        keytool("-exportcert", "-alias", name, "-file", certificate, "-keystore", keys);
        keytool("-importcert", "-alias", name, "-file", certificate, "-keystore", trust);
    }

    // The snippet of docs/security.md.
    private static void encrypt(IgniteConfiguration node, Path keys, Path trusted) {
        SslContextFactory tls = new SslContextFactory();
        tls.setKeyStoreFilePath(keys.toString());
        tls.setKeyStorePassword(PASSWORD.toCharArray());
        tls.setKeyStoreType("PKCS12");
        tls.setTrustStoreFilePath(trusted.toString());
        tls.setTrustStorePassword(PASSWORD.toCharArray());
        tls.setTrustStoreType("PKCS12");
        node.setSslContextFactory(tls);
        node.setClientConnectorConfiguration(new ClientConnectorConfiguration()
                .setSslEnabled(true)
                .setSslClientAuth(true)
                .setUseIgniteSslContextFactory(true));
    }

    private void encrypt(IgniteConfiguration node, String name) {
        encrypt(node, directory.resolve(name + "-keys.p12"), directory.resolve(name + "-trust.p12"));
    }

    private String url(Ignite node, String name) {
        int port = ((IgniteEx) node).context().clientListener().port();
        return "jdbc:ignite:thin://127.0.0.1:" + port + "?sslMode=require"
                + "&sslClientCertificateKeyStoreUrl=" + directory.resolve(name + "-keys.p12")
                + "&sslClientCertificateKeyStoreType=PKCS12&sslClientCertificateKeyStorePassword=" + PASSWORD
                + "&sslTrustCertificateKeyStoreUrl=" + directory.resolve("grid-trust.p12")
                + "&sslTrustCertificateKeyStoreType=PKCS12&sslTrustCertificateKeyStorePassword=" + PASSWORD;
    }

    /** A node that finds nobody to speak with either does not start, or is a grid of its own. */
    private static void assertStaysOutside(Grid grid, Ignite inside, PenumbraConfiguration configuration) {
        try {
            Ignite outside = grid.start("us", configuration);
            assertThat(outside.cluster().nodes()).hasSize(1);
            grid.stop(outside);
        } catch (IgniteException e) {
            assertThat(e).hasStackTraceContaining("Unable to establish secure connection");
        }
        assertThat(inside.cluster().nodes()).hasSize(2);
        assertThat(inside.cluster().topologyVersion()).isEqualTo(2);
    }

    @Test
    void tablesAreCapturedAndShadowedOverTls_andWhoSpeaksNoneOrHasAnotherKeyStaysOutside() throws Exception {
        makeStores("grid");
        makeStores("stranger");
        try (Grid grid = new Grid()) {
            grid.configure(node -> encrypt(node, "grid"));
            Ignite home = grid.start("home", capturing("home"));
            Ignite eu = grid.start("eu", capturing("eu"));
            try (Connection connection = DriverManager.getConnection(url(home, "grid"));
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE T (ID INT PRIMARY KEY, A VARCHAR)");
                statement.execute("INSERT INTO T VALUES (1, 'stood')");
                statement.execute("CREATE TRIGGER C AFTER INSERT, UPDATE, DELETE ON T FOR EACH ROW CAPTURE");
                statement.execute("CREATE SHADOW OF ignite.PUBLIC.T IN DATACENTER 'eu'");
                statement.execute("INSERT INTO T VALUES (2, 'came')");
                Grid.await(() ->
                        rows(statement, "SELECT A FROM SHADOW_EU.T ORDER BY ID").equals(List.of("stood", "came")));
            }
            assertThat(eu.cache("penumbra-registry")
                            .query(new SqlFieldsQuery("SELECT COUNT(*) FROM SHADOW.T"))
                            .getAll())
                    .containsExactly(List.of(2L));

            String plain = "jdbc:ignite:thin://127.0.0.1:"
                    + ((IgniteEx) home).context().clientListener().port();
            for (String url : List.of(plain, url(home, "stranger"))) {
                assertThatThrownBy(() -> DriverManager.getConnection(
                                url + (url.contains("?") ? "&" : "?") + "connectionTimeout=3000"))
                        .isInstanceOf(SQLException.class);
            }
            grid.configure(node -> impatient(node));
            assertStaysOutside(grid, home, capturing("plain"));
            grid.configure(node -> {
                impatient(node);
                encrypt(node, "stranger");
            });
            assertStaysOutside(grid, home, capturing("stranger"));
        }
    }

    private PenumbraConfiguration capturing(String name) {
        return new PenumbraConfiguration()
                .setCaptureDirectory(directory.resolve("journal-" + name).toString());
    }

    /** Would try for ever to join. */
    private static void impatient(IgniteConfiguration node) {
        ((TcpDiscoverySpi) node.getDiscoverySpi()).setJoinTimeout(2_000).setNetworkTimeout(1_000);
    }

    private static List<String> rows(Statement statement, String sql) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (ResultSet found = statement.executeQuery(sql)) {
            while (found.next()) {
                rows.add(found.getString(1));
            }
        }
        return rows;
    }
}
