package dev.penumbra.shadow;

import dev.penumbra.model.api.Incubating;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

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

    /**
     * Changes what a shadow is to be. Where its rows are to be stored in another way, or are to be others, they are brought anew, and the
     * shadow is {@code LOADING} until they have come.
     *
     * @param change what is made of the present definition, possibly several times over; the name stays
     */
    void alter(ShadowName name, UnaryOperator<ShadowDefinition> change);

    /** Has a shadow's rows brought anew; it is {@code LOADING} until they have come. */
    void refresh(ShadowName name);

    /** All shadows of the grid. */
    List<ShadowStatus> all();

    /** One shadow of the grid. */
    Optional<ShadowStatus> find(ShadowName name);

    /** The names of the sources that the grid knows. */
    List<String> sources();
}
