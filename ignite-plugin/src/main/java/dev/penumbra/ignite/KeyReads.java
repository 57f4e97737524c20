package dev.penumbra.ignite;

import dev.penumbra.ignite.sql.CopyNames;
import dev.penumbra.ignite.sql.NameRouter;
import dev.penumbra.ignite.sql.Reader;
import dev.penumbra.ignite.sql.Reads;
import dev.penumbra.ignite.sql.Routing;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.SessionToken;
import dev.penumbra.shadow.Copy;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.Consistency.Level;
import dev.penumbra.shadow.read.FeedName;
import dev.penumbra.shadow.read.Finding;
import dev.penumbra.shadow.read.Pending;
import dev.penumbra.shadow.read.ReadGate.Candidate;
import dev.penumbra.shadow.read.ReadGate.Choice;
import dev.penumbra.shadow.read.ReadSession;
import dev.penumbra.shadow.read.SharedReads;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteException;
import org.apache.ignite.binary.BinaryObject;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads rows of copies by their keys. Safe for use by several threads. */
final class KeyReads {
    private static final Logger LOG = LoggerFactory.getLogger(KeyReads.class);

    /** For how long the database is waited for before its home image is read. */
    private static final Duration SOURCE_PATIENCE = Duration.ofMillis(1_500);

    private static final String COMMITTED_AS_SHOWN = "what was not committed has been committed as it was shown";

    private final Ignite ignite;
    private final NameRouter router;
    private final CopyBoard board;
    private final Function<ReadSession, Reader> readers;
    private final PendingLine pending;
    private final SourceLine source;
    private final Reads reads;
    private final ReadReports reports;
    private final @Nullable Datacenter local;
    private final boolean isHome;
    private final Executor waiting;
    private final SharedReads<OneRow, Optional<Row>> atHome = new SharedReads<>();

    /** A row of one filling of a home image. */
    private record OneRow(String copy, Key key) {}

    /**
     * @param local the datacenter of this node; null when it is in none
     * @param isHome whether that is the home datacenter
     * @param waiting does what waits and no reader's thread is to wait for
     */
    KeyReads(
            Ignite ignite,
            NameRouter router,
            CopyBoard board,
            Function<ReadSession, Reader> readers,
            PendingLine pending,
            SourceLine source,
            Reads reads,
            ReadReports reports,
            @Nullable Datacenter local,
            boolean isHome,
            Executor waiting) {
        this.ignite = ignite;
        this.router = router;
        this.board = board;
        this.readers = readers;
        this.pending = pending;
        this.source = source;
        this.reads = reads;
        this.reports = reports;
        this.local = local;
        this.isHome = isHome;
        this.waiting = waiting;
    }

    Answer<Optional<Row>> read(ReadSession session, String table, Key key, Consistency asked) {
        if (asked.level() == Level.OPTIMISTIC) {
            return optimistic(session, table, List.of(key), asked, rows -> Optional.ofNullable(rows.get(key)));
        }
        return new Read<Optional<Row>>(session, table, List.of(key), asked) {
            @Override
            Optional<Row> in(KeyedRows rows, Routing.Answer chosen) {
                Choice choice = chosen.choice();
                if (chosen.source() != Reads.Source.HOME || choice == null || isHome) {
                    return rows.get(key);
                }
                // Whoever stands for himself and takes any state of the row takes one that is on its way.
                boolean any = asked.equals(Consistency.eventual()) && session == ReadSession.alone();
                return atHome.get(new OneRow(choice.candidate().copy(), key), any, () -> rows.get(key));
            }

            @Override
            Optional<Row> of(Map<Key, Row> rows) {
                return Optional.ofNullable(rows.get(key));
            }
        }.answer();
    }

    Answer<Map<Key, Row>> readAll(ReadSession session, String table, Collection<Key> keys, Consistency asked) {
        if (asked.level() == Level.OPTIMISTIC) {
            return optimistic(session, table, keys, asked, rows -> rows);
        }
        return allOf(session, table, keys, asked).answer();
    }

