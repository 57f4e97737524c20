package dev.penumbra.shadow;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * From which position on a copy's archive has all versions of its rows, and which positions it has passed since, with how old the copy was
 * then.
 *
 * <p>So it can be told what has been changed long enough ago to be forgotten without a time of day. Immutable.
 *
 * @param marks at least one, in the order of positions and of ages
 */
@Internal
public record ArchiveMarks(List<Mark> marks) {
    /** So many marks are in the time for which versions are kept: by up to one part of it more is kept than is asked for. */
    private static final int PARTS = 32;

    private static final String UNKNOWN = "?";

    /**
     * A position that had been passed.
     *
     * @param age how old the copy was by then, or a little later; null while nobody has noted it
     * @param committedUpToMillis everything up to the position was committed at this time of the source's clock or earlier
     */
    public record Mark(Position position, @Nullable Duration age, long committedUpToMillis) {}

    public ArchiveMarks {
        marks = List.copyOf(marks);
        if (marks.isEmpty()) {
            throw new IllegalArgumentException("an archive begins somewhere");
        }
    }

    /** An archive that begins at a position: the copy is whole there, and what is changed afterwards is kept. */
    public static ArchiveMarks from(Position begin, long committedUpToMillis) {
        return new ArchiveMarks(List.of(new Mark(begin, null, committedUpToMillis)));
    }

    /** The position from which on all versions are there. */
    public Mark begin() {
        return marks.get(0);
    }

    /**
     * These marks when the copy is older: what nobody has noted is noted, a position that has been passed is marked from time to time, and
     * what has been changed longer ago than is to be kept is not counted as kept any more.
     *
     * @param applied the position that the copy has passed
     * @param committedUpToMillis everything up to there was committed at this time of the source's clock or earlier
     * @param kept for how long versions are to be kept
     */
    public ArchiveMarks aged(Duration age, Position applied, long committedUpToMillis, Duration kept) {
        List<Mark> next = new ArrayList<>();
        for (Mark mark : marks) {
            next.add(mark.age() == null ? new Mark(mark.position(), age, mark.committedUpToMillis()) : mark);
        }
        Mark last = next.get(next.size() - 1);
        if (applied.compareTo(last.position()) > 0 && age.minus(ageOf(last)).compareTo(kept.dividedBy(PARTS)) >= 0) {
            next.add(new Mark(applied, age, committedUpToMillis));
        }
        Duration forgotten = age.minus(kept);
        while (next.size() > 1 && ageOf(next.get(1)).compareTo(forgotten) <= 0) {
            next.remove(0);
        }
        return next.equals(marks) ? this : new ArchiveMarks(next);
    }

    private static Duration ageOf(Mark mark) {
        Duration age = mark.age();
        return age == null ? Duration.ZERO : age;
    }

    String text() {
        return marks.stream()
                .map(mark -> {
                    Duration age = mark.age();
                    return mark.position() + "@" + (age == null ? UNKNOWN : Long.toString(age.toMillis())) + "@"
                            + mark.committedUpToMillis();
                })
                .collect(Collectors.joining(" "));
    }

    static ArchiveMarks read(String text) {
        List<Mark> marks = new ArrayList<>();
        for (String part : text.split(" ", -1)) {
            String[] mark = part.split("@", -1);
            if (mark.length != 3) {
                throw new PenumbraException(ErrorCode.VALUE_CORRUPT).with("progress", text);
            }
            marks.add(new Mark(
                    Position.parse(mark[0]),
                    mark[1].equals(UNKNOWN) ? null : Duration.ofMillis(Long.parseLong(mark[1])),
                    Long.parseLong(mark[2])));
        }
        return new ArchiveMarks(marks);
    }
}
