package dev.penumbra.capture;

import com.esotericsoftware.kryo.io.Output;
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
    private static final long RETRY_NANOS = 5_000_000_000L;
    private static final int ROW_BYTES = 512;

    /** Capture waits while rows are looked up; what a question asks for beyond that cannot be told. */
    private static final long MAX_NANOS = 100_000_000;

    private static final long MAX_BYTES = 4L << 20;

    private final Path directory;
    private @Nullable SourceRows opened;
    private long notBeforeNanos = System.nanoTime();
    private long answered;

    SourceRowsDesk(Path directory) {
        this.directory = directory;
    }

    /** Opens the way to those who ask, where that can be done. */
    void open() {
        if (opened == null && System.nanoTime() - notBeforeNanos >= 0) {
            try {
                SourceRows rows = SourceRows.open(directory);
                opened = rows;
                rows.clear();
            } catch (PenumbraException e) {
                leave(e);
            }
        }
    }

    boolean isAsked() {
        SourceRows rows = opened;
        try {
            return rows != null && rows.asked().orElse(answered) != answered;
        } catch (PenumbraException e) {
            leave(e);
            return false;
        }
    }

    /**
     * Answers what is asked.
     *
     * @param session in no transaction
     * @param layouts the layouts of tables as they are captured now
     */
    void answer(SourceSession session, Function<Fingerprint, Optional<TableSchema>> layouts) {
        SourceRows rows = opened;
        if (rows == null) {
            return;
        }
        try {
            long asked = rows.asked().orElse(answered);
            if (asked != answered) {
                // Before anything can fail: no question is to be met again and again.
                answered = asked;
                for (Question question : rows.questions()) {
                    rows.take(question);
                    rows.answer(question, found(session, question, layouts));
                }
            }
        } catch (SQLException | RuntimeException e) {
            leave(e);
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
            Key asked = KeyFormat.read(layout, key);
            @Nullable Row row = session.row(layout, asked);
            if (row == null) {
                return new Found(true, null);
            }
            if (!layout.keyOf(row).equals(asked)) {
                // Equal to the database, which may not look at letter case or blanks; not to a copy.
                return Found.UNKNOWN;
            }
            Output image = new Output(ROW_BYTES, Integer.MAX_VALUE - 8);
            RowFormat.write(image, layout, row);
            return new Found(true, Bytes.wrap(image.toBytes()));
        } catch (SQLException | RuntimeException e) {
            // Somebody is writing to the row, or the layout has just changed: whoever asks finds it in the home image.
            LOG.debug("A row cannot be told: table={}", layout.name(), e);
            return Found.UNKNOWN;
        }
    }

    private void leave(Exception reason) {
        LOG.debug("Rows of the source cannot be asked for: directory={}", directory, reason);
        notBeforeNanos = System.nanoTime() + RETRY_NANOS;
        close();
    }

    @Override
    public void close() {
        SourceRows rows = opened;
        opened = null;
        if (rows != null) {
            try {
                rows.close();
            } catch (PenumbraException e) {
                LOG.debug("What was asked could not be taken away: directory={}", directory, e);
            }
        }
    }
}
