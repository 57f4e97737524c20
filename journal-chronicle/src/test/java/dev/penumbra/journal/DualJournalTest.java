package dev.penumbra.journal;

import static dev.penumbra.journal.Journals.ACCOUNT;
import static dev.penumbra.journal.Journals.drain;
import static dev.penumbra.journal.Journals.insert;
import static dev.penumbra.journal.Journals.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.penumbra.model.Change;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TransactionId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DualJournalTest {
    private static final TransactionId TX = new TransactionId(1, 1);

    @TempDir
    Path directory;

    private static Change inserted(Position position, long id) {
        return new Change(
                position, TX, Operation.INSERT, Origin.CAPTURED, ACCOUNT, Key.of(id), null, Row.of(id, "translated"));
    }

    @Test
    void promote_makesTheFutureJournalCurrent_andReadersGoOnInIt() {
        try (DualJournal journal = Journals.open(directory);
                JournalReader reader = JournalReader.open(directory, Position.START)) {
            insert(journal.current(), 1, 1);
            journal.future("v2").append(TX, List.of(inserted(new Position(1, 1), 100)));
            assertThat(drain(reader)).containsExactly(List.of(1L));

            journal.promote("v2");
            assertThat(insert(journal.current(), 2, 2)).isEqualTo(new Position(2, 1));

            assertThat(journal.futures()).isEmpty();
            List<List<Long>> rest = new ArrayList<>();
            await().until(() -> {
                rest.addAll(drain(reader));
                return !rest.isEmpty();
            });
            assertThat(rest).containsExactly(List.of(2L));
        }
        assertThat(readAll(directory)).containsExactly(List.of(100L), List.of(2L));
    }

    @Test
    void promote_ofAFutureThatLagsBehind_isRefused_andTheCurrentStaysCurrent() {
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 1, 1);
            journal.future("v2").append(TX, List.of(inserted(new Position(1, 1), 100)));
            insert(journal.current(), 2, 2);
            assertThatThrownBy(() -> journal.promote("v2"))
                    .hasMessageContaining("PENUMBRA-3006")
                    .hasMessageContaining("current=1:2")
                    .hasMessageContaining("future=1:1");
            assertThatThrownBy(() -> journal.promote("v3")).hasMessageContaining("PENUMBRA-2002");
            insert(journal.current(), 3, 3);
        }
        assertThat(readAll(directory)).containsExactly(List.of(1L), List.of(2L), List.of(3L));
    }

    @Test
    void future_refusesAHole_andContinuesAfterReopening() {
        try (DualJournal journal = Journals.open(directory)) {
            FutureJournal future = journal.future("v2");
            future.append(TX, List.of(inserted(new Position(1, 1), 1), inserted(new Position(1, 2), 2)));
            assertThatThrownBy(() -> future.append(TX, List.of(inserted(new Position(1, 4), 4))))
                    .hasMessageContaining("PENUMBRA-3006");
            assertThatThrownBy(() -> future.append(TX, List.of(inserted(new Position(2, 2), 4))))
                    .hasMessageContaining("PENUMBRA-3006");
        }
        try (DualJournal journal = Journals.open(directory)) {
            assertThat(journal.futures()).containsExactly("v2");
            assertThat(journal.future("v2").last()).isEqualTo(new Position(1, 2));
            journal.future("v2").append(TX, List.of(inserted(new Position(2, 1), 3)));
            assertThat(journal.future("v2").last()).isEqualTo(new Position(2, 1));
        }
    }

    @Test
    void dropFuture_removesItsFiles_andLeavesTheOthers() {
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 1, 1);
            journal.future("v2");
            journal.future("v3");
            journal.dropFuture("v2");
            journal.dropFuture("never there");
            assertThat(journal.futures()).containsExactly("v3");
        }
        assertThat(directory.resolve("queue-2")).doesNotExist();
        assertThat(directory.resolve("queue-3")).exists();
        assertThat(readAll(directory)).containsExactly(List.of(1L));
    }

    @Test
    void opening_removesAQueueThatNoCatalogueNames() throws Exception {
        try (DualJournal journal = Journals.open(directory)) {
            journal.future("v2");
        }
        Catalogue.read(directory).withoutFuture("v2").write(directory);
        Journals.open(directory).close();
        assertThat(directory.resolve("queue-2")).doesNotExist();
    }

    @Test
    void opening_beginsAgain_whatACrashLeftOfTheFirstCreation_butNeverOverAJournal() throws Exception {
        Files.createDirectories(directory.resolve("queue-1"));
        Files.write(directory.resolve("queue-1").resolve("metadata.cq4t"), new byte[4096]);
        try (DualJournal journal = Journals.open(directory)) {
            insert(journal.current(), 1, 1);
        }
        assertThat(readAll(directory)).containsExactly(List.of(1L));
        Files.delete(directory.resolve(Catalogue.FILE));
        assertThatThrownBy(() -> Journals.open(directory))
                .hasMessageContaining("PENUMBRA-3002")
                .hasMessageContaining("the catalogue is missing");
    }

    @Test
    void aDamagedCatalogue_isRefused_andANewerOneNamesBothVersions() throws Exception {
        Journals.open(directory).close();
        Path file = directory.resolve(Catalogue.FILE);
        String text = Files.readString(file);
        Files.writeString(file, text.replace("current 1", "current 2"));
        assertThatThrownBy(() -> Journals.open(directory)).hasMessageContaining("PENUMBRA-3002");
        Files.writeString(file, text.replace("catalogue 1", "catalogue 2"));
        assertThatThrownBy(() -> JournalReader.open(directory, Position.START))
                .hasMessageContaining("PENUMBRA-3001")
                .hasMessageContaining("catalogueVersion=2");
        Files.writeString(file, "");
        assertThatThrownBy(() -> Journals.open(directory)).hasMessageContaining("PENUMBRA-3002");
    }

    @Test
    void aJournalWithAnOwner_isRefusedToEveryOther_alsoToOneThatNamesNone() {
        UUID owner = UUID.randomUUID();
        open(owner).close();
        assertThatThrownBy(() -> open(UUID.randomUUID())).hasMessageContaining("PENUMBRA-2010");
        assertThatThrownBy(() -> DualJournal.open(directory, "orders", Journals.SMALL, Clock.systemUTC()))
                .hasMessageContaining("PENUMBRA-2010");
        open(owner).close();
    }

    @Test
    void theOpeningThatWroteLast_isRemembered_alsoBehindAPromotion() {
        UUID owner = UUID.randomUUID();
        UUID opening = UUID.randomUUID();
        try (DualJournal journal = open(owner)) {
            assertThat(journal.opening()).isEmpty();
            journal.noteOpening(opening);
            journal.future("v2");
            journal.promote("v2");
        }
        try (DualJournal journal = open(owner)) {
            assertThat(journal.opening()).contains(opening);
        }
    }

    private DualJournal open(UUID owner) {
        return DualJournal.open(directory, "orders", owner, Journals.SMALL, Clock.systemUTC());
    }
}
