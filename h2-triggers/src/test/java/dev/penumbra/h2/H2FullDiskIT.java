package dev.penumbra.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.penumbra.capture.CaptureSettings;
import dev.penumbra.journal.DualJournal;
import dev.penumbra.journal.JournalConfiguration;
import dev.penumbra.journal.JournalVerification;
import dev.penumbra.journal.JournalWriter;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A journal on a small file system of its own that runs full; only where this process may mount one. */
class H2FullDiskIT {
    private static final int REFUSED_AFTER = 1_000;
    private static final int NOTE_LENGTH = 2_000;

    @TempDir
    Path directory;

    private Path disk;
    private boolean mounted;

    @BeforeEach
    void mount() throws IOException, InterruptedException {
        disk = Files.createDirectory(directory.resolve("disk"));
        mounted = run("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk.toString());
        assumeThat(mounted).as("may mount a file system").isTrue();
        System.setProperty(CaptureSettings.MIN_FREE_BYTES, Integer.toString(4 << 20));
        System.setProperty(CaptureSettings.MAX_OUTBOX_ROWS, Integer.toString(REFUSED_AFTER));
    }

    @AfterEach
    void unmount() throws IOException, InterruptedException {
        System.clearProperty(CaptureSettings.MIN_FREE_BYTES);
        System.clearProperty(CaptureSettings.MAX_OUTBOX_ROWS);
        if (mounted) {
            // Chronicle gives its files back on a thread of its own.
            await().atMost(20, TimeUnit.SECONDS).until(() -> run("umount", disk.toString()));
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            // No such program.
            return false;
        }
    }

    @Test
    void aFullDisk_refusesWritersAndLosesNothing() throws Exception {
        Path journal = disk.resolve("journal");
        try (Connection connection = TestDatabase.in(directory).open();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE T(ID INT PRIMARY KEY, NOTE VARCHAR)");
            Capture.install(connection, "T", journal.toString());
            assertThat(insertUntilNoRoom(statement)).contains("PENUMBRA-2005", disk.toString());

            assertThat(run("mount", "-o", "remount,size=256m", disk.toString())).isTrue();
            assertThat(Capture.settle(connection, 60_000)).isTrue();
            // The outbox lets go of what is journalled when the disk has it; until then writers may be refused.
            await().ignoreExceptions()
                    .until(() -> !statement.execute("INSERT INTO T VALUES(-1, 'there is room again')"));
            assertThat(Capture.settle(connection, 60_000)).isTrue();
            H2Tables.of(journal).assertEqualsSource(connection, "T");
        }
        assertThat(JournalVerification.of(journal).ok()).isTrue();
    }

    @Test
    void aCopyThatWritesTheJournalWhileTheRelayWaitsForRoom_isNoticed() throws Exception {
        Path journal = disk.resolve("journal");
        try (Connection connection = TestDatabase.in(directory).open();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE T(ID INT PRIMARY KEY, NOTE VARCHAR)");
            Capture.install(connection, "T", journal.toString());
            statement.execute("INSERT INTO T VALUES(-1, 'to stay')");
            assertThat(Capture.settle(connection, 60_000)).isTrue();
            insertUntilNoRoom(statement);
            UUID identity = UUID.fromString(TestDatabase.session(connection)
                    .getDatabase()
                    .getStore()
                    .getMvStore()
                    .<String, String>openMap("penumbra")
                    .get("identity"));
            TableSchema schema = H2Tables.of(journal).schema("T");
            // The relay has the journal now and then, to see whether there is room again.
            await().ignoreExceptions().until(() -> deleteAsACopy(journal, identity, schema, Row.of(-1, "to stay")));

            assertThat(run("mount", "-o", "remount,size=256m", disk.toString())).isTrue();
            assertThat(Capture.settle(connection, 60_000)).isTrue();
            H2Tables.of(journal).assertEqualsSource(connection, "T");
        }
        assertThat(JournalVerification.of(journal).gaps()).isEqualTo(1);
    }

    private static boolean deleteAsACopy(Path journal, UUID identity, TableSchema schema, Row row) {
        JournalConfiguration configuration = JournalConfiguration.DEFAULT.withMinFreeBytes(0);
        try (DualJournal copys = DualJournal.open(journal, "db", identity, configuration, Clock.systemUTC())) {
            copys.noteOpening(UUID.randomUUID());
            try (JournalWriter.TransactionAppender appender = copys.current().begin(new TransactionId(2, 1))) {
                appender.change(schema, Operation.DELETE, Origin.CAPTURED, row, null);
                appender.commit();
            }
        }
        return true;
    }

    private static String insertUntilNoRoom(Statement statement) {
        int rows = (64 << 20) / NOTE_LENGTH;
        for (int i = 0; i < rows; i++) {
            try {
                statement.execute("INSERT INTO T VALUES(" + i + ", REPEAT(RANDOM_UUID(), " + NOTE_LENGTH / 36 + "))");
            } catch (SQLException e) {
                String message = String.valueOf(e.getMessage());
                if (message.contains("PENUMBRA-2004")) {
                    return message;
                }
                // The writer was faster than the relay and is heard again when that has caught up.
                LockSupport.parkNanos(1_000_000);
            }
        }
        throw new AssertionError("more was written than the disk holds");
    }
}
