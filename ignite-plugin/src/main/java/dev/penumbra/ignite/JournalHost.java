package dev.penumbra.ignite;

import dev.penumbra.ignite.JournalMessage.Kind;
import dev.penumbra.ignite.trigger.FailureText;
import dev.penumbra.journal.TransactionFrames;
import dev.penumbra.journal.UncommittedChanges;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.tail.ProbeRelay;
import dev.penumbra.shadow.tail.TailSender;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets other nodes read this node's journals.
 *
 * <p>Each open tail has a thread, which reads the journal and sends what is new as soon as the other end has room for it, passes questions
 * on to the journal's writer, and ends when the other end has gone or is not heard of any more.
 *
 * <p>Safe for use by several threads. Messages are taken without waiting.
 */
final class JournalHost implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(JournalHost.class);

    /** How often a tail says how many frames it has sent. */
    private static final Duration SAYS_EVERY = Duration.ofMillis(250);
    /** For how long nothing may be heard from the other end. */
    private static final Duration SILENCE = Duration.ofMinutes(2);

    private final Map<String, Journal> journals = new ConcurrentHashMap<>();
    private final Line line;
    private final Executor threads;
    private final LongSupplier nanos;
    private final Map<UUID, OpenTail> tails = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** Carries messages to other nodes. Must not fail; what cannot be sent is lost. */
    interface Line {
        void send(UUID node, JournalMessage message);

        boolean isThere(UUID node);

        /** The datacenter whose shadows a node may feed; null when it may feed none, and so is not told what is in a journal. */
        @Nullable Datacenter mayFeed(UUID node);
    }

    JournalHost(List<Journal> journals, Line line, Executor threads, LongSupplier nanos) {
        journals.forEach(journal -> this.journals.put(journal.source(), journal));
        this.line = line;
        this.threads = threads;
        this.nanos = nanos;
    }

    /** A message for this node as one that has journals. */
    void received(UUID from, JournalMessage message) {
        Datacenter datacenter = line.mayFeed(from);
        if (datacenter == null) {
            LOG.warn("A node asks for a journal that feeds nothing: node={}, kind={}", from, message.kind());
            return;
        }
        OpenTail tail = tails.get(message.id());
        switch (message.kind()) {
            case DESCRIBE -> execute(() -> describe(from, message));
            case OPEN -> {
                OpenTail opened = new OpenTail(from, ShippingFeed.reader(datacenter), message);
                if (tails.putIfAbsent(message.id(), opened) == null) {
                    execute(opened);
                }
            }
            case TAKEN, KEEP, ASK, ASK_UNCOMMITTED, CLOSE -> {
                if (tail != null && tail.reader.equals(from)) {
                    tail.received(message);
                }
            }
            case DESCRIPTION, SENT, FRAME, SAID, FAILED, UNCOMMITTED -> {}
        }
    }

    private void execute(Runnable task) {
        try {
            threads.execute(task);
        } catch (RejectedExecutionException e) {
            LOG.debug("A journal is asked for while the node stops", e);
        }
    }

    private Journal journal(String source) {
        Journal journal = journals.get(source);
        if (journal == null) {
            throw new PenumbraException(ErrorCode.JOURNAL_NOT_FOUND).with("source", source);
        }
        return journal;
    }

    private void describe(UUID from, JournalMessage call) {
        try {
            Journal journal = journal(call.source());
            line.send(
                    from,
                    new JournalMessage(Kind.DESCRIPTION, call.id())
                            .text(journal.id().toString())
                            .position(journal.oldest()));
        } catch (RuntimeException e) {
            line.send(from, failed(call.id(), 0, e));
        }
    }

    private static JournalMessage failed(UUID id, long frames, Throwable failure) {
        ErrorCode code = failure instanceof PenumbraException known ? known.code() : ErrorCode.GRID_UNAVAILABLE;
        return new JournalMessage(Kind.FAILED, id).number(frames).text(code.name() + ' ' + FailureText.of(failure));
    }

    /** Ends all tails. */
    @Override
    public void close() {
        closed = true;
    }

    /** One tail that another node reads. */
    private final class OpenTail implements Runnable {
        private final UUID id;
        private final UUID reader;
        /** What retention knows it by. */
        private final String name;

        private final String source;
        private final Position after;
        private final TailSender sender;
        /** What retention is to know, and was told last. */
        private volatile @Nullable JournalMessage keep;

        private @Nullable JournalMessage kept;
        private final ProbeRelay questions;
        private final Pause pause = new Pause();
        private Journal.@Nullable Probe probe;
        private boolean probeTried;
        private volatile boolean isAsked;
        /** The latest question for what is not committed, and the one that has been passed on. */
        private volatile long listingAsked;

        private long listingPassedOn;
        private Journal.@Nullable Listings listings;
        private boolean listingsTried;
        private volatile String journalId = "";
        /** After how many frames the journal had been read to its end for the first time; -1 before. */
        private volatile long end = -1;

        private long saidAt;
        private volatile long heardAt;
        private volatile boolean ended;

        OpenTail(UUID reader, String name, JournalMessage open) {
            this.id = open.id();
            this.reader = reader;
            this.name = name;
            this.source = open.source();
            this.after = open.position();
            this.heardAt = nanos.getAsLong();
            this.sender = new TailSender((number, frame) -> line.send(
                    reader, new JournalMessage(Kind.FRAME, id).number(number).content(Bytes.wrap(frame))));
            this.questions = new ProbeRelay(said -> line.send(
                    reader,
                    new JournalMessage(Kind.SAID, id).number(said.question()).position(said.upTo())));
        }

        void received(JournalMessage message) {
            heardAt = nanos.getAsLong();
            switch (message.kind()) {
                case TAKEN -> {
                    sender.taken(message.number());
                    // Also while the tail's thread is busy with a large transaction.
                    say();
                }
                case KEEP -> keep = message;
                case ASK -> {
                    questions.asked(message.number());
                    isAsked = true;
                }
                case ASK_UNCOMMITTED -> listingAsked = Math.max(listingAsked, message.number());
                default -> ended = true;
            }
        }

        private boolean goesOn() {
            return !ended && !closed && line.isThere(reader) && nanos.getAsLong() - heardAt < SILENCE.toNanos();
        }

        @Override
        public void run() {
            try (Journal.Tail tail = journal(source).open(after)) {
                journalId = journal(source).id().toString();
                say();
                carry(tail);
            } catch (Gone e) {
                LOG.debug("Nobody reads a tail any more: source={}, node={}", source, reader);
                line.send(reader, failed(id, sender.sent(), new PenumbraException(ErrorCode.GRID_UNAVAILABLE)));
            } catch (RuntimeException | Error e) {
                LOG.info("A tail that another node reads has ended: source={}, node={}", source, reader, e);
                line.send(reader, failed(id, sender.sent(), e));
            } finally {
                tails.remove(id);
                Journal.Probe opened = probe;
                if (opened != null) {
                    opened.close();
                }
                Journal.Listings asked = listings;
                if (asked != null) {
                    asked.close();
                }
            }
        }

        private void carry(Journal.Tail tail) {
            TransactionFrames.Writer writer = new TransactionFrames.Writer(frame -> {
                while (!sender.hasRoom()) {
                    tend(tail);
                    pause.await();
                }
                pause.reset();
                sender.send(frame);
            });
            while (true) {
                Journal.Transaction transaction = tail.poll();
                if (transaction == null) {
                    writer.flush();
                    if (end < 0) {
                        end = sender.sent();
                        say();
                    }
                    tend(tail);
                    pause.await();
                } else {
                    writer.write(transaction, transaction);
                    tend(tail);
                    pause.reset();
                }
            }
        }

        /** Does what is to be done beside sending. */
        private void tend(Journal.Tail tail) {
            if (!goesOn()) {
                throw new Gone();
            }
            JournalMessage wanted = keep;
            if (wanted != null && !wanted.equals(kept)) {
                tail.retain(name, wanted.position());
                kept = wanted;
            }
            ask(tail);
            list(tail);
            if (nanos.getAsLong() - saidAt >= SAYS_EVERY.toNanos()) {
                saidAt = nanos.getAsLong();
                // Somebody may have put another journal in the place of the one that is read.
                journalId = journal(source).id().toString();
                say();
            }
        }

        private void say() {
            line.send(
                    reader,
                    new JournalMessage(Kind.SENT, id)
                            .number(sender.sent())
                            .position(new Position(0, end + 1))
                            .text(journalId));
        }

        /** Passes questions on to the journal's writer, once there are any. */
        private void ask(Journal.Tail tail) {
            if (!isAsked) {
                return;
            }
            if (!probeTried) {
                probeTried = true;
                probe = openProbe(tail);
            }
            Journal.Probe opened = probe;
            if (opened != null) {
                questions.look(opened);
            }
        }

        /** Asks for what is not committed when somebody wants to know, and sends what has come. */
        private void list(Journal.Tail tail) {
            long question = listingAsked;
            if (question == 0) {
                return;
            }
            if (!listingsTried) {
                listingsTried = true;
                listings = openListings(tail);
            }
            Journal.Listings opened = listings;
            if (opened == null) {
                return;
            }
            UncommittedChanges.Listing listing;
            try {
                if (question != listingPassedOn) {
                    listingPassedOn = question;
                    opened.ask();
                }
                listing = opened.listed();
            } catch (PenumbraException e) {
                // No tail ends for it; another that is opened tries again.
                LOG.warn("What is not committed cannot be told: source={}", source, e);
                listings = null;
                opened.close();
                return;
            }
            if (listing != null) {
                line.send(
                        reader,
                        new JournalMessage(Kind.UNCOMMITTED, id)
                                .number(listingPassedOn)
                                .content(Bytes.wrap(listing.encoded())));
            }
        }

        private Journal.@Nullable Listings openListings(Journal.Tail tail) {
            try {
                return tail.listings();
            } catch (PenumbraException e) {
                LOG.warn("What is not committed cannot be told: source={}", source, e);
                return null;
            }
        }

        private Journal.@Nullable Probe openProbe(Journal.Tail tail) {
            try {
                return tail.probe();
            } catch (PenumbraException e) {
                LOG.warn("How stale copies are cannot be told: source={}", source, e);
                return null;
            }
        }
    }

    /** Nobody reads the tail any more. */
    private static final class Gone extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }
}
