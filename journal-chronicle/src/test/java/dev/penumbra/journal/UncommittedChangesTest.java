package dev.penumbra.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.journal.UncommittedChanges.Listing;
import dev.penumbra.journal.UncommittedChanges.Uncommitted;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Position;
import dev.penumbra.model.TransactionId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UncommittedChangesTest {
    private static final Position POSITION = new Position(3, 1L << 40);

    @TempDir
    Path directory;

    private static Uncommitted change(long id, int length) {
        return new Uncommitted(id, new TransactionId(id, Long.MAX_VALUE - id), Bytes.wrap(new byte[length]));
    }

    @Test
    void aList_isReadByAnotherOpening_onceItAnswersTheQuestion() {
        try (UncommittedChanges reader = UncommittedChanges.open(directory);
                UncommittedChanges writer = UncommittedChanges.open(directory)) {
            long question = reader.ask();
            assertThat(writer.asked()).hasValue(question);
            assertThat(reader.listed(question)).isEmpty();
            Listing listing = new Listing(question, POSITION, List.of(change(7, 0), change(1L << 50, 300)));
            writer.list(listing);
            assertThat(reader.listed(question)).contains(listing);
            assertThat(reader.listed(reader.ask())).isEmpty();
        }
    }

    @Test
    void aShorterList_leavesNothingOfALongerOne() {
        try (UncommittedChanges changes = UncommittedChanges.open(directory)) {
            changes.list(new Listing(1, POSITION, List.of(change(1, 10_000))));
            changes.list(new Listing(2, POSITION, List.of()));
            assertThat(changes.listed(1)).contains(new Listing(2, POSITION, List.of()));
        }
    }

    @Test
    void aDamagedList_isNone_untilTheNextOne() throws Exception {
        try (UncommittedChanges changes = UncommittedChanges.open(directory)) {
            Listing listing = new Listing(1, POSITION, List.of(change(1, 100)));
            changes.list(listing);
            byte[] bytes = Files.readAllBytes(directory.resolve("uncommitted.list"));
            bytes[bytes.length / 2] ^= 1;
            Files.write(directory.resolve("uncommitted.list"), bytes);
            assertThat(changes.listed(1)).isEmpty();
            changes.list(listing);
            assertThat(changes.listed(1)).contains(listing);
        }
    }

    @Test
    void itsFiles_areTheirOwnersAlone() throws Exception {
        UncommittedChanges.open(directory).close();
        for (String file : List.of("uncommitted", "uncommitted.list")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve(file))))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void whatIsReadWhileListsAreWritten_isAlwaysOneOfThem() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        try (UncommittedChanges reader = UncommittedChanges.open(directory);
                UncommittedChanges writer = UncommittedChanges.open(directory)) {
            Thread writing = new Thread(() -> {
                for (long question = 1; question <= 3_000; question++) {
                    List<Uncommitted> changes = new ArrayList<>();
                    for (int i = 0; i < question % 7; i++) {
                        changes.add(change(question, (int) question));
                    }
                    writer.list(new Listing(question, new Position(1, question), changes));
                }
                done.set(true);
            });
            writing.start();
            int read = 0;
            while (!done.get() || read == 0) {
                Listing listing = reader.listed(1).orElse(null);
                if (listing != null) {
                    read++;
                    assertThat(listing.upTo().sequence()).isEqualTo(listing.question());
                    assertThat(listing.changes())
                            .hasSize((int) (listing.question() % 7))
                            .allMatch(change -> change.id() == listing.question()
                                    && change.images().length() == listing.question());
                }
            }
            writing.join();
        }
    }
}
