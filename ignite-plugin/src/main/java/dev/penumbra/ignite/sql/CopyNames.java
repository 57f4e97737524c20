package dev.penumbra.ignite.sql;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.api.Internal;
import java.util.Optional;

/**
 * The SQL schemas that name copies: {@code SHADOW} for whichever may answer here, {@code SHADOW_EU} for the one in a
 * datacenter, {@code HOME} for the home image. They are Penumbra's in every grid that loads it.
 */
@Internal
public final class CopyNames {
    /** The schema whose tables are answered by the copy that the executing node chooses. */
    public static final String ANY = "SHADOW";

    /** The schema of home images. */
    public static final String HOME = "HOME";

    private static final String SHADOW_PREFIX = "SHADOW_";

    private CopyNames() {}

    /** Whether a schema is one of Penumbra's; letter case counts, as for any name once SQL has folded it. */
    public static boolean isReserved(String schema) {
        return schema.equals(ANY) || schema.equals(HOME) || isShadow(schema);
    }

    /** Whether a schema holds one datacenter's shadows. */
    static boolean isShadow(String schema) {
        return schema.length() > SHADOW_PREFIX.length() && schema.startsWith(SHADOW_PREFIX);
    }

    /** The datacenter whose shadows a schema holds; empty when no datacenter can have this schema. */
    static Optional<Datacenter> datacenter(String schema) {
        if (!isShadow(schema)) {
            return Optional.empty();
        }
        try {
            Datacenter datacenter = Datacenter.of(schema.substring(SHADOW_PREFIX.length()));
            return of(datacenter).equals(schema) ? Optional.of(datacenter) : Optional.empty();
        } catch (PenumbraException e) {
            return Optional.empty();
        }
    }

    /** The schema of a datacenter's shadows. */
    static String of(Datacenter datacenter) {
        return datacenter.shadowSchema();
    }

    /**
     * Whether a text may concern Penumbra: it holds one of the words that its statements and names are made of, in any
     * letter case and any place, or an escaped name that could spell one.
     *
     * <p>Every statement of the grid comes through here. So the text is searched for one letter of each word, which the
     * JVM does many characters at a time, and a word is compared only around a letter that was found.
     */
    public static boolean mayConcern(String sql, String schema) {
        return holdsWordAround('H', sql)
                || holdsWordAround('h', sql)
                || holdsWordAround('G', sql)
                || holdsWordAround('g', sql)
                || holdsWordAround('Y', sql)
                || holdsWordAround('y', sql)
                || holdsWordAround('&', sql)
                || isReserved(schema);
    }

    private static boolean holdsWordAround(char letter, String sql) {
        for (int at = sql.indexOf(letter); at >= 0; at = sql.indexOf(letter, at + 1)) {
            boolean found = switch (letter) {
                case 'H', 'h' -> holds(sql, at - 1, "SHADOW") || holds(sql, at, "HOME");
                case 'G', 'g' -> holds(sql, at - 3, "TRIGGER");
                case 'Y', 'y' -> holds(sql, at - 10, "CONSISTENCY");
                default -> holds(sql, at - 1, "U&");
            };
            if (found) {
                return true;
            }
        }
        return false;
    }

    private static boolean holds(String sql, int at, String word) {
        return sql.regionMatches(true, at, word, 0, word.length());
    }
}
