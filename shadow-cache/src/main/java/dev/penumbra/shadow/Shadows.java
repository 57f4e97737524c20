package dev.penumbra.shadow;

import dev.penumbra.model.api.Incubating;
import java.util.List;
import java.util.Optional;

/**
 * The grid's shadows: create them, drop them, look at them.
 *
 * <p>Safe for use by several threads and, through the grid, by several nodes at once. Failures are
 * {@link dev.penumbra.model.PenumbraException}s and leave the catalogue as it was.
 */
@Incubating
public interface Shadows {
    /**
     * Creates a shadow and returns once it is in the catalogue; rows arrive afterwards.
     *
     * @param ifNotExists whether an existing shadow of that name is left as it is instead of refused
     */
    void create(ShadowDefinition definition, boolean ifNotExists);

    /**
     * Drops a shadow with its rows.
     *
     * @param ifExists whether a missing shadow is passed over instead of refused
     */
    void drop(ShadowName name, boolean ifExists);

    /** All shadows of the grid. */
    List<ShadowStatus> all();

    /** One shadow of the grid. */
    Optional<ShadowStatus> find(ShadowName name);

    /** The names of the sources that the grid knows. */
    List<String> sources();
}
