package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.journal.DualJournal;
import dev.penumbra.journal.JournalConfiguration;
import dev.penumbra.journal.JournalWriter;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TransactionId;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.ShadowStatus;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.ignite.Ignite;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullMarked
class JournalDirectoryIT {
    private final Map<Key, Row> expected = new HashMap<>();
    private final Random random = new Random(4);
    private long transactions;

    private Position write(JournalWriter writer, int rows) {
        try (JournalWriter.TransactionAppender appender = writer.begin(new TransactionId(1, ++transactions))) {
            for (int i = 0; i < rows; i++) {
                Row row = Orders.row(random.nextInt(2_000), random);
                Row before = expected.put(Orders.SCHEMA.keyOf(row), row);
                appender.change(
                        Orders.SCHEMA,
                        before == null ? Operation.INSERT : Operation.UPDATE,
                        Origin.CAPTURED,
                        before,
                        row);
            }
            return appender.commit();
        }
    }

    private static void writeEvent(JournalWriter writer, long number, Operation operation) {
        try (JournalWriter.TransactionAppender appender = writer.begin(new TransactionId(0, number))) {
            appender.tableEvent(Orders.SCHEMA, operation, Origin.SNAPSHOT);
            appender.commit();
        }
    }

    @Test
    void aJournalInADirectory_isShippedAcrossEpochs(@TempDir Path directory) {
        try (DualJournal journal =
                DualJournal.open(directory, "shop", JournalConfiguration.DEFAULT, Clock.systemUTC())) {
            writeEvent(journal.current(), 1, Operation.SCHEMA);
            for (int i = 0; i < 50; i++) {
                write(journal.current(), 40);
            }
            writeEvent(journal.current(), 2, Operation.SNAPSHOT_END);
        }
        try (Grid grid = new Grid()) {
            Ignite home = grid.start(
                    "home", new PenumbraConfiguration().setJournalDirectories(List.of(directory.toString())));
            grid.start("eu");
            Grid.await(() -> Grid.plugin(home)
                            .gridShadows()
                            .status(Grid.homeImage(home, "shop", Orders.NAME))
                            .phase()
                    == ShadowStatus.Phase.READY);
            Grid.plugin(home)
                    .shadows()
                    .create(
                            new ShadowDefinition(
                                    new ShadowName("shop", Orders.NAME, Datacenter.of("eu")), Compression.ZSTD, 0),
                            false);
            try (DualJournal journal =
                    DualJournal.open(directory, "shop", JournalConfiguration.DEFAULT, Clock.systemUTC())) {
                Position last = Position.START;
                for (int i = 0; i < 50; i++) {
                    last = write(journal.current(), 10);
                }
                Position end = last;
                assertThat(end.epoch()).isEqualTo(2);
                Grid.await(() -> at(home, Grid.shadow(home, "shop", Orders.NAME, "eu"), end));
                Grid.await(() -> at(home, Grid.homeImage(home, "shop", Orders.NAME), end));
            }

            assertThat(Grid.rows(home, Grid.homeImage(home, "shop", Orders.NAME)))
                    .isEqualTo(expected);
            assertThat(Grid.rows(home, Grid.shadow(home, "shop", Orders.NAME, "eu")))
                    .isEqualTo(expected);
        }
    }

    private static boolean at(Ignite node, Copy copy, Position end) {
        ShadowStatus status = Grid.plugin(node).gridShadows().status(copy);
        return status.phase() == ShadowStatus.Phase.READY && status.applied().compareTo(end) >= 0;
    }
}