    private Read<Map<Key, Row>> allOf(ReadSession session, String table, Collection<Key> keys, Consistency asked) {
        return new Read<Map<Key, Row>>(session, table, keys, asked) {
            @Override
            Map<Key, Row> in(KeyedRows rows, Routing.Answer chosen) {
                return rows.getAll(keys);
            }

            @Override
            Map<Key, Row> of(Map<Key, Row> rows) {
                return rows;
            }
        };
    }

    /**
     * What is proven, with what is not committed laid over it.
     *
     * @param of what is wanted of the rows
     */
    private <T> Answer<T> optimistic(
            ReadSession session, String table, Collection<Key> keys, Consistency asked, Function<Map<Key, Row>, T> of) {
        Read<Map<Key, Row>> read =
                allOf(session, table, keys, Consistency.bounded(Objects.requireNonNull(asked.staleness())));
        // First, and what is not committed afterwards: what the copy has left behind is not shown then.
        Answer<Map<Key, Row>> proven = read.answer();
        Candidate candidate = read.servedNear();
        PendingLine.Intents intents =
                candidate == null ? null : pending.uncommitted(candidate, keys).orElse(null);
        if (candidate == null || intents == null) {
            return as(proven, asked, of.apply(proven.value()), proven.reason(), null);
        }
        Map<Key, Row> shown = read.with(proven.value(), intents.rows());
        if (shown == null) {
            return as(proven, asked, of.apply(proven.value()), proven.reason(), null);
        }
        reads.optimistic(table);
        CompletableFuture<Answer<T>> confirmation = pending.ended(candidate, intents)
                .thenApplyAsync(
                        over -> {
                            if (over.asSeen()) {
                                return as(proven, asked, of.apply(shown), COMMITTED_AS_SHOWN, null);
                            }
                            Consistency committed = committed(candidate, over.upTo());
                            Answer<Map<Key, Row>> settled =
                                    allOf(session, table, keys, committed).answer();
                            reads.corrected(table);
                            return as(settled, committed, of.apply(settled.value()), settled.reason(), null);
                        },
                        waiting);
        return as(
                proven,
                asked,
                of.apply(shown),
                proven.reason() + ", and what is not committed is laid over it",
                confirmation);
    }

    /** What the answer must contain that corrects another, when what stood in the source is over. */
    private static Consistency committed(Candidate candidate, Position upTo) {
        FeedName feed = candidate.feed();
        UUID journal = candidate.journal();
        return upTo.equals(Position.START) || feed == null || journal == null
                ? Consistency.primary()
                : Consistency.session(SessionToken.of(feed.source(), journal, upTo));
    }

    private static <T> Answer<T> as(
            Answer<?> answer,
            Consistency asked,
            T value,
            String reason,
            @Nullable CompletionStage<Answer<T>> confirmation) {
        return new Answer<>(
                value,
                asked,
                answer.source(),
                answer.copy(),
                answer.staleness(),
                answer.position(),
                reason,
                confirmation);
    }

    /** One read. */
    private abstract class Read<T> {
        private final ReadSession session;
        private final Reader reader;
        private final String table;
        private final Collection<Key> keys;
        private final Consistency asked;
        private final NameRouter.Need need;
        private Routing.@Nullable Answer served;

        Read(ReadSession session, String table, Collection<Key> keys, Consistency asked) {
            this.session = session;
            this.reader = readers.apply(session).onlyChoosing();
            this.table = table;
            this.keys = keys;
            this.asked = asked;
            this.need = covered -> keys.stream().allMatch(covered::containsKey);
        }

        /** What is wanted of a copy's rows. */
        abstract T in(KeyedRows rows, Routing.Answer chosen);

        /** The same of rows that have been read already. */
        abstract T of(Map<Key, Row> rows);

        Answer<T> answer() {
            Answer<T> read = asked.level() == Level.PRIMARY ? fromSource() : null;
            return read == null ? fromCopy() : read;
        }

