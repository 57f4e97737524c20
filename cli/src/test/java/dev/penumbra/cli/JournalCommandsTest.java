package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.penumbra.journal.DualJournal;
import dev.penumbra.journal.JournalConfiguration;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.Interval;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class JournalCommandsTest {
    /** A value of each type, and the JSON that stands for it. */
    private static final Map<SqlType, Map.Entry<Object, String>> VALUES = new EnumMap<>(SqlType.class);

    static {
        put(SqlType.BOOLEAN, true, "true");
        put(SqlType.TINYINT, (byte) -128, "-128");
        put(SqlType.SMALLINT, (short) 32767, "32767");
        put(SqlType.INTEGER, -1, "-1");
        put(SqlType.BIGINT, Long.MAX_VALUE, "9223372036854775807");
        put(SqlType.REAL, 1.5f, "\"1.5\"");
        put(SqlType.DOUBLE, Double.NEGATIVE_INFINITY, "\"-Infinity\"");
        put(SqlType.DECFLOAT, new BigDecimal("1E+3"), "\"1000\"");
        put(SqlType.DECIMAL, new BigDecimal("-0.0000000120"), "\"-0.0000000120\"");
        put(SqlType.CHAR, "a  ", "\"a  \"");
        put(SqlType.VARCHAR, "\u00fc \"q\" \n \ud83d", "\"\\u00FC \\\"q\\\" \\n \\uD83D\"");
        put(SqlType.VARCHAR_IGNORECASE, "Ab", "\"Ab\"");
        put(SqlType.CLOB, "", "\"\"");
        put(SqlType.BINARY, Bytes.of((byte) 0, (byte) -1), "\"AP8=\"");
        put(SqlType.VARBINARY, Bytes.of(), "\"\"");
        put(SqlType.BLOB, Bytes.of((byte) 1), "\"AQ==\"");
        put(SqlType.DATE, LocalDate.of(2024, 2, 29), "\"2024-02-29\"");
        put(SqlType.TIME, LocalTime.of(10, 15), "\"10:15:00\"");
        put(
                SqlType.TIME_WITH_TIME_ZONE,
                OffsetTime.of(1, 2, 3, 4_000_000, ZoneOffset.ofHours(-5)),
                "\"01:02:03.004-05:00\"");
        put(SqlType.TIMESTAMP, LocalDateTime.of(2024, 1, 1, 0, 0), "\"2024-01-01T00:00:00\"");
        put(
                SqlType.TIMESTAMP_WITH_TIME_ZONE,
                OffsetDateTime.of(2024, 1, 1, 0, 0, 0, 1, ZoneOffset.UTC),
                "\"2024-01-01T00:00:00.000000001Z\"");
        put(
                SqlType.INTERVAL,
                new Interval(Interval.Qualifier.YEAR_TO_MONTH, true, 1, 2),
                "\"INTERVAL '-1-2' YEAR TO MONTH\"");
        put(SqlType.UUID, new UUID(1, 2), "\"00000000-0000-0001-0000-000000000002\"");
        put(SqlType.JSON, "{\"a\": 1}", "\"{\\\"a\\\": 1}\"");
        put(SqlType.ENUM, "RED", "\"RED\"");
        put(SqlType.ARRAY, Arrays.asList(new BigDecimal("1.10"), null), "[\"1.10\",null]");
    }

    @TempDir
    private Path root;

    private Path directory;

    private static void put(SqlType type, Object value, String json) {
        VALUES.put(type, Map.entry(value, json));
    }

    private static ColumnType typeOf(SqlType type) {
        return switch (type) {
            case ARRAY -> new ColumnType(type, 10, 0, ColumnType.of(SqlType.DECIMAL, 10, 2));
            case INTERVAL -> ColumnType.of(type, Interval.Qualifier.YEAR_TO_MONTH.code(), 0);
            default -> ColumnType.of(type);
        };
    }

    @BeforeEach
    void chooseDirectory() {
        directory = root.resolve("journal");
    }

    private String[] command(String name, String... more) {
        return Stream.concat(Stream.of("journal", name, directory.toString()), Stream.of(more))
                .toArray(String[]::new);
    }

    private List<JsonNode> dump(String... more) {
        CommandRun run = CommandRun.of(command("dump", more));
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run.out().lines().map(CommandRun::parse).toList();
    }

    @ParameterizedTest
    @EnumSource(SqlType.class)
    void dump_ofAnyType_printsItsValueAndNull(SqlType type) {
        TableSchema schema = new TableSchema(
                new TableName("PUBLIC", "T"),
                List.of(
                        new Column("ID", ColumnType.of(SqlType.INTEGER), false),
                        new Column("value", typeOf(type), true)),
                List.of("ID"));
        Map.Entry<Object, String> sample = VALUES.get(type);
        try (SampleJournal journal = new SampleJournal(directory)) {
            journal.change(schema, Operation.INSERT, null, Row.of(1, sample.getKey()));
            journal.change(schema, Operation.UPDATE, Row.of(1, sample.getKey()), Row.of(1, null));
        }
        List<String> lines = CommandRun.of(command("dump")).out().lines().toList();
        assertThat(lines).hasSize(2);
        assertThat(lines.get(0)).contains("\"after\":{\"ID\":1,\"value\":" + sample.getValue() + "}");
        assertThat(lines.get(1))
                .contains("\"before\":{\"ID\":1,\"value\":" + sample.getValue() + "}")
                .contains("\"after\":{\"ID\":1,\"value\":null}");
    }

    @Test
    void dump_ofAnInsert_hasTheContractsFieldsAndNoOthers() {
        try (SampleJournal journal = new SampleJournal(directory)) {
            journal.insert(7);
        }
        assertThat(CommandRun.of(command("dump")).out().strip())
                .isEqualTo("{\"position\":{\"epoch\":1,\"sequence\":1},\"tx\":\"1-1\",\"table\":\"PUBLIC.ACCOUNT\","
                        + "\"op\":\"INSERT\",\"key\":{\"ID\":7},\"before\":null,"
                        + "\"after\":{\"ID\":7,\"OWNER\":\"owner 7\"},\"schema\":\""
                        + SampleJournal.ACCOUNT.fingerprint() + "\"}");
    }

    @Test
    void dump_ofADelete_hasNoAfterImage() {
        try (SampleJournal journal = new SampleJournal(directory)) {
            journal.change(SampleJournal.ACCOUNT, Operation.DELETE, Row.of(7L, null), null);
        }
        JsonNode change = dump().get(0);
        assertThat(change.get("after").isNull()).isTrue();
        assertThat(change.get("key").get("ID").asLong()).isEqualTo(7);
    }

    @Test
    void dump_ofATruncate_hasNeitherKeyNorImages() {
        try (SampleJournal journal = new SampleJournal(directory)) {
            journal.change(SampleJournal.ACCOUNT, Operation.TRUNCATE, null, null);
        }
        JsonNode change = dump().get(0);
        assertThat(change.get("op").asText()).isEqualTo("TRUNCATE");
        assertThat(change.get("key").isNull()).isTrue();
        assertThat(change.get("before").isNull()).isTrue();
        assertThat(change.get("after").isNull()).isTrue();
    }

    @Test
    void dump_fromAPositionInsideATransaction_beginsExactlyThere() {
        try (SampleJournal journal = new SampleJournal(directory)) {
            journal.insert(1);
            journal.insert(2, 3, 4);
            journal.insert(5);
        }
        assertThat(dump("--from", "1:3").stream()
                        .map(change -> change.get("key").get("ID").asLong()))
                .containsExactly(3L, 4L, 5L);
    }

    @Test
    void dump_fromTheFirstPositionOfALaterEpoch_leavesTheFormerOut() {
        try (SampleJournal journal = new SampleJournal(directory)) {
            journal.insert(1);
        }
        try (SampleJournal journal = new SampleJournal(directory)) {
            journal.insert(2);
        }
        assertThat(dump("--from", "2:1").stream()
                        .map(change -> change.get("key").get("ID").asLong()))
                .containsExactly(2L);
    }

    @Test
    void dump_fromAPositionThatIsNotThereYet_isRefused() {
        try (SampleJournal journal = new SampleJournal(directory)) {
            journal.insert(1);
        }
        CommandRun run = CommandRun.of(command("dump", "--from", "1:9"));
        assertThat(run.exitCode()).isEqualTo(ExitCode.FAILED_CHECK);
        assertThat(run.err()).startsWith("penumbra: PENUMBRA-3006 ").contains("position=1:8");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void dump_following_printsWhatIsCommittedMeanwhileUntilItIsStopped() throws InterruptedException {
        StopSignal stop = new StopSignal();
        StringWriter out = new StringWriter();
        try (SampleJournal journal = new SampleJournal(directory)) {
            journal.insert(1);
            Thread command = new Thread(() -> Penumbra.commandLine(CommandRun.session(null, "", stop))
                    .setOut(new PrintWriter(out))
                    .execute(command("dump", "--follow")));
            command.start();
            Awaitility.await().until(() -> out.toString().lines().count() == 1);
            journal.insert(2);
            Awaitility.await().until(() -> out.toString().lines().count() == 2);
            stop.raise();
            command.join();
        }
        assertThat(out.toString()
                        .lines()
                        .map(CommandRun::parse)
                        .map(change -> change.get("key").get("ID").asLong()))
                .containsExactly(1L, 2L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "a:b", "-1:2", "1:2:3"})
    void dump_fromWhatIsNoPosition_isWrongUsage(String position) {
        CommandRun run = CommandRun.of(command("dump", "--from=" + position));
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("1:42").doesNotContain("Exception");
    }

    @ParameterizedTest
    @ValueSource(strings = {"list", "dump", "verify"})
    void anyCommand_onADirectoryWithoutAJournal_saysSo(String name) {
        CommandRun run = CommandRun.of(command(name));
        assertThat(run.exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(run.err()).contains("PENUMBRA-2002").contains(directory.toString());
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.out()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"list", "dump", "verify"})
    void anyCommand_thatFailsWithJson_printsTheFailureAsOneDocument(String name) {
        JsonNode document = CommandRun.of(command(name, "--json")).json();
        assertThat(document.get("ok").asBoolean()).isFalse();
        assertThat(document.get("error").get("code").asInt()).isEqualTo(2002);
        assertThat(document.get("error").get("context").get("directory").asText())
                .isEqualTo(directory.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"list", "dump", "verify"})
    void anyCommand_onAJournalOfANewerVersion_namesBothVersions(String name) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("catalogue"), "penumbra-journal-catalogue 99\ncrc 0\n");
        CommandRun run = CommandRun.of(command(name));
        assertThat(run.exitCode()).isEqualTo(ExitCode.FAILED_CHECK);
        assertThat(run.err()).contains("PENUMBRA-3001").contains("99");
    }

    @Test
    void verify_ofAWholeJournal_countsWhatIsInIt() {
        try (SampleJournal journal = new SampleJournal(directory)) {
            journal.insert(1, 2, 3);
            journal.insert(4);
        }
        CommandRun run = CommandRun.of(command("verify", "--json"));
        assertThat(run.exitCode()).isZero();
        JsonNode document = run.json();
        assertThat(document.get("changes").asLong()).isEqualTo(4);
        assertThat(document.get("transactions").asLong()).isEqualTo(2);
        assertThat(document.get("epochs").asLong()).isEqualTo(1);
        assertThat(document.get("gaps").asLong()).isZero();
        assertThat(document.get("tornBytes").asLong()).isZero();
        // An epoch with its durable mark, a layout, four changes and two commits.
        assertThat(document.get("records").asLong()).isEqualTo(9);
        assertThat(document.get("ok").asBoolean()).isTrue();
        assertThat(document.has("error")).isFalse();
    }

    @Test
    void verify_ofADamagedRecord_failsAndNamesTheLastWholePosition() throws IOException {
        try (SampleJournal journal = new SampleJournal(directory)) {
            journal.insert(1);
            journal.insert(2);
            journal.insert(3);
        }
        damage("owner 2");
        CommandRun run = CommandRun.of(command("verify", "--json"));
        assertThat(run.exitCode()).isEqualTo(ExitCode.FAILED_CHECK);
        assertThat(run.json().get("ok").asBoolean()).isFalse();
        assertThat(run.json().get("changes").asLong()).isEqualTo(1);
        assertThat(run.json().get("error").asText()).contains("PENUMBRA-3002").contains("after=1:1");
        assertThat(run.err()).contains("PENUMBRA-3002");
    }

    @Test
    void list_ofADirectoryOfJournals_tellsWhatEachHolds() {
        try (SampleJournal journal = new SampleJournal(directory);
                SampleJournal other = new SampleJournal(root.resolve("other"))) {
            journal.insert(1, 2);
            journal.insert(3);
            other.insert(1);
        }
        CommandRun run = CommandRun.of("journal", "list", root.toString(), "--json");
        assertThat(run.exitCode()).isZero();
        JsonNode first = run.json().get("journals").get(0);
        assertThat(first.get("directory").asText()).isEqualTo(directory.toString());
        assertThat(first.get("source").asText()).isEqualTo("bank");
        assertThat(first.get("first")).isEqualTo(CommandRun.parse("{\"epoch\":1,\"sequence\":1}"));
        assertThat(first.get("last")).isEqualTo(CommandRun.parse("{\"epoch\":1,\"sequence\":3}"));
        assertThat(first.get("transactions").asLong()).isEqualTo(2);
        assertThat(first.get("tables").get("PUBLIC.ACCOUNT").asLong()).isEqualTo(3);
        assertThat(run.json().get("journals").get(1).get("changes").asLong()).isEqualTo(1);
    }

    @Test
    void list_ofAnEmptyJournal_tellsThatNothingIsInIt() {
        new SampleJournal(directory).close();
        CommandRun run = CommandRun.of(command("list", "--json"));
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().get("journals").get(0).get("transactions").asLong())
                .isZero();
    }

    @Test
    void list_ofAJournalWithFutures_namesTheirVersions() {
        new SampleJournal(directory).close();
        try (DualJournal journal = DualJournal.open(
                directory, "bank", JournalConfiguration.DEFAULT.withMinFreeBytes(0), Clock.systemUTC())) {
            journal.future("v3").close();
            journal.future("v2").close();
        }
        assertThat(CommandRun.of(command("list")).out()).contains("futures       v2, v3");
        assertThat(CommandRun.of(command("list", "--json"))
                        .json()
                        .get("journals")
                        .get(0)
                        .get("futures"))
                .isEqualTo(CommandRun.parse("[\"v2\",\"v3\"]"));
    }

    private void damage(String text) throws IOException {
        byte[] wanted = text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        // Kryo marks the end of an ASCII text in its last character.
        wanted[wanted.length - 1] |= (byte) 0x80;
        try (Stream<Path> files = Files.list(directory.resolve("queue-1"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".cq4")).toList()) {
                byte[] content = Files.readAllBytes(file);
                for (int at = 0; at <= content.length - wanted.length; at++) {
                    if (Arrays.equals(content, at, at + wanted.length, wanted, 0, wanted.length)) {
                        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
                            raw.seek(at);
                            raw.write('X');
                        }
                        return;
                    }
                }
            }
        }
        throw new AssertionError("not in the journal's files: " + text);
    }
}
