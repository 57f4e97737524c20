package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;
import java.util.HexFormat;

/**
 * Identifies one layout of one table: equal layouts have equal fingerprints on every machine and in every version.
 *
 * @param value the first eight bytes of the SHA-256 digest of {@link TableSchema#canonicalText()}, big-endian
 */
@Incubating
public record Fingerprint(long value) {
    /** Sixteen lower-case hexadecimal digits. */
    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(value);
    }
}
