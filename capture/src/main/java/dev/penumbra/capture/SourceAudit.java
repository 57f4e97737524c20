package dev.penumbra.capture;

import com.esotericsoftware.kryo.io.Input;
import dev.penumbra.capture.SourceSession.NumberedRow;
import dev.penumbra.capture.SourceSession.RowPage;
import dev.penumbra.journal.CommittedTransaction;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.journal.RowFormat;
import dev.penumbra.model.Change;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Position;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Compares what a journal makes of a table with the table, in bounded memory: the keys are split by hash, and the journal and
 * the table are read once for each part.
 */
final class SourceAudit {
    private static final int MAX_KEYS_IN_MEMORY = 200_000;

    /** Is told of each difference. */
    interface Differences {
        void take(@Nullable Row journal, @Nullable Row source) throws SQLException;
    }

    private final SourceSession session;
    private final Path directory;
    private final TableSchema schema;
    private final int chunkRows;

    SourceAudit(SourceSession session, Path directory, TableSchema schema, int chunkRows) {
        this.session = session;
        this.directory = directory;
        this.schema = schema;
        this.chunkRows = chunkRows;
    }

    /**
     * Compares the table that the session holds, after the outbox of the same moment has gone into the journal.
     *
     * @throws PenumbraException with POSITION_GONE when retention has removed the journal's beginning
     */
    AuditReport run(Differences differences) throws SQLException {
        int parts = 1;
        @Nullable Map<Key, Row> first = journalled(0, parts, MAX_KEYS_IN_MEMORY);
        while (first == null) {
            parts *= 2;
            first = journalled(0, parts, MAX_KEYS_IN_MEMORY);
        }
        long rows = 0;
        long missing = 0;
        long extra = 0;
        long different = 0;
        for (int part = 0; part < parts; part++) {
            // The other parts may be a little larger than the first, which was made to fit.
            @Nullable Map<Key, Row> journalled = part == 0 ? first : journalled(part, parts, Integer.MAX_VALUE);
            if (journalled == null) {
                throw new IllegalStateException("no limit was set");
            }
            long after = Long.MIN_VALUE;
            boolean last = false;
            while (!last) {
                RowPage chunk = session.rows(schema, after, chunkRows);
                last = chunk.last();
                for (NumberedRow numbered : chunk.rows()) {
                    if (part == Math.floorMod(numbered.key().hashCode(), parts)) {
                        rows++;
                        Row row = RowFormat.read(new Input(numbered.image().array()), schema);
                        @Nullable Row had = journalled.remove(numbered.key());
                        if (had == null) {
                            missing++;
                            differences.take(null, row);
                        } else if (!had.equals(row)) {
                            different++;
                            differences.take(had, row);
                        }
                    }
                    after = numbered.number();
                }
            }
            extra += journalled.size();
            for (Row left : journalled.values()) {
                differences.take(left, null);
            }
        }
        return new AuditReport(schema.name(), rows, missing, extra, different);
    }

    /** The journal's rows of one part of the keys, or null when there are more than fit. */
    private @Nullable Map<Key, Row> journalled(int part, int parts, int maxKeys) {
        Map<Key, Row> rows = new HashMap<>();
        try (JournalReader reader = JournalReader.openOldest(directory)) {
            if (!reader.position().equals(Position.START)) {
                throw new PenumbraException(ErrorCode.POSITION_GONE)
                        .with("table", schema.name())
                        .with("oldest", reader.position());
            }
            for (CommittedTransaction next = reader.poll(); next != null; next = reader.poll()) {
                for (Change change : next) {
                    if (change.table().equals(schema.name())) {
                        apply(change, rows, part, parts);
                        if (rows.size() > maxKeys) {
                            return null;
                        }
                    }
                }
            }
        }
        return rows;
    }

    private static void apply(Change change, Map<Key, Row> rows, int part, int parts) {
        Key key = change.key();
        if (key == null) {
            switch (change.operation()) {
                case TRUNCATE, DROP -> rows.clear();
                default -> {
                    // A layout or the end of a copy changes no row.
                }
            }
            return;
        }
        Key former = change.movedFrom();
        if (former != null) {
            rows.remove(former);
        }
        Row after = change.after();
        if (after == null) {
            rows.remove(key);
        } else if (part == Math.floorMod(key.hashCode(), parts)) {
            rows.put(key, after);
        }
    }
}
