package dev.penumbra.h2;

import static dev.penumbra.h2.TestDatabase.insert;
import static dev.penumbra.h2.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.journal.JournalVerification;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.h2.engine.Database;
import org.h2.store.fs.FilePath;
import org.h2.store.fs.FilePathWrapper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Captured databases that are opened for reading only. */
class H2ReadOnlyTest {
    private static final int ROWS = 10;

    /** The ways to have one; each needs the files of a closed database. */
    enum Way {
        ACCESS_MODE {
            @Override
            String url(Path directory) {
                return TestDatabase.in(directory).url() + ";ACCESS_MODE_DATA=r";
            }
        },
        ZIP {
            @Override
            String url(Path directory) throws IOException {
                Path zip = directory.resolve("db.zip");
                try (OutputStream bytes = Files.newOutputStream(zip);
                        ZipOutputStream entries = new ZipOutputStream(bytes, StandardCharsets.UTF_8)) {
                    entries.putNextEntry(new ZipEntry("db.mv.db"));
                    Files.copy(directory.resolve("db.mv.db"), entries);
                }
                return "jdbc:h2:zip:" + zip + "!/db";
            }
        },
        NO_RIGHT_TO_WRITE {
            @Override
            String url(Path directory) {
                return "jdbc:h2:" + Unwritable.SCHEME + ":" + directory.resolve("db");
            }
        };

        abstract String url(Path directory) throws IOException;
    }

    /** Files that their user has no right to write; said by H2's own file system, because an administrator has every right. */
    public static final class Unwritable extends FilePathWrapper {
        private static final String SCHEME = "unwritable";

        /** Called by H2. */
        public Unwritable() {}

        @Override
        public String getScheme() {
            return SCHEME;
        }

        @Override
        public boolean canWrite() {
            return false;
        }

        @Override
        public FileChannel open(String mode) throws IOException {
            if (!mode.equals("r")) {
                throw new IOException("no right to write " + name);
            }
            return super.open(mode);
        }

        @Override
        public void createDirectory() {
            throw new IllegalStateException("no right to write " + name);
        }
    }

    private static final Unwritable UNWRITABLE = new Unwritable();

    @TempDir
    Path directory;

    private TestDatabase database;

    @BeforeEach
    void captureAndClose() throws SQLException {
        FilePath.register(UNWRITABLE);
        database = TestDatabase.in(directory);
        try (Connection connection = database.open()) {
            run(connection, "CREATE TABLE U(ID INT PRIMARY KEY)");
            database.capture(connection, "T");
            insert(connection, "T", 1, ROWS);
            database.settled(connection).assertEqualsSource(connection, "T");
        }
    }

    @AfterEach
    void forget() {
        FilePath.unregister(UNWRITABLE);
        TestDatabase.clearSettings();
    }

    private Map<String, Integer> files() throws IOException {
        Map<String, Integer> files = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : (Iterable<Path>) paths.filter(Files::isRegularFile)::iterator) {
                files.put(path.toString(), Arrays.hashCode(Files.readAllBytes(path)));
            }
        }
        return files;
    }

    private static Stream<String> ownThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("penumbra-"));
    }

    private static int count(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT COUNT(*) FROM T")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void aReadOnlyDatabase_isReadAndLeftAsItIs(Way way) throws Exception {
        String url = way.url(directory);
        Map<String, Integer> before = files();
        Database opened;
        try (Connection connection = TestDatabase.open(url)) {
            opened = TestDatabase.session(connection).getDatabase();
            assertThat(opened.isReadOnly()).isTrue();
            assertThat(count(connection)).isEqualTo(ROWS);
            assertThatThrownBy(() -> insert(connection, "T", 11, 20)).hasMessageContaining("read only");
            assertThat(ownThreads()).isEmpty();
        }
        assertThat(H2Database.openOrNull(opened)).isNull();
        assertThat(files()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void whatNeedsTheRelay_isRefused_andDoesNotStartIt(Way way) throws Exception {
        String url = way.url(directory);
        Map<String, Integer> before = files();
        try (Connection connection = TestDatabase.open(url)) {
            String journal = database.journal().toString();
            assertThatThrownBy(() -> Capture.install(connection, "U", journal)).hasMessageContaining("PENUMBRA-2012");
            assertThatThrownBy(() -> Capture.install(connection, "T", journal)).hasMessageContaining("PENUMBRA-2012");
            assertThatThrownBy(() -> Capture.remove(connection, "T")).hasMessageContaining("PENUMBRA-2012");
            assertThatThrownBy(() -> Capture.settle(connection, 1_000)).hasMessageContaining("PENUMBRA-2012");
            assertThatThrownBy(() -> Capture.verify(connection)).hasMessageContaining("PENUMBRA-2012");
            assertThat(ownThreads()).isEmpty();
        }
        assertThat(files()).isEqualTo(before);
    }

    @Test
    void theStatus_saysWhyTheCaptureRests() throws Exception {
        try (Connection connection = TestDatabase.open(Way.ACCESS_MODE.url(directory));
                ResultSet status = Capture.status(connection)) {
            assertThat(status.next()).isTrue();
            assertThat(status.getString("TABLE_NAME")).isEqualTo("T");
            assertThat(status.getString("FAILURE")).contains("PENUMBRA-2012");
        }
    }

    @Test
    void capture_goesOnWhenTheDatabaseIsOpenedForWritingAgain() throws Exception {
        try (Connection connection = TestDatabase.open(Way.ACCESS_MODE.url(directory))) {
            assertThat(count(connection)).isEqualTo(ROWS);
        }
        try (Connection connection = database.open()) {
            insert(connection, "T", 11, 20);
            database.settled(connection).assertEqualsSource(connection, "T");
        }
        assertThat(JournalVerification.of(database.journal()).gaps()).isZero();
    }

    @Test
    void aDatabaseThatWasNotClosed_canBeReadBeforeItsCaptureRecovers() throws Exception {
        Path crashed = Files.createDirectories(directory.resolve("crashed"));
        TestDatabase.fillDisk();
        try (Connection connection = database.open();
                Connection writer = database.open()) {
            writer.setAutoCommit(false);
            run(writer, "DELETE FROM T", "INSERT INTO T VALUES(99, 'open')");
            run(connection, "INSERT INTO T VALUES(11, 'committed')", "CHECKPOINT SYNC");
            Files.copy(directory.resolve("db.mv.db"), crashed.resolve("db.mv.db"));
        }
        TestDatabase.makeRoom();
        try (Connection connection = TestDatabase.open(Way.ACCESS_MODE.url(crashed))) {
            assertThat(count(connection)).isEqualTo(ROWS + 1);
            assertThat(ownThreads()).isEmpty();
        }
        try (Connection connection = database.at(crashed).open()) {
            database.settled(connection).assertEqualsSource(connection, "T");
            assertThat(count(connection)).isEqualTo(ROWS + 1);
        }
    }
}
