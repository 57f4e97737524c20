package dev.penumbra.capture;

import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.capture.SourceSession.NumberedRow;
import dev.penumbra.capture.SourceSession.OutboxEntry;
import dev.penumbra.capture.SourceSession.RowPage;
import dev.penumbra.capture.SourceSession.TableNote;
import dev.penumbra.capture.SourceSession.TriggeredTable;
import dev.penumbra.journal.DualJournal;
import dev.penumbra.journal.EventImages;
import dev.penumbra.journal.JournalProbe;
import dev.penumbra.journal.JournalScan;
import dev.penumbra.journal.JournalTail;
import dev.penumbra.journal.JournalWriter;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Change;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.Key;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Origin;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SessionToken;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.model.TransactionId;
import dev.penumbra.model.api.Internal;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries the committed changes of one open database from its outbox to its journal.
 *
 * <p>Works in passes, on a thread of its own. A pass sees the database at one instant: it appends every transaction that is
 * in the outbox, deletes what it appended, and copies a chunk of each table whose existing rows are not in the journal yet.
 * Between append and delete the ids are remembered, and after a crash they are read back from the journal's tail, so that a
 * change is appended once.
 *
 * <p>Invariant: when a pass that saw the database at instant s has appended everything, the journal's content of every
 * complete table is the table's content at s.
 *
 * <p>{@link #wake()} may be called from any thread and never blocks. A failure is kept for {@link #status()} and logged, and
 * the pass is tried again with growing pauses; the outbox grows meanwhile and loses nothing.
 */
@Internal
public final class Relay {
    private static final Logger LOG = LoggerFactory.getLogger(Relay.class);

    /** How long a session waits for a token at most. */
    public static final long TOKEN_TIMEOUT_MILLIS = 10_000;

    private static final long BUSY_PAUSE_NANOS = 200_000;
    private static final long FIRST_PASS_TIMEOUT_NANOS = 5_000_000_000L;
    private static final long OPEN_WRITER_PAUSE_NANOS = 500_000;
    /** How long after its last work the relay still looks often. */
    private static final long LINGER_NANOS = 20_000_000;
    /** How long it sleeps with nothing to do. Then it looks for what nobody wakes it for, such as a renamed table. */
    private static final long IDLE_PAUSE_NANOS = 500_000_000;

    /** How long it sleeps with nothing to do while somebody asks how far the journal has come. */
    private static final long PROBED_PAUSE_NANOS = 5_000_000;

    /** For how long after a question another is expected. */
    private static final long PROBED_NANOS = 10_000_000_000L;

    /** How long it sleeps with nothing to do but to wait for the source's disk. */
    private static final long MARK_PAUSE_NANOS = 20_000_000;

    private static final long FIRST_RETRY_NANOS = 10_000_000;
    private static final long LAST_RETRY_NANOS = 5_000_000_000L;
    /** Marks are also due after this many changes, so that a recovery's work is bounded. */
    private static final long CHANGES_BETWEEN_MARKS = 200_000;

    /** How long writers are left alone after the relay has waited for a table's lock in vain; many times that wait. */
    private static final long BARRIER_PAUSE_NANOS = 1_000_000_000;

    /** How long a copy waits for a row that somebody is writing. */
    private static final long LOCKED_ROW_PAUSE_NANOS = 2_000_000;

    private static final RowPage NO_ROWS = new RowPage(List.of(), false);

    /** How long the relay does without a look at the tables while somebody is changing them. */
    private static final long LOOK_PAUSE_NANOS = 20_000_000;

    private static final long GIVE_UP_CHECK_NANOS = 10_000_000;

    private static final int FAILURES_TO_REPORT = 3;
    private static final int MAX_DELETABLE_PAGES = 4;
    private static final int FINAL_PASSES = 2;

    private static final int IMAGES_BYTES = 512;
    private static final long UNKNOWN_IDENTITY = -1;

    private final Source source;
    private final Path directory;
    private final Supplier<DualJournal> journalOpener;
    private final RelayConfiguration configuration;
    private final Thread thread;
    private final ExecutorService background;
    private final TransactionId own;
    private final Openings openings;
    /** The relay's thread alone uses it. */
    private final UncommittedDesk uncommitted;

    /** As {@link #uncommitted}. */
    private final SourceRowsDesk sourceRows;

    private volatile boolean awake = true;
    private volatile boolean sleeping;
    private volatile boolean stopping;
    private volatile boolean ended;
    private volatile boolean hasPassed;
    private volatile @Nullable Throwable failure;
    private volatile Position journalled = Position.START;
    private volatile Position durable = Position.START;
    private final AtomicLong changes = new AtomicLong();
    private final AtomicLong corrections = new AtomicLong();
    private volatile SortedMap<TableName, Boolean> tableStates = new TreeMap<>();
    /** Asked up to where the journal has everything by now; no pass has begun since. */
    private final Queue<CompletableFuture<SessionToken>> newQuestions = new ConcurrentLinkedQueue<>();

    private final AtomicReference<@Nullable CompletableFuture<List<AuditReport>>> audit = new AtomicReference<>();

    // The relay's thread alone uses what follows.
    private @Nullable DualJournal journal;
    private @Nullable SourceSession session;
    private final Map<Fingerprint, TableSchema> layouts = new HashMap<>();
    private final Map<TableName, CapturedTable> tables = new LinkedHashMap<>();
    /** The triggers of this opening whose tables are noted as complete. */
    private final Map<TableName, Long> notedTriggers = new HashMap<>();
    /** Outbox rows that are in the journal and still in the outbox. */
    private final Set<Long> appended = new HashSet<>();

    /** Those of them for which no sync of the journal has begun. */
    private List<Long> deletable = new ArrayList<>();

    private @Nullable Future<?> syncing;
    private List<Long> syncingIds = List.of();
    private Position syncingUpTo = Position.START;
    /** Everything up to here has left the outbox. */
    private Position settled = Position.START;
    /** The source's write to disk that takes the last of that with it; null before there was any. */
    private Source.@Nullable Write settledBy;

    private @Nullable Mark awaited;
    private @Nullable Future<?> marking;
    private Position markingUpTo = Position.START;
    private final Output images = new Output(IMAGES_BYTES, Integer.MAX_VALUE - 8);
    private boolean recovered;
    /** Whether it is known if source and journal tell of one history; looked at before this relay appends anything. */
    private boolean historyKnown;
    /** Why they do not, until everything has been brought anew for it. */
    private @Nullable String otherHistory;
    /**
     * Whether the journal learns only with the next durable mark who writes it: until then a crash may make the source forget that
     * its tables are to be brought anew, and the journal must go on to look like another's.
     */
    private boolean openingNotedWithMark;

    private final Asked<JournalProbe> probe;

    /** The latest question since which the source has been made to look at its layouts, or will be before it is answered. */
    private long lookedFor;

    /** Asked in this process before the present pass began, and not answered yet. */
    private final List<CompletableFuture<SessionToken>> questions = new ArrayList<>();

    private long askedNanos = System.nanoTime() - PROBED_NANOS;

    private long layoutVersion = -1;
    private long lookNotBeforeNanos = System.nanoTime();
    private long lastMarkNanos;
    private long ownTransactions;
    private int failuresInARow;
    /** How many changes were dropped since the journal could last be written. */
    private long givenUp;

    /** A position that may be marked as durable when the source has begun a write to its disk. */
    private record Mark(Position upTo, Source.Write write) {}

    /** What the relay's thread knows of a captured table. */
    private static final class CapturedTable {
        private TableSchema schema;
        /** In the journal with this layout; otherwise its changes wait for the copy that begins with it. */
        private boolean begun;

        private boolean complete;
        /** Whether the journal has records of it that only a DROP would end. */
        private boolean inJournal;

        private long copiedUpTo;
        private long table = UNKNOWN_IDENTITY;
        private long trigger = UNKNOWN_IDENTITY;
        private long notBeforeNanos = System.nanoTime();
        /** Keys journalled between the copy's beginning and its last rows. */
        private final Set<Key> seen = new HashSet<>();

        /** Keys journalled since then: a row that is copied next may be older or newer than what was journalled. */
        private final Set<Key> seenNow = new HashSet<>();

        CapturedTable(TableSchema schema) {
            this.schema = schema;
        }

        private void forgetSeen() {
            seen.clear();
            seenNow.clear();
        }
    }

    /**
     * @param source the open database
     * @param directory the journal's directory
     * @param journalOpener opens the journal; called again when opening failed
     * @param opening the number of the database's opening
     * @param openings this opening and the latest before it, which the database would still know after a crash
     */
    public Relay(
            Source source,
            Path directory,
            Supplier<DualJournal> journalOpener,
            long opening,
            Openings openings,
            RelayConfiguration configuration) {
        this.source = source;
        this.directory = directory;
        this.journalOpener = journalOpener;
        this.configuration = configuration;
        this.own = new TransactionId(opening, 0);
        this.openings = openings;
        this.probe = new Asked<>(directory, JournalProbe::open, JournalProbe::asked);
        this.uncommitted = new UncommittedDesk(directory);
        this.sourceRows = new SourceRowsDesk(directory);
        this.thread = daemon(this::run, "penumbra-relay-" + source.name());
        this.background = Executors.newSingleThreadExecutor(task -> daemon(task, "penumbra-disk-" + source.name()));
    }

    /** A thread that sees the classes that Penumbra sees, whoever happens to have opened the source. */
    public static Thread daemon(Runnable work, String name) {
        Thread daemon = new Thread(work, name);
        daemon.setDaemon(true);
        daemon.setContextClassLoader(Relay.class.getClassLoader());
        return daemon;
    }

    /** Starts the relay's thread. */
    public void start() {
        thread.start();
    }

    /** Tells the relay that there is something to do; cheap when it is at work already. */
    public void wake() {
        awake = true;
        if (sleeping) {
            LockSupport.unpark(thread);
        }
    }

    /**
     * Has the relay compare the journal's content of every complete table with the source's rows and mend the journal by
     * corrections. Changes wait in the outbox meanwhile.
     *
     * @return completed by the relay's thread with one report a table, or exceptionally
     */
    public CompletableFuture<List<AuditReport>> audit() {
        CompletableFuture<List<AuditReport>> asked = new CompletableFuture<>();
        CompletableFuture<List<AuditReport>> pending = audit.compareAndExchange(null, asked);
        wake();
        return pending == null ? asked : pending;
    }

    /** Tells the relay that a transaction has begun whose end it should look out for; never blocks. */
    public void notice() {
        if (sleeping) {
            LockSupport.unpark(thread);
        }
    }

    /**
     * Lets the relay finish the pass it is in, and one more, then ends it and closes the journal.
     *
     * @return false when it has not ended in time
     */
    public boolean stop(long timeoutMillis) throws InterruptedException {
        stopping = true;
        LockSupport.unpark(thread);
        thread.join(timeoutMillis);
        return !thread.isAlive();
    }

    /** Where the relay's thread stands in the program, for a log. */
    public String stack() {
        return Arrays.stream(thread.getStackTrace())
                .map(Object::toString)
                .collect(Collectors.joining("\n\tat ", "\tat ", ""));
    }

    /**
     * Waits until everything committed before the call is in the journal and every captured table is complete.
     *
     * @return whether that came to pass in time
     */
    public boolean settle(long timeoutMillis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        try {
            awaitEnd(timeoutMillis);
        } catch (PenumbraException e) {
            LOG.debug("{} has not settled", source.name(), e);
            return false;
        }
        while (tableStates.containsValue(false)) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            wake();
            LockSupport.parkNanos(BUSY_PAUSE_NANOS);
        }
        return true;
    }

    /**
     * A token for everything that had been committed in the source before the call, waited for until the journal has it. What is not
     * committed, of whichever session, is neither covered nor waited for. A table whose existing rows are still being brought is not
     * waited for either: up to the token's position the journal has not said that it is complete.
     *
     * @throws PenumbraException with NOT_CAPTURED when no table is captured; when the time is over, with the code of what keeps the
     *     relay from working, or SOURCE_UNAVAILABLE
     */
    public SessionToken token(long timeoutMillis) {
        SessionToken token = awaitEnd(timeoutMillis);
        if (tableStates.isEmpty()) {
            throw new PenumbraException(ErrorCode.NOT_CAPTURED).with("source", source.name());
        }
        return token;
    }

    /**
     * Waits until everything that had been committed before the call is in the journal, as a probe's question does from another process;
     * returns where the journal ends then.
     */
    private SessionToken awaitEnd(long timeoutMillis) {
        CompletableFuture<SessionToken> question = new CompletableFuture<>();
        newQuestions.add(question);
        if (ended) {
            // Perhaps after the relay has looked for questions for the last time.
            question.completeExceptionally(unavailable("the database is closing", null));
        }
        wake();
        try {
            return question.get(timeoutMillis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            question.cancel(false);
            throw notInTime(timeoutMillis);
        } catch (InterruptedException e) {
            question.cancel(false);
            Thread.currentThread().interrupt();
            throw unavailable("interrupted", e);
        } catch (ExecutionException e) {
            throw unavailable("the database is closing", e.getCause());
        }
    }

    private PenumbraException notInTime(long timeoutMillis) {
        Throwable reason = failure;
        if (reason instanceof PenumbraException refused) {
            PenumbraException same = new PenumbraException(refused.code(), refused);
            refused.context().forEach(same::with);
            return same;
        }
        return unavailable(
                        "not everything that is committed could be journalled in time: try again, see capture status",
                        reason)
                .with("millis", timeoutMillis)
                .with("relay", reason == null ? "working" : reason.getMessage());
    }

    private PenumbraException unavailable(String reason, @Nullable Throwable cause) {
        return new PenumbraException(ErrorCode.SOURCE_UNAVAILABLE, cause)
                .with("source", source.name())
                .with("reason", reason);
    }

    /** Waits, a few seconds at most, until the journal is there or the relay has failed to open it, which its status says. */
    public void awaitFirstPass() {
        long end = System.nanoTime() + FIRST_PASS_TIMEOUT_NANOS;
        while (!hasPassed && failure == null && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(BUSY_PAUSE_NANOS);
        }
    }

    /** How the relay stands; safe at any time. */
    public RelayStatus status() {
        long cpu = ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.getId());
        Throwable reason = failure;
        return new RelayStatus(
                journalled,
                durable,
                source.outboxRows(),
                changes.get(),
                corrections.get(),
                Math.max(0, cpu),
                tableStates,
                reason == null ? null : String.valueOf(reason.getMessage()));
    }

    private void run() {
        long lastWork = System.nanoTime();
        long retryNanos = FIRST_RETRY_NANOS;
        while (true) {
            boolean last = stopping;
            if (!source.isOpen()) {
                // It closed without a trigger left to tell the relay.
                failure = null;
                finish();
                return;
            }
            try {
                boolean due = awake || last || source.takeEnded() || isLookDue() || isAsked();
                attendToDisk();
                if (due || isCopying() || isIdleCheckDue(lastWork)) {
                    awake = false;
                    boolean worked = pass();
                    if (last) {
                        // A copy goes on when the source is opened again; one that keeps nothing has no again.
                        for (int i = 0; worked && (i < FINAL_PASSES || !source.isPersistent()); i++) {
                            worked = pass();
                        }
                    }
                    if (worked) {
                        lastWork = System.nanoTime();
                    }
                    hasPassed = true;
                    failure = null;
                    failuresInARow = 0;
                    retryNanos = FIRST_RETRY_NANOS;
                }
            } catch (SQLException | RuntimeException | Error e) {
                // Errors too: a class path without Chronicle's flags shows as one, and silence would be worse.
                if (!source.isOpen()) {
                    continue;
                }
                fail(e);
                if (!last) {
                    pauseAfterFailure(retryNanos);
                    retryNanos = Math.min(2 * retryNanos, LAST_RETRY_NANOS);
                    awake = true;
                    continue;
                }
            }
            if (last) {
                finish();
                return;
            }
            pause(lastWork);
        }
    }

    private void answer(JournalProbe asking, long question, Position upTo) {
        try {
            asking.answer(question, upTo);
            probe.answered(question);
        } catch (PenumbraException e) {
            probe.leave(e);
        }
    }

    private boolean isAsked() {
        if (!newQuestions.isEmpty() || !questions.isEmpty()) {
            return true;
        }
        if (uncommitted.isAsked() || sourceRows.isAsked()) {
            askedNanos = System.nanoTime();
            return true;
        }
        long question = probe.question();
        if (!probe.isOpen(question)) {
            return false;
        }
        askedNanos = System.nanoTime();
        return isAnswerable(question);
    }

    /**
     * Whether a pass that begins now may answer a question: what only the source's catalogue tells of, such as a table's end, has been looked
     * at since the question was asked, or is before the pass looks at anything else.
     */
    private boolean isAnswerable(long question) {
        if (probe.isOpen(question) && question != lookedFor && source.demandLook()) {
            lookedFor = question;
        }
        return probe.isOpen(question) && question == lookedFor;
    }

    private boolean isLookDue() {
        return source.layoutVersion() != layoutVersion && System.nanoTime() - lookNotBeforeNanos >= 0;
    }

    private void pauseAfterFailure(long nanos) {
        long end = System.nanoTime() + nanos;
        for (long left = nanos; left > 0 && !stopping; left = end - System.nanoTime()) {
            if (journal == null && source.outboxRows() >= configuration.giveUpRows()) {
                giveUpOutbox();
            }
            LockSupport.parkNanos(Math.min(left, GIVE_UP_CHECK_NANOS));
        }
    }

    /** Empties the outbox for want of a journal. First every table loses its note, so that it is copied anew whatever happens. */
    private void giveUpOutbox() {
        try (SourceSession giving = source.openSession()) {
            for (Map.Entry<TableName, TableNote> noted : giving.notes().entrySet()) {
                // Not forgotten: the journal must still learn of a table that is dropped meanwhile.
                giving.note(noted.getKey(), noted.getValue().incomplete());
            }
            List<OutboxEntry> entries;
            do {
                giving.begin();
                try {
                    entries = giving.outboxIndex(0, configuration.pageRows());
                } finally {
                    giving.end();
                }
                giving.delete(entries.stream().map(OutboxEntry::id).toList(), giving.settled());
                givenUp += entries.size();
            } while (entries.size() == configuration.pageRows());
            recovered = false;
            LOG.warn(
                    "{} changes of {} were given up because its journal cannot be written: {}; every table will be brought anew",
                    givenUp,
                    source.name(),
                    failure);
        } catch (SQLException | RuntimeException e) {
            LOG.debug("the outbox of {} could not be emptied and will be tried again", source.name(), e);
        }
    }

    private void attendToDisk() throws SQLException {
        SourceSession reading = session;
        DualJournal open = journal;
        if (reading != null && open != null && recovered) {
            letGo(reading, open.current());
            mark(open);
        }
    }

    /** Lets the outbox go of what is journalled, as far as the source still answers, and closes everything. */
    private void finish() {
        try {
            while (failure == null && source.isOpen() && (syncing != null || !deletable.isEmpty())) {
                attendToDisk();
                LockSupport.parkNanos(BUSY_PAUSE_NANOS);
            }
        } catch (SQLException | RuntimeException e) {
            LOG.debug("the outbox of {} keeps what is journalled already until it is opened again", source.name(), e);
        }
        PenumbraException closing = unavailable("the database is closing", null);
        refuseAudit(closing);
        ended = true;
        takeQuestions();
        questions.forEach(question -> question.completeExceptionally(closing));
        background.shutdown();
        close();
        source.relayEnded();
    }

    private boolean isIdleCheckDue(long lastWork) {
        return System.nanoTime() - lastWork > IDLE_PAUSE_NANOS && source.outboxRows() > 0;
    }

    private boolean isCopying() {
        long now = System.nanoTime();
        return firstOf(table -> !table.complete && now - table.notBeforeNanos >= 0) != null;
    }

    private void pause(long lastWork) {
        long sinceWork = System.nanoTime() - lastWork;
        if (awake || isCopying()) {
            return;
        }
        if (sinceWork < LINGER_NANOS) {
            LockSupport.parkNanos(BUSY_PAUSE_NANOS);
        } else if (source.hasOpenWriters() || syncing != null) {
            LockSupport.parkNanos(OPEN_WRITER_PAUSE_NANOS);
        } else {
            sleeping = true;
            if (!awake && !stopping && !source.hasOpenWriters()) {
                LockSupport.parkNanos(idlePauseNanos());
            }
            sleeping = false;
        }
    }

    private long idlePauseNanos() {
        if (!questions.isEmpty() || System.nanoTime() - askedNanos < PROBED_NANOS) {
            return PROBED_PAUSE_NANOS;
        }
        return isMarkOwed() ? MARK_PAUSE_NANOS : IDLE_PAUSE_NANOS;
    }

    private void fail(Throwable e) {
        String message = String.valueOf(e.getMessage());
        // A single failure is the rule when a layout changes in the middle of a pass.
        if (++failuresInARow == FAILURES_TO_REPORT) {
            LOG.warn("relay of {} cannot work and tries again: {}", source.name(), message, e);
        } else {
            LOG.debug("relay of {} tries again: {}", source.name(), message, e);
        }
        if (failuresInARow >= FAILURES_TO_REPORT) {
            refuseAudit(e);
        }
        failure = e;
        syncing = null;
        marking = null;
        awaited = null;
        // What was handed to a sync that nobody waits for any more is let go by the next one.
        deletable.addAll(syncingIds);
        syncingIds = List.of();
        // A chunk may be in the journal or not: such a copy begins anew.
        tables.values().stream().filter(table -> !table.complete).forEach(table -> table.begun = false);
        layoutVersion = -1;
        SourceSession broken = session;
        session = null;
        if (broken != null) {
            try {
                broken.close();
            } catch (RuntimeException suppressed) {
                e.addSuppressed(suppressed);
            }
        }
        boolean journalBroken = e instanceof PenumbraException refused
                && (refused.code() == ErrorCode.JOURNAL_NOT_WRITABLE || refused.code() == ErrorCode.JOURNAL_FULL);
        if (journalBroken) {
            closeJournal();
        }
    }

    private void close() {
        SourceSession open = session;
        session = null;
        if (open != null) {
            open.close();
        }
        closeJournal();
    }

    private void closeJournal() {
        probe.close();
        uncommitted.close();
        sourceRows.close();
        DualJournal open = journal;
        journal = null;
        if (open != null) {
            open.close();
        }
    }

    /** Returns whether there was anything to do. */
    private boolean pass() throws SQLException {
        DualJournal open = journal;
        if (open == null) {
            open = journalOpener.get();
            journal = open;
            recovered = false;
        }
        JournalWriter writer = open.current();
        SourceSession reading = session;
        if (reading == null) {
            reading = source.openSession();
            session = reading;
        }
        if (!recovered) {
            recover(reading, open);
            return true;
        }
        // Before the source is looked at.
        probe.open();
        long question = probe.question();
        boolean isProbed = isAnswerable(question);
        uncommitted.open();
        sourceRows.open();
        long uncommittedAsked = uncommitted.question();
        takeQuestions();
        boolean sawAll;
        boolean worked = lookAtTables(reading, writer);
        @Nullable CapturedTable copying = firstOf(table -> table.begun && !table.complete);
        // One at a time: what happens to a table that waits for its turn is in its copy later, and need not be
        // remembered.
        @Nullable CapturedTable beginning = copying == null ? nextToBegin(reading) : null;
        reading.begin();
        try {
            List<CapturedTable> audited = holdForAudit(reading);
            // Before the outbox is looked at: a source without snapshots may change a row at any time after that.
            RowPage rows = copying == null
                    ? NO_ROWS
                    : reading.rows(copying.schema, copying.copiedUpTo, configuration.copyRows());
            worked |= drain(reading, writer) > 0;
            if (beginning != null) {
                begin(reading, writer, beginning);
                worked = true;
            }
            if (copying != null && copying.begun) {
                copy(reading, writer, copying, rows);
                worked = true;
            }
            audit(reading, writer, audited);
            sawAll = reading.showsAllCommitted();
        } finally {
            reading.end();
        }
        sourceRows.answer(reading, this::captured);
        if (isJournalWhole()) {
            uncommitted.answer(uncommittedAsked, reading, end(writer), appended::contains);
        }
        if ((isProbed || !questions.isEmpty()) && sawAll && isJournalWhole()) {
            Position end = end(writer);
            @Nullable JournalProbe asking = probe.carrier();
            if (asking != null && isProbed) {
                answer(asking, question, end);
            }
            SessionToken token = SessionToken.of(open.source(), open.id(), end);
            questions.forEach(asked -> asked.complete(token));
            questions.clear();
        }
        return worked;
    }

    private Optional<TableSchema> captured(Fingerprint layout) {
        return tables.values().stream()
                .map(table -> table.schema)
                .filter(schema -> schema.fingerprint().equals(layout))
                .findFirst();
    }

    private void takeQuestions() {
        questions.removeIf(CompletableFuture::isDone);
        for (CompletableFuture<SessionToken> question = newQuestions.poll();
                question != null;
                question = newQuestions.poll()) {
            questions.add(question);
        }
    }

    /**
     * Whether whoever reads the journal can tell of which tables it lacks something: no table waits for a copy that the journal has not
     * announced.
     */
    private boolean isJournalWhole() {
        return source.layoutVersion() == layoutVersion
                && tables.values().stream().allMatch(table -> table.begun || !table.inJournal);
    }

    private @Nullable CapturedTable firstOf(Predicate<CapturedTable> wanted) {
        return tables.values().stream().filter(wanted).findFirst().orElse(null);
    }

    /** A table whose copy waits and that nobody writes to who began before its trigger was there; null for none. */
    private @Nullable CapturedTable nextToBegin(SourceSession reading) throws SQLException {
        for (CapturedTable table : tables.values()) {
            if (!table.begun && System.nanoTime() - table.notBeforeNanos >= 0) {
                if (reading.barrier(table.schema.name())) {
                    return table;
                }
                table.notBeforeNanos = System.nanoTime() + BARRIER_PAUSE_NANOS;
            }
        }
        return null;
    }

    /** The tables to be compared in this pass, or none when nobody asked or one of them cannot be held now. */
    private List<CapturedTable> holdForAudit(SourceSession reading) throws SQLException {
        if (audit.get() == null) {
            return List.of();
        }
        List<CapturedTable> complete = tables.values().stream()
                .filter(table -> table.begun && table.complete)
                .toList();
        if (tables.isEmpty()) {
            answer(List.of());
            return complete;
        }
        boolean held = !complete.isEmpty();
        for (CapturedTable table : complete) {
            held = held && reading.hold(table.schema.name());
        }
        if (!held) {
            LockSupport.parkNanos(LOCKED_ROW_PAUSE_NANOS);
            awake = true;
            return List.of();
        }
        return complete;
    }

    private void audit(SourceSession reading, JournalWriter writer, List<CapturedTable> held) {
        if (held.isEmpty()) {
            return;
        }
        try {
            List<AuditReport> reports = new ArrayList<>();
            for (CapturedTable table : held) {
                if (table.begun && table.complete) {
                    try (JournalWriter.TransactionAppender appender = writer.begin(ownTransaction())) {
                        reports.add(new SourceAudit(reading, directory, table.schema, configuration.copyRows())
                                .run((had, has) -> correct(appender, table.schema, had, has)));
                        journalled = appender.commit();
                    }
                }
            }
            answer(reports);
        } catch (SQLException | RuntimeException e) {
            refuseAudit(e);
        }
    }

    private void refuseAudit(Throwable reason) {
        @Nullable CompletableFuture<List<AuditReport>> asked = audit.getAndSet(null);
        if (asked != null) {
            asked.completeExceptionally(reason);
        }
    }

    private void answer(List<AuditReport> reports) {
        @Nullable CompletableFuture<List<AuditReport>> asked = audit.getAndSet(null);
        if (asked != null) {
            asked.complete(reports);
        }
    }

    /** Compares the triggers in the database with what the relay knows, when any layout may have changed. */
    private boolean lookAtTables(SourceSession reading, JournalWriter writer) throws SQLException {
        long version = source.layoutVersion();
        if (version == layoutVersion) {
            return false;
        }
        @Nullable List<TriggeredTable> found = reading.triggeredTables();
        if (found == null) {
            lookNotBeforeNanos = System.nanoTime() + LOOK_PAUSE_NANOS;
            return false;
        }
        Map<TableName, TriggeredTable> triggered = byName(found);
        for (CapturedTable table : List.copyOf(tables.values())) {
            TriggeredTable present = triggered.remove(table.schema.name());
            if (present == null) {
                leave(reading, writer, table);
            } else {
                boolean another = table.table != UNKNOWN_IDENTITY
                        && (table.table != present.table() || table.trigger != present.trigger());
                table.table = present.table();
                table.trigger = present.trigger();
                if (another || !present.schema().equals(table.schema)) {
                    restart(reading, table, present.schema());
                }
            }
        }
        for (TriggeredTable present : triggered.values()) {
            CapturedTable table = new CapturedTable(present.schema());
            table.table = present.table();
            table.trigger = present.trigger();
            tables.put(present.schema().name(), table);
        }
        publishTables();
        layoutVersion = version;
        return true;
    }

    private static Map<TableName, TriggeredTable> byName(List<TriggeredTable> tables) {
        Map<TableName, TriggeredTable> named = new LinkedHashMap<>();
        tables.forEach(table -> named.put(table.schema().name(), table));
        return named;
    }

    /** Where nothing can be done without knowing it. */
    private Map<TableName, TriggeredTable> triggeredNow(SourceSession reading) throws SQLException {
        @Nullable List<TriggeredTable> found = reading.triggeredTables();
        if (found == null) {
            throw new SQLException("somebody is changing tables of " + source.name());
        }
        return byName(found);
    }

    private void restart(SourceSession reading, CapturedTable table, TableSchema schema) throws SQLException {
        reading.note(
                schema.name(), table.inJournal ? new TableNote(table.schema.fingerprint(), false, table.table) : null);
        table.schema = schema;
        table.begun = false;
        table.complete = false;
        table.forgetSeen();
        publishTables();
    }

    private void leave(SourceSession reading, JournalWriter writer, CapturedTable table) throws SQLException {
        if (table.begun) {
            // What the outbox still holds of the table comes before its end.
            reading.begin();
            try {
                drain(reading, writer);
            } finally {
                reading.end();
            }
        }
        if (table.inJournal) {
            try (JournalWriter.TransactionAppender appender = writer.begin(ownTransaction())) {
                appender.tableEvent(table.schema, Operation.DROP, Origin.CAPTURED);
                journalled = appender.commit();
            }
        }
        reading.note(table.schema.name(), null);
        tables.remove(table.schema.name());
        publishTables();
    }

    private TransactionId ownTransaction() {
        // Odd ones out: the numbers of captured transactions are outbox sequences and never negative.
        return new TransactionId(own.opening(), Long.MAX_VALUE - ownTransactions++);
    }

    private void publishTables() {
        SortedMap<TableName, Boolean> states = new TreeMap<>();
        tables.values().forEach(table -> states.put(table.schema.name(), table.complete));
        tableStates = states;
    }

    /** Appends what the session's snapshot shows of the outbox and is not in the journal; returns how much it was. */
    private long drain(SourceSession reading, JournalWriter writer) throws SQLException {
        long before = changes.get();
        new OutboxDrain(reading, configuration).run(new OutboxDrain.Sink() {
            @Override
            public void transaction(OutboxRow last, OutboxDrain.Rows rows) throws SQLException {
                List<Long> ids = new ArrayList<>();
                try (JournalWriter.TransactionAppender appender = writer.begin(last.transactionId())) {
                    rows.forEach(row -> {
                        if (!appended.contains(row.id())) {
                            append(reading, appender, row);
                            ids.add(row.id());
                        } else if (!recovered) {
                            ids.add(row.id());
                        }
                    });
                    journalled = appender.commit();
                }
                appended.addAll(ids);
                deletable.addAll(ids);
            }

            @Override
            public void pageDone() throws SQLException {
                DualJournal open = journal;
                while (deletable.size() > MAX_DELETABLE_PAGES * configuration.pageRows()) {
                    letGo(reading, writer);
                    if (recovered && open != null) {
                        // A long drain is one pass; without marks a crash would have all of it compared again.
                        mark(open);
                    }
                    if (syncing != null) {
                        LockSupport.parkNanos(BUSY_PAUSE_NANOS);
                    }
                }
            }
        });
        return changes.get() - before;
    }

    /**
     * Deletes from the outbox what the journal has on disk. The disk works beside the relay: a change is in the journal, and
     * read there, long before it leaves the outbox.
     */
    private void letGo(SourceSession reading, JournalWriter writer) throws SQLException {
        Future<?> sync = syncing;
        if (sync != null && sync.isDone()) {
            join(sync);
            syncing = null;
            delete(reading, syncingIds, syncingUpTo);
            syncingIds = List.of();
        }
        if (syncing == null && !deletable.isEmpty()) {
            List<Long> ids = deletable;
            deletable = new ArrayList<>();
            if (configuration.syncJournal() && source.isPersistent()) {
                syncingIds = ids;
                syncingUpTo = end(writer);
                syncing = background.submit(writer::sync);
            } else {
                delete(reading, ids, end(writer));
            }
        }
        Position end = end(writer);
        if (syncing == null && deletable.isEmpty() && !end.equals(settled)) {
            delete(reading, List.of(), end);
        }
    }

    /** The journal's last committed position, which is an earlier epoch's while this one has committed nothing. */
    private static Position end(JournalWriter writer) {
        Position last = writer.last();
        return last.sequence() > 0 ? last : writer.recovered().last();
    }

    /** Nothing up to a position is in the outbox after this; the source's next write makes it so on its disk, too. */
    private void delete(SourceSession reading, List<Long> ids, Position upTo) throws SQLException {
        reading.delete(ids, upTo);
        ids.forEach(appended::remove);
        settled = upTo;
        settledBy = source.nextWrite();
    }

    private static void join(Future<?> done) throws SQLException {
        try {
            done.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof SQLException cause) {
                throw cause;
            }
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    private void append(SourceSession reading, JournalWriter.TransactionAppender appender, OutboxRow row)
            throws SQLException {
        byte[] bytes = row.images().array();
        TableSchema schema = layout(reading, EventImages.schema(bytes));
        CapturedTable table = tables.get(schema.name());
        if (table == null || !table.begun || !table.schema.equals(schema)) {
            // The copy that begins, or begins again, with this layout will hold what this change did.
            if (table != null && table.begun) {
                restart(reading, table, schema);
            }
            layoutVersion = -1;
            return;
        }
        if (!table.complete) {
            remember(table, bytes);
        }
        appender.event(schema, row.id(), Origin.CAPTURED, bytes);
        changes.incrementAndGet();
        if (EventImages.operation(bytes) == Operation.DROP) {
            // The table is gone, or an ALTER put a copy in its place; if a trigger is there again, so is a table to
            // copy.
            restart(reading, table, schema);
            table.inJournal = false;
            layoutVersion = -1;
        }
    }

    private static void remember(CapturedTable table, byte[] bytes) {
        for (@Nullable Row row : Arrays.asList(EventImages.before(bytes, table.schema), EventImages.after(bytes, table.schema))) {
            if (row != null) {
                table.seenNow.add(table.schema.keyOf(row));
            }
        }
    }

    private TableSchema layout(SourceSession reading, Fingerprint fingerprint) throws SQLException {
        TableSchema known = layouts.get(fingerprint);
        if (known == null) {
            Optional<TableSchema> stored = reading.layout(fingerprint);
            known = stored.orElseThrow(() -> new PenumbraException(ErrorCode.INTERNAL)
                    .with("reason", "the outbox names a layout that is not stored")
                    .with("fingerprint", fingerprint));
            layouts.put(fingerprint, known);
        }
        return known;
    }

    private void begin(SourceSession reading, JournalWriter writer, CapturedTable table) throws SQLException {
        try (JournalWriter.TransactionAppender appender = writer.begin(ownTransaction())) {
            appender.tableEvent(table.schema, Operation.SCHEMA, Origin.SNAPSHOT);
            // What the journal may have of the table from before is not its content any more.
            appender.tableEvent(table.schema, Operation.TRUNCATE, Origin.SNAPSHOT);
            journalled = appender.commit();
        }
        table.begun = true;
        table.inJournal = true;
        table.complete = false;
        table.copiedUpTo = Long.MIN_VALUE;
        table.forgetSeen();
        reading.note(table.schema.name(), new TableNote(table.schema.fingerprint(), false, table.table));
    }

    private void copy(SourceSession reading, JournalWriter writer, CapturedTable table, RowPage page)
            throws SQLException {
        List<NumberedRow> rows = page.rows();
        if (!rows.isEmpty()) {
            try (JournalWriter.TransactionAppender appender = writer.begin(ownTransaction())) {
                for (NumberedRow row : rows) {
                    boolean changed = table.seen.remove(row.key()) || table.seenNow.contains(row.key());
                    if (!changed) {
                        appender.event(table.schema, 0, Origin.SNAPSHOT, insertImages(table.schema, row.image()));
                        changes.incrementAndGet();
                    }
                }
                journalled = appender.commit();
            }
            table.copiedUpTo = rows.get(rows.size() - 1).number();
        }
        table.seen.addAll(table.seenNow);
        table.seenNow.clear();
        if (rows.isEmpty() && !page.last()) {
            table.notBeforeNanos = System.nanoTime() + LOCKED_ROW_PAUSE_NANOS;
        }
        if (page.last()) {
            try (JournalWriter.TransactionAppender appender = writer.begin(ownTransaction())) {
                appender.tableEvent(table.schema, Operation.SNAPSHOT_END, Origin.SNAPSHOT);
                journalled = appender.commit();
            }
            table.complete = true;
            table.forgetSeen();
            reading.note(table.schema.name(), new TableNote(table.schema.fingerprint(), true, table.table));
            notedTriggers.put(table.schema.name(), table.trigger);
            publishTables();
        }
    }

    private byte[] insertImages(TableSchema schema, Bytes image) {
        images.reset();
        EventImages.writeHead(images, Operation.INSERT, schema.fingerprint().value());
        EventImages.writeAbsent(images);
        int begin = EventImages.beginImage(images);
        images.writeBytes(image.array());
        EventImages.endImage(images, begin);
        return images.toBytes();
    }

    /** Notes in the journal that what has left the outbox is on the source's disk, when it is. */
    private void mark(DualJournal open) throws SQLException {
        Future<?> running = marking;
        if (running != null) {
            if (running.isDone()) {
                marking = null;
                join(running);
                open.current().markDurable(markingUpTo);
                durable = markingUpTo;
                if (openingNotedWithMark) {
                    open.noteOpening(openings.present());
                    openingNotedWithMark = false;
                }
            }
            return;
        }
        long now = System.nanoTime();
        boolean due = now - lastMarkNanos > configuration.markInterval().toNanos()
                || settled.sequence() - durable.sequence() > CHANGES_BETWEEN_MARKS;
        Mark next = awaited;
        Source.Write write = settledBy;
        if (next == null && due && write != null && isMarkOwed()) {
            lastMarkNanos = now;
            next = new Mark(settled, write);
            awaited = next;
        }
        if (next != null && (!source.isPersistent() || next.write().hasBegun())) {
            awaited = null;
            markingUpTo = next.upTo();
            marking = background.submit(() -> {
                if (source.isPersistent()) {
                    source.force();
                }
                return null;
            });
        }
    }

    private boolean isMarkOwed() {
        return settled.sequence() > 0 && !settled.equals(durable);
    }

    private void recover(SourceSession reading, DualJournal open) throws SQLException {
        JournalWriter writer = open.current();
        prepareRecovery(reading, writer);
        if (otherHistory == null) {
            otherHistory = historyKnown ? otherWriter(open) : otherHistory(reading, open);
            historyKnown = true;
        }
        openingNotedWithMark = otherHistory != null;
        if (otherHistory != null) {
            beginAnew(reading, writer, otherHistory);
        } else {
            open.noteOpening(openings.present());
        }
        if (givenUp > 0) {
            writer.markGap(givenUp + " changes were given up while the journal could not be written");
            givenUp = 0;
        }
        List<OutboxRow> leftovers = reading.leftovers();
        // Not as changes: whether they happened is seen at the rows they speak of.
        leftovers.forEach(row -> appended.add(row.id()));
        reading.begin();
        try {
            drain(reading, writer);
            if (source.canLoseCommits()) {
                correct(reading, writer, leftovers);
            }
        } finally {
            reading.end();
        }
        if (!leftovers.isEmpty()) {
            if (configuration.syncJournal()) {
                writer.sync();
            }
            reading.discardLeftovers();
        }
        recovered = true;
        otherHistory = null;
        layoutVersion = -1;
    }

    /**
     * Takes up where the last relay stood. The journal may be ahead of the source, because a killed source loses what it had
     * not written to disk; and the outbox may show again what was journalled and deleted.
     */
    private void prepareRecovery(SourceSession reading, JournalWriter writer) throws SQLException {
        appended.clear();
        deletable.clear();
        syncingIds = List.of();
        settled = Position.START;
        settledBy = null;
        durable = writer.recovered().durable();
        tables.clear();
        Map<TableName, TableSchema> inJournal = new LinkedHashMap<>();
        Set<TableName> reshaped = new HashSet<>();
        JournalScan.committedAfter(directory, writer.recovered().durable(), (outboxId, change) -> {
            if (outboxId != 0) {
                appended.add(outboxId);
            }
            follow(inJournal, change);
            if (!change.operation().isRowOperation() || change.origin() == Origin.SNAPSHOT) {
                reshaped.add(change.table());
            }
        });
        Map<TableName, TableNote> notes = reading.notes();
        for (Map.Entry<TableName, TableNote> noted : notes.entrySet()) {
            inJournal.put(noted.getKey(), layout(reading, noted.getValue().fingerprint()));
        }
        Map<TableName, TriggeredTable> triggered = triggeredNow(reading);
        inJournal.forEach((name, schema) -> {
            CapturedTable table = new CapturedTable(schema);
            TriggeredTable present = triggered.get(name);
            table.inJournal = true;
            if (present == null) {
                // The look at the tables ends it in the journal.
                table.begun = true;
            } else {
                // Copied anew where it was reshaped after the last mark, where its copy was cut short, and where rows
                // may have been written without its trigger.
                table.table = present.table();
                table.trigger = present.trigger();
                table.complete = !reshaped.contains(name)
                        && schema.equals(present.schema())
                        && isNoted(notes.get(name), present);
                table.begun = table.complete;
            }
            tables.put(name, table);
        });
        lastMarkNanos = System.nanoTime();
    }

    /** Keeps account of the tables that a journal holds. */
    private static void follow(Map<TableName, TableSchema> inJournal, Change change) {
        if (change.operation() == Operation.DROP) {
            inJournal.remove(change.table());
        } else {
            inJournal.put(change.table(), change.schema());
        }
    }

    /** Whether everything that a table holds beside what its trigger has told is in the journal. */
    private boolean isNoted(@Nullable TableNote note, TriggeredTable present) {
        return note != null
                && note.complete()
                && note.table() == present.table()
                && (present.trigger() == TriggeredTable.OPENED_WITH
                        || notedTriggers.getOrDefault(present.schema().name(), UNKNOWN_IDENTITY) == present.trigger());
    }

    /**
     * Why the journal cannot be gone on with as it is, or null when it can. A source that was restored from a backup does not know of
     * changes that the journal calls durable, and would number new ones as the journal has numbered those.
     */
    private @Nullable String otherHistory(SourceSession reading, DualJournal open) throws SQLException {
        JournalTail tail = open.current().recovered();
        if (tail.last().equals(Position.START)) {
            return reading.notes().isEmpty() ? null : "the journal was begun anew";
        }
        if (!source.isPersistent()) {
            return "the source keeps nothing and was opened anew";
        }
        Position known = reading.settled();
        if (known.compareTo(tail.durable()) < 0) {
            return "the source is older than the journal";
        }
        if (tail.last().compareTo(known) < 0) {
            return "the journal is older than the source";
        }
        if (!source.canLoseCommits() && hasLetGoOfMore(reading, known)) {
            return "the source is older than the journal";
        }
        return otherWriter(open);
    }

    /** Whether the journal has, behind a position, what the outbox should still have if it has let go up to there. */
    private boolean hasLetGoOfMore(SourceSession reading, Position known) throws SQLException {
        Set<Long> missing = new HashSet<>();
        JournalScan.committedAfter(directory, known, (outboxId, change) -> {
            if (outboxId != 0) {
                missing.add(outboxId);
            }
        });
        long last = 0;
        reading.begin();
        try {
            List<OutboxEntry> entries;
            do {
                entries = reading.outboxIndex(last, configuration.pageRows());
                for (OutboxEntry entry : entries) {
                    missing.remove(entry.id());
                    last = entry.id();
                }
            } while (!missing.isEmpty() && entries.size() == configuration.pageRows());
        } finally {
            reading.end();
        }
        return !missing.isEmpty();
    }

    /** What is wrong when the journal was last written in an opening that this source does not know; null when nothing is. */
    private @Nullable String otherWriter(DualJournal open) {
        return open.opening().filter(name -> !openings.names().contains(name)).isPresent()
                ? "another copy of the source has written the journal"
                : null;
    }

    /** Has every table brought anew behind a gap, and those ended that only the journal knows. */
    private void beginAnew(SourceSession reading, JournalWriter writer, String reason) throws SQLException {
        LOG.warn("every table of {} will be brought anew: {}", source.name(), reason);
        writer.markGap(reason);
        appended.clear();
        Map<TableName, TableSchema> inJournal = new LinkedHashMap<>();
        JournalScan.committedAfter(directory, Position.START, (outboxId, change) -> follow(inJournal, change));
        for (Map.Entry<TableName, TableNote> noted : reading.notes().entrySet()) {
            reading.note(noted.getKey(), noted.getValue().incomplete());
        }
        Set<TableName> triggered = triggeredNow(reading).keySet();
        inJournal.forEach((name, schema) -> tables.computeIfAbsent(name, unknown -> new CapturedTable(schema)));
        for (Map.Entry<TableName, CapturedTable> entry : tables.entrySet()) {
            CapturedTable table = entry.getValue();
            table.inJournal = inJournal.containsKey(entry.getKey());
            table.complete = false;
            table.begun = !triggered.contains(entry.getKey());
        }
    }

    /**
     * Makes every key that was journalled since the last durable mark what it is in the source at the session's snapshot. The
     * outbox of that snapshot has been drained, so a difference is what the source lost. Keys that leftovers speak of are
     * stated even if nothing in the journal's end does.
     */
    private void correct(SourceSession reading, JournalWriter writer, List<OutboxRow> leftovers) throws SQLException {
        Map<TableName, Map<Key, LastImage>> touched = new LinkedHashMap<>();
        Position end = writer.recovered().last();
        JournalScan.committedAfter(directory, writer.recovered().durable(), (outboxId, change) -> {
            Key key = change.key();
            if (key != null) {
                // What this recovery has drained agrees with the snapshot: it only changes what others are compared to.
                boolean before = change.position().compareTo(end) <= 0;
                Map<Key, LastImage> keys = touched.computeIfAbsent(change.table(), name -> new LinkedHashMap<>());
                Key former = change.movedFrom();
                if (former != null && (before || keys.containsKey(former))) {
                    keys.put(former, new LastImage(null));
                }
                if (before || keys.containsKey(key)) {
                    keys.put(key, new LastImage(change.after()));
                }
            }
        });
        Map<TableName, Map<Key, Row>> doubtful = doubtful(reading, leftovers);
        try (JournalWriter.TransactionAppender appender = writer.begin(ownTransaction())) {
            for (Map.Entry<TableName, Map<Key, Row>> entry : doubtful.entrySet()) {
                CapturedTable table = tables.get(entry.getKey());
                if (table == null || !table.begun || !table.complete) {
                    continue;
                }
                Map<Key, LastImage> known = touched.getOrDefault(entry.getKey(), Map.of());
                for (Map.Entry<Key, Row> row : entry.getValue().entrySet()) {
                    if (!known.containsKey(row.getKey())) {
                        Row has = reading.row(table.schema, row.getKey());
                        correct(appender, table.schema, has == null ? row.getValue() : null, has);
                    }
                }
            }
            for (Map.Entry<TableName, Map<Key, LastImage>> entry : touched.entrySet()) {
                CapturedTable table = tables.get(entry.getKey());
                if (table == null || !table.begun || !table.complete) {
                    continue;
                }
                for (Map.Entry<Key, LastImage> image : entry.getValue().entrySet()) {
                    correct(appender, table.schema, image.getValue().row(), reading.row(table.schema, image.getKey()));
                }
            }
            journalled = appender.commit();
        }
    }

    /** The keys that leftovers speak of, each with a row that has it. */
    private Map<TableName, Map<Key, Row>> doubtful(SourceSession reading, List<OutboxRow> leftovers)
            throws SQLException {
        Map<TableName, Map<Key, Row>> doubtful = new LinkedHashMap<>();
        for (OutboxRow leftover : leftovers) {
            byte[] bytes = leftover.images().array();
            Optional<TableSchema> schema = reading.layout(EventImages.schema(bytes));
            CapturedTable table =
                    schema.map(layout -> tables.get(layout.name())).orElse(null);
            if (schema.isEmpty()) {
                // Lost with the change: no telling which table it was.
                for (CapturedTable any : tables.values()) {
                    any.begun = false;
                    any.complete = false;
                }
            } else if (table != null
                    && (!EventImages.operation(bytes).isRowOperation() || !table.schema.equals(schema.get()))) {
                table.begun = false;
                table.complete = false;
            } else {
                Map<Key, Row> rows = doubtful.computeIfAbsent(schema.get().name(), name -> new LinkedHashMap<>());
                for (@Nullable Row row : Arrays.asList(
                        EventImages.before(bytes, schema.get()), EventImages.after(bytes, schema.get()))) {
                    if (row != null) {
                        rows.put(schema.get().keyOf(row), row);
                    }
                }
            }
        }
        return doubtful;
    }

    private void correct(
            JournalWriter.TransactionAppender appender, TableSchema schema, @Nullable Row had, @Nullable Row has) {
        if (Objects.equals(had, has)) {
            return;
        }
        Operation operation = has == null ? Operation.DELETE : had == null ? Operation.INSERT : Operation.UPDATE;
        appender.change(schema, operation, Origin.CORRECTION, had, has);
        corrections.incrementAndGet();
        changes.incrementAndGet();
    }

    /** A key's row in the journal, or null when its last change took it away. */
    private record LastImage(@Nullable Row row) {}
}
