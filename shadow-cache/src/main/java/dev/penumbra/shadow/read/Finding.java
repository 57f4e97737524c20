package dev.penumbra.shadow.read;

import dev.penumbra.model.Key;
import dev.penumbra.model.Position;
import dev.penumbra.model.api.Internal;
import java.util.Map;
import java.util.UUID;

/** What a read has found in a shadow, in so few words that it can be held against the home image far away. */
@Internal
public sealed interface Finding {
    /** The table's name in SQL, letter by letter. */
    String table();

    /** The identity of the journal whose changes the shadow has. */
    UUID journal();

    /** Whether rows were looked for that were not there, so that nothing tells which changes of theirs the shadow has. */
    boolean lacksRows();

    /**
     * Rows that were read by their keys.
     *
     * @param journal the identity of the journal that the positions are of: in another they mean other changes
     * @param rows the keys, each with the position of the change that wrote its row; {@link Position#START} where there was none
     */
    record Rows(String table, UUID journal, Map<Key, Position> rows) implements Finding {
        public Rows {
            rows = Map.copyOf(rows);
        }

        @Override
        public boolean lacksRows() {
            return rows.containsValue(Position.START);
        }
    }

    /**
     * Any rows of a table, read in a shadow that had, when the read began, all of the table's changes up to a position.
     */
    record Statement(String table, UUID journal, Position applied) implements Finding {
        @Override
        public boolean lacksRows() {
            return false;
        }
    }
}
