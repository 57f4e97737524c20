package dev.penumbra.ignite;

import dev.penumbra.ignite.internal.GridInternals;
import dev.penumbra.journal.UncommittedChanges;
import dev.penumbra.model.Change;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.Progress;
import dev.penumbra.shadow.Progress.CopyState;
import dev.penumbra.shadow.Progress.FeedState;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.read.EagerOrder;
import dev.penumbra.shadow.read.FeedRun;
import dev.penumbra.shadow.read.LastChanges;
import dev.penumbra.shadow.read.ProbeDesk;
import dev.penumbra.shadow.read.ProvenStaleness.Captured;
import dev.penumbra.shadow.read.ReadFrequency;
import dev.penumbra.shadow.read.UncommittedWatch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.ignite.binary.BinaryObject;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries one journal's changes to the copies in one datacenter, in order, on a thread and with a reader of its own.
 *
 * <p>Design note. Changes are gathered into batches that end with a transaction; of each key only the last change of a
 * batch is written. While a batch is on its way the next is gathered, and goes on to be gathered until that one is there, so memory is
 * bounded by twice {@link #AHEAD_BATCHES}. What is gathered or on its way can be {@linkplain #present() read} before it is applied, and a copy
 * that somebody waits for is written ahead of its turn. When a batch is
 * on all nodes, the feed's state is written with two positions: what has been <em>applied</em>, and a <em>window</em>
 * beyond which nothing will be written before the state says so. After a kill at any moment the successor reads the state,
 * reopens the journal at the applied position, and takes all up to the window as its first batch: it writes what may have
 * been written already, which changes nothing, and never an image that a later change inside the window replaces. See
 * {@link dev.penumbra.ignite.internal.VersionedCache} for why older writes never win.
 *
 * <p>A transaction larger than a batch is written in pieces; the applied position moves only at its end. A recovery window
 * that holds more changes than {@link #RECOVERY_BATCHES} batches, which only such a transaction can cause, is written in
 * pieces too.
 *
 * <p>When the datacenter has lost its memory, its state is gone with the rows: all copies are filled anew. When some
 * partitions are lost, the copies concerned are.
 */
final class Feed extends ShippingFeed {
    private static final Logger LOG = LoggerFactory.getLogger(Feed.class);

    /** The window is this many batches ahead of the applied position. */
    static final int WINDOW_BATCHES = 4;

    /** So many are gathered while one is on its way. */
    private static final int AHEAD_BATCHES = 8;

    /** More than can have been written beyond the applied position: a batch on its way, another that was written ahead, and the window. */
    private static final int RECOVERY_BATCHES = 2 * AHEAD_BATCHES + 2 * WINDOW_BATCHES;
    /** What gathered rows may weigh, roughly, before they are written. */
    static final long MAX_GATHERED_BYTES = 16L << 20;

    private static final long MAX_RECOVERED_BYTES = 4 * MAX_GATHERED_BYTES;

    /** A change that does not wait is pending about as long, until it is written. */
    private static final Duration SHORTEST_WAIT = Duration.ofMillis(100);

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final Journal journal;
    private final boolean home;
    private final Executor fillers;
    private final CompressionChoice compression;
    private final ProbeDesk<Heartbeat.Question> probes;
    private final LastChanges lastChanges = new LastChanges();
    private final UncommittedWatch<UncommittedChanges.Listing> uncommitted;

    private final Map<TableName, List<Followed>> followed = new HashMap<>();
    private final List<Filling> fillings = new ArrayList<>();

    private volatile Position applied = Position.START;

    /** Volatile: whoever reads what is pending looks for it. */
    private volatile @Nullable FeedRun<Key, BinaryObject> run;

    // Owned by the feed's thread, meaningful inside one session.
    private FeedState state;
    private @Nullable Batch underWay;
    /** What is being written ahead of its turn. */
    private final List<CompletableFuture<Void>> ahead = new ArrayList<>();

    private Position taken = Position.START;
    /** Of everything that has been gathered and all before, the transaction that was committed last was at this time of the source's clock. */
    private long committedUpTo = FeedState.UNKNOWN_TIME;

    /** Of which changes of the transaction that is being read have been gathered. */
    private final List<Followed> touched = new ArrayList<>();

    private int gatheredChanges;
    /** Of what has been gathered a part is written already, because its last transaction is larger than a batch. */
    private boolean isSplit;

    private long gatheredBytes;
    /** What is being written weighs that much, roughly. */
    private long writtenBytes;

    private Journal.@Nullable Probe probe;
    /** The one whose probe it is. */
    private Journal.@Nullable Tail openTail;
    /** Retention has removed the journal's beginning, and with it what tables held that nothing announces any more. */
    private boolean beginningGone;

    private static final class Followed {
        private final Follower follower;
        private final Position floor;
        private CopyState state;
        private boolean isTouched;

        Followed(Follower follower, CopyState state) {
            this.follower = follower;
            this.floor = state.applied();
            this.state = state;
        }

        String filling() {
            return follower.copy().filling(state.takes());
        }
    }

    /** Told of questions that have been answered. */
    @FunctionalInterface
    interface Told {
        /**
         * All that had been committed when the questions were asked is here.
         *
         * @param captured the run that has it, null when there is none
         * @param applied whether the copies have it without what is pending
         */
        void of(Collection<Heartbeat.Question> questions, @Nullable Captured captured, boolean applied);
    }

    private record Batch(
            CompletableFuture<Void> written,
            Position first,
            Position last,
            long changes,
            long committedAtMillis,
            long committedUpToMillis) {}

    /**
     * @param told told of questions when all that had been committed when they were asked has been taken from the journal, and again when it
     *     has been applied; must not wait
     * @param ended called by the feed's thread when it has ended
     */
    Feed(
            ShippingContext context,
            Journal journal,
            Datacenter datacenter,
            Executor fillers,
            FeedFigures figures,
            Told told,
            Runnable ended) {
        super(context, datacenter, figures, ended);
        this.journal = journal;
        this.home = datacenter.equals(context.home());
        this.fillers = fillers;
        this.probes = new ProbeDesk<>(
                new JournalWriter(),
                questions -> {
                    Captured captured = captured();
                    if (captured != null) {
                        told.of(ofThisLife(questions), captured, false);
                    }
                },
                // Whoever is told of a run knows what to ask for when the copies are behind.
                questions -> told.of(ofThisLife(questions), captured(), true));
        this.compression = context.compressionChoice(fillers);
        this.uncommitted =
                new UncommittedWatch<>(System::nanoTime, context.configuration().heartbeat(), this::openListings);
        figures.pending(() -> {
            FeedRun<Key, BinaryObject> present = run;
            return present == null ? 0 : present.pending();
        });
        this.state = new FeedState(
                localNode(),
                UUID.randomUUID(),
                Position.START,
                Position.START,
                Position.START,
                UUID.randomUUID(),
                FeedState.UNKNOWN_TIME);
    }

    private @Nullable Captured captured() {
        FeedRun<Key, BinaryObject> present = run;
        return present == null ? null : new Captured(present.id(), taken);
    }

    /** A question to what this feed was before it began anew is not answered by what it is now. */
    private List<Heartbeat.Question> ofThisLife(Collection<Heartbeat.Question> questions) {
        UUID life = state.life();
        return questions.stream()
                .filter(question -> question.life().equals(life))
                .toList();
    }

    /** What has been taken from the journal and may not be applied yet; null while nobody may read it. By any thread. */
    @Nullable FeedRun<Key, BinaryObject> present() {
        return run;
    }

    /** A node asks whether the copies are as far as the source. By any thread; returns at once. */
    void probed(Heartbeat.Question question) {
        probes.asked(question);
    }

    /** Where the last change of a table stands, as far as the feed has read. By any thread. */
    Position lastChange(TableName table) {
        return lastChanges.of(table);
    }

    /** Whoever writes the journal, asked by its probe while a session has one open. */
    private final class JournalWriter implements ProbeDesk.Source {
        private Journal.Probe open() {
            return Objects.requireNonNull(probe);
        }

        @Override
        public long ask() {
            return open().ask();
        }

        @Override
        public Optional<ProbeDesk.Said> said() {
            return open().said();
        }
    }

    private Journal.@Nullable Probe openProbe(Journal.Tail tail) {
        try {
            return tail.probe();
        } catch (PenumbraException e) {
            LOG.warn("How stale copies are cannot be told: source={}, datacenter={}", journal.source(), datacenter, e);
            return null;
        }
    }

    private Journal.@Nullable Listings openListings() {
        Journal.Tail tail = openTail;
        try {
            return tail == null ? null : tail.listings();
        } catch (PenumbraException e) {
            LOG.debug(
                    "What is not committed cannot be told: source={}, datacenter={}", journal.source(), datacenter, e);
            return null;
        }
    }

    /** Passes questions on to the source, and answers when what it has said is applied. */
    private void answerProbes() {
        if (probe != null) {
            probes.look(taken, applied);
        }
        FeedRun<Key, BinaryObject> present = run;
        if (present != null) {
            uncommitted.look(
                    present.takeUncommittedWanted(),
                    taken,
                    () -> followed.values().stream()
                            .flatMap(List::stream)
                            .map(copy -> copy.follower)
                            .toList());
        }
    }

    private UUID localNode() {
        return context.ignite().cluster().localNode().id();
    }

    @Override
    void forget() {
        try {
            journal.release(reader());
            Progress kept = knownProgress();
            if (kept != null
                    && !isDatacenterEmpty()
                    && kept.feed(journal.source()).equals(Optional.of(state))) {
                kept.forget(journal.source());
            }
        } catch (RuntimeException e) {
            LOG.warn(
                    "What a feed had noted could not be removed: source={}, datacenter={}",
                    journal.source(),
                    datacenter,
                    e);
        }
    }

    @Override
    void endSession() {
        FeedRun<Key, BinaryObject> over = run;
        run = null;
        if (over != null) {
            over.end();
        }
        Batch abandoned = underWay;
        underWay = null;
        probes.forget();
        uncommitted.end();
        openTail = null;
        Journal.Probe opened = probe;
        probe = null;
        if (opened != null) {
            opened.close();
        }
        awaitAbandoned(abandoned == null ? null : abandoned.written());
        followed.values().stream().flatMap(List::stream).forEach(copy -> awaitAbandoned(copy.follower.underWay()));
        ahead.clear();
        touched.clear();
        writtenBytes = 0;
        figures.gatheredBytes(0);
        for (Filling filling : fillings) {
            filling.stop();
        }
        fillings.clear();
        followed.clear();
    }

    @Override
    void session() {
        if (!journal.isThere()) {
            figures.phase(FeedFigures.Phase.WAITING);
            return;
        }
        if (!claim()) {
            if (!isStopped()) {
                figures.phase(FeedFigures.Phase.STANDBY);
            }
            return;
        }
        try (Journal.Tail tail = resume()) {
            if (isStopped()) {
                return;
            }
            applied = state.applied();
            taken = applied;
            lastChanges.begin(applied);
            figures.applied(applied);
            beginningGone = !journal.oldest().equals(Position.START);
            catalogueChanged();
            reconcile();
            recover(tail);
            // Not sooner: before, a copy may have what this run has not taken yet.
            beginRun();
            probe = openProbe(tail);
            openTail = tail;
            figures.phase(FeedFigures.Phase.RUNNING);
            tail.retain(reader(), applied);
            carry(tail);
        }
    }

    private void beginRun() {
        FeedRun<Key, BinaryObject> begun = new FeedRun<>(UUID.randomUUID());
        for (List<Followed> copies : followed.values()) {
            copies.forEach(copy -> begun.follow(copy.filling(), copy.follower));
        }
        run = begun;
    }

    /** Lets what is pending of a copy be read. */
    private void show(Followed copy) {
        FeedRun<Key, BinaryObject> present = run;
        if (present != null) {
            present.follow(copy.filling(), copy.follower);
        }
    }

    private void hide(Followed copy) {
        FeedRun<Key, BinaryObject> present = run;
        if (present != null) {
            present.leave(copy.filling());
        }
    }

    /** Makes this node the feed's owner; false while another node of the grid is. */
    private boolean claim() {
        String source = journal.source();
        while (!isStopped()) {
            Optional<FeedState> present = progress().feed(source);
            if (present.isEmpty()) {
                Optional<FeedState> ahead = home
                        ? Optional.empty()
                        : context.progress(context.home()).feed(source).filter(state -> !isOurs(state));
                if (ahead.isPresent()) {
                    refuseOther(ahead.get());
                    return false;
                }
                if (begin()) {
                    return true;
                }
                continue;
            }
            FeedState found = present.get();
            if (found.owner().equals(localNode())) {
                state = found;
                return true;
            }
            if (context.ignite().cluster().node(found.owner()) != null) {
                refuseOther(found);
                return false;
            }
            if (!GridInternals.awaitExchange(context.ignite(), () -> isStopped())) {
                return false;
            }
            FeedState claimed = found.ownedBy(localNode());
            if (progress().replace(source, found, claimed)) {
                state = claimed;
                return true;
            }
        }
        return false;
    }

    private boolean isOurs(FeedState shipped) {
        return shipped.journal().equals(journal.id());
    }

    /** A journal that another of the same name is shipped beside never takes over from that. */
    private void refuseOther(FeedState shipped) {
        boolean byAnother = !shipped.owner().equals(localNode())
                && context.ignite().cluster().node(shipped.owner()) != null;
        if (byAnother && !isOurs(shipped) && home) {
            PenumbraException refusal = new PenumbraException(ErrorCode.SOURCE_NAME_TAKEN)
                    .with("source", journal.source())
                    .with("shippedBy", shipped.owner());
            figures.failed(refusal);
            LOG.error("{}", refusal.getMessage());
            figures.phase(FeedFigures.Phase.REFUSED);
            stop();
        }
    }

    private boolean begin() {
        for (Copy copy : copies()) {
            if (copy.built() && context.catalogue().replace(copy, copy.unbuilt())) {
                context.clear(copy);
            }
        }
        Position start = journal.oldest();
        Position lastFirst = Position.START;
        // Before the first change of all nothing was committed.
        long committedUpTo = start.equals(Position.START) ? 0 : FeedState.UNKNOWN_TIME;
        if (!home) {
            Optional<FeedState> ahead =
                    context.progress(context.home()).feed(journal.source()).filter(this::isOurs);
            start = ahead.map(FeedState::applied).orElse(start);
            lastFirst = ahead.map(FeedState::lastFirst).orElse(lastFirst);
            committedUpTo = ahead.map(FeedState::committedUpToMillis).orElse(committedUpTo);
        }
        FeedState first = new FeedState(
                localNode(), journal.id(), start, windowFrom(start), lastFirst, UUID.randomUUID(), committedUpTo);
        if (!progress().begin(journal.source(), first)) {
            return false;
        }
        state = first;
        return true;
    }

    private List<Copy> copies() {
        return context.catalogue().of(journal.source()).stream()
                .filter(copy -> copy.name().datacenter().equals(datacenter) && copy.released() == null)
                .toList();
    }

    private Position windowFrom(Position position) {
        return new Position(
                position.epoch(),
                position.sequence()
                        + (long) WINDOW_BATCHES * context.configuration().batchRows());
    }

    /** Opens the journal at the applied position, after making sure that it still holds what was applied. */
    private Journal.Tail resume() {
        Position from = state.applied();
        if (!isOurs(state)) {
            // Begun anew: what is applied is of a journal that is not there any more.
            throw gap(from, null, null);
        }
        if (from.equals(Position.START)) {
            return journal.open(from);
        }
        Position lastFirst = state.lastFirst();
        Journal.Tail tail;
        try {
            tail = journal.open(new Position(lastFirst.epoch(), Math.max(0, lastFirst.sequence() - 1)));
        } catch (PenumbraException e) {
            if (e.code() == ErrorCode.JOURNAL_GAP) {
                throw gap(from, null, e);
            }
            if (e.code() != ErrorCode.POSITION_GONE) {
                throw e;
            }
            // Retention has removed the last applied transaction; what follows it is checked as it comes.
            return openBehind(from);
        }
        Journal.Transaction known;
        try {
            known = next(tail, from);
        } catch (RuntimeException | Error e) {
            tail.close();
            throw e;
        }
        if (known != null && known.last().equals(from)) {
            return tail;
        }
        tail.close();
        throw gap(from, known == null ? null : known.first(), null);
    }

    private Journal.Tail openBehind(Position from) {
        try {
            return journal.open(from);
        } catch (PenumbraException e) {
            if (e.code() == ErrorCode.POSITION_GONE) {
                // Retention has removed what is still wanted.
                throw gap(from, null, e);
            }
            throw e;
        }
    }

    private Journal.@Nullable Transaction next(Journal.Tail tail, Position last) {
        try {
            return tail.poll();
        } catch (PenumbraException e) {
            if (e.code() == ErrorCode.JOURNAL_GAP) {
                settle();
                throw gap(last, null, e);
            }
            throw e;
        }
    }

    /** The journal lacks what had been applied: forgets all copies, so that they are filled from what the journal has. */
    private PenumbraException gap(Position expected, @Nullable Position found, @Nullable Throwable cause) {
        figures.gap(expected);
        PenumbraException failure = new PenumbraException(ErrorCode.JOURNAL_GAP, cause)
                .with("source", journal.source())
                .with("datacenter", datacenter)
                .with("expected", expected)
                .with("found", found);
        for (Copy copy : copies()) {
            if (copy.built()) {
                progress().forget(copy);
            }
        }
        progress().forget(journal.source());
        return failure;
    }

    private void recover(Journal.Tail tail) {
        int limit = RECOVERY_BATCHES * context.configuration().batchRows();
        Position window = state.window();
        Gathering gathering;
        do {
            gathering = gather(tail, null, limit, MAX_RECOVERED_BYTES, window);
            if (gathering != null) {
                send(gathering);
                settle();
            }
        } while (gathering != null && state.applied().compareTo(window) < 0);
    }

    private void carry(Journal.Tail tail) {
        Pause pause = new Pause();
        long nextLook = System.nanoTime() + LOOK_NANOS;
        while (!isStopped()) {
            Gathering gathering = gatherMore(tail, null);
            answerProbes();
            gathering = gatherAhead(tail, gathering);
            settle();
            // A table that is written all the time is not being written now.
            merge();
            if (gathering != null) {
                send(gathering);
                pause.reset();
            } else {
                pause.await();
            }
            if (hasCatalogueChanged()) {
                awaitWritten();
                reconcile();
            }
            if (System.nanoTime() >= nextLook) {
                tail.retain(reader(), applied);
                look();
                nextLook = System.nanoTime() + LOOK_NANOS;
            }
            if (fillings.stream().anyMatch(Filling::waiting)) {
                awaitWritten();
                takeOver();
            }
            merge();
            takeReads();
            answerProbes();
        }
        settle();
    }

    private @Nullable Gathering gatherMore(Journal.Tail tail, @Nullable Gathering before) {
        int batch = context.configuration().batchRows();
        return gather(tail, before, batch, MAX_GATHERED_BYTES, Position.START);
    }

    /** Goes on while the batch before is on its way, so that what has come can be read, and for as long as it may wait to be written. */
    private @Nullable Gathering gatherAhead(Journal.Tail tail, @Nullable Gathering before) {
        Gathering gathering = before;
        Pause pause = new Pause();
        long begin = System.nanoTime();
        while (!isStopped() && (isUnderWay() || (gathering != null && mayWait(System.nanoTime() - begin)))) {
            Gathering more = isFull() ? gathering : gatherMore(tail, gathering);
            if (underWay != null && !isUnderWay()) {
                settle();
            }
            merge();
            takeReads();
            answerProbes();
            if (Objects.equals(more, gathering)) {
                pause.await();
            } else {
                pause.reset();
                gathering = more;
            }
            // Not where all is about to be written: one write would wait for the other.
            if (isUnderWay() || (gathering != null && mayWait(System.nanoTime() - begin))) {
                writeAhead();
            }
        }
        return gathering;
    }

    /** Waits until all that has been gathered is applied. */
    private void awaitWritten() {
        Pause pause = new Pause();
        while (isUnderWay() && !isStopped()) {
            merge();
            answerProbes();
            pause.await();
        }
        settle();
    }

    private boolean isFull() {
        return isSplit
                || gatheredChanges >= AHEAD_BATCHES * context.configuration().batchRows()
                || gatheredBytes >= MAX_GATHERED_BYTES;
    }

    /**
     * Whoever reads home images far away needs them applied, and whoever waits to be filled needs the feed to be where it has come. Where all
     * is written ahead already, only the position has to be noted, which nobody learns of before the next heartbeat.
     */
    private boolean mayWait(long waited) {
        if (home || isFull() || !fillings.isEmpty() || hasCatalogueChanged()) {
            return false;
        }
        Duration pending = context.configuration().pending();
        Duration heartbeat = context.configuration().heartbeat();
        boolean isShort = heartbeat.compareTo(pending) < 0 && !isAnythingWaiting();
        return waited < (isShort ? heartbeat : pending).toNanos();
    }

    private boolean isAnythingWaiting() {
        return followed.values().stream().flatMap(List::stream).anyMatch(copy -> !copy.follower.idle());
    }

    private boolean isUnderWay() {
        Batch batch = underWay;
        return batch != null && !batch.written().isDone();
    }

    /** Learns what is read in the datacenter. */
    private void takeReads() {
        FeedRun<Key, BinaryObject> present = run;
        if (present == null) {
            return;
        }
        for (FeedRun.Reads<Key> read = present.takeReads(); read != null; read = present.takeReads()) {
            Followed copy = followed(read.copy());
            if (copy != null) {
                copy.follower.read(read);
            }
        }
    }

    /** Writes rows that are likely to be read before their turn. */
    private void writeAhead() {
        if (ahead.stream().anyMatch(CompletableFuture::isCompletedExceptionally)) {
            settle();
        }
        ahead.removeIf(written -> written.isDone() && !written.isCompletedExceptionally());
        for (List<Followed> copies : followed.values()) {
            for (Followed copy : copies) {
                CompletableFuture<Void> written = copy.follower.ahead(() -> widen(taken));
                if (written != null) {
                    ahead.add(written);
                }
            }
        }
    }

    private @Nullable Followed followed(String filling) {
        return followed.values().stream()
                .flatMap(List::stream)
                .filter(one -> one.filling().equals(filling))
                .findFirst()
                .orElse(null);
    }

    /** Writes copies that somebody waits for. */
    private void merge() {
        FeedRun<Key, BinaryObject> present = run;
        if (present != null) {
            present.merge(filling -> {
                Followed copy = followed(filling);
                if (copy == null) {
                    return null;
                }
                widen(taken);
                CompletableFuture<Void> written = copy.follower.merged();
                if (written != null) {
                    ahead.add(written);
                }
                return written;
            });
        }
    }

    /**
     * @param committedAtMillis when the first transaction was committed
     * @param committedUpToMillis when the last was that was committed last, of these and all before
     */
    private record Gathering(
            Position first,
            Position last,
            Position lastFirst,
            long changes,
            long committedAtMillis,
            long committedUpToMillis) {}

    /**
     * Gathers whole transactions until there are enough changes, a position is reached, or the journal has no more.
     *
     * @param before what has been gathered and not written, to which more is added; null when nothing has
     * @param batchChanges how many changes are enough
     * @param bytes what they may weigh, roughly, before some are written
     * @return all that has been gathered; the same as before when there was no more, null when there was nothing
     */
    private @Nullable Gathering gather(
            Journal.Tail tail, @Nullable Gathering before, int batchChanges, long bytes, Position atLeast) {
        Batch previous = underWay;
        Position last = before != null ? before.last() : previous != null ? previous.last() : state.applied();
        Position first = before == null ? null : before.first();
        Position lastFirst = before == null ? last : before.lastFirst();
        long committedAtMillis = before == null ? 0 : before.committedAtMillis();
        committedUpTo = before != null
                ? before.committedUpToMillis()
                : previous != null ? previous.committedUpToMillis() : state.committedUpToMillis();
        Position gatheredBefore = last;
        long changes = 0;
        if (before == null) {
            gatheredChanges = 0;
            gatheredBytes = 0;
            isSplit = false;
        }
        int limit = Math.max(batchChanges, context.configuration().batchRows());
        while (!isSplit && ((changes < batchChanges && gatheredBytes < bytes) || last.compareTo(atLeast) < 0)) {
            Journal.Transaction transaction = next(tail, last);
            if (transaction == null) {
                break;
            }
            Position begins = transaction.first();
            boolean follows = begins.epoch() == last.epoch()
                    ? begins.sequence() == last.sequence() + 1
                    : begins.epoch() > last.epoch() && begins.sequence() == 1;
            if (!follows) {
                settle();
                throw gap(last, begins, null);
            }
            int changesBefore = gatheredChanges;
            long bytesBefore = gatheredBytes;
            committedUpTo = FeedState.committedUpTo(committedUpTo, transaction.committedAtMillis());
            for (Change change : transaction) {
                if (gatheredChanges - changesBefore >= limit || gatheredBytes - bytesBefore >= bytes) {
                    write(change.position());
                    changesBefore = 0;
                    bytesBefore = 0;
                    isSplit = true;
                }
                accept(change, transaction);
                changes++;
            }
            if (first == null) {
                first = begins;
                committedAtMillis = transaction.committedAtMillis();
            }
            last = transaction.last();
            lastFirst = begins;
            gathered(last);
            if (batchChanges > context.configuration().batchRows() && last.compareTo(atLeast) >= 0) {
                break;
            }
        }
        if (first == null || last.equals(gatheredBefore)) {
            return before;
        }
        figures.read(last, committedAtMillis);
        return new Gathering(
                first,
                last,
                lastFirst,
                changes + (before == null ? 0 : before.changes()),
                committedAtMillis,
                committedUpTo);
    }

    /** A transaction has been gathered whole. */
    private void gathered(Position last) {
        for (Followed copy : touched) {
            copy.follower.commit();
            copy.isTouched = false;
        }
        touched.clear();
        taken = last;
        figures.gatheredBytes(gatheredBytes + writtenBytes);
    }

    private void accept(Change change, Journal.Transaction transaction) {
        TableName table = change.table();
        if (home) {
            lastChanges.changed(table, change.position());
        }
        if (!change.operation().isRowOperation()) {
            control(change, transaction);
            return;
        }
        List<Followed> copies = followed.get(table);
        if (home) {
            copies = laidOut(change, copies);
        }
        if (copies == null) {
            return;
        }
        for (Followed copy : List.copyOf(copies)) {
            if (change.position().compareTo(copy.floor) > 0) {
                if (!sameLayout(copy, change.schema())) {
                    refill(copy, change);
                } else {
                    copy.follower.gather(change, transaction);
                    if (!copy.isTouched) {
                        copy.isTouched = true;
                        touched.add(copy);
                    }
                    gatheredChanges++;
                    gatheredBytes += Follower.weight(change);
                }
            }
        }
    }

    private static boolean sameLayout(Followed copy, TableSchema layout) {
        return copy.follower.copy().requiredLayout().fingerprint().equals(layout.fingerprint());
    }

    /**
     * A row of a table whose layout was never announced announces it, unless the announcement was removed by retention: then a
     * copy would lack what came before, and waits until the source brings the table anew.
     */
    private @Nullable List<Followed> laidOut(Change change, @Nullable List<Followed> copies) {
        boolean known = copies != null
                && copies.stream().anyMatch(copy -> copy.follower.copy().role() == Copy.Role.HOME_IMAGE);
        if (!known && !beginningGone && !filling(change.table())) {
            build(change);
            return followed.get(change.table());
        }
        return copies;
    }

    private boolean filling(TableName table) {
        return fillings.stream()
                .anyMatch(filling -> filling.copy().role() == Copy.Role.HOME_IMAGE
                        && filling.copy().name().table().equals(table));
    }

    private void control(Change change, Journal.Transaction transaction) {
        TableName table = change.table();
        switch (change.operation()) {
            case TRUNCATE ->
                each(table, change, copy -> {
                    hide(copy);
                    quiet();
                    widen(change.position());
                    copy.follower.truncated(change, transaction);
                    show(copy);
                });
            case SNAPSHOT_END -> {
                if (followed.containsKey(table)) {
                    write(table, change.position());
                    each(table, change, copy -> {
                        beginArchive(copy.follower.copy(), copy.state.ended(), transaction.last(), committedUpTo);
                        mark(copy, copy.state.ended());
                    });
                }
            }
            case SCHEMA -> layout(change);
            case DROP ->
                each(table, change, copy -> {
                    quiet();
                    abandon(copy);
                });
            case INSERT, UPDATE, DELETE -> throw new IllegalArgumentException("not a control change: " + change);
        }
    }

    private interface Action {
        void on(Followed copy);
    }

    /** From here on whatever is changed says what was before, and the copy has all that was. */
    private void beginArchive(Copy copy, CopyState state, Position begin, long committedUpToMillis) {
        if (copy.definition().isArchived() && state.complete()) {
            progress().beginArchive(copy, begin, committedUpToMillis);
        }
    }

    /** Rows that the source brings anew do not say what was before. */
    private void endArchive(Copy copy) {
        if (copy.definition().isArchived()) {
            progress().endArchive(copy);
        }
    }

    private void each(TableName table, Change change, Action action) {
        List<Followed> copies = followed.get(table);
        if (copies != null) {
            for (Followed copy : List.copyOf(copies)) {
                if (change.position().compareTo(copy.floor) > 0) {
                    action.on(copy);
                }
            }
        }
    }

    private void mark(Followed copy, CopyState next) {
        if (!next.equals(copy.state)) {
            hide(copy);
            copy.state = next;
            progress().put(copy.follower.copy(), next);
            show(copy);
        }
    }

    private void layout(Change change) {
        TableName table = change.table();
        each(table, change, copy -> {
            if (sameLayout(copy, change.schema())) {
                // The source brings the table anew: what comes until the snapshot's end is not the whole of it.
                write(table, change.position());
                endArchive(copy.follower.copy());
                mark(copy, copy.state.begun());
            } else {
                refill(copy, change);
            }
        });
        if (!home) {
            return;
        }
        boolean following = followed.getOrDefault(table, List.of()).stream()
                .anyMatch(copy -> copy.follower.copy().role() == Copy.Role.HOME_IMAGE);
        if (following) {
            return;
        }
        for (Filling filling : List.copyOf(fillings)) {
            Copy copy = filling.copy();
            if (copy.role() == Copy.Role.HOME_IMAGE && copy.name().table().equals(table)) {
                if (!copy.requiredLayout().fingerprint().equals(change.schema().fingerprint())) {
                    filling.stop();
                    fillings.remove(filling);
                    fill(copy.rebuilt(copy.generation(), change.schema()), change.position());
                }
                return;
            }
        }
        build(change);
    }

    /** Gives a table that appears here its home image, empty and followed from here on. */
    private void build(Change change) {
        ShadowName name = new ShadowName(journal.source(), change.table(), datacenter);
        Copy fresh = context.catalogue().find(name, Copy.Role.HOME_IMAGE).orElse(null);
        if (fresh == null) {
            fresh = new Copy(
                    Copy.Role.HOME_IMAGE,
                    new ShadowDefinition(name, context.configuration().homeCompression(), 0),
                    context.catalogue().sqlTable(journal.source(), change.table()));
            context.catalogue().add(fresh);
        }
        if (fresh.built()) {
            progress().forget(fresh);
            context.destroy(fresh);
        }
        Copy next = fresh.rebuilt(context.catalogue().nextNumber("generation"), change.schema());
        if (!context.catalogue().replace(fresh, next)) {
            throw new IllegalStateException("home image changed by another: " + fresh.id());
        }
        Follower follower = context.follower(next, compression);
        // The change itself is not yet in: only what lies before it is.
        Position before = new Position(
                change.position().epoch(), Math.max(0, change.position().sequence() - 1));
        CopyState begun = new CopyState(true, before, before, false, true, 0);
        progress().put(next, begun);
        add(new Followed(follower, begun));
    }

    private void add(Followed copy) {
        if (!home) {
            Duration pending = context.configuration().pending();
            Duration horizon = pending.compareTo(SHORTEST_WAIT) < 0 ? SHORTEST_WAIT : pending;
            copy.follower.order(new EagerOrder<>(
                    new ReadFrequency<>(System::nanoTime, horizon),
                    System::nanoTime,
                    horizon,
                    context.configuration().heartbeat(),
                    context.configuration().batchRows(),
                    figures));
        }
        followed.computeIfAbsent(copy.follower.copy().name().table(), table -> new ArrayList<>())
                .add(copy);
        show(copy);
    }

    /** The copy's table has another layout from here on: fills it anew. */
    private void refill(Followed copy, Change change) {
        quiet();
        unfollow(copy);
        Copy former = copy.follower.copy();
        progress().put(former, CopyState.FILLING);
        fill(
                former.role() == Copy.Role.HOME_IMAGE ? former.rebuilt(former.generation(), change.schema()) : former,
                change.position());
    }

    private void fill(Copy definition, Position layoutPosition) {
        Filling filling = new Filling(context, journal, definition, () -> applied, layoutPosition);
        fillings.add(filling);
        fillers.execute(filling);
    }

    /** The copy's table is gone: so are its rows. */
    private void abandon(Followed copy) {
        unfollow(copy);
        Copy former = copy.follower.copy();
        if (context.catalogue().replace(former, former.unbuilt())) {
            context.destroy(former);
        }
        progress().forget(former);
    }

    private void unfollow(Followed copy) {
        hide(copy);
        TableName table = copy.follower.copy().name().table();
        List<Followed> copies = followed.get(table);
        if (copies != null) {
            copies.remove(copy);
            if (copies.isEmpty()) {
                followed.remove(table);
            }
        }
    }

    /** Writes the rows gathered so far, up to a position, without moving the applied position. */
    private void write(Position upTo) {
        quiet();
        widen(upTo);
        flush().join();
        gatheredChanges = 0;
        gatheredBytes = 0;
    }

    /** The same for one table: of the others a successor must find all in one batch. */
    private void write(TableName table, Position upTo) {
        quiet();
        widen(upTo);
        flush(followed.getOrDefault(table, List.of())).join();
    }

    private CompletableFuture<Void> flush() {
        return flush(followed.values().stream().flatMap(List::stream).toList());
    }

    private static CompletableFuture<Void> flush(Collection<Followed> copies) {
        List<CompletableFuture<Void>> writes = new ArrayList<>();
        for (Followed copy : copies) {
            if (!copy.follower.idle()) {
                writes.add(copy.follower.flush());
            }
        }
        return CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new));
    }

    /** Makes sure that a successor would look up to a position. */
    private void widen(Position upTo) {
        if (upTo.compareTo(state.window()) > 0) {
            store(state.widened(windowFrom(upTo)));
        }
    }

    private void store(FeedState next) {
        if (!progress().replace(journal.source(), state, next)) {
            throw new IllegalStateException("feed has another owner or its state is gone: " + journal.source());
        }
        state = next;
    }

    private Position underWayLastFirst = Position.START;

    private void send(Gathering gathering) {
        figures.read(gathering.last(), gathering.committedAtMillis());
        widen(gathering.last());
        underWayLastFirst = gathering.lastFirst();
        writtenBytes = gatheredBytes;
        gatheredBytes = 0;
        underWay = new Batch(
                flush(),
                gathering.first(),
                gathering.last(),
                gathering.changes(),
                gathering.committedAtMillis(),
                gathering.committedUpToMillis());
    }

    /** Waits for the writes under way; the applied position does not move. */
    private void quiet() {
        Batch batch = underWay;
        if (batch != null) {
            batch.written().join();
        }
        ahead.forEach(CompletableFuture::join);
        ahead.clear();
    }

    /** Waits for the batch under way and records that it is applied. */
    private void settle() {
        ahead.forEach(CompletableFuture::join);
        ahead.clear();
        Batch batch = underWay;
        if (batch == null) {
            return;
        }
        try {
            batch.written().join();
        } catch (CompletionException e) {
            underWay = null;
            throw e;
        }
        underWay = null;
        // What has been written ahead may lie beyond.
        Position window = windowFrom(batch.last());
        store(state.advanced(
                batch.last(),
                window.compareTo(state.window()) > 0 ? window : state.window(),
                underWayLastFirst,
                batch.committedUpToMillis()));
        applied = batch.last();
        writtenBytes = 0;
        figures.gatheredBytes(gatheredBytes);
        succeeded();
        figures.applied(batch.last(), batch.changes(), batch.committedAtMillis());
    }

    private void requireOwned() {
        if (!progress().feed(journal.source()).equals(Optional.of(state))) {
            throw new IllegalStateException("feed has another owner or its state is gone: " + journal.source());
        }
    }

    /** Sees what no change of the catalogue tells. */
    private void look() {
        requireOwned();
        boolean lost = followed.values().stream().flatMap(List::stream).anyMatch(copy -> copy.follower.lostRows());
        if (lost || !isOurs(state)) {
            catalogueChanged();
        }
    }

    /** Brings followers and fillings in line with the catalogue. Nothing is gathered and not applied. */
    private void reconcile() {
        looksAtCatalogue();
        requireOwned();
        if (!isOurs(state)) {
            throw gap(state.applied(), null, null);
        }
        List<Copy> wanted = copies();
        for (List<Followed> copies : List.copyOf(followed.values())) {
            for (Followed copy : List.copyOf(copies)) {
                Copy former = copy.follower.copy();
                if (!wanted.contains(former)) {
                    unfollow(copy);
                } else if (copy.follower.lostRows()) {
                    LOG.warn("A copy has lost rows and is filled again: copy={}", former.id());
                    unfollow(copy);
                    progress().put(former, CopyState.FILLING);
                }
            }
        }
        for (Filling filling : List.copyOf(fillings)) {
            Copy filled = filling.copy();
            if (filling.isStopped()
                    || wanted.stream().noneMatch(copy -> copy.id().equals(filled.id()))) {
                filling.stop();
                fillings.remove(filling);
            }
        }
        for (Copy copy : wanted) {
            if (!present(copy)) {
                start(copy);
            }
        }
    }

    private boolean present(Copy copy) {
        return followed.getOrDefault(copy.name().table(), List.of()).stream()
                        .anyMatch(other -> other.follower.copy().id().equals(copy.id()))
                || fillings.stream().anyMatch(filling -> filling.copy().id().equals(copy.id()));
    }

    private void start(Copy copy) {
        if (copy.built() && context.hasCache(copy)) {
            Optional<CopyState> present = progress().copy(copy);
            if (present.isPresent() && present.get().following()) {
                Followed known = new Followed(context.follower(copy, compression), present.get());
                if (isGone(copy)) {
                    return;
                }
                if (!known.follower.lostRows()) {
                    add(known);
                    return;
                }
            }
        }
        if (copy.role() == Copy.Role.SHADOW || copy.built()) {
            fill(copy, state.applied());
        }
    }

    /** Whether a copy was dropped, released or brought anew before its cache was opened, which then may have been made again, empty. */
    private boolean isGone(Copy copy) {
        if (context.catalogue().holds(copy)) {
            return false;
        }
        context.clear(copy);
        return true;
    }

    private void takeOver() {
        for (Filling filling : List.copyOf(fillings)) {
            if (filling.waiting()) {
                if (filling.advance(state.applied())) {
                    fillings.remove(filling);
                    CopyState joined = filling.state(state.applied());
                    Follower follower = filling.takenOver(compression);
                    beginArchive(
                            filling.copy(),
                            joined,
                            joined.applied(),
                            Math.max(state.committedUpToMillis(), filling.committedUpToMillis()));
                    progress().put(filling.copy(), joined);
                    if (!isGone(filling.copy())) {
                        add(new Followed(follower, joined));
                    }
                } else if (filling.isHopeless()) {
                    fillings.remove(filling);
                    filling.closeTail();
                    catalogueChanged();
                }
            }
        }
    }
}