        /** What the database itself has; null where it cannot be asked. */
        private @Nullable Answer<T> fromSource() {
            ListedCopy home = board.built(CopyNames.HOME, table);
            if (home == null) {
                return null;
            }
            Map<Key, Row> stored = new HashMap<>();
            try {
                KeyedRows rows = home.rows(built -> KeyedRows.open(ignite, built));
                rows.requireKeys(keys);
                Map<Key, Row> found = found(home.copy());
                if (found == null) {
                    return null;
                }
                found.forEach((key, row) -> stored.put(key, rows.stored(key, row)));
            } catch (PenumbraException e) {
                if (e.code() == ErrorCode.INVALID_KEY) {
                    throw e;
                }
                return null;
            } catch (IgniteException | javax.cache.CacheException | ClassCastException e) {
                LOG.debug("A database could not be read: table={}", table, e);
                return null;
            }
            reads.started(Reads.Source.SOURCE, table);
            session.seenInSource(table);
            return new Answer<>(
                    of(stored),
                    asked,
                    Answer.Source.SOURCE,
                    home.copy().name().source() + "." + home.copy().name().table(),
                    Duration.ZERO,
                    null,
                    "the database itself was read");
        }

        /** Not on the reader's own thread: nobody knows how long a grid that falls apart takes to say who can be asked. */
        private @Nullable Map<Key, Row> found(Copy home) {
            if (keys.size() > SourceLine.MAX_ROWS) {
                return null;
            }
            try {
                return CompletableFuture.supplyAsync(() -> source.read(home, keys), waiting)
                        .get(SOURCE_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                        .orElse(null);
            } catch (ExecutionException | TimeoutException | RejectedExecutionException e) {
                LOG.debug("A database could not be read: table={}", table, e);
                return null;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return null;
            }
        }

        private Answer<T> fromCopy() {
            Routing.Answer chosen = router.route(table, asked, need, reader);
            Answer<T> answer = from(chosen);
            // Not sooner: there may be no such keys.
            Choice choice = chosen.choice();
            if (choice != null) {
                reports.read(choice.candidate(), keys);
            }
            return answer;
        }

        private Answer<T> from(Routing.Answer first) {
            Routing.Answer chosen = first;
            if (isPreMerged(chosen)) {
                Answer<T> merged = merged(chosen);
                if (merged != null) {
                    return merged;
                }
                reader.doWithoutPending();
                chosen = router.route(table, asked, need, reader);
            }
            if (!chosen.isUnproven()) {
                return proven(chosen);
            }
            Answer<T> validated = validated(chosen);
            if (validated != null) {
                return validated;
            }
            reads.discarded(chosen.table());
            reader.doWithoutPending();
            return proven(router.route(table, Consistency.primary(), need, reader));
        }

        /** The copy that has answered, where it is in this datacenter and its feed knows of its source. */
        @Nullable Candidate servedNear() {
            Choice choice = served == null ? null : served.choice();
            FeedName feed = choice == null ? null : choice.candidate().feed();
            return choice == null || feed == null || !feed.datacenter().equals(local) ? null : choice.candidate();
        }

        /** Rows of the copy that has answered with others laid over them; null when it has another layout by now. */
        @Nullable Map<Key, Row> with(Map<Key, Row> proven, Map<Key, Optional<BinaryObject>> others) {
            try {
                return rows(Objects.requireNonNull(served)).with(proven, others);
            } catch (PenumbraException | IgniteException | javax.cache.CacheException | ClassCastException e) {
                LOG.debug("What is not committed could not be laid over a copy: table={}", table, e);
                return null;
            }
        }

        private static boolean isPreMerged(Routing.Answer chosen) {
            return chosen.choice() != null && chosen.choice().candidate().isPreMerged();
        }

        private KeyedRows rows(Routing.Answer chosen) {
            ListedCopy copy = board.built(chosen.schema(), chosen.table());
            if (copy == null) {
                throw notACopy(chosen);
            }
            return copy.rows(built -> KeyedRows.open(ignite, built));
        }

        private Answer<T> proven(Routing.Answer chosen) {
            try {
                if (isPreMerged(chosen)) {
                    throw new IllegalStateException("a copy read without what is pending: " + chosen);
                }
                return read(chosen, rows -> in(rows, chosen));
            } finally {
                reader.ended(chosen);
            }
        }

        private Answer<T> read(Routing.Answer chosen, Function<KeyedRows, T> reading) {
            try {
                KeyedRows rows = rows(chosen);
                reads.started(chosen.source(), chosen.table());
                T value = reading.apply(rows);
                router.confirm(chosen);
                Choice choice = chosen.choice();
                Duration staleness = choice == null || choice.stalenessNanos().isEmpty()
                        ? null
                        : Duration.ofNanos(choice.stalenessNanos().getAsLong());
                return answer(value, chosen, staleness, chosen.reason());
            } catch (IgniteException | javax.cache.CacheException e) {
                throw new PenumbraException(ErrorCode.GRID_UNAVAILABLE, e).with("copy", chosen.copy());
            }
        }

        /** What a copy has with what is pending of it laid over it; null when that cannot be had. */
        private @Nullable Answer<T> merged(Routing.Answer chosen) {
            boolean showedPending = false;
            try {
                rows(chosen).requireKeys(keys);
                // First, and the copy afterwards: a change leaves what is pending when it is in the copy.
                Map<Key, Pending.Change<BinaryObject>> changes = pending.newest(
                                Objects.requireNonNull(chosen.choice()).candidate(), keys)
                        .orElse(null);
                showedPending = changes != null && !changes.isEmpty();
                if (changes == null) {
                    return null;
                }
                return read(chosen, rows -> changes.isEmpty() ? in(rows, chosen) : of(rows.getWith(changes, keys)));
            } finally {
                if (showedPending) {
                    reader.endedWithPending(chosen);
                } else {
                    reader.ended(chosen);
                }
            }
        }

        /** What a copy has of which nothing is proven, if it turns out to be the primary's answer; otherwise null. */
        private @Nullable Answer<T> validated(Routing.Answer chosen) {
            Choice choice = chosen.choice();
            UUID journal = choice == null ? null : choice.candidate().journal();
            if (journal == null) {
                return null;
            }
            Map<Key, Row> found = new HashMap<>();
            Map<Key, Position> positions = new HashMap<>();
            try {
                Map<Key, KeyedRows.Positioned> rows = rows(chosen).getPositioned(keys);
                for (Key key : keys) {
                    KeyedRows.Positioned row = rows.get(key);
                    positions.put(key, row == null ? Position.START : row.position());
                    if (row != null) {
                        found.put(key, row.row());
                    }
                }
                router.confirm(chosen);
            } catch (IgniteException | javax.cache.CacheException e) {
                LOG.debug("A shadow could not be read: copy={}", chosen.copy(), e);
                return null;
            } catch (PenumbraException e) {
                if (e.code() == ErrorCode.COPY_REPLACED) {
                    return null;
                }
                throw e;
            }
            List<Finding> findings = List.of(new Finding.Rows(table, journal, positions));
            if (!reader.validate(findings)) {
                return null;
            }
            reads.started(chosen.source(), chosen.table());
            reader.validated(chosen, findings);
            return answer(of(found), chosen, Duration.ZERO, "the home image has the same");
        }

        private Answer<T> answer(T value, Routing.Answer chosen, @Nullable Duration staleness, String reason) {
            served = chosen;
            Answer.Source source = switch (chosen.source()) {
                case SHADOW -> Answer.Source.SHADOW;
                case PRE_MERGED -> Answer.Source.PRE_MERGED;
                case HOME -> Answer.Source.HOME;
                case SOURCE -> Answer.Source.SOURCE;
                case ARCHIVE -> Answer.Source.ARCHIVE;
            };
            return new Answer<>(value, asked, source, chosen.copy(), staleness, chosen.applied(), reason);
        }
    }

    private static PenumbraException notACopy(Routing.Answer chosen) {
        return chosen.choice() != null && chosen.choice().candidate().feed() == null
                ? new PenumbraException(ErrorCode.NOT_SUPPORTED)
                        .with("table", chosen.copy())
                        .with("reason", "the table is an Ignite table: read its cache, or by SQL")
                : new PenumbraException(ErrorCode.TABLE_NOT_FOUND).with("table", chosen.copy());
    }
}
