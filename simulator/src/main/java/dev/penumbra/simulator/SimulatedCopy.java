package dev.penumbra.simulator;

import dev.penumbra.model.Position;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One filling of a copy: rows with the positions that they carry, where older writes never replace newer ones. Of a row that was removed
 * it is remembered for a while only.
 */
final class SimulatedCopy {
    private static final long REMOVAL_REMEMBERED = 50 * VirtualTime.MILLI;

    private final VirtualTime time;
    private final String name;
    private final Position readyFrom;
    private final Map<Integer, Stored> rows = new HashMap<>();
    private boolean complete;
    private int takes;
    private boolean gone;

    private record Stored(@Nullable Integer value, Position position, long at) {}

    /** @param readyFrom before its feed is there, the copy is not whole */
    SimulatedCopy(VirtualTime time, String name, Position readyFrom, boolean complete) {
        this.time = time;
        this.name = name;
        this.readyFrom = readyFrom;
        this.complete = complete;
    }

    /** Tells this filling from every other, and each taking of the table's rows from the one before. */
    String id() {
        return name + "/" + takes;
    }

    boolean isWhole(Position applied) {
        return !gone && complete && applied.compareTo(readyFrom) >= 0;
    }

    boolean isGone() {
        return gone;
    }

    /** The cache is destroyed. */
    void end() {
        gone = true;
    }

    void write(int key, @Nullable Integer value, Position position) {
        Stored known = rows.get(key);
        if (known == null || isForgotten(known) || known.position().compareTo(position) <= 0) {
            rows.put(key, new Stored(value, position, time.now()));
        }
    }

    private boolean isForgotten(Stored stored) {
        return stored.value() == null && time.now() - stored.at() > REMOVAL_REMEMBERED;
    }

    /** The source brings all rows anew. */
    void begin() {
        complete = false;
        takes++;
    }

    void empty(Position position) {
        rows.replaceAll((key, stored) ->
                stored.position().compareTo(position) < 0 ? new Stored(null, position, time.now()) : stored);
    }

    void complete() {
        complete = true;
    }

    @Nullable Integer read(int key) {
        Stored stored = rows.get(key);
        return stored == null ? null : stored.value();
    }

    /** The position of the change that wrote a row, START where there is none. */
    Position positionOf(int key) {
        Stored stored = rows.get(key);
        return stored == null || stored.value() == null ? Position.START : stored.position();
    }

    void copyTo(SimulatedCopy other) {
        rows.forEach((key, stored) -> {
            if (stored.value() != null) {
                other.write(key, stored.value(), stored.position());
            }
        });
    }
}
