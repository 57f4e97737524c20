package dev.penumbra.shadow;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCache;
import org.jspecify.annotations.Nullable;

/**
 * How far the copies of one datacenter are.
 *
 * <p>It stands in a cache on that datacenter's nodes, all of which hold it whole, in the same data region as the rows. So
 * it is never better kept than the rows it speaks of in what counts: when the datacenter's memory is gone, it is gone, and
 * what it does not mention is filled anew. Safe for use by several threads.
 */
@Internal
public final class Progress {
    private final IgniteCache<String, String> states;
    private final Known<FeedState> feeds = new Known<>();
    private final Known<CopyState> copies = new Known<>();

    /** What texts say that were read before: every read of a copy asks, and few of the answers are new. */
    private static final class Known<S> {
        private static final int MAX = 1_000;

        private final Map<String, S> byText = new ConcurrentHashMap<>();

        Optional<S> read(@Nullable String text, Function<String, S> reading) {
            if (text == null) {
                return Optional.empty();
            }
            S known = byText.get(text);
            if (known == null) {
                known = reading.apply(text);
                if (byText.size() >= MAX) {
                    byText.clear();
                }
                byText.put(text, known);
            }
            return Optional.of(known);
        }
    }

    /**
     * How far the feed of one source is.
     *
     * @param owner the node that runs the feed
     * @param journal the journal's identity: positions of another journal mean nothing here
     * @param applied everything up to here is in all copies that follow the feed
     * @param window nothing beyond this has been written to them
     * @param lastFirst the first position of the transaction that ends at {@code applied}
     * @param life another one each time that the feed begins anew
     * @param committedUpToMillis everything up to {@code applied} was committed at this time of the source's clock or earlier; {@link
     *     #UNKNOWN_TIME} where nobody has noted that
     */
    public record FeedState(
            UUID owner,
            UUID journal,
            Position applied,
            Position window,
            Position lastFirst,
            UUID life,
            long committedUpToMillis) {
        /** Later than any time. */
        public static final long UNKNOWN_TIME = Long.MAX_VALUE;

        /** The time up to which all was committed, when a transaction follows. */
        public static long committedUpTo(long before, long committedAtMillis) {
            return before == UNKNOWN_TIME ? committedAtMillis : Math.max(before, committedAtMillis);
        }

        /** This state with another owner. */
        public FeedState ownedBy(UUID nextOwner) {
            return new FeedState(nextOwner, journal, applied, window, lastFirst, life, committedUpToMillis);
        }

        /** This state with another window. */
        public FeedState widened(Position nextWindow) {
            return new FeedState(owner, journal, applied, nextWindow, lastFirst, life, committedUpToMillis);
        }

        /** This state after a batch that ends with a transaction. */
        public FeedState advanced(
                Position nextApplied, Position nextWindow, Position nextLastFirst, long nextCommittedUpToMillis) {
            return new FeedState(owner, journal, nextApplied, nextWindow, nextLastFirst, life, nextCommittedUpToMillis);
        }

        String text() {
            return owner + " " + journal + " " + applied + " " + window + " " + lastFirst + " " + life + " "
                    + committedUpToMillis;
        }

        static FeedState read(String text) {
            // What an earlier version has written knows of no life, or of no time.
            String[] parts = parts(text, 5, new UUID(0, 0), UNKNOWN_TIME);
            return new FeedState(
                    UUID.fromString(parts[0]),
                    UUID.fromString(parts[1]),
                    Position.parse(parts[2]),
                    Position.parse(parts[3]),
                    Position.parse(parts[4]),
                    UUID.fromString(parts[5]),
                    Long.parseLong(parts[6]));
        }
    }

    /**
     * How far one filling of a copy is.
     *
     * @param following whether the copy is carried on by its feed; until then it is being filled
     * @param applied what it held when it began to follow; the feed's applied position counts when that is larger
     * @param readyFrom the position from which on it is consistent with the home image that it was filled from
     * @param complete whether the source has delivered the table's whole content
     * @param announced whether the rows that the source delivers were followed from where it announced them; only then does
     *     their end make the copy complete
     * @param takes how often the source has announced that it brings the table anew since this filling began
     */
    public record CopyState(
            boolean following, Position applied, Position readyFrom, boolean complete, boolean announced, long takes) {
        /** The state of a copy that is still being filled. */
        public static final CopyState FILLING = new CopyState(false, Position.START, Position.START, false, false, 0);

        /** This state where the source announces that it brings the table anew. */
        public CopyState begun() {
            return new CopyState(following, applied, readyFrom, false, true, takes + 1);
        }

        /** This state where the source has brought what it had announced. */
        public CopyState ended() {
            return new CopyState(following, applied, readyFrom, announced, announced, takes);
        }

        /** The position up to which the copy holds its source's changes, given its feed's. */
        public Position applied(Position feedApplied) {
            return following && feedApplied.compareTo(applied) > 0 ? feedApplied : applied;
        }

        /** Whether the copy may answer reads, given its feed's applied position. */
        public ShadowStatus.Phase phase(Position feedApplied) {
            return following && complete && applied(feedApplied).compareTo(readyFrom) >= 0
                    ? ShadowStatus.Phase.READY
                    : ShadowStatus.Phase.LOADING;
        }

        String text() {
            return following + " " + applied + " " + readyFrom + " " + complete + " " + announced + " " + takes;
        }

        static CopyState read(String text) {
            // What an earlier version has written knows of no takes.
            String[] parts = parts(text, 5, 0);
            return new CopyState(
                    Boolean.parseBoolean(parts[0]),
                    Position.parse(parts[1]),
                    Position.parse(parts[2]),
                    Boolean.parseBoolean(parts[3]),
                    Boolean.parseBoolean(parts[4]),
                    Long.parseLong(parts[5]));
        }
    }

