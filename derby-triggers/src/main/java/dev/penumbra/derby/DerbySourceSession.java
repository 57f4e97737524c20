package dev.penumbra.derby;

import com.esotericsoftware.kryo.io.Input;
import dev.penumbra.capture.OutboxRow;
import dev.penumbra.capture.SourceSession;
import dev.penumbra.derby.DerbyDatabase.Horizon;
import dev.penumbra.journal.RowFormat;
import dev.penumbra.journal.SchemaFormat;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Column;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The relay's way into a Derby database: one connection that reads and one that writes, neither of which ever waits for a lock, so
 * that the relay is never part of a deadlock.
 *
 * <p>The outbox is read at READ UNCOMMITTED, cut down to what the database's horizon shows. Rows of tables are read at READ
 * COMMITTED along the key; a row that somebody is writing ends the page before it.
 */
final class DerbySourceSession implements SourceSession {
    private static final String LOCK_TIMEOUT = "40XL1";
    private static final String TABLE_LOCK_TIMEOUT = "X0X02";
    private static final String BY_ID = "PENUMBRA.OUTBOX --DERBY-PROPERTIES index=" + DerbyOutbox.INDEX + "\n";

    private final DerbyDatabase database;
    private final Connection reading;
    private final Connection writing;
    private final PreparedStatement selectOutbox;
    private final PreparedStatement selectIndex;
    private final PreparedStatement deleteOutbox;
    private final Map<TableName, Place> places = new HashMap<>();

    private @Nullable Horizon horizon;
    private boolean knowsNoDoubt;

    /** How far a table has been copied: the number that its last row was given, and that row's key. */
    private record Place(long number, Key key) {}

    DerbySourceSession(DerbyDatabase database) throws SQLException {
        this.database = database;
        this.reading = database.connect();
        this.writing = database.connect();
        reading.setAutoCommit(false);
        writing.setAutoCommit(false);
        this.selectOutbox = reading.prepareStatement(
                "SELECT ID, TX, IMAGES FROM " + BY_ID + " WHERE ID > ? AND ID <= ? ORDER BY ID WITH UR");
        this.selectIndex = reading.prepareStatement(
                "SELECT ID, TX, LENGTH(IMAGES) FROM " + BY_ID + " WHERE ID > ? ORDER BY ID WITH UR");
        this.deleteOutbox = writing.prepareStatement("DELETE FROM PENUMBRA.OUTBOX WHERE ID = ?");
    }

    @Override
    public void begin() throws SQLException {
        horizon = null;
        if (!knowsNoDoubt) {
            requireNoDoubt();
            knowsNoDoubt = true;
        }
    }

