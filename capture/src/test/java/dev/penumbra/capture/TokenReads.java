package dev.penumbra.capture;

import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.model.Change;
import dev.penumbra.model.Column;
import dev.penumbra.model.Operation;
import dev.penumbra.model.Position;
import dev.penumbra.model.SessionToken;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a journal that tells of one table has up to a token or a position, and nothing behind it.
 *
 * @param source the name of the source that the token is to name
 */
public record TokenReads(Path journal, String source) {
    /** The first columns of the rows that were inserted, all of them of type BIGINT. */
    public SortedSet<Long> ids(String token) {
        SortedSet<Long> ids = new TreeSet<>();
        forEach(position(token), change -> {
            if (change.operation() == Operation.INSERT) {
                ids.add((Long) Objects.requireNonNull(
                        Objects.requireNonNull(change.after()).get(0)));
            }
        });
        return ids;
    }

    /** The names of the columns that the table has according to the last that the journal says of it; none when that is its end. */
    public List<String> columns(String token) {
        return columns(position(token));
    }

    /** As up to a token, up to a position. */
    public List<String> columns(Position upTo) {
        List<String> names = new ArrayList<>();
        forEach(upTo, change -> {
            names.clear();
            if (change.operation() != Operation.DROP) {
                change.schema().columns().stream().map(Column::name).forEach(names::add);
            }
        });
        return names;
    }

    /** What the journal has told at last. */
    public Operation last(Position upTo) {
        List<Operation> operations = new ArrayList<>();
        forEach(upTo, change -> operations.add(change.operation()));
        return operations.get(operations.size() - 1);
    }

    /** How often the table has been announced, to be brought anew. */
    public int announcements(Position upTo) {
        List<Change> found = new ArrayList<>();
        forEach(upTo, change -> {
            if (change.operation() == Operation.SCHEMA) {
                found.add(change);
            }
        });
        return found.size();
    }

    private Position position(String token) {
        return SessionToken.parse(token)
                .position(source, JournalReader.idOf(journal))
                .orElseThrow(() -> new AssertionError(token + " names no position of this journal"));
    }

    private void forEach(Position upTo, Consumer<Change> reader) {
        try (JournalReader changes = JournalReader.open(journal, Position.START)) {
            @Nullable CommittedTransaction next = changes.poll();
            while (next != null && next.last().compareTo(upTo) <= 0) {
                next.forEach(reader);
                next = changes.poll();
            }
        }
    }
}
