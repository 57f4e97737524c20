package dev.penumbra.ignite;

import dev.penumbra.model.api.Incubating;
import dev.penumbra.shadow.read.ReadSession;
import org.apache.ignite.Ignite;

/**
 * Reads of copies by key, in Java, on a node of the grid.
 *
 * <p>Safe for use by several threads.
 */
@Incubating
public final class Penumbra {
    private final PenumbraPlugin plugin;

    private Penumbra(PenumbraPlugin plugin) {
        this.plugin = plugin;
    }

    /**
     * The reads of a node that has the plugin.
     *
     * @throws IllegalArgumentException when it has not
     */
    public static Penumbra of(Ignite ignite) {
        return new Penumbra(ignite.plugin(PenumbraPlugin.NAME));
    }

    /**
     * A table for reads that each stand for themselves.
     *
     * @param name the name of the table's copies in SQL, letter by letter, such as {@code ORDERS}
     */
    public CopiedTable table(String name) {
        return new CopiedTable(plugin, name, null);
    }

    /** Begins a session: no row that is read in it goes back to a former state. */
    public Session session() {
        return new Session();
    }

    /** One reader's session. Safe for use by several threads; a read that begins while another is under way is as if it came later. */
    @Incubating
    public final class Session {
        private final ReadSession seen = new ReadSession(System::nanoTime);

        private Session() {}

        /**
         * A table for reads in this session.
         *
         * @param name the name of the table's copies in SQL, letter by letter
         */
        public CopiedTable table(String name) {
            return new CopiedTable(plugin, name, seen);
        }
    }
}
