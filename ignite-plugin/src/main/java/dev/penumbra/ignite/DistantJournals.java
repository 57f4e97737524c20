package dev.penumbra.ignite;

import dev.penumbra.ignite.JournalHost.Line;
import dev.penumbra.ignite.JournalMessage.Kind;
import dev.penumbra.journal.TransactionFrames;
import dev.penumbra.journal.UncommittedChanges;
import dev.penumbra.model.Change;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.Progress.FeedState;
import dev.penumbra.shadow.read.ProbeDesk.Said;
import dev.penumbra.shadow.tail.DistantProbe;
import dev.penumbra.shadow.tail.TailReceiver;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The journals of other nodes, as this node reads them.
 *
 * <p>A source's journal is read from the node that keeps the home image up with it: of two journals of one name, only that one counts.
 *
 * <p>Safe for use by several threads. Messages are taken without waiting.
 */
final class DistantJournals {
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final long LOOK_MILLIS = 20;
    /** How often the other end is told that somebody is there. */
    private static final Duration SAYS_EVERY = Duration.ofSeconds(1);

    private final Line line;
    private final Function<String, Optional<FeedState>> homeFeeds;
    private final LongSupplier nanos;
    private final Map<UUID, CompletableFuture<JournalMessage>> calls = new ConcurrentHashMap<>();
    private final Map<UUID, DistantTail> tails = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** @param homeFeeds how far the home image of a source is, and who keeps it up; may wait */
    DistantJournals(Line line, Function<String, Optional<FeedState>> homeFeeds, LongSupplier nanos) {
        this.line = line;
        this.homeFeeds = homeFeeds;
        this.nanos = nanos;
    }

    /** The journal of a source, wherever it is. */
    Journal of(String source) {
        return new DistantJournal(source);
    }

    /** A message for this node as one that reads journals. */
    void received(JournalMessage message) {
        DistantTail tail = tails.get(message.id());
        if (tail != null) {
            tail.received(message);
        }
        CompletableFuture<JournalMessage> call = calls.get(message.id());
        if (call != null) {
            call.complete(message);
        }
    }

    /** Ends all waiting: nothing comes any more. */
    void close() {
        closed = true;
    }

    private static PenumbraException failure(JournalMessage failed) {
        int space = failed.text().indexOf(' ');
        ErrorCode code;
        try {
            code = ErrorCode.valueOf(failed.text().substring(0, Math.max(space, 0)));
        } catch (IllegalArgumentException e) {
            code = ErrorCode.GRID_UNAVAILABLE;
        }
        return new PenumbraException(code).with("said", failed.text());
    }

