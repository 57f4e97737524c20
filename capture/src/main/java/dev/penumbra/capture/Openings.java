package dev.penumbra.capture;

import dev.penumbra.model.api.Internal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * A source's latest openings, each under a name that no other opening has, also none of the source's copies. A copy counts its
 * openings on from the same number, so numbers alone do not tell who wrote a journal.
 *
 * @param names in the order of the openings; the one that is open comes last
 */
@Internal
public record Openings(List<UUID> names) {
    /**
     * How many are remembered. Where none of the last ones could open the journal, it passes for another's, and every table is
     * brought anew for nothing.
     */
    private static final int REMEMBERED = 64;

    public Openings {
        names = List.copyOf(names);
    }

    /** One more than a source remembers in a text; empty for its first. */
    public static Openings after(String former) {
        List<UUID> names = Arrays.stream(former.split(" ", -1))
                .filter(name -> !name.isEmpty())
                .map(UUID::fromString)
                .collect(Collectors.toCollection(ArrayList::new));
        names.add(UUID.randomUUID());
        return new Openings(names.subList(Math.max(0, names.size() - REMEMBERED), names.size()));
    }

    /** The one that is open. */
    UUID present() {
        return names.get(names.size() - 1);
    }

    /** The text in which a source remembers them. */
    @Override
    public String toString() {
        return names.stream().map(UUID::toString).collect(Collectors.joining(" "));
    }
}
