package dev.penumbra.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.penumbra.model.Change;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TransactionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnerOnlyTest {
    private static final String FILE = "rw-------";
    private static final String DIRECTORY = "rwx------";

    @TempDir
    Path directory;

    @BeforeEach
    void requirePermissions() {
        assumeTrue(directory.getFileSystem().supportedFileAttributeViews().contains("posix"));
    }

    /** Writes into a current and a future journal over several files, with a reader that registers itself. */
    private static void write(Path journalDirectory) {
        Journals.SetClock clock = new Journals.SetClock();
        try (DualJournal journal = DualJournal.open(journalDirectory, "bank", Journals.SMALL, clock)) {
            try (JournalReader reader = JournalReader.open(journalDirectory, Position.START)) {
                reader.register("follower");
                for (long id = 1; id <= 4; id++) {
                    Position at = Journals.insert(journal.current(), id, id);
                    FutureJournal future = journal.future("v2");
                    future.append(
                            new TransactionId(1, id),
                            List.of(new Change(
                                    at,
                                    new TransactionId(1, id),
                                    Operation.INSERT,
                                    Origin.CAPTURED,
                                    Journals.ACCOUNT,
                                    Key.of(id),
                                    null,
                                    Row.of(id, "later"))));
                    Journals.drain(reader);
                    reader.acknowledge();
                    journal.current().sync();
                    future.sync();
                    clock.advanceSeconds(61);
                }
            }
        }
    }

    private static Map<String, String> permissions(Path root) throws IOException {
        Map<String, String> permissions = new TreeMap<>();
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path path : tree.toList()) {
                permissions.put(
                        root.relativize(path).toString(),
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
            }
        }
        return permissions;
    }

    private static void assertClosed(Path root) throws IOException {
        Map<String, String> found = permissions(root);
        found.remove("");
        assertThat(found.keySet()).contains("catalogue", "writer.lock", "readers/follower");
        for (String queue : List.of("queue-1", "queue-2")) {
            assertThat(found.keySet())
                    .contains(queue + "/metadata.cq4t")
                    .filteredOn(name -> name.startsWith(queue) && name.endsWith(".cq4"))
                    .hasSizeGreaterThanOrEqualTo(4);
        }
        found.forEach((name, permissions) ->
                assertThat(permissions).as(name).isEqualTo(Files.isDirectory(root.resolve(name)) ? DIRECTORY : FILE));
    }

    @Test
    void everyFileOfAJournal_isItsOwnersAlone_andSoIsEachDirectoryMadeForIt() throws IOException {
        Path journal = directory.resolve("made").resolve("journal");
        write(journal);
        assertClosed(journal);
        assertThat(permissions(directory.resolve("made")))
                .containsEntry("", DIRECTORY)
                .containsEntry("journal", DIRECTORY);
    }

    @Test
    void aDirectoryThatWasThere_staysAsWideAsItWas_andWhatIsInItIsClosed() throws IOException {
        Path journal = Files.createDirectory(directory.resolve("journal"));
        Files.setPosixFilePermissions(journal, PosixFilePermissions.fromString("rwxr-xr-x"));
        write(journal);
        assertThat(permissions(journal)).containsEntry("", "rwxr-xr-x");
        assertClosed(journal);
    }

    @Test
    void aJournalOfAnEarlierVersion_isClosedWhenItIsWrittenAgain() throws IOException {
        Path journal = directory.resolve("journal");
        write(journal);
        try (Stream<Path> tree = Files.walk(journal)) {
            for (Path path : tree.toList()) {
                Files.setPosixFilePermissions(
                        path, PosixFilePermissions.fromString(Files.isDirectory(path) ? "rwxr-xr-x" : "rw-r--r--"));
            }
        }
        try (DualJournal again = Journals.open(journal);
                JournalReader reader = JournalReader.openOldest(journal)) {
            again.noteOpening(java.util.UUID.randomUUID());
            again.current();
            again.future("v2");
            reader.register("follower");
        }
        assertClosed(journal);
    }
}
