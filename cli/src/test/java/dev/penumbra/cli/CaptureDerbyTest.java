package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptureDerbyTest {
    @TempDir
    private Path root;

    private String url;
    private Path journal;

    @BeforeEach
    void createDatabase() throws SQLException {
        url = "jdbc:derby:" + root.resolve("bank");
        journal = root.resolve("journal");
        try (Connection connection = DriverManager.getConnection(url + ";create=true");
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ACCOUNT (ID BIGINT PRIMARY KEY, OWNER VARCHAR(100))");
            statement.execute("INSERT INTO ACCOUNT VALUES (1, 'a'), (2, 'b')");
            statement.execute("CREATE TABLE \"Odd \"\"name\" (ID INT PRIMARY KEY)");
        }
    }

    private CommandRun capture(String command, String... more) {
        List<String> line = new ArrayList<>(List.of("capture", command, "--url", url));
        line.addAll(List.of(more));
        return CommandRun.of(line.toArray(String[]::new));
    }

    private CommandRun install(String... tables) {
        List<String> more = new ArrayList<>(List.of("--json", "--journal", journal.toString()));
        more.addAll(List.of(tables));
        return capture("install", more.toArray(String[]::new));
    }

    @Test
    void install_capturesWhatTheTablesHave() {
        JsonNode installed = install("APP.ACCOUNT", "\"Odd \"\"name\"").json();
        assertThat(installed.get("complete").asBoolean()).isTrue();
        assertThat(CommandRun.of("journal", "dump", journal.toString()).out())
                .contains("\"key\":{\"ID\":1}")
                .contains("\"key\":{\"ID\":2}");
        assertThat(CommandRun.of("journal", "verify", "--json", journal.toString())
                        .json()
                        .get("ok")
                        .asBoolean())
                .isTrue();
    }

    @Test
    void status_tellsWhichTablesAreCaptured_andComparesThem() {
        assertThat(capture("status", "--json").json().get("tables")).isEmpty();
        assertThat(capture("status", "--verify").err()).contains("PENUMBRA-1008");
        install("ACCOUNT");
        JsonNode status = capture("status", "--verify", "--json").json();
        assertThat(status.get("tables").get(0).get("table").asText()).isEqualTo("APP.ACCOUNT");
        assertThat(status.get("journal").asText()).isEqualTo(journal.toString());
        assertThat(status.get("audit").get(0).get("rows").asInt()).isEqualTo(2);
        assertThat(status.get("ok").asBoolean()).isTrue();
    }

    @Test
    void remove_endsTheCapture() {
        install("APP.ACCOUNT");
        assertThat(capture("remove", "APP.ACCOUNT").exitCode()).isZero();
        CommandRun again = capture("remove", "APP.ACCOUNT");
        assertThat(again.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(again.err()).contains("PENUMBRA-1008");
    }

    @Test
    void whatCannotBeCaptured_isRefusedInOneLine() {
        CommandRun run = install("APP.NOWHERE");
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("PENUMBRA-1003").contains("APP.NOWHERE");
        assertThat(run.err().lines()).hasSize(1);
    }

    @Test
    void aDatabaseThatIsNotThere_isNotCreated() {
        url = "jdbc:derby:" + root.resolve("missing");
        CommandRun run = install("APP.ACCOUNT");
        assertThat(run.exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(run.err()).contains("PENUMBRA-2006");
        assertThat(Files.exists(root.resolve("missing"))).isFalse();
    }
}
