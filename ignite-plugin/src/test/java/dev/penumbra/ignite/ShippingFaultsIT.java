package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Datacenter;
import dev.penumbra.shadow.Compression;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a feed must survive, what it must refuse, and what it must leave behind. */
@NullMarked
class ShippingFaultsIT {
    private final MemoryJournal journal = new MemoryJournal("shop");
    private final Workload workload = new Workload(journal, 1, 2_000);
    private final Grid grid = new Grid();

    @AfterEach
    void stop() {
        grid.close();
    }

    private static final ShadowName EU = new ShadowName("shop", Orders.NAME, Datacenter.of("eu"));

    private static void create(Ignite node) {
        Grid.plugin(node).shadows().create(new ShadowDefinition(EU, Compression.ZSTD, 0), false);
    }

    private void assertEqual(Ignite node, String... datacenters) {
        Grid.assertEqual(node, journal, Orders.NAME, datacenters);
    }

    private static List<List<?>> journals(Ignite node) {
        return node.cache("penumbra-registry")
                .query(new SqlFieldsQuery("SELECT DATACENTER, PHASE, FAILURES FROM SYS.PENUMBRA_JOURNALS"))
                .getAll();
    }

    @Test
    void aFeedThatDiesOfAnError_beginsAgain_andSaysSo() {
        workload.snapshot(500);
        Ignite home = grid.start("home", journal);
        assertEqual(home, "home");

        journal.failOnce(new OutOfMemoryError("thrown by a test"));
        workload.transactions(50);

        assertEqual(home, "home");
        assertThat(journals(home))
                .anySatisfy(row -> assertThat((Long) row.get(2)).isPositive());
    }

    @Test
    void aJournalThatTakesTheOldOnesPlace_replacesWhatThatHadBrought() {
        workload.snapshot(500);
        Ignite home = grid.start("home", journal);
        grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        create(home);
        assertEqual(home, "home", "eu");

        journal.beginAnew();
        new Workload(journal, 2, 2_000).snapshot(600);

        assertEqual(home, "home", "eu");
    }

    @Test
    void anotherJournalOfTheSameName_isNotShippedBesideTheFirst_norTakesOver() {
        workload.snapshot(300);
        Ignite home = grid.start("home");
        Ignite first = grid.start(Grid.NOWHERE, journal);
        assertEqual(home, "home");
        MemoryJournal other = new MemoryJournal("shop");
        new Workload(other, 3, 2_000).snapshot(400);
        Ignite second = grid.start(Grid.NOWHERE, other);
        Grid.await(() -> journals(second).stream().anyMatch(row -> row.get(1).equals("REFUSED")));

        grid.stop(first);
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(2));

        assertEqual(home, "home");
    }

    @Test
    void anotherJournalOfTheSameNameWhereADatacenterIsFed_isNotWhatItsShadowsAreFedFrom() {
        workload.snapshot(300);
        Ignite home = grid.start("home", journal);
        assertEqual(home, "home");
        MemoryJournal other = new MemoryJournal("shop");
        new Workload(other, 3, 2_000).snapshot(400);
        Ignite eu = grid.start("eu", other);
        create(home);
        workload.transactions(50);

        assertEqual(home, "home", "eu");
        assertThat(journals(eu))
                .anyMatch(row -> row.get(1).equals("REFUSED"))
                .anyMatch(row -> row.get(1).equals("RUNNING"));
    }

    @Test
    void aDatacenterWithoutShadows_keepsNothingInTheJournal_andCanHaveOneAgain() {
        workload.snapshot(300);
        Ignite home = grid.start("home", journal);
        grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        create(home);
        assertEqual(home, "eu");
        assertThat(journal.retained()).contains("shipper.eu");

        Grid.plugin(home).shadows().drop(EU, false);
        Grid.await(() -> !journal.retained().contains("shipper.eu"));
        Grid.await(() -> journals(home).stream().noneMatch(row -> row.get(0).equals("eu")));
        workload.transactions(50);
        create(home);

        assertEqual(home, "home", "eu");
    }

    @Test
    void aDatacenterThatIsGivenUp_isNotWaitedForByRetention() {
        workload.snapshot(100);
        Ignite home = grid.start("home", journal);
        Ignite eu = grid.start("eu");
        assertEqual(home, "home");
        create(home);
        assertEqual(home, "home", "eu");
        Grid.await(() -> journal.retained().contains("shipper.eu"));
        grid.stop(eu);

        Grid.plugin(home).shadows().drop(new ShadowName("shop", Orders.NAME, Datacenter.of("eu")), false);

        Grid.await(() -> !journal.retained().contains("shipper.eu"));
    }

    @Test
    void shadowsThatAreDroppedWhileTheyAreFilled_leaveNoCacheBehind() {
        workload.snapshot(1_500);
        Ignite home = grid.start("home", journal);
        grid.start("eu");
        Grid.awaitCaughtUp(home, journal, Orders.NAME, "home");
        Random random = new Random(7);
        for (int i = 0; i < 40; i++) {
            create(home);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(60)));
            Grid.plugin(home).shadows().drop(EU, false);
        }
        create(home);

        assertEqual(home, "eu");
        String cache = Grid.shadow(home, "shop", Orders.NAME, "eu").cacheName();
        Grid.await(() -> home.cacheNames().stream()
                .filter(name -> name.startsWith(Copy.CACHE_PREFIX) && name.contains("-eu-"))
                .toList()
                .equals(List.of(cache)));
    }
}
