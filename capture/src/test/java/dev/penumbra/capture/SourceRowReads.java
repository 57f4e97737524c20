package dev.penumbra.capture;

import com.esotericsoftware.kryo.io.Input;
import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.journal.KeyFormat;
import dev.penumbra.journal.RowFormat;
import dev.penumbra.journal.SourceRows;
import dev.penumbra.journal.SourceRows.Found;
import dev.penumbra.journal.SourceRows.Wanted;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Change;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.Key;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableSchema;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Asks a source's relay for rows of a captured table {@code T}, as a node does that has the source's journal. */
public final class SourceRowReads implements AutoCloseable {
    /** What a row is that cannot be told. */
    public static final String UNKNOWN = "unknown";

    private final Path journal;
    private final SourceRows rows;
    private long questions;

    public SourceRowReads(Path journal) {
        this.journal = journal;
        this.rows = SourceRows.open(journal);
    }

    private TableSchema layout() {
        @Nullable TableSchema last = null;
        try (JournalReader reader = JournalReader.open(journal, Position.START)) {
            for (CommittedTransaction next = reader.poll(); next != null; next = reader.poll()) {
                for (Change change : next) {
                    last = change.table().table().equals("T") ? change.schema() : last;
                }
            }
        }
        return Objects.requireNonNull(last);
    }

    /** The row with a key, as text; null when there is none. */
    public @Nullable String row(Object key) {
        TableSchema layout = layout();
        Found found = found(new Wanted(layout.fingerprint(), KeyFormat.write(layout, Key.of(key))));
        Bytes image = found.image();
        return !found.known()
                ? UNKNOWN
                : image == null
                        ? null
                        : RowFormat.read(new Input(image.array()), layout).toString();
    }

    /** What there is to say of a row of a layout that nobody has. */
    public Found ofNoLayout() {
        return found(new Wanted(new Fingerprint(4711), Bytes.wrap(new byte[1])));
    }

    private Found found(Wanted wanted) {
        rows.ask(List.of(wanted));
        return ProbedCommits.await(++questions, rows::answer).get(0);
    }

    @Override
    public void close() {
        rows.close();
    }
}
