package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CaptureCommandsTest {
    @TempDir
    private Path root;

    private String url;
    private Path journal;

    @BeforeEach
    void createDatabase() throws SQLException {
        url = "jdbc:h2:file:" + root.resolve("bank");
        journal = root.resolve("journal");
        execute(
                "CREATE TABLE ACCOUNT (ID BIGINT PRIMARY KEY, OWNER VARCHAR(100))",
                "INSERT INTO ACCOUNT VALUES (1, 'a'), (2, 'b')",
                "CREATE TABLE LOOSE (X INT)");
    }

    private void execute(String... statements) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url, "sa", "");
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private CommandRun capture(String command, String... more) {
        List<String> line = new ArrayList<>(List.of("capture", command, "--url", url, "--user", "sa"));
        line.addAll(List.of(more));
        return CommandRun.of(line.toArray(String[]::new));
    }

    private CommandRun install(String table) {
        return capture("install", "--json", "--journal", journal.toString(), table);
    }

    @Test
    void install_capturesWhatTheTableHasAndWhatItGets() throws SQLException {
        JsonNode installed = install("PUBLIC.ACCOUNT").json();
        assertThat(installed.get("ok").asBoolean()).isTrue();
        assertThat(installed.get("tables").get(0).get("table").asText()).isEqualTo("PUBLIC.ACCOUNT");
        execute("INSERT INTO ACCOUNT VALUES (3, 'c')");
        Awaitility.await().until(() -> {
            try (Connection open = DriverManager.getConnection(url, "sa", "")) {
                return CommandRun.of("journal", "dump", journal.toString())
                                .out()
                                .contains("\"key\":{\"ID\":3}")
                        && !open.isClosed();
            }
        });
        assertThat(CommandRun.of("journal", "dump", journal.toString()).out())
                .contains("\"key\":{\"ID\":1}")
                .contains("\"key\":{\"ID\":2}");
    }

    @Test
    void status_tellsWhichTablesAreCaptured() {
        assertThat(capture("status", "--json").json().get("tables")).isEmpty();
        install("PUBLIC.ACCOUNT");
        JsonNode status = capture("status", "--json").json();
        assertThat(status.get("tables").get(0).get("table").asText()).isEqualTo("PUBLIC.ACCOUNT");
        assertThat(status.get("journal").asText()).isEqualTo(journal.toString());
        assertThat(status.get("failure").isNull()).isTrue();
        assertThat(status.get("ok").asBoolean()).isTrue();
    }

    @Test
    void status_withVerify_comparesTheJournalWithTheTables() {
        install("PUBLIC.ACCOUNT");
        JsonNode audit =
                capture("status", "--verify", "--json").json().get("audit").get(0);
        assertThat(audit.get("table").asText()).isEqualTo("PUBLIC.ACCOUNT");
        assertThat(audit.get("rows").asInt()).isPositive();
        assertThat(audit.get("missing").asInt()).isZero();
        assertThat(audit.get("extra").asInt()).isZero();
        assertThat(audit.get("different").asInt()).isZero();
    }

    @Test
    void remove_endsTheCapture() {
        install("PUBLIC.ACCOUNT");
        assertThat(capture("remove", "PUBLIC.ACCOUNT").exitCode()).isZero();
        CommandRun again = capture("remove", "PUBLIC.ACCOUNT");
        assertThat(again.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(again.err()).contains("PENUMBRA-1008");
    }

    @Test
    void install_onAnUnknownTable_isRefusedByName() {
        CommandRun run = install("PUBLIC.NOWHERE");
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("PENUMBRA-1003").contains("PUBLIC.NOWHERE");
        assertThat(run.err().lines()).hasSize(1);
    }

    @Test
    void install_onATableWithoutKey_isRefused() {
        CommandRun run = install("PUBLIC.LOOSE");
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("PENUMBRA-1004");
    }

    @Test
    void install_intoAJournalThatCannotBeADirectory_isRefused() throws IOException {
        journal = Files.createFile(root.resolve("file")).resolve("journal");
        CommandRun run = install("PUBLIC.ACCOUNT");
        assertThat(run.exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(run.err()).contains("PENUMBRA-2001");
    }

    @Test
    void install_onADatabaseThatIsNotThere_doesNotCreateIt() {
        url = "jdbc:h2:file:" + root.resolve("missing");
        CommandRun run = install("PUBLIC.ACCOUNT");
        assertThat(run.exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(run.err()).contains("PENUMBRA-2006");
        assertThat(root.resolve("missing.mv.db")).doesNotExist();
    }

    @Test
    void install_withAWrongPassword_isRefused() {
        CommandRun run = CommandRun.of(
                "capture",
                "install",
                "--url",
                url,
                "--user",
                "nobody",
                "--journal",
                journal.toString(),
                "PUBLIC.ACCOUNT");
        assertThat(run.exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(run.err()).contains("PENUMBRA-2006");
    }

    @Test
    void install_onADatabaseOfAnotherKind_isRefused() {
        url = "jdbc:postgresql://localhost/x";
        CommandRun run = install("PUBLIC.ACCOUNT");
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("PENUMBRA-1016").contains("jdbc:h2:");
    }

    @Test
    void install_withoutATable_isWrongUsage() {
        CommandRun run = capture("install", "--journal", journal.toString());
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("TABLE");
    }

    @ParameterizedTest
    @ValueSource(strings = {"install", "remove", "status"})
    void onADatabaseThatIsOpenedForReading_everyCommandSaysSoInOneLine(String command) {
        install("PUBLIC.ACCOUNT");
        url += ";ACCESS_MODE_DATA=r";
        CommandRun run = switch (command) {
            case "install" -> capture(command, "--journal", journal.toString(), "PUBLIC.ACCOUNT");
            case "remove" -> capture(command, "PUBLIC.ACCOUNT");
            default -> capture(command);
        };
        assertThat(run.exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(run.err()).contains("PENUMBRA-2012").contains("open it for writing");
        assertThat(run.err().lines()).hasSize(1);
    }

    @Test
    void install_onAnEncryptedDatabase_takesBothPasswords_andShowsNeither() throws SQLException {
        url = "jdbc:h2:file:" + root.resolve("vault") + ";CIPHER=AES";
        try (Connection connection = DriverManager.getConnection(url, "sa", "filepwd userpwd");
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ACCOUNT (ID BIGINT PRIMARY KEY)");
        }
        assertThat(capture("install", "--password=filepwd userpwd", "--journal", journal.toString(), "ACCOUNT")
                        .exitCode())
                .isZero();
        url += ";PASSWORD=filepwd mistaken";
        CommandRun refused = CommandRun.of("capture", "status", "--url", url, "--user", "sa");
        assertThat(refused.exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(refused.err()).contains("PENUMBRA-2006").contains("vault").doesNotContain("filepwd");
    }
}
