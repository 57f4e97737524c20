package dev.penumbra.h2;

import static dev.penumbra.h2.TestDatabase.insert;
import static dev.penumbra.h2.TestDatabase.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.journal.JournalVerification;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Databases with CIPHER=AES. What kills leave of them is H2CrashIT's. */
class H2EncryptionTest {
    private static final String SECRET = "secret-1234";

    @TempDir
    Path directory;

    private TestDatabase database;

    @BeforeEach
    void locate() {
        TestDatabase plain = TestDatabase.in(directory);
        database = new TestDatabase(plain.url() + TestDatabase.ENCRYPTED, plain.journal());
    }

    @Test
    void anEncryptedDatabase_isCaptured_andSoIsEachOpeningAfterIt() throws SQLException {
        for (int opening = 0; opening < 3; opening++) {
            try (Connection connection = database.open()) {
                database.capture(connection, "T");
                insert(connection, "T", 10 * opening, 10 * opening + 9);
                database.settled(connection).assertEqualsSource(connection, "T");
            }
        }
        assertThat(JournalVerification.of(database.journal()).gaps()).isZero();
    }

    @Test
    void whatIsWrittenInTheClear_isTheJournalAlone() throws Exception {
        try (Connection connection = database.open()) {
            database.capture(connection, "T");
            // Not at the end: the journal marks the last letter of a text.
            run(connection, "INSERT INTO T VALUES(1, '" + SECRET + ".')");
            database.settled(connection).assertEqualsSource(connection, "T");
        }
        assertThat(TestDatabase.filesWith(directory, SECRET))
                .isNotEmpty()
                .allSatisfy(file -> assertThat(file).startsWith(database.journal()));
        assertThat(TestDatabase.filesWith(directory, TestDatabase.FILE_PASSWORD))
                .isEmpty();
    }

    @Test
    void aRelayThatCannotWork_saysSoWithoutThePassword() throws SQLException {
        TestDatabase.fillDisk();
        try (Connection connection = database.open()) {
            database.capture(connection, "T");
            TestDatabase.awaitFailure(connection, "PENUMBRA-2004");
            assertThat(TestDatabase.status(connection).failure()).doesNotContain("filepwd");
            assertThatThrownBy(() -> Capture.verify(connection)).hasMessageNotContaining("filepwd");
        } finally {
            TestDatabase.makeRoom();
        }
    }
}
