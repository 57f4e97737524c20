package dev.penumbra.h2;

import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.capture.CaptureSettings;
import dev.penumbra.capture.Openings;
import dev.penumbra.capture.OutboxRow;
import dev.penumbra.capture.Relay;
import dev.penumbra.capture.RelayStatus;
import dev.penumbra.capture.Source;
import dev.penumbra.capture.SourceSession;
import dev.penumbra.journal.DualJournal;
import dev.penumbra.journal.EventImages;
import dev.penumbra.journal.JournalConfiguration;
import dev.penumbra.journal.SchemaFormat;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Operation;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.h2.engine.Constants;
import org.h2.engine.Database;
import org.h2.engine.SessionLocal;
import org.h2.index.Cursor;
import org.h2.jdbc.JdbcConnection;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.db.MVTable;
import org.h2.mvstore.tx.Transaction;
import org.h2.result.ResultInterface;
import org.h2.result.Row;
import org.h2.result.SearchRow;
import org.h2.schema.Schema;
import org.h2.schema.TriggerObject;
import org.h2.table.Table;
import org.h2.value.Value;
import org.h2.value.ValueBigint;
import org.h2.value.ValueNull;
import org.h2.value.ValueVarbinary;
import org.h2.value.ValueVarchar;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One open H2 database with captured tables: writes its outbox and owns its relay.
 *
 * <p>There is one instance for each open {@link Database} of the process; it goes when the database closes. Sessions made here
 * belong to no user and are not counted by H2, so they neither keep a database open nor need a password.
 */
final class H2Database implements Source {
    static final String SCHEMA = "PENUMBRA";
    static final String JOURNAL_STATE = "JOURNAL";
    static final String SOURCE_STATE = "SOURCE";
    private static final String SET_STATE = "MERGE INTO PENUMBRA.STATE(NAME, TEXT) KEY(NAME) VALUES(?, ?)";

    /** Up to where the journal has what has left the outbox. */
    static final String SETTLED_STATE = "SETTLED";

    private static final String OPENING_STATE = "OPENING";
    private static final String OPENINGS_STATE = "OPENINGS";
    /** The last opening that ended by closing the database. */
    private static final String CLOSED_STATE = "CLOSED";
    /** The chunk of the file in which the last opening began. */
    private static final String CHUNK_STATE = "CHUNK";

    /**
     * A map beside H2's own in the database's file, and its only key: what tells the database from every other. Its journal names
     * it. It is not in a table, because SCRIPT would take it along and make twins.
     */
    private static final String IDENTITY_MAP = "penumbra";

    private static final String IDENTITY = "identity";

    /** The variable of H2's own session that says which copy of this class captures the database. */
    private static final String COPY_VARIABLE = "PENUMBRA_COPY";

    private static final Value COPY = ValueVarchar.get(UUID.randomUUID().toString());

    /** The version whose internals this package is written against. */
    private static final String SUPPORTED_VERSION = "2.4.240";

    private static final Logger LOG = LoggerFactory.getLogger(H2Database.class);
    private static final Map<Database, H2Database> OPEN = new ConcurrentHashMap<>();

    /** Far above the ids that H2 gives to its own sessions. */
    private static final AtomicLong NEXT_SESSION = new AtomicLong(1_000_000_000);

    private static final long CLOSE_TIMEOUT_MILLIS = 10_000;
    private static final long STARTING_PAUSE_NANOS = 1_000_000;
    private static final int IMAGES_BYTES = 1024;
    private static final int MAX_IMAGES_BYTES = 1_000_000_000;

    /** A session that has written to the outbox, and the transaction in which it last did. */
    private static final class Writer {
        /** Not one a thread: those of an application outlive the class loader of an application in it. */
        private final Output images = new Output(IMAGES_BYTES, MAX_IMAGES_BYTES);

        private volatile @Nullable Transaction transaction;
        private volatile boolean open;
        private long firstId;
        private final KeyMoves moves = new KeyMoves();
    }

