package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.capture.GridJournals;
import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.model.Change;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.cache.CacheException;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.cache.query.SqlFieldsQuery;
import org.apache.ignite.cluster.ClusterTopologyException;
import org.apache.ignite.configuration.CacheConfiguration;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.util.typedef.X;
import org.apache.ignite.plugin.PluginProvider;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** Nodes that each have a journal for captured Ignite tables, and what those journals say. */
@NullMarked
final class TriggeredGrid implements AutoCloseable {
    private static final int ATTEMPTS = 10;
    private static final long FIRST_PAUSE_NANOS = Duration.ofMillis(5).toNanos();

    private final Grid grid;
    private final Path directory;
    private final List<Path> journals = new ArrayList<>();
    private final List<Ignite> nodes = new ArrayList<>();

    TriggeredGrid(Path directory) {
        this(directory, () -> new PluginProvider<?>[0]);
    }

    /** @param plugins makes the plugins of a node; none for those on the class path */
    TriggeredGrid(Path directory, Supplier<PluginProvider<?>[]> plugins) {
        this.directory = directory;
        this.grid = new Grid(plugins);
    }

    Ignite start() {
        return start(configuration -> {});
    }

    /** Starts a node in a datacenter. */
    Ignite startIn(String datacenter) {
        return startIn(datacenter, configuration -> {});
    }

    Ignite startIn(String datacenter, Consumer<PenumbraConfiguration> settings) {
        return start(datacenter, settings);
    }

    Ignite start(Consumer<PenumbraConfiguration> settings) {
        return start(Grid.NOWHERE, settings);
    }

    private Ignite start(String datacenter, Consumer<PenumbraConfiguration> settings) {
        Path journal = directory.resolve("journal-" + journals.size());
        PenumbraConfiguration configuration = new PenumbraConfiguration().setCaptureDirectory(journal.toString());
        settings.accept(configuration);
        Ignite node = grid.start(datacenter, configuration);
        journals.add(journal);
        nodes.add(node);
        return node;
    }

    /** Starts a node that holds no rows and has no journal. */
    Ignite startClient() {
        return grid.startClient();
    }

    /** Starts a node with persistence: the same node again when it is given the same number. */
    Ignite startStored(int number) {
        Path journal = directory.resolve("journal-" + number);
        if (!journals.contains(journal)) {
            journals.add(journal);
        }
        Ignite node = grid.start(
                "stored-" + number,
                directory.resolve("storage-" + number),
                new PenumbraConfiguration().setCaptureDirectory(journal.toString()));
        nodes.add(node);
        return node;
    }

    List<Ignite> nodes() {
        return List.copyOf(nodes);
    }

    void stopAll() {
        for (Ignite node : List.copyOf(nodes)) {
            stop(node);
        }
    }

    void stop(Ignite node) {
        nodes.remove(node);
        grid.stop(node);
    }

    List<List<?>> sql(String sql, Object... parameters) {
        return sql(nodes.get(0), sql, parameters);
    }

    /** Asks on behalf of whoever the thread works for, who may not create a cache. */
    static List<List<?>> query(Ignite node, String sql) {
        return ((IgniteEx) node)
                .context()
                .query()
                .querySqlFields(new SqlFieldsQuery(sql), false)
                .getAll();
    }

    static List<List<?>> sql(Ignite node, String sql, Object... parameters) {
        IgniteCache<?, ?> any = node.getOrCreateCache(new CacheConfiguration<>("ANY"));
        long pause = FIRST_PAUSE_NANOS;
        for (int attempt = 1; ; attempt++) {
            try {
                return any.query(new SqlFieldsQuery(sql).setArgs(parameters)).getAll();
            } catch (CacheException e) {
                // Ignite refuses what it plans while caches come and go, as those of copies do, and asks to be asked
                // again.
                if (attempt == ATTEMPTS || !X.hasCause(e, ClusterTopologyException.class)) {
                    throw e;
                }
                LockSupport.parkNanos(pause);
                pause *= 2;
            }
        }
    }

    GridJournals journals(TableName table) {
        return new GridJournals(
                journals.stream().filter(java.nio.file.Files::isDirectory).toList(), table);
    }

    /** How many rows that stood one node has journalled. */
    long journalRows(int node, TableName table) {
        long rows = 0;
        try (JournalReader reader = JournalReader.open(journals.get(node), Position.START)) {
            for (CommittedTransaction next = reader.poll(); next != null; next = reader.poll()) {
                for (Change change : next) {
                    boolean stood = change.origin() == Origin.SNAPSHOT && change.operation() == Operation.INSERT;
                    rows += stood && change.table().equals(table) ? 1 : 0;
                }
            }
        }
        return rows;
    }

    /** The table's rows by key, which is the first column. */
    Map<Key, Row> table(TableName table, int columns) {
        Map<Key, Row> rows = new HashMap<>();
        for (List<?> row : sql("SELECT * FROM \"" + table.schema() + "\".\"" + table.table() + "\"")) {
            @Nullable Object[] values = row.toArray();
            assertThat(values).hasSize(columns);
            rows.put(Key.of(java.util.Objects.requireNonNull(values[0])), Row.of(values));
        }
        return rows;
    }

    /** Waits until every node has emitted all rows and changes, and knows that the others have. */
    void settle() {
        for (Ignite node : nodes) {
            PenumbraPlugin plugin = Grid.plugin(node);
            Grid.await(() -> plugin.triggers().all().stream()
                    .map(trigger -> plugin.triggerRelay().figures(trigger.cache()))
                    .allMatch(figures -> figures != null && figures.complete()));
        }
    }

    /** Waits until the journals, taken together, make exactly the table. */
    GridJournals awaitEqual(TableName table, int columns) {
        settle();
        try {
            Grid.await(() -> journals(table).rows().equals(table(table, columns)));
        } catch (org.awaitility.core.ConditionTimeoutException e) {
            assertThat(journals(table).rows()).isEqualTo(table(table, columns));
        }
        GridJournals found = journals(table);
        assertThat(found.contradictions()).isEmpty();
        return found;
    }

    @Override
    public void close() {
        grid.close();
    }
}
