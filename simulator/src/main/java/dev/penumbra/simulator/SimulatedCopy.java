package dev.penumbra.simulator;

import dev.penumbra.model.Position;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One filling of a copy: rows with the positions that they carry, where older writes never replace newer ones. */
final class SimulatedCopy {
    private final String name;
    private final Position readyFrom;
    private final Map<Integer, Stored> rows = new HashMap<>();
    private boolean complete;
    private int takes;
    private boolean gone;

    private record Stored(@Nullable Integer value, Position position) {}

    /** @param readyFrom before its feed is there, the copy is not whole */
    SimulatedCopy(String name, Position readyFrom, boolean complete) {
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
        if (known == null || known.position().compareTo(position) <= 0) {
            rows.put(key, new Stored(value, position));
        }
    }

    /** The source brings all rows anew. */
    void begin() {
        complete = false;
        takes++;
    }

    void empty(Position position) {
        rows.replaceAll(
                (key, stored) -> stored.position().compareTo(position) < 0 ? new Stored(null, position) : stored);
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
        rows.forEach((key, stored) -> other.write(key, stored.value(), Objects.requireNonNull(stored.position())));
    }
}