    private final Database database;
    private final CaptureSettings settings;
    private final Map<SessionLocal, Writer> writers = new ConcurrentHashMap<>();
    private final Map<Table, TableSchema> lastSchemas = new WeakHashMap<>();
    private final Set<Long> storedLayouts = ConcurrentHashMap.newKeySet();
    /** The triggers that were created in this opening; each stands for all that its table held before it. */
    private final Map<Table, Long> triggersCreated = Collections.synchronizedMap(new WeakHashMap<>());

    private final AtomicLong triggerChanges = new AtomicLong();
    private final AtomicLong nextId = new AtomicLong();
    private volatile @Nullable Table outbox;
    private volatile long outboxMetaVersion = -1;
    private volatile @Nullable Relay relay;
    private volatile String name = "h2";
    private final AtomicReference<@Nullable SourceSession> recoveredSession = new AtomicReference<>();
    private volatile List<OutboxRow> leftovers = List.of();
    private volatile long opening;
    private final AtomicBoolean starterRunning = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();

    private H2Database(Database database) {
        this.database = database;
        this.settings = CaptureSettings.read();
    }

    /** @throws PenumbraException with INCOMPATIBLE_H2 */
    static H2Database of(Database database) {
        if (!Constants.VERSION.equals(SUPPORTED_VERSION)) {
            throw new PenumbraException(ErrorCode.INCOMPATIBLE_H2)
                    .with("version", Constants.VERSION)
                    .with("supported", SUPPORTED_VERSION);
        }
        @Nullable H2Database known = OPEN.get(database);
        if (known != null) {
            return known;
        }
        claim(database);
        return OPEN.computeIfAbsent(database, H2Database::new);
    }

    /**
     * Makes sure that no other copy of these classes, which another class loader may have brought to the same H2, captures the
     * database too: they would number their changes independently, and transactions would be torn.
     */
    private static void claim(Database database) {
        SessionLocal system = systemSession(database);
        system.lock();
        try {
            Value copy = system.getVariable(COPY_VARIABLE);
            if (copy.equals(ValueNull.INSTANCE)) {
                system.setVariable(COPY_VARIABLE, COPY);
            } else if (!copy.equals(COPY)) {
                throw new PenumbraException(ErrorCode.NOT_SUPPORTED)
                        .with("database", database.getShortName())
                        .with(
                                "reason",
                                "another class loader's copy of Penumbra captures this database: put Penumbra's jars where H2 is");
            }
        } finally {
            system.unlock();
        }
    }

