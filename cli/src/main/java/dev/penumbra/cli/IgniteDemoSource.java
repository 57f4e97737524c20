package dev.penumbra.cli;

import dev.penumbra.affinity.DatacenterFilter;
import dev.penumbra.ignite.PenumbraConfiguration;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.ignite.cache.affinity.rendezvous.RendezvousAffinityFunction;
import org.apache.ignite.configuration.CacheConfiguration;
import org.jspecify.annotations.Nullable;

/** Tables of the grid itself, which lie in the home datacenter only and are their own home images. */
final class IgniteDemoSource implements DemoSource {
    private static final String TEMPLATE = "home";
    private static final int PARTITIONS = 32;

    private final String url;
    private final Path journal;
    private final Connection connection;
    private final boolean counted;
    private @Nullable JournalCount count;

    /**
     * @param journal the directory into which the home node captures
     * @param counted whether it has a {@link CounterTable}
     */
    IgniteDemoSource(GridNode home, Path journal, boolean counted) throws SQLException {
        this.url = home.jdbcUrl();
        this.journal = journal;
        this.counted = counted;
        this.connection = connect();
        // An asterisk makes it a template. With the copies, because the default region is small.
        home.ignite()
                .addCacheConfiguration(new CacheConfiguration<>(TEMPLATE + "*")
                        .setDataRegionName(GridNode.COPIES_REGION)
                        .setAffinity(new RendezvousAffinityFunction(false, PARTITIONS))
                        .setNodeFilter(new DatacenterFilter(Datacenter.of(DemoGrid.HOME))));
    }

    @Override
    public String label() {
        return "ignite";
    }

    @Override
    public String name() {
        return PenumbraConfiguration.CAPTURE_SOURCE_DEFAULT;
    }

    @Override
    public String schema() {
        return "PUBLIC";
    }

    @Override
    public String address() {
        return url;
    }

    @Override
    public List<String> tables() {
        return DemoSource.tables(counted);
    }

    @Override
    public boolean isTransactional() {
        return false;
    }

    @Override
    public boolean isReadByKey() {
        return false;
    }

    @Override
    public Optional<String> tokenQuery() {
        return Optional.empty();
    }

    @Override
    public Connection connection() {
        return connection;
    }

    @Override
    public Connection connect() throws SQLException {
        return DriverManager.getConnection(url);
    }

    @Override
    public long fill(int rows) throws SQLException {
        String options = " WITH \"TEMPLATE=" + TEMPLATE + "\"";
        TpchTables.create(connection, options);
        if (counted) {
            CounterTable.create(connection, options);
        }
        return TpchTables.fill(connection, isTransactional(), rows);
    }

    @Override
    public void capture() throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String table : tables()) {
                statement.execute("CREATE TRIGGER " + table + "_CAPTURE AFTER INSERT, UPDATE, DELETE ON " + table
                        + " FOR EACH ROW CAPTURE");
            }
        }
    }

    @Override
    public Path journal() {
        return journal;
    }

    @Override
    public void settle(DemoProgress progress) throws SQLException {
        if (!progress.comes(() -> DemoSource.number(
                        connection,
                        "SELECT COUNT(*) FROM SYS.PENUMBRA_TRIGGERS WHERE PHASE = 'RUNNING' AND WAITING = 0")
                == tables().size())) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE)
                    .with("source", label())
                    .with("waitedFor", "the journal to have everything that is committed");
        }
    }

    @Override
    public Position journalled() {
        if (count == null) {
            count = new JournalCount(journal);
        }
        return count.advance();
    }

    @Override
    public SortedMap<String, Position> applied(Connection grid) throws SQLException {
        SortedMap<String, Position> applied = new TreeMap<>();
        // Where a feed that does not run has been says nothing.
        try (PreparedStatement query = grid.prepareStatement(
                "SELECT DATACENTER, APPLIED FROM SYS.PENUMBRA_JOURNALS WHERE SOURCE = ? AND PHASE = 'RUNNING'")) {
            query.setString(1, name());
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    applied.put(rows.getString(1), Position.parse(rows.getString(2)));
                }
            }
        }
        return applied;
    }

    /** Positions of such shadows are counted by partition, so it is the feed that tells how far it is. */
    @Override
    public boolean isCaughtUp(Connection grid, Position end, List<String> datacenters) throws SQLException {
        Map<String, Position> applied = applied(grid);
        for (String datacenter : datacenters) {
            if (applied.getOrDefault(datacenter, Position.START).compareTo(end) < 0) {
                return false;
            }
        }
        int shadows = 0;
        try (PreparedStatement query =
                grid.prepareStatement("SELECT PHASE FROM SYS.PENUMBRA_SHADOWS WHERE SOURCE = ?")) {
            query.setString(1, name());
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    if (!rows.getString(1).equals("READY")) {
                        return false;
                    }
                    shadows++;
                }
            }
        }
        return shadows == tables().size() * datacenters.size();
    }

    @Override
    public void close() throws SQLException {
        if (count != null) {
            count.close();
        }
        connection.close();
    }
}
