package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path root;

    @Test
    void node_answersSqlUntilItIsStopped() throws IOException, InterruptedException {
        StopSignal stop = new StopSignal();
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Thread command = new Thread(() -> Penumbra.commandLine(CommandRun.session(null, "", stop))
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute("node", "--datacenter", "eu", "--json"));
        command.start();
        Awaitility.await().atMost(PATIENCE).until(() -> out.toString().endsWith("\n") || !command.isAlive());
        JsonNode ready = CommandRun.parse(out.toString());
        assertThat(ready.get("datacenter").asText()).as(err.toString()).isEqualTo("eu");
        String url = ready.get("jdbc").asText();
        Path script = Files.writeString(root.resolve("script.sql"), "SELECT 1 AS ONE; SELECT 'x;y', NULL;");

        JsonNode results =
                CommandRun.of("sql", "--url", url, "--json", script.toString()).json();
        assertThat(results.get("statements").get(0).get("columns").get(0).asText())
                .isEqualTo("ONE");
        assertThat(results.get("statements").get(0).get("rows").get(0).get(0).asInt())
                .isEqualTo(1);
        assertThat(results.get("statements").get(1).get("rows").get(0).get(0).asText())
                .isEqualTo("x;y");
        assertThat(results.get("statements").get(1).get("rows").get(0).get(1).isNull())
                .isTrue();
        assertThat(results.get("ok").asBoolean()).isTrue();

        CommandRun shell = CommandRun.of("sql", "--url", url, script.toString());
        assertThat(shell.exitCode()).as(shell.err()).isZero();
        assertThat(shell.out()).contains("ONE");

        CommandRun failing = CommandRun.of(
                CommandRun.session(null, "SELECT 1; SELECT NOPE; SELECT 2;", new StopSignal()),
                "sql",
                "--url",
                url,
                "--json");
        assertThat(failing.exitCode()).isEqualTo(ExitCode.FAILED_CHECK);
        assertThat(failing.json().get("statements")).hasSize(2);
        assertThat(failing.json().get("ok").asBoolean()).isFalse();
        assertThat(failing.err()).contains("NOPE").doesNotContain("\tat ");

        CommandRun failingShell = CommandRun.of(
                CommandRun.session(null, "SELECT NOPE;\nSELECT 2;\n", new StopSignal()), "sql", "--url", url);
        assertThat(failingShell.exitCode()).isEqualTo(ExitCode.FAILED_CHECK);
        assertThat(failingShell.err()).contains("NOPE").doesNotContain("\tat ");

        stop.raise();
        command.join(PATIENCE.toMillis());
        assertThat(command.isAlive()).isFalse();
    }

    @Test
    void node_inADatacenterOfAWrongName_isWrongUsage() {
        CommandRun run = CommandRun.of("node", "--datacenter", "Not A Name");
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("PENUMBRA-1002");
    }

    @Test
    void node_withAJournalThatIsNotThere_saysSo() {
        CommandRun run = CommandRun.of(
                "node",
                "--datacenter",
                "home",
                "--journal",
                root.resolve("nowhere").toString());
        assertThat(run.exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(run.err()).contains("PENUMBRA-2002").contains("nowhere");
    }

    @Test
    void node_withAConfigurationThatIsNoSpringXml_saysWhatIsWrong() throws IOException {
        Path config = Files.writeString(root.resolve("node.xml"), "<beans>");
        CommandRun run = CommandRun.of("node", "--datacenter", "home", "--config", config.toString());
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("PENUMBRA-1014").contains("node.xml");
        assertThat(run.err().lines()).hasSize(1);
    }

    @Test
    void node_overADistance_withACommunicationThatKnowsNone_isRefused() throws IOException {
        Path config = Files.writeString(root.resolve("node.xml"), """
                <beans xmlns="http://www.springframework.org/schema/beans"
                       xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                       xsi:schemaLocation="http://www.springframework.org/schema/beans
                                           http://www.springframework.org/schema/beans/spring-beans.xsd">
                  <bean class="org.apache.ignite.configuration.IgniteConfiguration">
                    <property name="communicationSpi">
                      <bean class="org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi"/>
                    </property>
                  </bean>
                </beans>
                """);
        CommandRun run = CommandRun.of("node", "--datacenter", "home", "--wan", "80ms", "--config", config.toString());
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("PENUMBRA-1014", "DistanceCommunicationSpi");
    }

    @Test
    void sql_withNobodyThere_saysSo() {
        CommandRun run = CommandRun.of("sql", "--url", "jdbc:ignite:thin://127.0.0.1:1");
        assertThat(run.exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(run.err()).contains("PENUMBRA-2007");
    }

    @Test
    void sql_withAFileThatIsNotThere_isWrongUsage() {
        CommandRun run = CommandRun.of(
                "sql",
                "--url",
                "jdbc:ignite:thin://127.0.0.1:1",
                root.resolve("nowhere.sql").toString());
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("nowhere.sql");
    }
}