    private static SessionLocal systemSession(Database database) {
        SessionLocal system = database.getSystemSession();
        if (system == null) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE).with("reason", "the database is closing");
        }
        return system;
    }

    static @Nullable H2Database openOrNull(Database database) {
        return OPEN.get(database);
    }

    Database database() {
        return database;
    }

    CaptureSettings settings() {
        return settings;
    }

    // ---- the trigger's side

    /** Checks that a table can be captured and sees to it that the relay runs soon. Never blocks. */
    void triggerCreated(SessionLocal session, String schema, String tableName, TriggeredLayout layout) {
        @Nullable Schema found = database.findSchema(schema);
        @Nullable Table table = found == null ? null : found.findTableOrView(session, tableName);
        if (table == null) {
            throw new PenumbraException(ErrorCode.TABLE_NOT_FOUND).with("table", schema + "." + tableName);
        }
        if (database.isReadOnly()) {
            return;
        }
        if (database.isStarting()) {
            TruncationSentinel.place(table);
            rememberAsOpened(table);
        } else {
            triggersCreated.put(table, triggerChanges.incrementAndGet());
            view(layout, table);
        }
        startSoon();
    }

    void triggerRemoved() {
        triggerChanges.incrementAndGet();
        Relay running = relay;
        if (running != null) {
            running.wake();
        }
    }

    private TriggeredLayout.View view(TriggeredLayout layout, Table table) {
        long metaVersion = database.getModificationMetaId();
        TableSchema schema = H2Layout.of(table, settings.maxLobBytes());
        TriggeredLayout.View known = layout.view();
        if (known != null && known.schema().equals(schema)) {
            schema = known.schema();
        }
        TriggeredLayout.View fresh = new TriggeredLayout.View(metaVersion, table, table.getName(), schema);
        layout.view(fresh);
        remember(table, schema);
        return fresh;
    }

    /**
     * The layout that a table had when it was last looked at, or has when this is the first look of this opening; null for a table
     * that cannot be captured any more.
     */
    private @Nullable TableSchema lastSchema(Table table) {
        synchronized (lastSchemas) {
            TableSchema known = lastSchemas.get(table);
            if (known != null) {
                return known;
            }
        }
        try {
            return H2Layout.of(table, settings.maxLobBytes());
        } catch (PenumbraException e) {
            LOG.debug("{} cannot be captured any more", table.getName(), e);
            return null;
        }
    }

    /** When H2 tells of a table's end it has taken the key's index away, and the layout cannot be read any more. */
    private void rememberAsOpened(Table table) {
        @Nullable TableSchema schema = lastSchema(table);
        if (schema != null) {
            remember(table, schema);
        }
    }

    void remember(Table table, TableSchema schema) {
        synchronized (lastSchemas) {
            lastSchemas.put(table, schema);
        }
    }

    /**
     * Writes a row's change into the outbox, in the session's transaction.
     *
     * <p>A statement may give other keys to several rows, each one that another row leaves, and tells of them one after the other.
     * Journalled so, two rows would have one key in between. So where it is more than one row, all of them are deleted before any is
     * inserted: the delete of each further one takes the place of the first insert, which goes to the end.
     */
    void writeChange(
            SessionLocal session,
            TriggeredLayout layout,
            @Nullable ResultInterface former,
            @Nullable ResultInterface present) {
        Table target = readyOutbox();
        TriggeredLayout.View view = viewAtFiring(session, layout, present != null ? present : former);
        TableSchema schema = view.schema();
        Value @Nullable [] from = former == null ? null : former.currentRow();
        Value @Nullable [] to = present == null ? null : present.currentRow();
        Writer writer = writer(session);
        KeyMoves.OfTable moves =
                writer.moves.of(session, view.table(), schema, from, to, id -> outboxRow(session, target, id) != null);
        byte[] images = images(writer, schema, from, to);
        if (moves == null) {
            append(session, writer, target, images);
            return;
        }
        if (moves.isNew()) {
            moves.first(append(session, writer, target, images), images);
        } else {
            writeFurtherMove(session, writer, target, moves, images);
        }
        moves.written(session);
    }

    private void writeFurtherMove(
            SessionLocal session, Writer writer, Table target, KeyMoves.OfTable moves, byte[] update) {
        Deque<Long> inserts = moves.inserts();
        if (inserts.isEmpty()) {
            replace(session, target, moves.firstId(), EventImages.deleteOf(moves.first()));
            inserts.add(append(session, writer, target, EventImages.insertOf(moves.first())));
        }
        byte[] waiting = replace(session, target, inserts.remove(), EventImages.deleteOf(update));
        inserts.add(append(session, writer, target, waiting));
        inserts.add(append(session, writer, target, EventImages.insertOf(update)));
    }

    /** Gives an outbox row other images; returns those that it had. */
    private static byte[] replace(SessionLocal session, Table target, long id, byte[] images) {
        Row row = outboxRow(session, target, id);
        if (row == null) {
            throw new IllegalStateException("outbox row " + id + " is gone");
        }
        target.updateRow(session, row, outboxRow(target, id, row.getValue(1), images));
        return row.getValue(2).getBytes();
    }

    private static @Nullable Row outboxRow(SessionLocal session, Table target, long id) {
        Row searched = target.getTemplateRow();
        searched.setValue(0, ValueBigint.get(id));
        Cursor found = target.getScanIndex(session).find(session, searched, searched, false);
        return found.next() ? found.get() : null;
    }

    private static Row outboxRow(Table target, long id, Value transaction, byte[] images) {
        Row row = target.getTemplateRow();
        row.setValue(0, ValueBigint.get(id));
        row.setValue(1, transaction);
        row.setValue(2, ValueVarbinary.getNoCopy(images));
        row.setKey(id);
        return row;
    }

    /** An outbox row's images of a change. */
    private byte[] images(Writer writer, TableSchema schema, Value @Nullable [] former, Value @Nullable [] present) {
        Output images = writer.images;
        images.reset();
        EventImages.writeHead(
                images,
                former == null ? Operation.INSERT : present == null ? Operation.DELETE : Operation.UPDATE,
                schema.fingerprint().value());
        writeImage(images, schema, former);
        writeImage(images, schema, present);
        CaptureSettings.requireRoom(schema.name(), images.position());
        return images.toBytes();
    }

    private void writeImage(Output images, TableSchema schema, Value @Nullable [] row) {
        if (row == null) {
            EventImages.writeAbsent(images);
        } else {
            int begin = EventImages.beginImage(images);
            H2Rows.write(images, schema, row, settings.maxLobBytes());
            EventImages.endImage(images, begin);
        }
    }

    private TriggeredLayout.View viewAtFiring(
            SessionLocal session, TriggeredLayout layout, @Nullable ResultInterface row) {
        TriggeredLayout.View known = layout.view();
        if (known != null && known.metaVersion() == database.getModificationMetaId()) {
            return known;
        }
        if (row == null) {
            throw new IllegalArgumentException("a change has a row");
        }
        Table table = database.getSchema(row.getSchemaName(0)).getTableOrView(session, row.getTableName(0));
        TriggeredLayout.View view = view(layout, table);
        store(view.schema());
        return view;
    }

    /** Makes sure that the outbox's reader can find a layout; in a transaction of its own, once for each layout. */
    void store(TableSchema schema) {
        long fingerprint = schema.fingerprint().value();
        if (storedLayouts.contains(fingerprint)) {
            return;
        }
        try {
            Connection connection = connect();
            try (PreparedStatement statement = connection.prepareStatement(
                    "MERGE INTO PENUMBRA.LAYOUT(FINGERPRINT, BODY) KEY(FINGERPRINT) VALUES(?, ?)")) {
                statement.setLong(1, fingerprint);
                statement.setBytes(2, SchemaFormat.encode(schema));
                statement.executeUpdate();
            }
        } catch (SQLException e) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE, e).with("table", schema.name());
        }
        storedLayouts.add(fingerprint);
    }

    /** Writes that a table was emptied or dropped, in the session that does it. */
    void writeTableEvent(SessionLocal session, Table table, Operation operation) {
        if (!isPrepared(database) || database.isClosing()) {
            // Everything is being dropped.
            return;
        }
        @Nullable TableSchema schema = lastSchema(table);
        if (schema == null) {
            return;
        }
        Table target = readyOutbox();
        store(schema);
        Writer writer = writer(session);
        writer.images.reset();
        EventImages.write(writer.images, operation, schema, null, null);
        append(session, writer, target, writer.images.toBytes());
    }

    private Writer writer(SessionLocal session) {
        return writers.computeIfAbsent(session, s -> new Writer());
    }

    /** Adds a row to the outbox; returns its id. */
    private long append(SessionLocal session, Writer writer, Table target, byte[] images) {
        if (target.getRowCountApproximation(session) >= settings.maxOutboxRows()) {
            throw new PenumbraException(ErrorCode.OUTBOX_FULL)
                    .with("source", name)
                    .with("rows", settings.maxOutboxRows())
                    .with("relay", failure());
        }
        long id = nextId.getAndIncrement();
        Transaction transaction = session.getTransaction();
        boolean first = writer.transaction != transaction;
        if (first) {
            writer.transaction = transaction;
            writer.firstId = id;
            writer.open = true;
        }
        target.addRow(session, outboxRow(target, id, ValueBigint.get(writer.firstId), images));
        if (first) {
            Relay running = relay;
            if (running != null) {
                running.notice();
            }
        }
        return id;
    }

    private String failure() {
        Relay running = relay;
        @Nullable String failure = running == null ? "not started" : running.status().failure();
        return failure == null ? "working" : failure;
    }

    // ---- start and end

    private Table readyOutbox() {
        Table ready = outbox;
        if (ready != null) {
            long metaVersion = database.getModificationMetaId();
            if (metaVersion != outboxMetaVersion) {
                requirePresent(ready);
                outboxMetaVersion = metaVersion;
            }
            return ready;
        }
        start();
        ready = outbox;
        if (ready == null) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE).with("reason", "the database is closing");
        }
        return ready;
    }

    /** A change that went to a dropped outbox would be lost. */
    private void requirePresent(Table ready) {
        @Nullable Schema own = database.findSchema(SCHEMA);
        @Nullable Table present = own == null ? null : own.findTableOrView(null, "OUTBOX");
        if (!ready.equals(present)) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE)
                    .with("source", name)
                    .with(
                            "reason",
                            "schema " + SCHEMA + " was dropped: close all connections and open the database again");
        }
    }

    /** Never waits: the caller may hold H2's catalogue lock, which the starter needs. */
    private void startSoon() {
        if (outbox != null || !starterRunning.compareAndSet(false, true)) {
            Relay running = relay;
            if (running != null) {
                running.wake();
            }
            return;
        }
        Relay.daemon(this::startWhenOpen, "penumbra-start-" + database.getShortName())
                .start();
    }

    private void startWhenOpen() {
        try {
            while (database.isStarting() && isOpen()) {
                LockSupport.parkNanos(STARTING_PAUSE_NANOS);
            }
            if (isOpen()) {
                start();
            } else {
                // Its opening has failed, and H2 tells no trigger of that.
                close();
            }
        } catch (RuntimeException e) {
            if (closed.get() || !isOpen()) {
                LOG.debug("{} was closed while its capture was starting", database.getShortName(), e);
                return;
            }
            LOG.warn(
                    "capture of {} cannot start and will try again at the next change: {}",
                    database.getShortName(),
                    e.getMessage());
            LOG.debug("why capture cannot start", e);
        } finally {
            starterRunning.set(false);
        }
    }

    /** @throws PenumbraException with SOURCE_READ_ONLY when nothing can be written to the database */
    void requireWritable() {
        if (database.isReadOnly()) {
            // Penumbra's sessions are H2's own, which would be let write in memory what never reaches the file.
            throw readOnly();
        }
    }

    private PenumbraException readOnly() {
        return new PenumbraException(ErrorCode.SOURCE_READ_ONLY).with("database", database.getShortName());
    }

    /** Prepares the outbox, numbers this opening durably, and starts the relay. */
    private synchronized void start() {
        if (outbox != null || closed.get()) {
            return;
        }
        requireWritable();
        try {
            Connection connection = connect();
            prepareSchema(connection);
            clearLeftovers(connection);
            opening = Long.parseLong(state(connection, OPENING_STATE, "0")) + 1;
            setState(connection, OPENING_STATE, Long.toString(opening));
            Openings openings = Openings.after(state(connection, OPENINGS_STATE, ""));
            setState(connection, OPENINGS_STATE, openings.toString());
            UUID identity = identity();
            if (isPersistent()) {
                // Ids begin with this number, so it must not be taken back by a crash.
                checkpoint();
                setState(connection, CHUNK_STATE, Integer.toString(Leftovers.chunkOf(table("STATE"))));
            }
            name = state(connection, SOURCE_STATE, defaultName());
            Path journal = journalDirectory();
            nextId.set(OutboxRow.firstId(opening));
            // Before any change of this opening can be committed, because its trigger waits for this method.
            recoveredSession.set(H2SourceSession.begun(this));
            Table table = table("OUTBOX");
            Relay starting = new Relay(
                    this,
                    journal,
                    // Read anew each time: somebody may have made room by lowering the reserve.
                    () -> openJournal(journal, identity),
                    opening,
                    openings,
                    settings.relay());
            relay = starting;
            if (closed.get()) {
                throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE).with("reason", "the database is closing");
            }
            starting.start();
            // Last: whoever finds the outbox finds the relay.
            outbox = table;
        } catch (SQLException e) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE, e)
                    .with("database", database.getShortName())
                    .with("reason", e.getMessage());
        }
    }

    /** What tells the database from every other; the same at each of its openings, if it keeps anything. */
    private UUID identity() {
        MVMap<String, String> own = database.getStore().getMvStore().openMap(IDENTITY_MAP);
        String fresh = UUID.randomUUID().toString();
        @Nullable String known = own.putIfAbsent(IDENTITY, fresh);
        return UUID.fromString(known == null ? fresh : known);
    }

    private DualJournal openJournal(Path journal, UUID identity) {
        JournalConfiguration configuration = CaptureSettings.read().journal();
        // A database that keeps nothing is another at each opening; the relay then brings everything anew.
        return isPersistent()
                ? DualJournal.open(journal, name, identity, configuration, Clock.systemUTC())
                : DualJournal.open(journal, name, configuration, Clock.systemUTC());
    }

    /**
     * Takes out what a crash left of transactions that H2 could not end, before any session of this opening depends on it.
     * Outbox rows of such transactions stay until the relay has compared their keys: H2 may have kept one table's part of
     * the transaction and lost the other's.
     */
    private void clearLeftovers(Connection connection) throws SQLException {
        long last = Long.parseLong(state(connection, OPENING_STATE, "0"));
        if (!isPersistent() || last == 0 || last == Long.parseLong(state(connection, CLOSED_STATE, "0"))) {
            return;
        }
        MVStore store = database.getStore().getMvStore();
        int chunk = Integer.parseInt(state(connection, CHUNK_STATE, "0"));
        MVTable outboxTable = table("OUTBOX");
        Leftovers everywhere = new Leftovers(store, 0);
        int changed = everywhere.rollBackAllButInserts(outboxTable);
        List<OutboxRow> rows = new ArrayList<>();
        for (SearchRow row : everywhere.inserted(outboxTable)) {
            rows.add(new OutboxRow(
                    row.getValue(0).getLong(),
                    row.getValue(1).getLong(),
                    Bytes.wrap(row.getValue(2).getBytes())));
        }
        leftovers = List.copyOf(rows);
        // Chunk numbers begin anew some day; then everything is looked at.
        Leftovers recent = new Leftovers(store, Leftovers.chunkOf(table("STATE")) < chunk ? 0 : chunk);
        for (Table table : capturedTables()) {
            if (table instanceof MVTable stored) {
                changed += recent.rollBack(stored);
            }
        }
        for (String own : List.of("LAYOUT", "CAPTURED_TABLE", "STATE")) {
            changed += everywhere.rollBack(table(own));
        }
        if (changed > 0 || !rows.isEmpty()) {
            LOG.warn(
                    "{} was not closed and holds {} entries of transactions that had not ended; they are rolled back",
                    database.getShortName(),
                    changed + rows.size());
            checkpoint();
        }
    }

    /** The outbox rows of the last opening that may or may not have been committed. */
    List<OutboxRow> leftovers() {
        return leftovers;
    }

    void discardLeftovers() {
        new Leftovers(database.getStore().getMvStore(), 0)
                .rollBack(table("OUTBOX"), leftovers.stream().map(OutboxRow::id).toList());
        leftovers = List.of();
    }

    private MVTable table(String own) {
        if (database.getSchema(SCHEMA).findTableOrView(null, own) instanceof MVTable table) {
            return table;
        }
        throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE)
                .with("database", database.getShortName())
                .with("reason", "no table " + SCHEMA + "." + own);
    }

    /** The tables that carry a change trigger right now. */
    List<Table> capturedTables() {
        List<Table> tables = new ArrayList<>();
        for (Schema schema : database.getAllSchemas()) {
            for (TriggerObject trigger : schema.getAllTriggers()) {
                if (ChangeTrigger.class.getName().equals(trigger.getTriggerClassName())) {
                    tables.add(trigger.getTable());
                }
            }
        }
        return tables;
    }

    /** Whether the schema is there with its last table. */
    private static boolean isPrepared(Database database) {
        @Nullable Schema schema = database.findSchema(SCHEMA);
        return schema != null
                && schema.findTableOrView(null, "OUTBOX") != null
                && schema.findTableOrView(null, "STATE") != null;
    }

    static void prepareSchema(Connection connection) throws SQLException {
        SessionLocal session = (SessionLocal) ((JdbcConnection) connection).getSession();
        if (isPrepared(session.getDatabase())) {
            // Without statements, which would wait for the catalogue's lock: the caller may be under it.
            return;
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE SCHEMA IF NOT EXISTS PENUMBRA");
            statement.execute("CREATE TABLE IF NOT EXISTS PENUMBRA.OUTBOX("
                    + "ID BIGINT PRIMARY KEY, TX BIGINT NOT NULL, IMAGES VARBINARY(1000000000) NOT NULL)");
            statement.execute("CREATE TABLE IF NOT EXISTS PENUMBRA.LAYOUT("
                    + "FINGERPRINT BIGINT PRIMARY KEY, BODY VARBINARY(1000000000) NOT NULL)");
            statement.execute("CREATE TABLE IF NOT EXISTS PENUMBRA.CAPTURED_TABLE(SCHEMA_NAME VARCHAR(256),"
                    + " TABLE_NAME VARCHAR(256), FINGERPRINT BIGINT NOT NULL, COMPLETE BOOLEAN NOT NULL, TABLE_ID BIGINT NOT NULL,"
                    + " PRIMARY KEY(SCHEMA_NAME, TABLE_NAME))");
            statement.execute("CREATE TABLE IF NOT EXISTS PENUMBRA.STATE("
                    + "NAME VARCHAR(64) PRIMARY KEY, TEXT VARCHAR(4096) NOT NULL)");
        }
    }

    static String state(Connection connection, String key, String standard) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT TEXT FROM PENUMBRA.STATE WHERE NAME = ?")) {
            statement.setString(1, key);
            try (ResultSet found = statement.executeQuery()) {
                return found.next() ? found.getString(1) : standard;
            }
        }
    }

    static void setState(Connection connection, String key, String text) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SET_STATE)) {
            statement.setString(1, key);
            statement.setString(2, text);
            statement.executeUpdate();
        }
    }

    private String defaultName() {
        return database.getShortName().toLowerCase(Locale.ROOT).replaceAll("\\s+", "_");
    }

    /** The journal that the database's capture was installed with; empty for none. */
    String installedJournal() throws SQLException {
        return isPrepared(database) ? state(connect(), JOURNAL_STATE, "") : "";
    }

    private Path journalDirectory() throws SQLException {
        String stored = installedJournal();
        if (!stored.isEmpty()) {
            return Path.of(stored);
        }
        String configured = System.getProperty(CaptureSettings.JOURNAL);
        if (configured != null) {
            return Path.of(configured);
        }
        if (database.isPersistent()) {
            return Path.of(database.getDatabasePath() + ".journal");
        }
        throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                .with("setting", CaptureSettings.JOURNAL)
                .with("reason", "an in-memory database needs a journal directory");
    }

    /**
     * Ends the relay. Called by H2 while the database closes, and possibly once for each trigger; and while it stays open with no
     * captured table left, when whoever asks for its instance next gets another.
     *
     * @return false when the relay is still at work after some seconds; it ends by itself
     */
    boolean close() {
        // Without this object's monitor: H2 holds its own here, which a start in another thread may be waiting for.
        boolean first = closed.compareAndSet(false, true);
        Relay running = relay;
        boolean ended = true;
        if (running != null) {
            try {
                ended = running.stop(first ? CLOSE_TIMEOUT_MILLIS : 1);
                if (!ended && first) {
                    LOG.warn("the relay of {} did not end in time; the rest waits in the outbox", name);
                    LOG.debug("where the relay of {} stands\n{}", name, running.stack());
                }
            } catch (InterruptedException e) {
                ended = false;
                Thread.currentThread().interrupt();
            }
        }
        if (ended) {
            OPEN.remove(database, this);
        }
        SourceSession unused = recoveredSession.getAndSet(null);
        if (unused != null) {
            // The store would be closed under its transaction.
            unused.close();
        }
        return ended;
    }

    // ---- the relay's side

    /** A connection on a session that is no user's; it is never closed, only dropped, because closing counts users. */
    JdbcConnection connect() {
        SessionLocal system = systemSession(database);
        SessionLocal session =
                new SessionLocal(database, system.getUser(), Math.toIntExact(NEXT_SESSION.getAndIncrement()));
        return new JdbcConnection(session, SCHEMA, "jdbc:h2:" + database.getName());
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public SourceSession openSession() throws SQLException {
        SourceSession first = recoveredSession.getAndSet(null);
        return first != null ? first : new H2SourceSession(this);
    }

    @Override
    public Write nextWrite() {
        return new StoreWrite();
    }

    /**
     * The store's first write after every transaction has ended that was being committed when this was made. H2 shows a
     * transaction's changes to others before it has marked each of them as committed, and a write in between keeps the ones that are
     * not as a crashed transaction's: they would be rolled back at the next opening.
     */
    private final class StoreWrite implements Write {
        private static final long UNKNOWN = -1;

        private final MVStore store = database.getStore().getMvStore();
        private final List<Transaction> committing = new ArrayList<>();
        private long version = UNKNOWN;

        StoreWrite() {
            for (Writer writer : writers.values()) {
                Transaction transaction = writer.transaction;
                if (transaction != null && transaction.getStatus() == Transaction.STATUS_COMMITTED) {
                    committing.add(transaction);
                }
            }
            look();
        }

        private void look() {
            committing.removeIf(transaction -> transaction.getStatus() == Transaction.STATUS_CLOSED);
            if (committing.isEmpty()) {
                version = store.getCurrentVersion() + 1;
            }
        }

        @Override
        public boolean hasBegun() {
            if (version == UNKNOWN) {
                look();
            }
            return version != UNKNOWN && (store.getCurrentVersion() >= version || !store.hasUnsavedChanges());
        }
    }

    @Override
    public void force() {
        MVStore store = database.getStore().getMvStore();
        // Ends when the writes that were under way have reached the file.
        store.executeFilestoreOperation(() -> {});
        store.sync();
    }

    /** Brings everything committed to disk now. Where sessions are at work H2 may lose an update by it; see docs/capture.md. */
    private void checkpoint() {
        // Not by the statement CHECKPOINT SYNC: it waits for the lock that a closing database holds while it waits for
        // the relay.
        database.getStore().sync();
    }

    @Override
    public boolean isOpen() {
        return database.getSystemSession() != null
                && !database.getStore().getMvStore().isClosed();
    }

    @Override
    public void relayEnded() {
        OPEN.remove(database, this);
        if (!isPersistent() || !isOpen() || !leftovers.isEmpty()) {
            // While a leftover waits for its keys to be compared, the next opening has to look for it again.
            return;
        }
        try {
            // First what the sessions did last, so that no file can say closed without having it.
            checkpoint();
            setState(connect(), CLOSED_STATE, Long.toString(opening));
        } catch (SQLException | RuntimeException e) {
            LOG.debug("the next opening of {} will look for what a crash would have left", name, e);
        }
    }

    @Override
    public boolean isPersistent() {
        return database.isPersistent();
    }

    @Override
    public boolean canLoseCommits() {
        return true;
    }

    @Override
    public boolean takeEnded() {
        boolean ended = false;
        for (Writer writer : writers.values()) {
            Transaction transaction = writer.transaction;
            if (writer.open && transaction != null && transaction.getStatus() == Transaction.STATUS_CLOSED) {
                writer.open = false;
                // The session may have begun the next transaction in between.
                if (writer.transaction != transaction) {
                    writer.open = true;
                }
                ended = true;
            }
        }
        writers.keySet().removeIf(SessionLocal::isClosed);
        return ended;
    }

    @Override
    public boolean hasOpenWriters() {
        for (Writer writer : writers.values()) {
            if (writer.open) {
                return true;
            }
        }
        return false;
    }

    @Override
    public long outboxRows() {
        Table table = outbox;
        return table == null || database.isClosing() ? 0 : table.getRowCountApproximation(database.getSystemSession());
    }

    @Override
    public long layoutVersion() {
        return database.getModificationMetaId() + triggerChanges.get();
    }

    long triggerIdentity(Table table) {
        return triggersCreated.getOrDefault(table, SourceSession.TriggeredTable.OPENED_WITH);
    }

    /** How the relay stands, and every table that carries a trigger. */
    RelayStatus status() {
        Relay running = relay;
        RelayStatus status = running == null
                ? RelayStatus.notStarted(
                        database.isReadOnly() ? String.valueOf(readOnly().getMessage()) : "not started")
                : running.status();
        SortedMap<TableName, Boolean> tables = new TreeMap<>(status.tables());
        for (Table table : capturedTables()) {
            tables.putIfAbsent(new TableName(table.getSchema().getName(), table.getName()), false);
        }
        return status.with(tables);
    }

    /** The running relay, started if need be. */
    Relay relay() {
        readyOutbox();
        Relay running = relay;
        if (running == null) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE).with("reason", "the database is closing");
        }
        return running;
    }
}
