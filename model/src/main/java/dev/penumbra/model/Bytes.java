package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;
import java.util.Arrays;
import java.util.Base64;

/** An immutable string of bytes with value equality, ordered as unsigned bytes. */
@Incubating
public final class Bytes implements Comparable<Bytes> {
    private final byte[] bytes;

    private Bytes(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Holds a copy of the array. */
    public static Bytes of(byte... bytes) {
        return new Bytes(bytes.clone());
    }

    /** Holds the array itself; the caller promises not to change it any more. */
    public static Bytes wrap(byte[] bytes) {
        return new Bytes(bytes);
    }

    public int length() {
        return bytes.length;
    }

    /** A copy of the content. */
    public byte[] toArray() {
        return bytes.clone();
    }

    /** The content itself, for readers that promise not to change it. */
    public byte[] array() {
        return bytes;
    }

    @Override
    public int compareTo(Bytes other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** The content in base64. */
    @Override
    public String toString() {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
