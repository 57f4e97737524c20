package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A datacenter of the grid, known by a short lower-case name such as {@code eu}.
 *
 * @param name one to 32 characters: a letter, then letters, digits or underscores
 */
@Incubating
public record Datacenter(String name) implements Comparable<Datacenter> {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,31}");

    /** @throws PenumbraException with {@link ErrorCode#INVALID_DATACENTER} when the name has another form */
    public Datacenter {
        if (!NAME.matcher(name).matches()) {
            throw new PenumbraException(ErrorCode.INVALID_DATACENTER).with("datacenter", name);
        }
    }

    /** Reads a name in any letter case; blanks around it are dropped. */
    public static Datacenter of(String name) {
        return new Datacenter(name.strip().toLowerCase(Locale.ROOT));
    }

    /** The SQL schema in which this datacenter's shadows stand, for example {@code SHADOW_EU}. */
    public String shadowSchema() {
        return "SHADOW_" + name.toUpperCase(Locale.ROOT);
    }

    /** The SQL schema in which the archives of this datacenter's shadows stand, for example {@code ARCHIVE_EU}. */
    public String archiveSchema() {
        return "ARCHIVE_" + name.toUpperCase(Locale.ROOT);
    }

    @Override
    public int compareTo(Datacenter other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
