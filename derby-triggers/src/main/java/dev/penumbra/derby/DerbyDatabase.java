package dev.penumbra.derby;

import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.capture.CaptureSettings;
import dev.penumbra.capture.Openings;
import dev.penumbra.capture.OutboxRow;
import dev.penumbra.capture.Relay;
import dev.penumbra.capture.Source;
import dev.penumbra.capture.SourceSession;
import dev.penumbra.derby.DerbyCatalog.KeyIndex;
import dev.penumbra.journal.DualJournal;
import dev.penumbra.journal.EventImages;
import dev.penumbra.journal.SchemaFormat;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Operation;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.SessionToken;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.derby.iapi.db.Database;
import org.apache.derby.iapi.db.Factory;
import org.apache.derby.iapi.db.TriggerExecutionContext;
import org.apache.derby.iapi.services.cache.CacheManager;
import org.apache.derby.iapi.sql.conn.LanguageConnectionContext;
import org.apache.derby.iapi.sql.depend.DependencyManager;
import org.apache.derby.iapi.sql.dictionary.CheckConstraintDescriptor;
import org.apache.derby.iapi.sql.dictionary.ColumnDescriptor;
import org.apache.derby.iapi.sql.dictionary.ConglomerateDescriptor;
import org.apache.derby.iapi.sql.dictionary.ConstraintDescriptor;
import org.apache.derby.iapi.sql.dictionary.DataDictionary;
import org.apache.derby.iapi.sql.dictionary.TableDescriptor;
import org.apache.derby.iapi.sql.execute.CursorResultSet;
import org.apache.derby.iapi.sql.execute.ExecRow;
import org.apache.derby.iapi.store.access.TransactionController;
import org.apache.derby.iapi.store.access.conglomerate.TransactionManager;
import org.apache.derby.iapi.transaction.TransactionControl;
import org.apache.derby.impl.jdbc.EmbedConnection;
import org.apache.derby.impl.sql.conn.CachedStatement;
import org.apache.derby.impl.store.raw.xact.Xact;
import org.apache.derby.shared.common.error.StandardException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An open Derby database whose tables are captured: what its triggers write to, and what its relay reads from.
 *
 * <p>Derby has no snapshots. The relay reads the outbox without locks and takes the rows of those transactions that had ended
 * before it looked ({@link #horizon}).
 */
final class DerbyDatabase implements Source {
    private static final Logger LOG = LoggerFactory.getLogger(DerbyDatabase.class);

    static final String JOURNAL_STATE = "JOURNAL";
    static final String SETTLED_STATE = "SETTLED";
    private static final String OPENING_STATE = "OPENING";
    private static final String OPENINGS_STATE = "OPENINGS";
    private static final String IDENTITY_STATE = "IDENTITY";
    private static final String SUPPORTED_VERSION = "10.16.1.1";
    private static final String DUPLICATE_KEY = "23505";
    private static final String MEMORY = "memory:";

    /** Says who the relay is where the database asks; both empty otherwise. */
    static final String USER = "penumbra.derby.user";

    static final String PASSWORD = "penumbra.derby.password";

    /** How often the relay looks at the catalogue when nobody asks, and at most waits with a look when somebody does. */
    private static final long LAYOUT_LOOK_NANOS = 500_000_000;

    /** How many times its own length the relay rests behind a look before the next one for a probe. */
    private static final long LOOK_REST = 10;

    private static final long COMMIT_PATIENCE_NANOS = 500_000_000;
    private static final long COMMIT_PAUSE_NANOS = 20_000;
    private static final long CLOSE_TIMEOUT_MILLIS = 10_000;
    private static final int IMAGES_BYTES = 512;

    private static final Map<Database, DerbyDatabase> OPEN = new ConcurrentHashMap<>();
    private static final ThreadLocal<Output> IMAGES =
            ThreadLocal.withInitial(() -> new Output(IMAGES_BYTES, Integer.MAX_VALUE - 8));

    /** A table's layout as the descriptor that Derby has for it in memory shows it. */
    private record View(
            TableDescriptor descriptor, String shape, TableSchema schema, RowGuard guard, List<String> checks) {}

    /**
     * Which transactions the outbox shows.
     *
     * @param upTo the last id that had been handed out
     * @param open the first ids of transactions that had not ended
     * @param whole whether it shows all that had ended; not while a transaction is being given its first id
     */
    record Horizon(long upTo, Set<Long> open, boolean whole) {
        boolean shows(long transaction) {
            return transaction <= upTo && !open.contains(transaction);
        }
    }

    private final Database database;
    private final String databaseName;
    private final CaptureSettings settings = CaptureSettings.read();
    private final Map<Xact, Writer> writers = new ConcurrentHashMap<>();
    private final Map<String, View> views = new ConcurrentHashMap<>();
    private final Set<Long> storedLayouts = ConcurrentHashMap.newKeySet();
    private final AtomicLong nextId = new AtomicLong();
    private final AtomicLong outboxRows = new AtomicLong();
    private final AtomicLong layoutChanges = new AtomicLong();

    private volatile @Nullable DerbyOutbox outbox;
    private volatile @Nullable Relay relay;
    private volatile String name = "derby";
    /** Where the rows of tables were when the relay last looked at them. */
    private volatile Map<String, Long> seenHeaps = Map.of();
    /** Whether the relay is to look at the triggers before it says anything about the journal. */
    private final AtomicBoolean lookDemanded = new AtomicBoolean();

    // The relay's thread alone uses these.
    private long lastLayoutLookNanos = System.nanoTime() - LAYOUT_LOOK_NANOS;
    /** How long the last look took that nothing was in the way of. */
    private long lookNanos;

    private String lastTriggers = "";

    private DerbyDatabase(Database database, String databaseName) {
        this.database = database;
        this.databaseName = databaseName;
    }

    static DerbyDatabase of(LanguageConnectionContext session) {
        Database database = session.getDatabase();
        @Nullable DerbyDatabase known = OPEN.get(database);
        if (known != null) {
            return known;
        }
        return OPEN.computeIfAbsent(database, opened -> new DerbyDatabase(opened, session.getDbname()));
    }

    CaptureSettings settings() {
        return settings;
    }

    // ---- the trigger's side

    /** Takes a row as it was and as it is; one of them may be null. */
    private interface ChangeTaker {
        void take(@Nullable ResultSet former, @Nullable ResultSet present) throws SQLException, StandardException;
    }

    /** The rows to which a statement gives other keys; what is to be written of the first waits until there is a second or none. */
    private static final class Moves {
        private int count;
        private byte[] first = {};
    }

    /**
     * Writes what a statement has changed into the outbox, in the session's transaction. Where several rows get other keys, each may
     * get one that another row leaves, and in between two rows would have one key: so all of them are deleted before they are inserted.
     */
    void writeChanges(LanguageConnectionContext session) throws SQLException, StandardException {
        TriggerExecutionContext firing = firing();
        DerbyOutbox target = readyOutbox();
        View view = viewAtFiring(session, firing);
        TableSchema schema = view.schema();
        if (isRewritten(firing, view)) {
            append(session, target, tableDropped(schema));
        }
        Moves moves = new Moves();
        try (RowChecks checks = new RowChecks(schema, view.checks())) {
            forEachChange(firing, schema, (former, present) -> {
                byte[] images = images(schema, former, present);
                if (former != null && present != null) {
                    checks.updated(images);
                }
                if (!isMoved(schema, former, present)) {
                    append(session, target, images);
                    return;
                }
                moves.count++;
                if (moves.count == 1) {
                    moves.first = images;
                    return;
                }
                if (moves.count == 2) {
                    append(session, target, EventImages.deleteOf(moves.first));
                }
                append(session, target, EventImages.deleteOf(images));
            });
        }
        if (moves.count == 1) {
            append(session, target, moves.first);
        } else if (moves.count > 1) {
            forEachChange(firing, schema, (former, present) -> {
                if (isMoved(schema, former, present)) {
                    append(session, target, images(schema, null, present));
                }
            });
        }
    }

    /**
     * Whether all rows have been written anew since the relay looked at the table, with a column dropped and perhaps another one of its
     * name added. The changes that follow are not changes to the rows that the journal has.
     */
    private boolean isRewritten(TriggerExecutionContext firing, View view) throws StandardException {
        @Nullable Long seen = seenHeaps.get(firing.getTargetTableId().toString());
        return seen != null && seen != view.descriptor().getHeapConglomerateId();
    }

    /** Has the relay bring the table anew. */
    private static byte[] tableDropped(TableSchema schema) {
        Output images = IMAGES.get();
        images.reset();
        EventImages.write(images, Operation.DROP, schema, null, null);
        return images.toBytes();
    }

    private static boolean isMoved(TableSchema schema, @Nullable ResultSet former, @Nullable ResultSet present)
            throws SQLException {
        return former != null && present != null && !DerbyRows.sameKey(schema, former, present);
    }

    private static void forEachChange(TriggerExecutionContext firing, TableSchema schema, ChangeTaker taker)
            throws SQLException, StandardException {
        try (@Nullable ResultSet former = firing.getOldRowSet();
                @Nullable ResultSet present = firing.getNewRowSet()) {
            requireAllColumns(schema, former);
            requireAllColumns(schema, present);
            while (true) {
                boolean hasFormer = former != null && former.next();
                boolean hasPresent = present != null && present.next();
                if (!hasFormer && !hasPresent) {
                    return;
                }
                taker.take(hasFormer ? former : null, hasPresent ? present : null);
            }
        }
    }

    /** Locks the rows that a statement is about to change or delete. */
    void lockRows(LanguageConnectionContext session) throws SQLException, StandardException {
        if (session.getCurrentIsolationLevel() >= TransactionControl.REPEATABLE_READ_ISOLATION_LEVEL) {
            // The statement has kept its locks.
            return;
        }
        TriggerExecutionContext firing = firing();
        View view = viewAtFiring(session, firing);
        CursorResultSet former = formerRows(firing);
        former.open();
        try {
            for (ExecRow row = former.getNextRow(); row != null; row = former.getNextRow()) {
                // A delete's rows have their location behind the columns.
                if (row.nColumns() < view.schema().size()) {
                    throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                            .with("table", view.schema().name())
                            .with("expected", "triggers as PENUMBRA.CAPTURE makes them");
                }
                view.guard()
                        .lock(
                                session.getTransactionExecute(),
                                Arrays.copyOf(row.getRowArray(), view.schema().size()));
            }
        } finally {
            former.close();
        }
    }

    private static CursorResultSet formerRows(TriggerExecutionContext firing) {
        try {
            // The public way gives JDBC's values only, of which no key for Derby's store can be made.
            Field field = firing.getClass().getDeclaredField("beforeResultSet");
            field.setAccessible(true);
            return (CursorResultSet) field.get(firing);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("not the Derby that is supported", e);
        }
    }

    private static TriggerExecutionContext firing() throws SQLException {
        @Nullable TriggerExecutionContext firing = Factory.getTriggerExecutionContext();
        if (firing == null) {
            throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("expected", "a call by a trigger FOR EACH STATEMENT");
        }
        return firing;
    }

    private static void requireAllColumns(TableSchema schema, @Nullable ResultSet rows) throws SQLException {
        if (rows != null && rows.getMetaData().getColumnCount() != schema.size()) {
            throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("table", schema.name())
                    .with("expected", "a trigger with REFERENCING OLD TABLE and NEW TABLE");
        }
    }

    /** An outbox row's images of a change. */
    private byte[] images(TableSchema schema, @Nullable ResultSet former, @Nullable ResultSet present)
            throws SQLException {
        Output images = IMAGES.get();
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

    private void writeImage(Output images, TableSchema schema, @Nullable ResultSet row) throws SQLException {
        if (row == null) {
            EventImages.writeAbsent(images);
        } else {
            int begin = EventImages.beginImage(images);
            DerbyRows.write(images, schema, row, settings.maxLobBytes());
            EventImages.endImage(images, begin);
        }
    }

    private View viewAtFiring(LanguageConnectionContext session, TriggerExecutionContext firing)
            throws SQLException, StandardException {
        String tableId = firing.getTargetTableId().toString();
        // Derby makes a new descriptor when anything about the table has changed.
        TableDescriptor descriptor = session.getDataDictionary().getTableDescriptor(firing.getTargetTableId());
        @Nullable View known = views.get(tableId);
        if (known != null && known.descriptor() == descriptor) {
            return known;
        }
        // Or without any reason, in a transaction that has changed the catalogue; compiling a trigger is enough.
        String shape = shapeOf(session.getDataDictionary(), descriptor);
        if (known != null && known.shape().equals(shape)) {
            views.put(tableId, new View(descriptor, shape, known.schema(), known.guard(), known.checks()));
            return known;
        }
        TableSchema schema;
        KeyIndex key;
        try (Connection own = DriverManager.getConnection("jdbc:default:connection")) {
            schema = DerbyCatalog.schema(own, tableId, settings.maxLobBytes());
            key = DerbyCatalog.keyIndex(own, tableId, schema.name(), schema.columns());
        }
        if (known == null || !known.schema().equals(schema)) {
            store(schema);
            layoutChanges.incrementAndGet();
        } else {
            schema = known.schema();
        }
        View view = new View(
                descriptor,
                shape,
                schema,
                new RowGuard(schema.name(), descriptor.getHeapConglomerateId(), key.conglomerate(), key.positions()),
                checksOf(session.getDataDictionary(), descriptor));
        views.put(tableId, view);
        return view;
    }

    /** The CHECK constraints that hold after each statement. */
    private static List<String> checksOf(DataDictionary catalogue, TableDescriptor descriptor)
            throws StandardException {
        List<String> conditions = new ArrayList<>();
        for (ConstraintDescriptor constraint : catalogue.getConstraintDescriptors(descriptor)) {
            if (constraint instanceof CheckConstraintDescriptor check && check.enforced() && !check.deferrable()) {
                conditions.add(check.getConstraintText());
            }
        }
        return conditions;
    }

    /** What is different whenever a table's layout, its key or the places of its rows and indexes are. */
    private static String shapeOf(DataDictionary catalogue, TableDescriptor descriptor) throws StandardException {
        StringBuilder shape = new StringBuilder();
        for (ConglomerateDescriptor stored : descriptor.getConglomerateDescriptorList()) {
            shape.append(stored.getConglomerateNumber()).append(' ');
        }
        for (int position = 1; position <= descriptor.getNumberOfColumns(); position++) {
            ColumnDescriptor column = descriptor.getColumnDescriptor(position);
            shape.append(column.getColumnName())
                    .append('\u0000')
                    .append(column.getType().getSQLstring())
                    .append(column.getType().isNullable());
        }
        for (ConstraintDescriptor constraint : catalogue.getConstraintDescriptors(descriptor)) {
            shape.append(constraint.getUUID()).append(constraint.enforced());
        }
        return shape.toString();
    }

    /** Makes sure that the outbox's reader can find a layout; in a transaction of its own, once for each layout. */
    void store(TableSchema schema) {
        long fingerprint = schema.fingerprint().value();
        if (storedLayouts.contains(fingerprint)) {
            return;
        }
        try (Connection connection = connectToWait();
                PreparedStatement statement =
                        connection.prepareStatement("INSERT INTO PENUMBRA.LAYOUT(FINGERPRINT, BODY) VALUES(?, ?)")) {
            statement.setLong(1, fingerprint);
            statement.setBytes(2, SchemaFormat.encode(schema));
            statement.executeUpdate();
        } catch (SQLException e) {
            if (!DUPLICATE_KEY.equals(e.getSQLState())) {
                throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE, e)
                        .with("table", schema.name())
                        .with("reason", e.getMessage());
            }
        }
        storedLayouts.add(fingerprint);
    }

    private void append(LanguageConnectionContext session, DerbyOutbox target, byte[] images) throws StandardException {
        if (outboxRows.get() >= settings.maxOutboxRows()) {
            throw new PenumbraException(ErrorCode.OUTBOX_FULL)
                    .with("source", name)
                    .with("rows", settings.maxOutboxRows())
                    .with("relay", failure());
        }
        TransactionManager transaction = (TransactionManager) session.getTransactionExecute();
        Xact raw = (Xact) transaction.getRawStoreXact();
        @Nullable Writer known = writers.get(raw);
        if (known != null && known.isOf(raw)) {
            add(transaction, target, nextId.getAndIncrement(), known, images);
            return;
        }
        // Known before it has an id: whoever sees that the id has been handed out finds the writer.
        Writer writer = new Writer(raw, nextId.get());
        writers.put(raw, writer);
        writer.observe();
        long id = nextId.getAndIncrement();
        writer.begin(id);
        add(transaction, target, id, writer, images);
        Relay running = relay;
        if (running != null) {
            running.notice();
        }
    }

    private void add(TransactionController transaction, DerbyOutbox target, long id, Writer writer, byte[] images)
            throws StandardException {
        target.add(transaction, id, writer.firstId(), images);
        outboxRows.incrementAndGet();
    }

    private String failure() {
        Relay running = relay;
        @Nullable String failure = running == null ? "not started" : running.status().failure();
        return failure == null ? "working" : failure;
    }

    // ---- start and end

    private DerbyOutbox readyOutbox() {
        DerbyOutbox ready = outbox;
        if (ready == null) {
            start();
            ready = outbox;
        }
        if (ready == null) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE).with("database", databaseName);
        }
        return ready;
    }

    /** Numbers this opening durably and starts the relay. */
    private synchronized void start() {
        if (outbox != null) {
            return;
        }
        endFormerOpenings();
        try (Connection connection = connect()) {
            long opening = Long.parseLong(state(connection, OPENING_STATE, "0")) + 1;
            setState(connection, OPENING_STATE, Long.toString(opening));
            Openings openings = Openings.after(state(connection, OPENINGS_STATE, ""));
            setState(connection, OPENINGS_STATE, openings.toString());
            UUID identity = UUID.fromString(
                    state(connection, IDENTITY_STATE, UUID.randomUUID().toString()));
            setState(connection, IDENTITY_STATE, identity.toString());
            name = defaultName();
            Path journal = journalDirectory(connection);
            nextId.set(OutboxRow.firstId(opening));
            outboxRows.set(countOutbox(connection));
            DerbyOutbox found = DerbyOutbox.find(connection);
            Relay starting =
                    new Relay(this, journal, () -> openJournal(journal, identity), opening, openings, settings.relay());
            relay = starting;
            starting.start();
            // Last: whoever finds the outbox finds the relay.
            outbox = found;
        } catch (SQLException e) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE, e)
                    .with("database", databaseName)
                    .with("reason", e.getMessage());
        }
    }

    /** The relay of an opening that has been shut down notices it after a while; until then it has the journal. */
    private void endFormerOpenings() {
        for (DerbyDatabase former : OPEN.values()) {
            Relay running = former.relay;
            if (former != this && former.databaseName.equals(databaseName) && running != null) {
                try {
                    running.stop(CLOSE_TIMEOUT_MILLIS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    private static long countOutbox(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet count = statement.executeQuery("SELECT COUNT(*) FROM PENUMBRA.OUTBOX WITH UR")) {
            count.next();
            return count.getLong(1);
        }
    }

    private DualJournal openJournal(Path journal, UUID identity) {
        // Read anew each time: somebody may have made room by lowering the reserve.
        var configuration = CaptureSettings.read().journal();
        return isPersistent()
                ? DualJournal.open(journal, name, identity, configuration, Clock.systemUTC())
                : DualJournal.open(journal, name, configuration, Clock.systemUTC());
    }

    /** Creates Penumbra's own tables and routines where they are missing. */
    void prepareSchema() throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            if (!exists(connection, "SELECT 1 FROM SYS.SYSSCHEMAS WHERE SCHEMANAME = 'PENUMBRA'")) {
                statement.execute("CREATE SCHEMA PENUMBRA");
            }
            createTable(connection, "LAYOUT", "FINGERPRINT BIGINT NOT NULL PRIMARY KEY, BODY BLOB NOT NULL");
            createTable(
                    connection,
                    "CAPTURED_TABLE",
                    "SCHEMA_NAME VARCHAR(128) NOT NULL, TABLE_NAME VARCHAR(128) NOT NULL, FINGERPRINT BIGINT NOT NULL,"
                            + " COMPLETE BOOLEAN NOT NULL, TABLE_ID BIGINT NOT NULL, PRIMARY KEY(SCHEMA_NAME, TABLE_NAME)");
            createTable(connection, "STATE", "NAME VARCHAR(64) NOT NULL PRIMARY KEY, TEXT VARCHAR(4096) NOT NULL");
            createTable(connection, "OUTBOX", "ID BIGINT NOT NULL, TX BIGINT NOT NULL, IMAGES BLOB NOT NULL");
            if (!exists(
                    connection,
                    "SELECT 1 FROM SYS.SYSCONGLOMERATES WHERE CONGLOMERATENAME = '" + DerbyOutbox.INDEX + "'")) {
                statement.execute("CREATE UNIQUE INDEX PENUMBRA." + DerbyOutbox.INDEX + " ON PENUMBRA.OUTBOX(ID)");
            }
            for (String routine : Capture.ROUTINES) {
                String routineName = routine.split("[ (]", 3)[1];
                if (!exists(
                        connection,
                        "SELECT 1 FROM SYS.SYSALIASES A, SYS.SYSSCHEMAS S WHERE A.SCHEMAID = S.SCHEMAID"
                                + " AND S.SCHEMANAME = 'PENUMBRA' AND A.ALIAS = '"
                                + routineName.substring(routineName.indexOf('.') + 1) + "'")) {
                    statement.execute("CREATE " + routine);
                }
            }
        }
    }

    private static void createTable(Connection connection, String table, String columns) throws SQLException {
        if (DerbyCatalog.tableId(connection, new TableName("PENUMBRA", table)) == null) {
            try (Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE PENUMBRA." + table + "(" + columns + ")");
            }
        }
    }

    private static boolean exists(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery(query)) {
            return found.next();
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
        try (PreparedStatement update =
                connection.prepareStatement("UPDATE PENUMBRA.STATE SET TEXT = ? WHERE NAME = ?")) {
            update.setString(1, text);
            update.setString(2, key);
            if (update.executeUpdate() == 0) {
                try (PreparedStatement insert =
                        connection.prepareStatement("INSERT INTO PENUMBRA.STATE(TEXT, NAME) VALUES(?, ?)")) {
                    insert.setString(1, text);
                    insert.setString(2, key);
                    insert.executeUpdate();
                }
            }
        }
    }

    private String defaultName() {
        String path = databaseName.replaceFirst("^[a-z]+:", "").replaceFirst("[/\\\\]+$", "");
        return path.substring(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
                .toLowerCase(Locale.ROOT)
                .replaceAll("\\s+", "_");
    }

    private Path journalDirectory(Connection connection) throws SQLException {
        String stored = state(connection, JOURNAL_STATE, "");
        if (!stored.isEmpty()) {
            return Path.of(stored);
        }
        String configured = System.getProperty(CaptureSettings.JOURNAL);
        if (configured != null) {
            return Path.of(configured);
        }
        if (isPersistent()) {
            return Path.of(databaseName + ".journal").toAbsolutePath();
        }
        throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                .with("setting", CaptureSettings.JOURNAL)
                .with("reason", "an in-memory database needs a journal directory");
    }

    /**
     * A connection of Penumbra's own that never waits for a lock.
     *
     * @throws PenumbraException with INCOMPATIBLE_DERBY
     */
    Connection connect() throws SQLException {
        Connection connection = connectToWait();
        ((EmbedConnection) connection)
                .getLanguageConnection()
                .getTransactionExecute()
                .setNoLockWait(true);
        return connection;
    }

    /** One that waits for the relay, which waits for nobody. */
    private Connection connectToWait() throws SQLException {
        Properties credentials = new Properties();
        @Nullable String user = System.getProperty(USER);
        if (user != null) {
            credentials.setProperty("user", user);
            credentials.setProperty("password", System.getProperty(PASSWORD, ""));
        }
        Connection connection = DriverManager.getConnection("jdbc:derby:" + databaseName, credentials);
        String version = connection.getMetaData().getDatabaseProductVersion();
        if (!version.startsWith(SUPPORTED_VERSION)) {
            throw new PenumbraException(ErrorCode.INCOMPATIBLE_DERBY)
                    .with("version", version)
                    .with("supported", SUPPORTED_VERSION);
        }
        return connection;
    }

    // ---- the relay's side

    @Override
    public String name() {
        return name;
    }

    @Override
    public SourceSession openSession() throws SQLException {
        return new DerbySourceSession(this);
    }

    /**
     * The transactions that had ended at one moment, such that with each of them every one that it could have seen is among them.
     *
     * <p>A transaction that waited for another one's lock gets it after the other one's commit has begun, and ends after that. Writers are
     * looked at one after the other, so it may be found ended although the other one was not yet when that was looked at. So this looks
     * again until nothing more has ended, and waits for the commits that are under way then: what came before one that was found ended
     * has either ended, too, or is committing.
     *
     * @throws PenumbraException with SOURCE_UNAVAILABLE when a commit takes long, or a transaction has been prepared and waits
     */
    Horizon horizon() {
        long given = nextId.get() - 1;
        long upTo = given;
        Set<Writer> pending = new HashSet<>(writers.values());
        for (Writer writer : pending) {
            if (writer.firstId() == Writer.NO_ID) {
                upTo = Math.min(upTo, writer.floor() - 1);
            }
        }
        long patience = System.nanoTime() + COMMIT_PATIENCE_NANOS;
        while (true) {
            if (pending.removeIf(Writer::hasEnded)) {
                continue;
            }
            if (pending.stream().noneMatch(Writer::isCommitting)) {
                break;
            }
            if (System.nanoTime() - patience > 0) {
                throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE)
                        .with("source", name)
                        .with(
                                "reason",
                                "a transaction that has been prepared, or is being committed, has not ended yet");
            }
            LockSupport.parkNanos(COMMIT_PAUSE_NANOS);
        }
        Set<Long> open = new HashSet<>();
        for (Writer writer : pending) {
            open.add(writer.firstId());
        }
        return new Horizon(upTo, open, upTo == given);
    }

    /**
     * Has Derby plan all statements anew that it keeps plans of. A plan that was made while another session failed to make the same one
     * is lost to Derby's book of dependencies: new triggers do not outdate it, and it would never fire them.
     */
    static void forgetPlans(Connection connection) throws SQLException {
        LanguageConnectionContext session = ((EmbedConnection) connection).getLanguageConnection();
        @Nullable CacheManager plans = session.getLanguageConnectionFactory().getStatementCache();
        if (plans == null) {
            return;
        }
        try {
            for (Object plan : plans.values()) {
                ((CachedStatement) plan).getPreparedStatement().makeInvalid(DependencyManager.CREATE_TRIGGER, session);
            }
        } catch (StandardException e) {
            throw new SQLException(e.getMessage(), e);
        }
    }

    /** The outbox has been seen whole, and held this many rows. */
    void counted(long rows) {
        outboxRows.set(rows);
    }

    @Override
    public Write nextWrite() {
        // A commit is on disk before anybody sees it.
        return () -> true;
    }

    @Override
    public void force() {
        // As above.
    }

    @Override
    public boolean canLoseCommits() {
        return false;
    }

    @Override
    public boolean isOpen() {
        return database.isActive();
    }

    @Override
    public void relayEnded() {
        OPEN.remove(database, this);
    }

    @Override
    public boolean isPersistent() {
        return !databaseName.startsWith(MEMORY);
    }

    @Override
    public boolean takeEnded() {
        return writers.values().removeIf(Writer::hasEnded);
    }

    @Override
    public boolean hasOpenWriters() {
        return !writers.isEmpty();
    }

    @Override
    public long outboxRows() {
        return outboxRows.get();
    }

    @Override
    public long layoutVersion() {
        long now = System.nanoTime();
        boolean demanded = lookDemanded.getAndSet(false);
        if (demanded || now - lastLayoutLookNanos >= LAYOUT_LOOK_NANOS) {
            lastLayoutLookNanos = now;
            try (Connection connection = connect()) {
                String triggers = triggers(connection);
                lookNanos = System.nanoTime() - now;
                if (!triggers.equals(lastTriggers)) {
                    lastTriggers = triggers;
                    layoutChanges.incrementAndGet();
                }
            } catch (SQLException e) {
                // Somebody is changing a table just now; the next look will tell.
                LOG.trace("the triggers of {} cannot be read now", name, e);
                if (demanded) {
                    // Whoever waits for this one must not take what is known for what is.
                    layoutChanges.incrementAndGet();
                }
            }
        }
        return layoutChanges.get();
    }

    @Override
    public boolean demandLook() {
        if (System.nanoTime() - lastLayoutLookNanos < Math.min(LOOK_REST * lookNanos, LAYOUT_LOOK_NANOS)) {
            return false;
        }
        lookDemanded.set(true);
        return true;
    }

    /** What changes whenever a trigger or a column of a table with triggers does, or all of its rows are written anew. */
    private static String triggers(Connection connection) throws SQLException {
        StringBuilder all = new StringBuilder();
        // Through the indexes on ids: scans would stop at whatever another transaction has created.
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery(
                        "SELECT G.TRIGGERID, G.STATE, T.TABLENAME, S.SCHEMANAME, C.COLUMNNAME, C.COLUMNDATATYPE, C.COLUMNNUMBER"
                                + " FROM --DERBY-PROPERTIES joinOrder=FIXED\n SYS.SYSTRIGGERS G,"
                                + " SYS.SYSTABLES T --DERBY-PROPERTIES joinStrategy=NESTEDLOOP, index=SYSTABLES_INDEX2\n,"
                                + " SYS.SYSSCHEMAS S --DERBY-PROPERTIES joinStrategy=NESTEDLOOP, index=SYSSCHEMAS_INDEX2\n,"
                                + " SYS.SYSCOLUMNS C --DERBY-PROPERTIES joinStrategy=NESTEDLOOP, index=SYSCOLUMNS_INDEX1\n"
                                + " WHERE G.TABLEID = T.TABLEID AND T.SCHEMAID = S.SCHEMAID AND C.REFERENCEID = T.TABLEID"
                                + " ORDER BY G.TRIGGERID, C.COLUMNNUMBER")) {
            while (found.next()) {
                for (int i = 1; i <= 7; i++) {
                    all.append(found.getObject(i)).append('\u0000');
                }
            }
        }
        return all.append(DerbyCatalog.heaps(connection)).toString();
    }

    /** The relay has looked at the tables when this is where their rows were. */
    void seen(Map<String, Long> heaps) {
        seenHeaps = Map.copyOf(heaps);
    }

    /** What {@link Relay#token} returns; also behind what nobody but Derby's catalogue tells of, such as a table's end. */
    SessionToken token(long timeoutMillis) {
        Relay running = relay();
        lookDemanded.set(true);
        return running.token(timeoutMillis);
    }

    /** Has the relay look at the triggers soon. */
    void triggersChanged() {
        layoutChanges.incrementAndGet();
        Relay running = relay;
        if (running != null) {
            running.wake();
        }
    }

    /** The running relay, started if need be. */
    Relay relay() {
        readyOutbox();
        Relay running = relay;
        if (running == null) {
            throw new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE).with("database", databaseName);
        }
        return running;
    }
}
