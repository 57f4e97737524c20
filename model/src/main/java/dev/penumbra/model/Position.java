package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;

/**
 * Where a committed change stands in its stream: an epoch and, within it, a sequence number.
 *
 * <p>Positions are ordered by epoch, then by sequence. Within an epoch sequences count from 1 without gaps. A source
 * starts a new epoch each time it is opened, so a position of an older epoch is always smaller than any of a newer one.
 *
 * @param epoch counts from 1; 0 only in {@link #START}
 * @param sequence counts from 1 in each epoch; 0 stands before an epoch's first change
 */
@Incubating
public record Position(int epoch, long sequence) implements Comparable<Position> {
    /** Before the first change of any stream. */
    public static final Position START = new Position(0, 0);

    public Position {
        if (epoch < 0 || sequence < 0) {
            throw new IllegalArgumentException("epoch and sequence must not be negative: " + epoch + ":" + sequence);
        }
    }

    /** The position that follows this one in the same epoch. */
    public Position next() {
        return new Position(epoch, sequence + 1);
    }

    @Override
    public int compareTo(Position other) {
        int byEpoch = Integer.compare(epoch, other.epoch);
        return byEpoch != 0 ? byEpoch : Long.compare(sequence, other.sequence);
    }

    /**
     * Reads the form that {@link #toString()} writes, {@code epoch:sequence}.
     *
     * @throws PenumbraException with {@link ErrorCode#INVALID_POSITION} when the text has another form
     */
    public static Position parse(String text) {
        int colon = text.indexOf(':');
        try {
            if (colon > 0) {
                return new Position(
                        Integer.parseInt(text.substring(0, colon)), Long.parseLong(text.substring(colon + 1)));
            }
        } catch (IllegalArgumentException e) {
            throw new PenumbraException(ErrorCode.INVALID_POSITION, e).with("position", text);
        }
        throw new PenumbraException(ErrorCode.INVALID_POSITION).with("position", text);
    }

    @Override
    public String toString() {
        return epoch + ":" + sequence;
    }
}
