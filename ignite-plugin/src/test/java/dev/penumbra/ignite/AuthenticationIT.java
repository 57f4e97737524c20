package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.TableName;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.ignite.Ignite;
import org.apache.ignite.cluster.ClusterState;
import org.apache.ignite.internal.IgniteEx;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the users of a grid with Ignite's own authentication may do, from another process. */
@NullMarked
class AuthenticationIT {
    private static final Queue<String> SEEN = new ConcurrentLinkedQueue<>();

    @TempDir
    Path directory;

    /** Notes the keys that are inserted. */
    public static final class Noting implements RowTrigger {
        @Override
        public void fire(
                String trigger, TableName table, @Nullable TableRow before, @Nullable TableRow after, Context context) {
            SEEN.add(trigger + " " + (after == null ? "-" : after.get("ID")));
        }
    }

    private static List<String> by(String user, String... statements) {
        List<String> all = new ArrayList<>();
        for (String sql : statements) {
            all.add(user);
            all.add(sql);
        }
        return all;
    }

    @Test
    void onlyTheAdministratorCreatesAndDropsTriggersAndShadows_andTheTriggerFiresForEverybody() throws Exception {
        String call = " AFTER INSERT ON T FOR EACH ROW CALL '" + Noting.class.getName() + "'";
        String capture = " AFTER INSERT, UPDATE, DELETE ON T FOR EACH ROW CAPTURE";
        String shadow = " OF ignite.PUBLIC.T IN DATACENTER 'eu'";
        try (Grid grid = new Grid()) {
            grid.configure(node -> node.setAuthenticationEnabled(true));
            Ignite node = grid.start(
                    "authenticated",
                    directory,
                    new PenumbraConfiguration()
                            .setDatacenter("eu")
                            .setCaptureDirectory(directory.resolve("journal").toString())
                            .setTriggerClasses(List.of(Noting.class.getName())));
            node.cluster().state(ClusterState.ACTIVE);
            Grid.await(() -> Grid.plugin(node).shadows().all().isEmpty());
            int port = ((IgniteEx) node).context().clientListener().port();

            assertThat(JdbcProcess.run(
                            port,
                            by(
                                    "ignite",
                                    "CREATE TABLE T (ID INT PRIMARY KEY, A VARCHAR)",
                                    "CREATE USER \"reader\" WITH PASSWORD 'reader'",
                                    "CREATE TRIGGER SEES" + call,
                                    "CREATE TRIGGER C" + capture,
                                    "CREATE SHADOW" + shadow)))
                    .hasSize(5)
                    .allMatch(JdbcProcess::isDone);
            List<String> refused = JdbcProcess.run(
                    port,
                    by(
                            "reader",
                            "CREATE TRIGGER TOO" + call,
                            "CREATE TRIGGER TOO" + capture,
                            "CREATE TRIGGER IF NOT EXISTS SEES" + call,
                            "DROP TRIGGER SEES",
                            "DROP TRIGGER IF EXISTS NONE",
                            "CREATE SHADOW IF NOT EXISTS" + shadow,
                            "DROP SHADOW" + shadow,
                            "INSERT INTO T VALUES (1, 'x')",
                            "SELECT * FROM SHADOW.T"));
            assertThat(refused).hasSize(9);
            assertThat(refused.subList(0, 7))
                    .allSatisfy(answer -> assertThat(answer)
                            .contains("needs the grid's administrator")
                            .contains("user=reader"));
            assertThat(refused.subList(7, 9)).allMatch(JdbcProcess::isDone);
            Grid.await(() -> !SEEN.isEmpty());
            assertThat(SEEN).containsExactly("SEES 1");
            assertThat(Grid.plugin(node).triggers().all()).hasSize(2);
            assertThat(Grid.plugin(node).shadows().all()).hasSize(1);

            assertThat(JdbcProcess.run(
                            port, by("ignite", "DROP SHADOW" + shadow, "DROP TRIGGER C", "DROP TRIGGER SEES")))
                    .hasSize(3)
                    .allMatch(JdbcProcess::isDone);
        }
    }
}
