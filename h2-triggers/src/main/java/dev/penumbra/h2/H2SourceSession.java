package dev.penumbra.h2;

import dev.penumbra.capture.OutboxRow;
import dev.penumbra.capture.SourceSession;
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
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;
import org.h2.engine.IsolationLevel;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;
import org.h2.jdbc.JdbcResultSet;
import org.h2.schema.Schema;
import org.h2.table.Table;
import org.h2.value.Value;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The relay's sessions in an H2 database: one whose transactions are snapshots and that only reads, one for what is written, each
 * statement in a transaction of its own, and one, from when it is asked for, that sees what is not committed.
 */
final class H2SourceSession implements SourceSession {
    private static final Logger LOG = LoggerFactory.getLogger(H2SourceSession.class);

    private static final int ROW_LOCK_MILLIS = 20;

    private final H2Database capture;
    private final JdbcConnection reading;
    private final JdbcConnection writing;
    private final PreparedStatement selectOutbox;
    private final PreparedStatement selectIndex;
    private final PreparedStatement deleteOutbox;
    private final PreparedStatement noteSettled;

    private @Nullable PreparedStatement selectUncommitted;
    private boolean begunAlready;

    /** A session whose first transaction has begun when this returns. */
    static H2SourceSession begun(H2Database capture) throws SQLException {
        H2SourceSession session = new H2SourceSession(capture);
        session.outboxIndex(0, 1);
        session.begunAlready = true;
        return session;
    }

    H2SourceSession(H2Database capture) throws SQLException {
        this.capture = capture;
        this.reading = capture.connect();
        this.writing = capture.connect();
        SessionLocal session = (SessionLocal) reading.getSession();
        session.setIsolationLevel(IsolationLevel.SNAPSHOT);
        // Otherwise H2 would hold a whole page in memory, however large its rows are.
        session.setLazyQueryExecution(true);
        reading.setAutoCommit(false);
        writing.setAutoCommit(false);
        this.selectOutbox = reading.prepareStatement(
                "SELECT ID, TX, IMAGES FROM PENUMBRA.OUTBOX WHERE ID > ? AND ID <= ? ORDER BY ID");
        this.selectIndex = reading.prepareStatement(
                "SELECT ID, TX, OCTET_LENGTH(IMAGES) FROM PENUMBRA.OUTBOX WHERE ID > ? ORDER BY ID");
        this.deleteOutbox = writing.prepareStatement("DELETE FROM PENUMBRA.OUTBOX WHERE ID = ?");
        if (H2Database.state(writing, H2Database.SETTLED_STATE, "").isEmpty()) {
            H2Database.setState(writing, H2Database.SETTLED_STATE, Position.START.toString());
        }
        // Not MERGE: a script that replaces the table would find the row there already.
        this.noteSettled = writing.prepareStatement("UPDATE PENUMBRA.STATE SET TEXT = ? WHERE NAME = ?");
        noteSettled.setString(2, H2Database.SETTLED_STATE);
        writing.commit();
    }

    @Override
    public void begin() throws SQLException {
        if (!begunAlready) {
            reading.rollback();
        }
        begunAlready = false;
    }

    @Override
    public boolean showsAllCommitted() {
        return true;
    }

    @Override
    public void end() throws SQLException {
        reading.rollback();
    }

    @Override
    public OutboxPage outbox(long afterId, long uptoId, int maxRows, long maxBytes) throws SQLException {
        selectOutbox.setLong(1, afterId);
        selectOutbox.setLong(2, uptoId);
        List<OutboxRow> rows = new ArrayList<>();
        long bytes = 0;
        try (ResultSet found = selectOutbox.executeQuery()) {
            while (found.next()) {
                if (rows.size() >= maxRows || bytes > maxBytes) {
                    return new OutboxPage(rows, false);
                }
                Bytes images = Bytes.wrap(found.getBytes(3));
                rows.add(new OutboxRow(found.getLong(1), found.getLong(2), images));
                bytes += images.length();
            }
        }
        return new OutboxPage(rows, true);
    }