    /** Waits for the answer to a call. */
    private JournalMessage call(UUID host, JournalMessage message) {
        CompletableFuture<JournalMessage> answer = new CompletableFuture<>();
        calls.put(message.id(), answer);
        try {
            line.send(host, message);
            long begun = nanos.getAsLong();
            while (!closed && nanos.getAsLong() - begun < ANSWER.toNanos() && line.isThere(host)) {
                try {
                    JournalMessage answered = answer.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
                    if (answered.kind() == Kind.FAILED) {
                        throw failure(answered);
                    }
                    return answered;
                } catch (TimeoutException e) {
                    // Looks again whether there is anybody to wait for.
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    break;
                } catch (ExecutionException e) {
                    throw new IllegalStateException(e);
                }
            }
            throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE).with("node", host);
        } finally {
            calls.remove(message.id());
        }
    }

    /** A source's journal on another node. */
    private final class DistantJournal implements Journal {
        private final String source;
        private volatile @Nullable UUID id;
        private volatile @Nullable UUID host;

        DistantJournal(String source) {
            this.source = source;
        }

        @Override
        public String source() {
            return source;
        }

        @Override
        public boolean isThere() {
            // Asked at the beginning of each attempt to read it: what was known of it may not hold any more.
            id = null;
            UUID found;
            try {
                found = homeFeeds.apply(source).map(FeedState::owner).orElse(null);
            } catch (RuntimeException e) {
                // The home datacenter has no node now.
                found = null;
            }
            host = found;
            return found != null && line.isThere(found);
        }

        private UUID host() {
            UUID known = host;
            if (known == null) {
                throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE).with("source", source);
            }
            return known;
        }

        @Override
        public UUID id() {
            UUID known = id;
            if (known == null) {
                known = UUID.fromString(describe().text());
                id = known;
            }
            return known;
        }

        @Override
        public Position oldest() {
            return describe().position();
        }

        private JournalMessage describe() {
            return call(host(), new JournalMessage(Kind.DESCRIBE, UUID.randomUUID()).source(source));
        }

        @Override
        public Tail open(Position after) {
            UUID from = host();
            UUID tailId = UUID.randomUUID();
            DistantTail tail = new DistantTail(tailId, from, journal -> {
                // Not what was read from another node before.
                if (from.equals(host)) {
                    id = journal;
                }
            });
            tails.put(tailId, tail);
            try {
                line.send(
                        from,
                        new JournalMessage(Kind.OPEN, tailId).source(source).position(after));
                tail.awaitOpening();
                return tail;
            } catch (RuntimeException e) {
                tail.close();
                throw e;
            }
        }
    }

    /** A place in a journal of another node. */
    private final class DistantTail implements Journal.Tail {
        private final UUID id;
        private final UUID host;
        private final Consumer<UUID> identity;
        private final TailReceiver receiver;
        private final TransactionFrames.Reader transactions;
        private volatile @Nullable JournalMessage failed;
        private volatile boolean opened;
        /** After how many frames the journal had been read to its end for the first time; -1 before. */
        private volatile long end = -1;

        private final DistantProbe probe;
        /** The answer to some question for what is not committed that has come last. */
        private volatile @Nullable JournalMessage listing;

        private long listingAsked;
        private boolean reachedEnd;
        private long saidAt;
        private @Nullable Position kept;

        DistantTail(UUID id, UUID host, Consumer<UUID> identity) {
            this.id = id;
            this.host = host;
            this.identity = identity;
            this.receiver =
                    new TailReceiver(nanos, taken -> line.send(host, new JournalMessage(Kind.TAKEN, id).number(taken)));
            this.probe =
                    new DistantProbe(question -> line.send(host, new JournalMessage(Kind.ASK, id).number(question)));
            this.transactions = new TransactionFrames.Reader(this::look, this::await);
            this.saidAt = nanos.getAsLong();
        }

        /** By any thread. */
        void received(JournalMessage message) {
            switch (message.kind()) {
                case FRAME ->
                    receiver.arrived(message.number(), message.content().array());
                case SENT -> {
                    receiver.heard(message.number());
                    if (!message.text().isEmpty()) {
                        identity.accept(UUID.fromString(message.text()));
                        opened = true;
                    }
                    if (message.position().sequence() > 0) {
                        end = message.position().sequence() - 1;
                    }
                }
                case SAID -> probe.answered(new Said(message.number(), message.position()));
                case UNCOMMITTED -> listing = message;
                case FAILED -> failed = message;
                default -> {}
            }
        }

        private byte @Nullable [] look() {
            byte[] frame = receiver.take();
            if (frame == null) {
                requireSound();
            }
            return frame;
        }

        /** Whoever reads on after a failure begins anew where it was; so nothing is lost of what came beside it. */
        private void requireSound() {
            JournalMessage failure = failed;
            if (failure != null && receiver.contiguous() >= failure.number()) {
                throw failure(failure);
            }
            if (closed || receiver.isBroken() || !line.isThere(host)) {
                throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE).with("node", host);
            }
        }

        /** Waits until the other end has found the place, or says why there is none. */
        void awaitOpening() {
            Pause pause = new Pause();
            while (!opened) {
                // Frames may overtake what says that it is open.
                requireSound();
                saySomething();
                pause.await();
            }
        }

        private byte[] await() {
            Pause pause = new Pause();
            byte[] frame = look();
            while (frame == null) {
                saySomething();
                pause.await();
                frame = look();
            }
            return frame;
        }

        private void saySomething() {
            long now = nanos.getAsLong();
            if (now - saidAt >= SAYS_EVERY.toNanos()) {
                saidAt = now;
                line.send(host, new JournalMessage(Kind.TAKEN, id).number(receiver.taken()));
                probe.repeat();
            }
        }

        @Override
        public Journal.@Nullable Transaction poll() {
            saySomething();
            TransactionFrames.Reader.Transaction next = transactions.next();
            if (next == null && !reachedEnd) {
                next = nextOfOpening();
            }
            return next == null ? null : new DistantTransaction(next);
        }

        /** Whoever has opened the tail relies on what was in the journal by then, and may not take the time of its way for its end. */
        private TransactionFrames.Reader.@Nullable Transaction nextOfOpening() {
            Pause pause = new Pause();
            while (true) {
                long ended = end;
                reachedEnd = ended >= 0 && receiver.taken() >= ended;
                TransactionFrames.Reader.Transaction next = transactions.next();
                if (next != null || reachedEnd) {
                    return next;
                }
                saySomething();
                pause.await();
            }
        }

        @Override
        public void retain(String name, Position after) {
            if (!after.equals(kept)) {
                kept = after;
                // The node that has the journal names the reader by the datacenter.
                line.send(host, new JournalMessage(Kind.KEEP, id).position(after));
            }
        }

        private void askForListing() {
            listingAsked++;
            line.send(host, new JournalMessage(Kind.ASK_UNCOMMITTED, id).number(listingAsked));
        }

        private UncommittedChanges.@Nullable Listing takeListing() {
            JournalMessage come = listing;
            if (come == null || come.number() != listingAsked) {
                return null;
            }
            listing = null;
            return UncommittedChanges.Listing.decoded(come.content().array()).orElse(null);
        }

        @Override
        public Journal.Probe probe() {
            // It ends with the tail.
            return new ProbeOfTail(probe);
        }

        @Override
        public Journal.Listings listings() {
            return new ListingsOfTail(this);
        }

        @Override
        public void close() {
            if (tails.remove(id) != null) {
                line.send(host, new JournalMessage(Kind.CLOSE, id));
            }
        }
    }

    /** They end with the tail. */
    private record ListingsOfTail(DistantTail tail) implements Journal.Listings {
        @Override
        public void ask() {
            tail.askForListing();
        }

        @Override
        public UncommittedChanges.@Nullable Listing listed() {
            return tail.takeListing();
        }

        @Override
        public void close() {}
    }

    private record ProbeOfTail(DistantProbe probe) implements Journal.Probe {
        @Override
        public long ask() {
            return probe.ask();
        }

        @Override
        public Optional<Said> said() {
            return probe.said();
        }

        @Override
        public void close() {}
    }

    private record DistantTransaction(TransactionFrames.Reader.Transaction coming) implements Journal.Transaction {
        @Override
        public Position first() {
            return coming.first();
        }

        @Override
        public Position last() {
            return coming.last();
        }

        @Override
        public long committedAtMillis() {
            return coming.committedAtMillis();
        }

        @Override
        public Iterator<Change> iterator() {
            return coming.iterator();
        }
    }
}
