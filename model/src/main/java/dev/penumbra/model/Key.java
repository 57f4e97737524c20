package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;
import java.util.Arrays;

/**
 * The values of a row's key columns in key order, one or more, none of them null.
 *
 * <p>Immutable, with value equality.
 */
@Incubating
public final class Key {
    private final Object[] values;

    private Key(Object[] values) {
        this.values = values;
    }

    /** A key of these values, copied. */
    public static Key of(Object... values) {
        return wrap(values.clone());
    }

    /**
     * A key that holds the array itself; the caller promises not to change it any more.
     *
     * @throws IllegalArgumentException when the array is empty or holds null
     */
    public static Key wrap(Object[] values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("a key needs a value");
        }
        for (Object value : values) {
            if (value == null) {
                throw new IllegalArgumentException("a key holds no null");
            }
        }
        return new Key(values);
    }

    public int size() {
        return values.length;
    }

    /** The value of the key's column at an index. */
    public Object get(int index) {
        return values[index];
    }

    /** A copy of the values. */
    public Object[] toArray() {
        return values.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Key that && Arrays.equals(values, that.values);
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