    @Override
    public List<OutboxEntry> outboxIndex(long afterId, int maxRows) throws SQLException {
        selectIndex.setLong(1, afterId);
        List<OutboxEntry> entries = new ArrayList<>();
        try (ResultSet found = selectIndex.executeQuery()) {
            while (entries.size() < maxRows && found.next()) {
                entries.add(new OutboxEntry(found.getLong(1), found.getLong(2), found.getLong(3)));
            }
        }
        return entries;
    }

    @Override
    public List<OutboxRow> uncommitted(LongPredicate isKnown, int maxRows, long maxBytes) throws SQLException {
        @Nullable PreparedStatement select = selectUncommitted;
        if (select == null) {
            JdbcConnection peeking = capture.connect();
            SessionLocal session = (SessionLocal) peeking.getSession();
            session.setIsolationLevel(IsolationLevel.READ_UNCOMMITTED);
            session.setLazyQueryExecution(true);
            select = peeking.prepareStatement("SELECT ID, TX, IMAGES FROM PENUMBRA.OUTBOX ORDER BY ID");
            selectUncommitted = select;
        }
        try (ResultSet found = select.executeQuery()) {
            return OutboxRow.unknown(found, isKnown, maxRows, maxBytes);
        }
    }

    @Override
    public void delete(List<Long> outboxIds, Position settled) throws SQLException {
        try {
            for (long id : outboxIds) {
                deleteOutbox.setLong(1, id);
                deleteOutbox.executeUpdate();
            }
            noteSettled.setString(1, settled.toString());
            if (noteSettled.executeUpdate() == 0) {
                throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE)
                        .with("source", capture.name())
                        .with(
                                "reason",
                                "schema PENUMBRA is being replaced: close all connections and open the database again");
            }
            writing.commit();
        } catch (SQLException | PenumbraException e) {
            writing.rollback();
            throw e;
        }
    }

    @Override
    public Position settled() throws SQLException {
        try {
            return Position.parse(H2Database.state(writing, H2Database.SETTLED_STATE, Position.START.toString()));
        } finally {
            writing.commit();
        }
    }

    @Override
    public List<OutboxRow> leftovers() {
        return capture.leftovers();
    }

    @Override
    public void discardLeftovers() {
        capture.discardLeftovers();
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
            writing.commit();
        }
    }

    @Override
    public List<TriggeredTable> triggeredTables() {
        List<TriggeredTable> tables = new ArrayList<>();
        for (Table table : capture.capturedTables()) {
            TableSchema layout;
            try {
                layout = H2Layout.of(table, capture.settings().maxLobBytes());
            } catch (PenumbraException e) {
                // It has changed since; it leaves the journal, and whoever writes to it is told why.
                LOG.warn("a table cannot be captured any more: {}", e.getMessage());
                continue;
            }
            capture.remember(table, layout);
            capture.store(layout);
            tables.add(new TriggeredTable(layout, table.getId(), capture.triggerIdentity(table)));
        }
        return tables;
    }

    @Override
    public boolean barrier(TableName name) {
        @Nullable Schema schema = capture.database().findSchema(name.schema());
        @Nullable Table table = schema == null ? null : schema.findTableOrView(null, name.table());
        if (table == null) {
            return false;
        }
        try (WriterLock lock = new WriterLock(capture, table)) {
            if (lock.isHeld() && lock.lockCatalogue()) {
                TruncationSentinel.place(table);
                return true;
            }
            return false;
        }
    }

    @Override
    public RowPage rows(TableSchema schema, long afterRowNumber, int maxRows) throws SQLException {
        // Without ORDER BY: H2 would sort the whole rest of the table for it. The scan of the table itself is in row
        // number order, and that is checked; left to itself H2 may read an index instead that has every column.
        List<NumberedRow> rows = new ArrayList<>();
        try (PreparedStatement statement = reading.prepareStatement("SELECT " + columns(schema) + ", _ROWID_ FROM "
                + schema.name().quoted() + " USE INDEX () WHERE _ROWID_ > ?")) {
            statement.setLong(1, afterRowNumber);
            long last = afterRowNumber;
            try (ResultSet found = statement.executeQuery()) {
                while (rows.size() < maxRows && found.next()) {
                    Value[] values = ((JdbcResultSet) found).getResult().currentRow();
                    long number = values[schema.size()].getLong();
                    if (number <= last) {
                        throw new IllegalStateException("rows of " + schema + " are not in row number order");
                    }
                    last = number;
                    Bytes image = H2Rows.image(schema, values);
                    rows.add(new NumberedRow(number, image, schema.keyOf(H2Rows.row(schema, values))));
                }
            }
        }
        return new RowPage(rows, rows.size() < maxRows);
    }

    @Override
    public boolean hold(TableName table) {
        // The snapshot does.
        return true;
    }

    @Override
    public @Nullable Row row(TableSchema schema, Key key) throws SQLException {
        SessionLocal session = (SessionLocal) reading.getSession();
        int usual = session.getLockTimeout();
        // While somebody changes the table itself H2 would wait, and with it all capture.
        session.setLockTimeout(ROW_LOCK_MILLIS);
        try {
            return rowNow(schema, key);
        } finally {
            session.setLockTimeout(usual);
        }
    }

    private @Nullable Row rowNow(TableSchema schema, Key key) throws SQLException {
        String condition = schema.keyColumns().stream()
                .map(column -> TableName.quote(column.name()) + " = ?")
                .collect(Collectors.joining(" AND "));
        try (PreparedStatement statement = reading.prepareStatement(
                "SELECT " + columns(schema) + " FROM " + schema.name().quoted() + " WHERE " + condition)) {
            Object[] parameters = H2Rows.parameters(schema, key);
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            try (ResultSet found = statement.executeQuery()) {
                return found.next()
                        ? H2Rows.row(schema, ((JdbcResultSet) found).getResult().currentRow())
                        : null;
            }
        }
    }

    private static String columns(TableSchema schema) {
        return schema.columns().stream().map(Column::name).map(TableName::quote).collect(Collectors.joining(", "));
    }

    @Override
    public Map<TableName, TableNote> notes() throws SQLException {
        Map<TableName, TableNote> notes = new HashMap<>();
        try (Statement statement = writing.createStatement();
                ResultSet found = statement.executeQuery(
                        "SELECT SCHEMA_NAME, TABLE_NAME, FINGERPRINT, COMPLETE, TABLE_ID FROM PENUMBRA.CAPTURED_TABLE")) {
            while (found.next()) {
                notes.put(
                        new TableName(found.getString(1), found.getString(2)),
                        new TableNote(new Fingerprint(found.getLong(3)), found.getBoolean(4), found.getLong(5)));
            }
        } finally {
            writing.commit();
        }
        return notes;
    }

    @Override
    public void note(TableName table, @Nullable TableNote note) throws SQLException {
        String sql = note == null
                ? "DELETE FROM PENUMBRA.CAPTURED_TABLE WHERE SCHEMA_NAME = ? AND TABLE_NAME = ?"
                : "MERGE INTO PENUMBRA.CAPTURED_TABLE KEY(SCHEMA_NAME, TABLE_NAME) VALUES(?, ?, ?, ?, ?)";
        try (PreparedStatement statement = writing.prepareStatement(sql)) {
            statement.setString(1, table.schema());
            statement.setString(2, table.table());
            if (note != null) {
                statement.setLong(3, note.fingerprint().value());
                statement.setBoolean(4, note.complete());
                statement.setLong(5, note.table());
            }
            statement.executeUpdate();
            writing.commit();
        } catch (SQLException e) {
            writing.rollback();
            throw e;
        }
    }

    @Override
    public void close() {
        try {
            reading.rollback();
            writing.rollback();
        } catch (SQLException e) {
            // The database is closing or gone, and with it these transactions.
            return;
        }
    }
}
