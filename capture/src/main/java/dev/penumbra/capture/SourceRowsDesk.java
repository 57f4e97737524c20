package dev.penumbra.capture;

import dev.penumbra.journal.KeyFormat;
import dev.penumbra.journal.RowFormat;
import dev.penumbra.journal.SourceRows;
import dev.penumbra.journal.SourceRows.Found;
import dev.penumbra.journal.SourceRows.Question;
import dev.penumbra.journal.SourceRows.Wanted;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Fingerprint;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads rows of the source for those who ask for them, each question in a transaction that begins after it was asked.
 *
 * <p>Belongs to the relay's thread. Nobody's capture fails for it.
 */
final class SourceRowsDesk implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SourceRowsDesk.class);
    /** Capture waits while rows are looked up; what a question asks for beyond that cannot be told. */
    private static final long MAX_NANOS = 100_000_000;

    private static final long MAX_BYTES = 4L << 20;

    private final Asked<SourceRows> asked;

    SourceRowsDesk(Path directory) {
        this.asked = new Asked<>(directory, SourceRowsDesk::opened, SourceRows::asked);
    }

    private static SourceRows opened(Path directory) {
        SourceRows rows = SourceRows.open(directory);
        try {
            rows.clear();
            return rows;
        } catch (PenumbraException e) {
            rows.close();
            throw e;
        }
    }

    /** Opens the way to those who ask, where that can be done. */
    void open() {
        asked.open();
    }

    boolean isAsked() {
        return asked.isOpen(asked.question());
    }

    /**
     * Answers what is asked.
     *
     * @param session in no transaction
     * @param layouts the layouts of tables as they are captured now
     */
    void answer(SourceSession session, Function<Fingerprint, Optional<TableSchema>> layouts) {
        long latest = asked.question();
        SourceRows rows = asked.carrier();
        if (rows == null || !asked.isOpen(latest)) {
            return;
        }
        // Before anything can fail: no question is to be met again and again.
        asked.answered(latest);
        try {
            for (Question question : rows.questions()) {
                rows.take(question);
                rows.answer(question, found(session, question, layouts));
            }
        } catch (SQLException | RuntimeException e) {
            asked.leave(e);
        }
    }

    private List<Found> found(
            SourceSession session, Question question, Function<Fingerprint, Optional<TableSchema>> layouts)
            throws SQLException {
        List<Found> found = new ArrayList<>();
        Set<Fingerprint> refused = new HashSet<>();
        long begun = System.nanoTime();
        long bytes = 0;
        session.begin();
        try {
            for (Wanted row : question.rows()) {
                Optional<TableSchema> layout =
                        refused.contains(row.layout()) || bytes > MAX_BYTES || System.nanoTime() - begun > MAX_NANOS
                                ? Optional.empty()
                                : layouts.apply(row.layout());
                Found one = layout.isPresent() ? found(session, layout.get(), row.key()) : Found.UNKNOWN;
                if (!one.known()) {
                    refused.add(row.layout());
                }
                Bytes image = one.image();
                bytes += image == null ? 0 : image.length();
                found.add(one);
            }
        } finally {
            session.end();
        }
        return found;
    }

    private Found found(SourceSession session, TableSchema layout, Bytes key) {
        try {
            Key wanted = KeyFormat.read(layout, key);
            @Nullable Row row = session.row(layout, wanted);
            if (row == null) {
                return new Found(true, null);
            }
            if (!layout.keyOf(row).equals(wanted)) {
                // Equal to the database, which may not look at letter case or blanks; not to a copy.
                return Found.UNKNOWN;
            }
            return new Found(true, RowFormat.image(layout, row));
        } catch (SQLException | RuntimeException e) {
            // Somebody is writing to the row, or the layout has just changed: whoever asks finds it in the home image.
            LOG.debug("A row cannot be told: table={}", layout.name(), e);
            return Found.UNKNOWN;
        }
    }

    @Override
    public void close() {
        asked.close();
    }
}
