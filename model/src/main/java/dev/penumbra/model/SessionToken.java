package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/**
 * What a session has written or seen: positions that every later answer to it must contain.
 *
 * <p>A token names, for each journal of a source, one position. It is a short text that may be stored, sent, and shown in any
 * datacenter: {@code shop/6f9c.../3:1042}, several separated by semicolons. The empty token asks for nothing.
 *
 * <p>Immutable; safe for use by several threads.
 */
@Incubating
public final class SessionToken {
    /** Asks for nothing. */
    public static final SessionToken EMPTY = new SessionToken(new TreeMap<>());

    private static final char BETWEEN_PARTS = '/';
    private static final String BETWEEN_ENTRIES = ";";

    private final NavigableMap<String, Position> positions;

    private SessionToken(NavigableMap<String, Position> positions) {
        this.positions = positions;
    }

    /**
     * A token for one position.
     *
     * @param source the source's name
     * @param journal the identity of the source's journal: positions of another journal mean something else
     */
    public static SessionToken of(String source, UUID journal, Position position) {
        NavigableMap<String, Position> one = new TreeMap<>();
        one.put(key(source, journal), position);
        return new SessionToken(one);
    }

    private static String key(String source, UUID journal) {
        return URLEncoder.encode(source, StandardCharsets.UTF_8) + BETWEEN_PARTS + journal;
    }

    /** A token for everything that this one and the other ask for. */
    public SessionToken and(SessionToken other) {
        NavigableMap<String, Position> both = new TreeMap<>(positions);
        other.positions.forEach((key, position) -> both.merge(key, position, SessionToken::later));
        return new SessionToken(both);
    }

    private static Position later(Position one, Position two) {
        return one.compareTo(two) >= 0 ? one : two;
    }

    /** Whether this token asks for anything of a source, from whichever journal. */
    public boolean concerns(String source) {
        String prefix = URLEncoder.encode(source, StandardCharsets.UTF_8) + BETWEEN_PARTS;
        String first = positions.ceilingKey(prefix);
        return first != null && first.startsWith(prefix);
    }

    /** Whether what has everything of a source's journal up to a position has all that this token asks for of the source. */
    public boolean isWithin(String source, UUID journal, Position upTo) {
        String own = key(source, journal);
        String prefix = own.substring(0, own.indexOf(BETWEEN_PARTS) + 1);
        for (Map.Entry<String, Position> entry : positions.tailMap(prefix, true).entrySet()) {
            if (!entry.getKey().startsWith(prefix)) {
                break;
            }
            // A position of a former journal cannot be found in this one.
            if (!entry.getKey().equals(own) || entry.getValue().compareTo(upTo) > 0) {
                return false;
            }
        }
        return true;
    }

    /** The position that this token asks for of one journal. */
    public Optional<Position> position(String source, UUID journal) {
        return Optional.ofNullable(positions.get(key(source, journal)));
    }

    /**
     * Reads the form that {@link #toString()} writes.
     *
     * @throws PenumbraException with {@link ErrorCode#INVALID_TOKEN} when the text has another form
     */
    public static SessionToken parse(String text) {
        NavigableMap<String, Position> positions = new TreeMap<>();
        for (String entry : text.isEmpty() ? new String[0] : text.split(BETWEEN_ENTRIES, -1)) {
            int first = entry.indexOf(BETWEEN_PARTS);
            int second = entry.indexOf(BETWEEN_PARTS, first + 1);
            if (first <= 0 || second < 0) {
                throw new PenumbraException(ErrorCode.INVALID_TOKEN).with("token", text);
            }
            try {
                String source = URLDecoder.decode(entry.substring(0, first), StandardCharsets.UTF_8);
                UUID journal = UUID.fromString(entry.substring(first + 1, second));
                Position position = Position.parse(entry.substring(second + 1));
                positions.merge(key(source, journal), position, SessionToken::later);
            } catch (IllegalArgumentException | PenumbraException e) {
                throw new PenumbraException(ErrorCode.INVALID_TOKEN, e).with("token", text);
            }
        }
        return new SessionToken(positions);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SessionToken token && positions.equals(token.positions);
    }

    @Override
    public int hashCode() {
        return positions.hashCode();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        positions.forEach((key, position) -> text.append(text.isEmpty() ? "" : BETWEEN_ENTRIES)
                .append(key)
                .append(BETWEEN_PARTS)
                .append(position));
        return text.toString();
    }
}
