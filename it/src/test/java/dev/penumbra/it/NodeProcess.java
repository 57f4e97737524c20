package dev.penumbra.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;

/** {@code penumbra node} in a JVM of its own. */
final class NodeProcess implements AutoCloseable {
    private static final long EXIT_SECONDS = 30;

    private final Process process;
    private final BufferedReader output;
    private final Path log;
    private final int jmxPort;
    private String name = "";
    /** Volatile: others ask whether it is there yet. */
    private volatile String jdbcUrl = "";

    NodeProcess(Process process, Path log, int jmxPort) {
        this.process = process;
        this.log = log;
        this.jmxPort = jmxPort;
        this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Returns when the node has said that it is in the grid. */
    NodeProcess awaitReady() throws IOException {
        // A node that cannot start ends, and with it its output.
        String line = output.readLine();
        assertThat(line).as("what the node says, its log is %s", log).isNotNull();
        JsonNode document = new ObjectMapper().readTree(line);
        assertThat(document.get("ok").asBoolean()).as(line).isTrue();
        name = document.get("node").asText();
        jdbcUrl = document.get("jdbc").asText();
        return this;
    }

    /** Whether it has been awaited. */
    boolean isReady() {
        return !jdbcUrl.isEmpty();
    }

    String name() {
        return name;
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(jdbcUrl);
    }

    String jmxUrl() {
        return "service:jmx:rmi:///jndi/rmi://127.0.0.1:" + jmxPort + "/jmxrmi";
    }

    boolean alive() {
        return process.isAlive();
    }

    long pid() {
        return process.pid();
    }

    /** SIGKILL; returns when the process is gone. */
    void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    private void awaitExit() {
        process.onExit().orTimeout(EXIT_SECONDS, TimeUnit.SECONDS).join();
    }

    /** Waits until the process has ended by itself and returns its exit code. */
    int awaitEnd() {
        awaitExit();
        return process.exitValue();
    }

    /** What the process wrote to standard error so far. */
    String log() throws IOException {
        return Files.readString(log);
    }

    @Override
    public void close() throws IOException {
        kill();
        output.close();
    }
}