    /** Opens the progress of a datacenter that has a node, creating its cache when it is the first to do so. */
    public Progress(Ignite ignite, Datacenter datacenter, Storage storage) {
        this.states = ignite.getOrCreateCache(storage.progress(datacenter));
    }

    /** The cache that holds a datacenter's progress; each of the datacenter's nodes holds it whole. */
    public static String cacheName(Datacenter datacenter) {
        return Storage.progressCache(datacenter);
    }

    /** So many parts, and more of which the last may be missing. */
    private static String[] parts(String text, int expected, Object... missing) {
        String[] parts = text.split(" ", -1);
        if (parts.length < expected || parts.length > expected + missing.length) {
            throw new PenumbraException(ErrorCode.VALUE_CORRUPT).with("progress", text);
        }
        String[] all = Arrays.copyOf(parts, expected + missing.length);
        for (int i = parts.length; i < all.length; i++) {
            all[i] = missing[i - expected].toString();
        }
        return all;
    }

    private static String feedKey(String source) {
        return "feed/" + source;
    }

    private static String copyKey(Copy copy) {
        return "copy/" + copy.id() + "/" + copy.generation();
    }

    /** The state of a source's feed, empty when nothing of the source is in this datacenter. */
    public Optional<FeedState> feed(String source) {
        return feeds.read(states.get(feedKey(source)), FeedState::read);
    }

    /** Begins a feed unless it has begun; tells whether it did. */
    public boolean begin(String source, FeedState state) {
        return states.putIfAbsent(feedKey(source), state.text());
    }

    /** Replaces a feed's state if it is still as expected; tells whether it was. */
    public boolean replace(String source, FeedState expected, FeedState next) {
        return states.replace(feedKey(source), expected.text(), next.text());
    }

    /** Forgets a feed. */
    public void forget(String source) {
        states.remove(feedKey(source));
    }

    /** The state of a copy's present filling, empty when there is none. */
    public Optional<CopyState> copy(Copy copy) {
        return copies.read(states.get(copyKey(copy)), CopyState::read);
    }

    /** Stores the state of a copy's present filling. */
    public void put(Copy copy, CopyState state) {
        states.put(copyKey(copy), state.text());
    }

    /** Who writes the partitions of a shadow of an Ignite table; empty for copies of other tables, and before it is filled. */
    public Optional<PartitionShares> shares(Copy copy) {
        @Nullable String text = states.get(sharesKey(copy));
        return text == null ? Optional.empty() : Optional.of(PartitionShares.read(text));
    }

    /** Begins to share the partitions of a shadow of an Ignite table; without effect when that has begun. */
    public void begin(Copy copy, PartitionShares shares) {
        states.putIfAbsent(sharesKey(copy), shares.text());
    }

    /** Replaces the shares of a copy if they are still as expected; tells whether they were. */
    public boolean replace(Copy copy, PartitionShares expected, PartitionShares next) {
        return states.replace(sharesKey(copy), expected.text(), next.text());
    }

    private static String sharesKey(Copy copy) {
        return "shares/" + copy.id() + "/" + copy.generation();
    }

    /** How old a copy's present filling was when that was noted last; empty while nobody has noted it. */
    public Optional<Duration> age(Copy copy) {
        @Nullable String text = states.get(ageKey(copy));
        return text == null ? Optional.empty() : Optional.of(Duration.ofMillis(Long.parseLong(text)));
    }

    /** Begins to note how old a copy's present filling is; without effect when that has begun. */
    public void beginAge(Copy copy) {
        states.putIfAbsent(ageKey(copy), "0");
    }

    /** Notes how old a copy's present filling is, in whole milliseconds, unless another has noted it or it is forgotten. */
    public void renewAge(Copy copy, Duration noted, Duration age) {
        states.replace(ageKey(copy), Long.toString(noted.toMillis()), Long.toString(age.toMillis()));
    }

    /** Forgets how old a copy's present filling is. */
    public void forgetAge(Copy copy) {
        states.remove(ageKey(copy));
    }

    private static String ageKey(Copy copy) {
        return "age/" + copy.id() + "/" + copy.generation();
    }

    /** From where on the archive of a copy's present filling has all versions; empty where it has none, or not yet. */
    public Optional<ArchiveMarks> archive(Copy copy) {
        @Nullable String text = states.get(archiveKey(copy));
        return text == null ? Optional.empty() : Optional.of(ArchiveMarks.read(text));
    }

    /** Notes that a copy's archive has all versions from a position on, whatever it had before. */
    public void beginArchive(Copy copy, Position begin, long committedUpToMillis) {
        states.put(
                archiveKey(copy), ArchiveMarks.from(begin, committedUpToMillis).text());
    }

    /** Replaces the marks of a copy's archive if they are still as expected; tells whether they were. */
    public boolean replace(Copy copy, ArchiveMarks expected, ArchiveMarks next) {
        return states.replace(archiveKey(copy), expected.text(), next.text());
    }

    /** Notes that a copy's archive has not all versions of anything. */
    public void endArchive(Copy copy) {
        states.remove(archiveKey(copy));
    }

    private static String archiveKey(Copy copy) {
        return "archive/" + copy.id() + "/" + copy.generation();
    }

    /** Forgets a copy's present filling. */
    public void forget(Copy copy) {
        states.remove(copyKey(copy));
        states.remove(archiveKey(copy));
        states.remove(ageKey(copy));
        states.remove(sharesKey(copy));
    }
}
