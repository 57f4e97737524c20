package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.ignite.ShadowAudit.Audited;
import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.ignite.internal.VersionedCache.Write;
import dev.penumbra.model.Key;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.shadow.BinaryRows;
import dev.penumbra.shadow.Copy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes in eu hold the shadow; the source's relay is a thread of the test. */
@NullMarked
class ShadowAuditIT {
    private static final int PARTITIONS = 16;

    @TempDir
    Path directory;

    private final MemoryJournal journal = new MemoryJournal("shop");
    private final Workload workload = new Workload(journal, 1, 400);
    private final Grid grid = new Grid();
    private MemoryRelay relay;
    private Ignite eu;

    @BeforeEach
    void start() {
        relay = new MemoryRelay(journal, directory);
        workload.snapshot(300);
        Ignite home = grid.start("home", settings(), journal);
        eu = grid.start("eu", settings());
        grid.start("eu", settings());
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
    }

    @AfterEach
    void stop() {
        relay.close();
        grid.close();
    }

    private static PenumbraConfiguration settings() {
        return new PenumbraConfiguration().setAuditPauseMillis(1).setPartitions(PARTITIONS);
    }

    private void createShadow(String coverage) {
        eu.cache("penumbra-registry")
                .query(new SqlFieldsQuery("CREATE SHADOW OF shop.PUBLIC.ORDERS IN DATACENTER 'eu' " + coverage))
                .getAll();
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
    }

    private Audited audited() {
        return Grid.plugin(eu).audit().figures().iterator().next();
    }

    private long cycles() {
        return audited().cycles();
    }

    private void awaitCycles(int more) {
        Grid.await(() -> !Grid.plugin(eu).audit().figures().isEmpty());
        long known = cycles();
        Grid.await(() -> cycles() >= known + more);
    }

    @Test
    void whatIsBeingWritten_isNotTakenForWrong() {
        createShadow("");
        awaitCycles(1);
        long generation = generation();
        writeFor(1);
        awaitCycles(2);
        assertThat(audited().wrong()).isZero();
        assertThat(audited().rows()).isPositive();
        assertThat(generation()).isEqualTo(generation);
    }

    @Test
    void rowsThatMoveInAndOutOfAPart_areNotTakenForWrong() {
        createShadow("WHERE CUSTKEY < 75000 AND ORDERKEY < 350");
        awaitCycles(1);
        writeFor(1);
        awaitCycles(2);
        assertThat(audited().wrong()).isZero();
        assertThat(audited().rows()).isPositive();
    }

    private void writeFor(int seconds) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        long known = cycles();
        while (System.nanoTime() - end < 0 || cycles() == known) {
            workload.transactions(20);
            try {
                TimeUnit.MILLISECONDS.sleep(5);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
    }

    private long generation() {
        return Grid.shadow(eu, "shop", Orders.NAME, "eu").generation();
    }

    @Test
    void aRowThatNoChangeHasWritten_andOneThatIsMissing_areFound_andTheShadowIsFilledAnew() {
        createShadow("");
        awaitCycles(1);
        Map<Key, Row> rows = journal.table(Orders.NAME);
        Key first = rows.keySet().iterator().next();
        for (Key key : List.of(first, Key.of(4_711L))) {
            long before = generation();
            write(key, Orders.row((Long) key.get(0), new Random(1)));
            awaitFilledAnew(before, rows);
        }
        long before = generation();
        write(first, null);
        awaitFilledAnew(before, rows);
        awaitCycles(2);
        assertThat(audited().wrong()).isEqualTo(3);
        assertThat(eu.cache("penumbra-registry")
                        .query(new SqlFieldsQuery("SELECT TABLE_NAME, WRONG_ROWS FROM SYS.PENUMBRA_AUDITS"))
                        .getAll())
                .isEqualTo(List.of(List.of("ORDERS", 3L)));
    }

    private void awaitFilledAnew(long before, Map<Key, Row> rows) {
        Grid.await(() -> generation() > before);
        Grid.awaitCaughtUp(eu, journal, Orders.NAME, "eu");
        assertThat(Grid.rows(eu, Grid.shadow(eu, "shop", Orders.NAME, "eu"))).isEqualTo(rows);
    }

    /** As only a defect could: with a position that the journal has not reached. */
    private void write(Key key, @Nullable Row row) {
        Copy copy = Grid.shadow(eu, "shop", Orders.NAME, "eu");
        BinaryRows form = new BinaryRows(eu.binary(), copy);
        Position later = new Position(journal.last().epoch(), journal.last().sequence() + 1_000_000);
        GridInternals.versionedCache(eu, copy.cacheName(), Runnable::run)
                .write(List.of(new Write(form.key(key), row == null ? null : form.value(row), later)))
                .join();
    }
}
