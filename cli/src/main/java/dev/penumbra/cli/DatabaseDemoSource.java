package dev.penumbra.cli;

import dev.penumbra.journal.JournalReader;
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
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A database beside the grid, captured by a relay, whose tables have home images. */
abstract class DatabaseDemoSource implements DemoSource {
    private final SourceKind kind;
    private final String url;
    private final String user;
    private final String schema;
    private final boolean counted;
    private final Path journal;
    private final Connection connection;
    private @Nullable String name;
    private @Nullable PreparedStatement status;

    /** @param counted whether it has a {@link CounterTable} */
    DatabaseDemoSource(SourceKind kind, String url, String user, String schema, Path journal, boolean counted)
            throws SQLException {
        this.kind = kind;
        this.url = url;
        this.user = user;
        this.schema = schema;
        this.journal = journal;
        this.counted = counted;
        this.connection = connect();
    }

    @Override
    public final Connection connect() throws SQLException {
        return DriverManager.getConnection(url, user, "");
    }

    @Override
    public final Connection connection() {
        return connection;
    }

    @Override
    public final String name() {
        if (name == null) {
            try (JournalReader reader = JournalReader.openOldest(journal)) {
                name = reader.source();
            }
        }
        return name;
    }

    @Override
    public final String schema() {
        return schema;
    }

    @Override
    public final List<String> tables() {
        return DemoSource.tables(counted);
    }

    @Override
    public final boolean isTransactional() {
        return true;
    }

    @Override
    public final boolean isReadByKey() {
        return true;
    }

    @Override
    public final Optional<String> tokenQuery() {
        return Optional.of(kind.tokenQuery());
    }

    @Override
    public final Path journal() {
        return journal;
    }

    @Override
    public long fill(int rows) throws SQLException {
        TpchTables.create(connection, "");
        if (counted) {
            CounterTable.create(connection, "");
        }
        return TpchTables.fill(connection, isTransactional(), rows);
    }

    @Override
    public final void capture() throws SQLException {
        for (String table : tables()) {
            kind.install(connection, schema + "." + table, journal);
        }
    }

    @Override
    public final void settle(DemoProgress progress) throws SQLException {
        if (!kind.settle(connection, DemoProgress.PATIENCE.toMillis())) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE)
                    .with("source", label())
                    .with("waitedFor", "the journal to have everything that is committed");
        }
    }

    @Override
    public final Position journalled() throws SQLException {
        if (status == null) {
            status = connection.prepareStatement(kind.statusQuery(connection));
        }
        try (ResultSet row = status.executeQuery()) {
            return row.next() ? Position.parse(row.getString("JOURNALLED")) : Position.START;
        }
    }

    @Override
    public final SortedMap<String, Position> applied(Connection grid) throws SQLException {
        SortedMap<String, Position> applied = new TreeMap<>();
        try (PreparedStatement query =
                grid.prepareStatement("SELECT DATACENTER, APPLIED_EPOCH, APPLIED_SEQUENCE FROM SYS.PENUMBRA_FRONTIERS"
                        + " WHERE SOURCE = ?")) {
            query.setString(1, name());
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    applied.put(rows.getString(1), new Position(rows.getInt(2), rows.getLong(3)));
                }
            }
        }
        return applied;
    }

    @Override
    public final boolean isCaughtUp(Connection grid, Position end, List<String> datacenters) throws SQLException {
        int copies = 0;
        try (PreparedStatement query =
                grid.prepareStatement("SELECT PHASE, APPLIED FROM SYS.PENUMBRA_SHADOWS WHERE SOURCE = ?")) {
            query.setString(1, name());
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    if (!rows.getString(1).equals("READY")
                            || Position.parse(rows.getString(2)).compareTo(end) < 0) {
                        return false;
                    }
                    copies++;
                }
            }
        }
        return copies == tables().size() * (1 + datacenters.size());
    }

    final void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    final String url() {
        return url;
    }

    @Override
    public final void close() throws SQLException {
        try {
            connection.close();
        } finally {
            kind.release(url);
        }
    }
}
