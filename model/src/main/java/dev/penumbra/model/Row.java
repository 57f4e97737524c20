package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The values of a table row in column order, each null or of its column's {@link SqlType#valueClass() value class}.
 *
 * <p>A row does not know its layout; whoever hands one on hands on its {@link TableSchema} too. Immutable, with value
 * equality: decimals are equal only with equal scale.
 */
@Incubating
public final class Row {
    private static final int VALUE_BYTES = 32;

    private final @Nullable Object[] values;

    private Row(@Nullable Object[] values) {
        this.values = values;
    }

    /** A row of these values, copied. */
    public static Row of(@Nullable Object... values) {
        return new Row(values.clone());
    }

    /** A row that holds the array itself; the caller promises not to change it any more. */
    public static Row wrap(@Nullable Object[] values) {
        return new Row(values);
    }

    public int size() {
        return values.length;
    }

    /** The value at a column's ordinal. */
    public @Nullable Object get(int ordinal) {
        return values[ordinal];
    }

    /** A copy of the values. */
    public @Nullable Object[] toArray() {
        return values.clone();
    }

    /** About how many bytes of memory the values take. */
    public long weight() {
        long bytes = 0;
        for (Object value : values) {
            bytes += VALUE_BYTES;
            if (value instanceof String text) {
                bytes += 2L * text.length();
            } else if (value instanceof Bytes binary) {
                bytes += binary.length();
            }
        }
        return bytes;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Row that && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return Arrays.toString(values);
    }
}