    /** A prepared transaction that outlived a crash has rows in the outbox of which nobody can say yet what becomes of them. */
    private void requireNoDoubt() throws SQLException {
        try (Statement statement = reading.createStatement();
                ResultSet found = statement.executeQuery(
                        "SELECT XID, GLOBAL_XID FROM SYSCS_DIAG.TRANSACTION_TABLE WHERE STATUS = 'PREPARED'")) {
            if (found.next()) {
                throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE)
                        .with("source", database.name())
                        .with("reason", "a prepared XA transaction waits to be committed or rolled back")
                        .with("transaction", found.getString(2));
            }
        }
    }

    private Horizon horizon() {
        Horizon known = horizon;
        if (known == null) {
            known = database.horizon();
            horizon = known;
        }
        return known;
    }

    @Override
    public OutboxPage outbox(long afterId, long uptoId, int maxRows, long maxBytes) throws SQLException {
        Horizon shown = horizon();
        List<OutboxRow> rows = new ArrayList<>();
        long bytes = 0;
        long passedOver = 0;
        selectOutbox.setLong(1, afterId);
        selectOutbox.setLong(2, uptoId);
        try (ResultSet found = selectOutbox.executeQuery()) {
            while (found.next()) {
                long id = found.getLong(1);
                long transaction = found.getLong(2);
                if (!shown.shows(transaction)) {
                    passedOver++;
                    continue;
                }
                if (rows.size() == maxRows || bytes > maxBytes) {
                    return new OutboxPage(rows, false);
                }
                Bytes images = Bytes.wrap(found.getBytes(3));
                bytes += images.length();
                rows.add(new OutboxRow(id, transaction, images));
            }
        }
        if (afterId == 0 && uptoId == Long.MAX_VALUE) {
            database.counted(rows.size() + passedOver);
        }
        return new OutboxPage(rows, true);
    }

    @Override
    public List<OutboxEntry> outboxIndex(long afterId, int maxRows) throws SQLException {
        Horizon shown = horizon();
        List<OutboxEntry> entries = new ArrayList<>();
        selectIndex.setLong(1, afterId);
        try (ResultSet found = selectIndex.executeQuery()) {
            while (entries.size() < maxRows && found.next()) {
                long transaction = found.getLong(2);
                if (shown.shows(transaction)) {
                    entries.add(new OutboxEntry(found.getLong(1), transaction, found.getLong(3)));
                }
            }
        }
        return entries;
    }

    @Override
    public List<OutboxRow> uncommitted(LongPredicate isKnown, int maxRows, long maxBytes) throws SQLException {
        selectOutbox.setLong(1, 0);
        selectOutbox.setLong(2, Long.MAX_VALUE);
        try (ResultSet found = selectOutbox.executeQuery()) {
            return OutboxRow.unknown(found, isKnown, maxRows, maxBytes);
        } finally {
            reading.commit();
        }
    }

    @Override
    public void delete(List<Long> outboxIds, Position settled) throws SQLException {
        try {
            for (long id : outboxIds) {
                deleteOutbox.setLong(1, id);
                deleteOutbox.executeUpdate();
            }
            DerbyDatabase.setState(writing, DerbyDatabase.SETTLED_STATE, settled.toString());
            writing.commit();
        } catch (SQLException e) {
            writing.rollback();
            throw e;
        }
    }

    @Override
    public Position settled() throws SQLException {
        String noted = DerbyDatabase.state(writing, DerbyDatabase.SETTLED_STATE, "");
        writing.commit();
        return noted.isEmpty() ? Position.START : Position.parse(noted);
    }

    @Override
    public List<OutboxRow> leftovers() {
        // Derby's own recovery has undone what was not committed.
        return List.of();
    }

    @Override
    public void discardLeftovers() {
        // There are none.
    }

    @Override
    public Optional<TableSchema> layout(Fingerprint fingerprint) throws SQLException {
        try (PreparedStatement statement =
                writing.prepareStatement("SELECT BODY FROM PENUMBRA.LAYOUT WHERE FINGERPRINT = ?")) {
            statement.setLong(1, fingerprint.value());
            try (ResultSet found = statement.executeQuery()) {
                return found.next() ? Optional.of(SchemaFormat.decode(found.getBytes(1))) : Optional.empty();
            }
        } finally {
            writing.rollback();
        }
    }

    @Override
    public @Nullable List<TriggeredTable> triggeredTables() throws SQLException {
        List<TriggeredTable> tables;
        try {
            Map<String, Long> heaps = DerbyCatalog.heaps(writing);
            tables = DerbyCatalog.triggered(writing, heaps, database.settings().maxLobBytes());
            database.seen(heaps);
        } catch (SQLException e) {
            if (isLocked(e)) {
                return null;
            }
            throw e;
        } finally {
            writing.rollback();
        }
        tables.forEach(table -> database.store(table.schema()));
        return tables;
    }

    @Override
    public boolean barrier(TableName table) throws SQLException {
        // Derby has created the trigger under the table's exclusive lock, and shows it after that has been let go.
        DerbyDatabase.forgetPlans(reading);
        return true;
    }

    @Override
    public RowPage rows(TableSchema schema, long afterRowNumber, int maxRows) throws SQLException {
        @Nullable Place place = places.get(schema.name());
        if (afterRowNumber == Long.MIN_VALUE) {
            place = null;
        } else if (place == null || place.number() != afterRowNumber) {
            throw new SQLException("the copy of " + schema.name() + " has to begin anew");
        }
        long number = place == null ? 0 : place.number();
        List<NumberedRow> rows = new ArrayList<>();
        boolean last;
        try (PreparedStatement statement = reading.prepareStatement(pageQuery(schema, place != null, maxRows))) {
            if (place != null) {
                setBounds(statement, place.key());
            }
            try (ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    Bytes image = DerbyRows.image(schema, found);
                    Key key = schema.keyOf(RowFormat.read(new Input(image.array()), schema));
                    number++;
                    rows.add(new NumberedRow(number, image, key));
                }
            }
            last = rows.size() < maxRows;
        } catch (SQLException e) {
            if (!isLocked(e)) {
                throw e;
            }
            last = false;
        }
        if (!rows.isEmpty()) {
            NumberedRow end = rows.get(rows.size() - 1);
            places.put(schema.name(), new Place(end.number(), end.key()));
        }
        return new RowPage(rows, last);
    }

    /** The next rows along the key's index; a comparison for every column of the key, as Derby has none for whole keys. */
    private String pageQuery(TableSchema schema, boolean hasBegun, int maxRows) throws SQLException {
        List<String> key = schema.keyColumns().stream()
                .map(column -> TableName.quote(column.name()))
                .toList();
        @Nullable String tableId = DerbyCatalog.tableId(reading, schema.name());
        if (tableId == null
                || !DerbyCatalog.schema(reading, tableId, database.settings().maxLobBytes())
                        .equals(schema)) {
            throw new SQLException("the layout of " + schema.name() + " has changed");
        }
        String index = DerbyCatalog.keyIndex(reading, tableId, schema.name(), schema.columns())
                .name();
        StringBuilder query = new StringBuilder("SELECT ")
                .append(columns(schema))
                .append(" FROM ")
                .append(schema.name().quoted())
                .append(" --DERBY-PROPERTIES index=")
                .append(TableName.quote(index))
                .append('\n');
        if (hasBegun) {
            // The first comparison is where the scan of the index begins.
            query.append(" WHERE ").append(key.get(0)).append(" >= ? AND (");
            for (int i = 0; i < key.size(); i++) {
                query.append(i == 0 ? "(" : " OR (");
                for (int before = 0; before < i; before++) {
                    query.append(key.get(before)).append(" = ? AND ");
                }
                query.append(key.get(i)).append(" > ?)");
            }
            query.append(')');
        }
        return query.append(" ORDER BY ")
                .append(String.join(", ", key))
                .append(" FETCH FIRST ")
                .append(maxRows)
                .append(" ROWS ONLY WITH CS")
                .toString();
    }

    private static void setBounds(PreparedStatement statement, Key key) throws SQLException {
        int parameter = 1;
        DerbyRows.setParameter(statement, parameter++, key, 0);
        for (int i = 0; i < key.size(); i++) {
            for (int column = 0; column <= i; column++) {
                DerbyRows.setParameter(statement, parameter++, key, column);
            }
        }
    }

    @Override
    public boolean hold(TableName table) throws SQLException {
        try (Statement statement = reading.createStatement()) {
            statement.execute("LOCK TABLE " + table.quoted() + " IN SHARE MODE");
            return true;
        } catch (SQLException e) {
            if (isLocked(e)) {
                return false;
            }
            throw e;
        }
    }

    private static boolean isLocked(SQLException e) {
        return LOCK_TIMEOUT.equals(e.getSQLState()) || TABLE_LOCK_TIMEOUT.equals(e.getSQLState());
    }

    @Override
    public @Nullable Row row(TableSchema schema, Key key) throws SQLException {
        String condition = schema.keyColumns().stream()
                .map(column -> TableName.quote(column.name()) + " = ?")
                .collect(Collectors.joining(" AND "));
        try (PreparedStatement statement = reading.prepareStatement(
                "SELECT " + columns(schema) + " FROM " + schema.name().quoted() + " WHERE " + condition)) {
            for (int i = 0; i < key.size(); i++) {
                DerbyRows.setParameter(statement, i + 1, key, i);
            }
            try (ResultSet found = statement.executeQuery()) {
                return found.next()
                        ? RowFormat.read(
                                new Input(DerbyRows.image(schema, found).array()), schema)
                        : null;
            }
        }
    }

    private static String columns(TableSchema schema) {
        return schema.columns().stream().map(Column::name).map(TableName::quote).collect(Collectors.joining(", "));
    }

    @Override
    public Map<TableName, TableNote> notes() throws SQLException {
        Map<TableName, TableNote> notes = new LinkedHashMap<>();
        try (Statement statement = writing.createStatement();
                ResultSet found =
                        statement.executeQuery("SELECT SCHEMA_NAME, TABLE_NAME, FINGERPRINT, COMPLETE, TABLE_ID"
                                + " FROM PENUMBRA.CAPTURED_TABLE ORDER BY SCHEMA_NAME, TABLE_NAME")) {
            while (found.next()) {
                notes.put(
                        new TableName(found.getString(1), found.getString(2)),
                        new TableNote(new Fingerprint(found.getLong(3)), found.getBoolean(4), found.getLong(5)));
            }
        } finally {
            writing.rollback();
        }
        return notes;
    }

    @Override
    public void note(TableName table, @Nullable TableNote note) throws SQLException {
        try (PreparedStatement delete = writing.prepareStatement(
                "DELETE FROM PENUMBRA.CAPTURED_TABLE WHERE SCHEMA_NAME = ? AND TABLE_NAME = ?")) {
            delete.setString(1, table.schema());
            delete.setString(2, table.table());
            delete.executeUpdate();
            if (note != null) {
                try (PreparedStatement insert = writing.prepareStatement(
                        "INSERT INTO PENUMBRA.CAPTURED_TABLE(SCHEMA_NAME, TABLE_NAME, FINGERPRINT, COMPLETE, TABLE_ID)"
                                + " VALUES(?, ?, ?, ?, ?)")) {
                    insert.setString(1, table.schema());
                    insert.setString(2, table.table());
                    insert.setLong(3, note.fingerprint().value());
                    insert.setBoolean(4, note.complete());
                    insert.setLong(5, note.table());
                    insert.executeUpdate();
                }
            }
            writing.commit();
        } catch (SQLException e) {
            writing.rollback();
            throw e;
        }
    }

    @Override
    public boolean showsAllCommitted() {
        return horizon().whole();
    }

    @Override
    public void end() throws SQLException {
        horizon = null;
        reading.commit();
    }

    @Override
    public void close() {
        for (Connection connection : List.of(reading, writing)) {
            try {
                connection.rollback();
                connection.close();
            } catch (SQLException e) {
                // The database has closed it, or will.
            }
        }
    }
}
