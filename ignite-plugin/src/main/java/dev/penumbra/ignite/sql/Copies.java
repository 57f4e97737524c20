package dev.penumbra.ignite.sql;

import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import dev.penumbra.shadow.ShadowStatus;
import dev.penumbra.shadow.ShadowStatus.Phase;
import dev.penumbra.shadow.Shadows;
import dev.penumbra.shadow.read.FeedName;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The copies of the grid by their SQL names.
 *
 * <p>Asked by every execution of every statement that names a copy, by many threads at once; answers from this node's
 * memory and never waits.
 */
@Internal
public interface Copies {
    /**
     * A datacenter's shadow of a table.
     *
     * @param table the table's name in SQL, letter by letter
     */
    Optional<Copy> shadow(Datacenter datacenter, String table);

    /**
     * The home image of a table. An empty answer means that nothing is known against it: the name is then left to the
     * engine, which knows whether such a table exists.
     *
     * @param table the table's name in SQL, letter by letter
     */
    Optional<Copy> home(String table);

    /** What is kept of the former versions of a shadow's rows. */
    interface Archive {
        /** The columns of the table of all versions that are the shadow's. */
        List<String> columns();

        /**
         * Where an archive begins.
         *
         * @param position from here on all versions are there
         * @param committedUpToMillis what is before was committed at this time of the source's clock or earlier
         */
        record Begin(Position position, long committedUpToMillis) {
            /** The earliest time that can be asked for. */
            Instant time() {
                return Instant.ofEpochMilli(committedUpToMillis);
            }
        }

        /** Where it begins; empty while it does nowhere. Asks the shadow's datacenter. */
        Optional<Begin> begin();

        /**
         * The first change that was committed later than at a time of the source's clock; empty when there is none. Asks the nodes that hold
         * the archive.
         *
         * @throws PenumbraException with {@link ErrorCode#GRID_UNAVAILABLE} when they cannot tell now
         */
        Optional<Position> firstAfter(Instant time);
    }

    /**
     * What is kept of the former versions of a datacenter's shadow of a table; empty when the shadow is not archived.
     *
     * @param table the table's name in SQL, letter by letter
     */
    default Optional<Archive> archive(Datacenter datacenter, String table) {
        return Optional.empty();
    }

    /**
     * The Ignite table that is its own home image, because it is captured itself.
     *
     * @param table the name of its copies in SQL, letter by letter
     */
    default Optional<TableName> ownHome(String table) {
        return Optional.empty();
    }

    /**
     * The copies in a catalogue, found by walking through it: right for a catalogue that is in memory and has few
     * entries. The catalogue lists shadows only, so home images are unknown to it.
     */
    static Copies in(Shadows shadows) {
        return new Copies() {
            @Override
            public Optional<Copy> shadow(Datacenter datacenter, String table) {
                for (ShadowStatus status : shadows.all()) {
                    if (status.sqlTable().equals(table)
                            && status.definition().name().datacenter().equals(datacenter)) {
                        return Optional.of(new Copy(
                                status.cacheName(),
                                // Of a part, the layout would have to be known.
                                status.definition().coverage().isWhole() ? status.phase() : Phase.LOADING,
                                status.applied(),
                                null,
                                new FeedName(status.definition().name().source(), datacenter, new UUID(0, 0)),
                                null,
                                status.definition().consistency()));
                    }
                }
                return Optional.empty();
            }

            @Override
            public Optional<Copy> home(String table) {
                return Optional.empty();
            }
        };
    }
}
